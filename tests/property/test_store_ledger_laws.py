"""Laws of the store's ledger: what has come, what has not, whatever the order."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from edge_lpr.store.boot_book import SETTLE_S, BootBook
from edge_lpr.store.ledger import GivenUp, Run, holes, merge_arrivals, parts_within
from edge_lpr.subscriber.sequence import SequenceRange
from edge_lpr.wire.sighting import FIRST_PREV


def link(seq: int) -> bytes:
    return seq.to_bytes(16, "big") if seq else FIRST_PREV


def sighting(seq: int) -> Run:
    return Run(seq, seq, link(seq - 1), link(seq))


def numbers(ranges: "list[SequenceRange] | tuple[Run, ...]") -> set[int]:
    return {seq for each in ranges for seq in range(each.first, each.last + 1)}


batches = st.lists(st.lists(st.integers(1, 40), max_size=12), max_size=6)


@given(batches)
def test_ledger_holds_what_came_in_runs_that_do_not_touch(batches: list[list[int]]) -> None:
    runs: tuple[Run, ...] = ()
    came: list[int] = []
    again: list[int] = []
    for batch in batches:
        merged = merge_arrivals(runs, map(sighting, batch))
        runs = merged.runs
        came += batch
        again += merged.again
        assert merged.broken == ()
    assert numbers(runs) == set(came)
    assert sorted([*set(came), *again]) == sorted(came)
    assert all(later.first > earlier.last + 1 for earlier, later in pairwise(runs))
    assert all(
        (run.first_prev, run.last_link) == (link(run.first - 1), link(run.last)) for run in runs
    )


@given(batches, st.integers(2, 40))
def test_changed_link_is_noticed_once_its_neighbour_is_there(
    batches: list[list[int]], changed: int
) -> None:
    runs: tuple[Run, ...] = ()
    broken: list[int] = []
    seen: set[int] = set()
    for batch in batches:
        new = [seq for seq in dict.fromkeys(batch) if seq not in seen]
        seen |= set(new)
        merged = merge_arrivals(
            runs,
            (
                Run(seq, seq, b"x" * 16, link(seq)) if seq == changed else sighting(seq)
                for seq in new
            ),
        )
        runs = merged.runs
        broken += merged.broken
    assert broken == ([changed] if {changed - 1, changed} <= seen else [])


@given(
    st.lists(st.tuples(st.integers(1, 40), st.integers(0, 9))),
    st.integers(1, 45),
    st.integers(0, 45),
)
def test_holes_are_what_nothing_covers(
    covered: list[tuple[int, int]], first: int, last: int
) -> None:
    ranges = [SequenceRange(start, start + length) for start, length in covered]
    found = list(holes(ranges, SequenceRange(first, last)))
    assert numbers(found) == set(range(first, last + 1)) - numbers(ranges)
    assert all(later.first > earlier.last + 1 for earlier, later in pairwise(found))


@given(batches, st.integers(0, 45), st.lists(st.integers(1, 45), max_size=5))
def test_every_number_came_or_is_missing_or_was_given_up(
    batches: list[list[int]], said_last: int, given_up: list[int]
) -> None:
    book = BootBook()
    book.hear_number(said_last, link(said_last), 0)
    for now, batch in enumerate(batches):
        book.receive(map(sighting, batch))
        book.judge(now * SETTLE_S)
    for seq in given_up:
        book.hear_given_up(GivenUp(seq, seq, "not_kept", 0))
    for late in (1, 2, 3):
        book.judge((len(batches) + late) * SETTLE_S)
    came = {seq for batch in batches for seq in batch}
    known_last = max([said_last, *came])
    missing = {seq for gap in book.gaps for seq in numbers(list(book.missing(gap.range)))}
    assert missing == set(range(1, known_last + 1)) - came - set(given_up)
    assert sum(gap.missing for gap in book.gaps) == len(missing)
    assert all((gap.closed_at is None) == bool(gap.missing) for gap in book.gaps)
    assert not book.findings


@given(batches, st.integers(1, 40), st.integers(0, 40))
def test_parts_of_holes_are_the_holes_of_the_part(
    batches: list[list[int]], first: int, length: int
) -> None:
    runs: tuple[Run, ...] = ()
    for batch in batches:
        runs = merge_arrivals(runs, map(sighting, batch)).runs
    within = SequenceRange(first, first + length)
    everywhere = tuple(holes(runs, SequenceRange(1, 100)))
    assert list(parts_within(everywhere, within)) == list(holes(runs, within))
