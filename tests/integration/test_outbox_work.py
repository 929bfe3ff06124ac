"""The outbox's work does not grow with what lies in it, counted in steps of SQLite's machine."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from edge_lpr.publisher.outbox import Outbox
from tests.support.outboxes import document_of, limits_of, open_outbox

BOOT = "00112233445566aa"
FEW, MANY = 1_000, 8_000
"""Both beyond what is looked at at once; eight times as many."""

MORE_STEPS = 1.5
"""A deeper tree costs a little."""


def fill(folder: Path, sightings: int) -> Outbox:
    """Return an outbox of which half is sent, and the other half waits."""
    folder.mkdir()
    outbox = open_outbox(folder, limits_of(maximum_unsent=sightings))
    with outbox._owned() as connection:
        connection.execute("PRAGMA synchronous=OFF")
    for seq in range(1, sightings + 1):
        outbox.add_sighting(BOOT, seq, document_of(BOOT, seq))
    outbox.mark_sent(range(1, sightings // 2 + 1))
    outbox.store_birth(BOOT, b"birth")
    return outbox


@pytest.fixture(scope="module")
def outboxes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Outbox, Outbox]]:
    root = tmp_path_factory.mktemp("outboxes")
    few, many = fill(root / "few", FEW), fill(root / "many", MANY)
    yield few, many
    few.close()
    many.close()


@contextmanager
def counting(outbox: Outbox) -> Iterator[list[int]]:
    """Count the steps that are taken inside."""
    steps = [0]

    def count() -> int:
        steps[0] += 1
        return 0

    outbox._connection.set_progress_handler(count, 1)
    yield steps
    outbox._connection.set_progress_handler(None, 1)


def add(outbox: Outbox) -> None:
    last = outbox.last_committed()
    assert last is not None
    outbox.add_sighting(BOOT, last.seq + 1, document_of(BOOT, last.seq + 1))


def send(outbox: Outbox) -> None:
    unsent = outbox.oldest_unsent(16, except_places=())
    assert len(unsent) == 16
    assert outbox.mark_sent([each.place for each in unsent]) == 16


def ask_again(outbox: Outbox) -> None:
    assert outbox.ask_again(BOOT, 100, 199) == 100


def look(outbox: Outbox) -> None:
    assert outbox.oldest_document()
    assert outbox.share_filled() > 0
    assert outbox.next_gap() is None
    outbox.live_from_now()


@pytest.mark.parametrize("work", [add, send, ask_again, look])
def test_work_does_not_grow_with_the_file(
    outboxes: tuple[Outbox, Outbox], work: Callable[[Outbox], None]
) -> None:
    steps = []
    for outbox in outboxes:
        with counting(outbox) as counted:
            work(outbox)
        steps += counted
    assert 0 < steps[1] < MORE_STEPS * steps[0]


def test_letting_go_takes_no_longer_in_a_larger_file(tmp_path: Path) -> None:
    steps = []
    for name, sightings in (("few", FEW), ("many", MANY)):
        outbox = fill(tmp_path / name, sightings)
        outbox._limits = limits_of(maximum_unsent=sightings // 2)
        with counting(outbox) as counted:
            add(outbox)
        assert outbox.dropped == 1
        steps += counted
        outbox.close()
    assert 0 < steps[1] < MORE_STEPS * steps[0]
