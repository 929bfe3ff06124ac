import random
from collections import Counter

import pytest

from edge_lpr.drill.crowd import BOOTHS, DAYS, SITES, Habit, make_crowd, plates_of
from edge_lpr.drill.plate_shapes import SHAPES, PlateShape, draw_plates
from edge_lpr.tokens.canonical import require_canonical

US = SHAPES["us-state"]


def chance(seed: int) -> random.Random:
    """Return people's chance, repeatable and no secret."""
    return random.Random(seed)  # noqa: S311


def test_a_crowd_makes_exactly_as_many_crossings_as_wanted() -> None:
    for count in (1, 7, 100, 2_000):
        assert len(make_crowd(count, US, chance(1))) == count


def test_the_same_seed_makes_the_same_crowd() -> None:
    assert make_crowd(300, US, chance(5)) == make_crowd(300, US, chance(5))
    assert make_crowd(300, US, chance(5)) != make_crowd(300, US, chance(6))


def test_crossings_are_in_order_and_within_the_week() -> None:
    crowd = make_crowd(2_000, US, chance(1))
    moments = [(each.day, each.second) for each in crowd]
    assert moments == sorted(moments)
    assert {day for day, _ in moments} == set(range(DAYS))
    assert all(0 < second < 86_400 for _, second in moments)


def test_all_booths_of_all_sites_are_crossed() -> None:
    crowd = make_crowd(2_000, US, chance(1))
    assert {each.booth for each in crowd} == set(BOOTHS)
    assert len(BOOTHS) == 10
    assert {booth.site for booth in BOOTHS} == set(SITES)


def test_commuters_keep_their_minute_and_strangers_cross_once() -> None:
    crowd = make_crowd(4_000, US, chance(1))
    strangers = Counter(each.plate for each in crowd if each.habit is Habit.STRANGER)
    assert set(strangers.values()) == {1}
    ways: dict[bytes, list[int]] = {}
    for each in crowd:
        if each.habit is Habit.DAILY:
            ways.setdefault(each.plate, []).append(each.second)
    spreads = [max(seconds) - min(seconds) for seconds in ways.values() if len(seconds) > 3]
    assert spreads
    assert max(spreads) < 3_600


def test_every_habit_is_there() -> None:
    crowd = make_crowd(2_000, US, chance(1))
    assert {each.habit for each in crowd} == set(Habit)


@pytest.mark.parametrize("shape", [pytest.param(each, id=name) for name, each in SHAPES.items()])
def test_plates_of_every_shape_are_canonical_and_differ(shape: PlateShape) -> None:
    plates = draw_plates(shape, 500, chance(1))
    for plate in plates:
        require_canonical(plate)
    assert len(set(plates)) == 500
    assert all(len(plate) >= 5 for plate in plates)


def test_plate_spaces_are_as_large_as_the_design_says() -> None:
    assert round(US.size / 1e8, 1) == 1.8
    assert round(SHAPES["germany"].size / 1e9, 1) == 4.9


def test_plates_that_are_not_to_be_drawn_are_not() -> None:
    plates = draw_plates(US, 50, chance(1))
    others = draw_plates(US, 50, chance(1), but=frozenset(plates))
    assert not set(plates) & set(others)


def test_the_plates_of_a_crowd_are_listed_once() -> None:
    crowd = make_crowd(500, US, chance(1))
    assert plates_of(crowd) == sorted({each.plate for each in crowd})
