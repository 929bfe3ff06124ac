"""Sightings compared with known passages: right, wrong, doubled, invented."""

import pytest

from edge_lpr.training.figure_tables import FigureTable
from edge_lpr.training.measures import Proportion
from edge_lpr.training.passage_outcomes import (
    COLUMNS,
    NOT_GIVEN,
    KnownPassage,
    PassageTally,
    Sighted,
    SingleReading,
    tally_passages,
)

FIRST = KnownPassage("B10XYZ", 10, 40, 15, 38, "in", "plain")
SECOND = KnownPassage("CJ99ABC", 60, 90, 65, 88, "out", "queue")


def counted(
    *sightings: Sighted,
    singles: tuple[SingleReading, ...] = (),
    passages: tuple[KnownPassage, ...] = (FIRST, SECOND),
) -> dict[str, PassageTally]:
    """Count in a lane of 100 frames at 10 Hz: fifty of one scenario, fifty of another."""
    rows = ["plain"] * 50 + ["queue"] * 50
    return tally_passages(passages, sightings, singles, rows_of_frames=rows, frame_rate_hz=10.0)


def sighted(text: str, first: int, last: int, direction: str | None = None) -> Sighted:
    return Sighted(first, last, text, direction)


def test_right_sightings_count_for_their_own_passages() -> None:
    tallies = counted(sighted("B10XYZ", 14, 30), sighted("CJ99ABC", 64, 80))
    for row in ("plain", "queue"):
        tally = tallies[row]
        assert (tally.passages, tally.read, tally.read_exactly, tally.wrong) == (1, 1, 1, 0)


def test_a_wrong_character_is_a_misread_and_not_an_invention() -> None:
    tally = counted(sighted("B10XYA", 14, 30))["plain"]
    assert (tally.read, tally.read_exactly, tally.wrong, tally.invented) == (1, 0, 1, 0)


def test_zero_for_the_letter_is_wrong_only_strictly() -> None:
    passage = KnownPassage("OB1", 10, 40, 15, 38, "in", "plain")
    tally = counted(sighted("0BI", 14, 30), passages=(passage,))["plain"]
    assert (tally.wrong, tally.wrong_strictly) == (0, 1)


def test_a_second_sighting_of_a_passage_is_a_duplicate() -> None:
    tally = counted(sighted("B10XYZ", 14, 20), sighted("B10XYZ", 30, 38))["plain"]
    assert (tally.sightings, tally.duplicates, tally.read) == (2, 1, 1)


def test_a_sighting_where_nothing_passes_is_invented() -> None:
    tally = counted(sighted("LANE3", 46, 54))["plain"]
    assert (tally.invented, tally.sightings) == (1, 0)


def test_a_sign_read_while_a_vehicle_is_there_is_invented_too() -> None:
    assert counted(sighted("CUSTOMS", 14, 30))["plain"].invented == 1


def test_inventions_count_where_they_begin() -> None:
    tallies = counted(sighted("STOP", 52, 53))
    assert (tallies["plain"].invented, tallies["queue"].invented) == (0, 1)


@pytest.mark.parametrize(("said", "right"), [("in", 1), ("out", 0)])
def test_directions_are_compared_where_they_are_given(said: str, right: int) -> None:
    tally = counted(sighted("B10XYZ", 14, 30, said))["plain"]
    assert (tally.directions, tally.directions_right) == (1, right)


def test_reversing_vehicles_have_no_right_direction() -> None:
    passage = KnownPassage("B10XYZ", 10, 40, 15, 38, "unknown", "plain")
    tally = counted(sighted("B10XYZ", 14, 30, "in"), passages=(passage,))["plain"]
    assert tally.directions == 0


def test_single_frames_are_judged_while_a_plate_can_be_read() -> None:
    singles = (
        SingleReading(20, "B10XYZ"), SingleReading(21, "B10XY2"), SingleReading(70, "CJ99ABC"),
        SingleReading(50, "B10XYZ"),
    )  # fmt: skip
    tallies = counted(singles=singles)
    assert (tallies["plain"].singles, tallies["plain"].singles_right) == (2, 1)
    assert (tallies["queue"].singles, tallies["queue"].singles_right) == (1, 1)


def test_passages_that_do_not_count_take_their_sightings_with_them() -> None:
    passage = KnownPassage("B10XYZ", 10, 40, 15, 38, "in", "plain", is_counted=False)
    tally = counted(sighted("B10XYZ", 14, 30), passages=(passage,))["plain"]
    assert (tally.passages, tally.sightings, tally.invented) == (0, 0, 0)


def test_a_row_of_the_table_has_a_cell_for_each_heading() -> None:
    tally = counted(sighted("B10XYZ", 14, 30), singles=(SingleReading(20, "B10XY2"),))["plain"]
    row = dict(zip(COLUMNS, tally.cells(), strict=True))
    assert row["read exactly %"] == Proportion(1, 1)
    assert row["direction right %"] == NOT_GIVEN
    assert row["gain of voting, points"] == "+100.0"
    table = FigureTable("t", "T", ("scenario", *COLUMNS), {"plain": tally.cells()})
    assert NOT_GIVEN in table.as_markdown()


def test_nobody_knows_what_is_invented_where_others_drive_by_unlabelled() -> None:
    cells = dict(zip(COLUMNS, PassageTally(frames=9).cells(knows_all=False), strict=True))
    assert cells["invented / 10,000 frames"] == "not known"


def test_tallies_add_up() -> None:
    total = PassageTally()
    for tally in counted(sighted("B10XYZ", 14, 30), sighted("CJ99ABD", 64, 80)).values():
        total.add(tally)
    assert (total.passages, total.read, total.read_exactly, total.frames) == (2, 2, 1, 100)


def test_what_is_known_prints_no_plate() -> None:
    shown = repr((FIRST, sighted("B10XYZ", 1, 2), SingleReading(1, "B10XYZ")))
    assert "B10XYZ" not in shown
