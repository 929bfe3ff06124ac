"""Gaps are collected and recorded by the hour, whatever a publisher has signed."""

from edge_lpr.audit.entry import Entry
from edge_lpr.audit.gap_book import GAPS, HOUR_NS, MOST_OF_AN_HOUR, GapBook
from edge_lpr.core.told_to_audit import Told, ToldGap
from tests.support.clock import SetClock

BOOT, START, OTHER_START = "ffeeddccbbaa0099", "0" * 16, "1" * 16
HOUR_S = HOUR_NS / 1e9


def told(*gaps: ToldGap, signed: int | None = None, start: str = START) -> Told:
    return Told(start, (), None, None, len(gaps) if signed is None else signed, gaps)


def gap(number: int, first: int, last: int, reason: str = "not_kept") -> ToldGap:
    return ToldGap(number, BOOT, first, last, reason)


def test_nothing_comes_before_the_hour_is_over_and_then_only_once() -> None:
    clock = SetClock()
    book = GapBook(clock)
    book.hear(told(gap(1, 4, 5)))
    clock.advance_s(HOUR_S - 1)
    assert book.hour_that_is_over() is None
    book.hear(told(gap(1, 4, 5), gap(2, 6, 9), gap(3, 6, 9, "outbox_full")))
    clock.advance_s(1)
    hour = book.hour_that_is_over()
    assert hour is not None
    assert [(each["first"], each["last"], each["reason"]) for each in hour.listed] == [
        (4, 9, "not_kept"),
        (6, 9, "outbox_full"),
    ]
    assert hour.sums == {"signed": 3, "not_listed": 0, "start": START, "upto": 3}
    # A disk that took none of it gets the same again.
    assert book.hour_that_is_over() == hour
    book.recorded()
    clock.advance_s(2.5 * HOUR_S)
    assert book.hour_that_is_over() is None


def test_an_hours_end_does_not_move_with_what_comes() -> None:
    clock = SetClock()
    book = GapBook(clock)
    clock.advance_s(1.5 * HOUR_S)
    assert book.hour_that_is_over() is None
    book.hear(told(gap(1, 4, 5)))
    clock.advance_s(0.25 * HOUR_S)
    assert book.hour_that_is_over() is None
    clock.advance_s(0.25 * HOUR_S)
    assert book.hour_that_is_over() is not None


def test_flood_is_counted_and_not_kept() -> None:
    clock = SetClock()
    book = GapBook(clock)
    for look in range(100):
        # None goes on another one, and half of them are told no more when it is looked.
        gaps = [
            gap(64 * look + place, 2_000 * look + 10 * place, 2_000 * look + 10 * place)
            for place in range(33, 65)
        ]
        book.hear(told(*gaps, signed=64 * (look + 1)))
    clock.advance_s(HOUR_S)
    hour = book.hour_that_is_over()
    assert hour is not None
    assert len(hour.listed) == MOST_OF_AN_HOUR
    assert (hour.sums["signed"], hour.sums["not_listed"]) == (6_400, 6_400 - MOST_OF_AN_HOUR)


def test_another_start_of_the_tokeniser_counts_from_one_again() -> None:
    clock = SetClock()
    book = GapBook(clock)
    details: dict[str, str | int] = {"start": START, "upto": 2}
    book.resume(Entry(9, "2026-12-01T00:00:00Z", GAPS, details))
    book.hear(told(gap(2, 4, 5), signed=2))
    book.hear(told(gap(1, 7, 7), start=OTHER_START))
    clock.advance_s(HOUR_S)
    hour = book.hour_that_is_over()
    assert hour is not None
    assert [each["first"] for each in hour.listed] == [7]
    assert hour.sums["start"] == OTHER_START


def test_no_sums_or_strange_ones_begin_at_the_beginning() -> None:
    strange: dict[str, str | int] = {"start": 7, "upto": "x"}
    for sums in (None, Entry(9, "2026-12-01T00:00:00Z", GAPS, strange)):
        clock = SetClock()
        book = GapBook(clock)
        book.resume(sums)
        book.hear(told(gap(1, 4, 5)))
        clock.advance_s(HOUR_S)
        assert book.hour_that_is_over() is not None
