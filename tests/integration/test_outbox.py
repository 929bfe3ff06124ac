"""The outbox on a real disk."""

import sqlite3
import stat
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge_lpr.core.errors import HandoffError, OutboxError
from edge_lpr.core.log import Log
from edge_lpr.publisher.outbox import Outbox
from tests.support.clock import SetClock
from tests.support.outboxes import limits_of

BOOT = "00112233445566aa"


def open_outbox(file: Path) -> Outbox:
    return Outbox(file, Log("test"), limits=limits_of(), clock=SetClock())


@pytest.fixture
def outbox(tmp_path: Path) -> Iterator[Outbox]:
    outbox = open_outbox(tmp_path / "outbox.sqlite3")
    yield outbox
    outbox.close()


def test_new_outbox_is_empty(outbox: Outbox) -> None:
    assert outbox.unsent_count == 0
    assert outbox.last_committed() is None
    assert outbox.latest_birth() is None
    assert outbox.oldest_unsent(10, except_places=()) == []


def test_sightings_come_out_in_order_of_arrival(outbox: Outbox) -> None:
    # A later boot may have the smaller id.
    outbox.add_sighting("ff00000000000000", 1, b"first")
    outbox.add_sighting("ff00000000000000", 2, b"second")
    outbox.add_sighting("0000000000000000", 1, b"third")
    documents = [unsent.document for unsent in outbox.oldest_unsent(10, except_places=())]
    assert documents == [b"first", b"second", b"third"]


def test_sightings_on_their_way_are_passed_over(outbox: Outbox) -> None:
    for seq in range(1, 6):
        outbox.add_sighting(BOOT, seq, b"%d" % seq)
    first, second = outbox.oldest_unsent(2, except_places=())
    later = outbox.oldest_unsent(2, except_places={first.place, second.place})
    assert [unsent.document for unsent in later] == [b"3", b"4"]


def test_sighting_handed_over_twice_is_kept_once(outbox: Outbox) -> None:
    assert outbox.add_sighting(BOOT, 1, b"sighting")
    assert not outbox.add_sighting(BOOT, 1, b"sighting")
    assert outbox.unsent_count == 1


def test_sighting_handed_over_again_after_it_was_sent_is_not_sent_again(outbox: Outbox) -> None:
    outbox.add_sighting(BOOT, 1, b"sighting")
    outbox.mark_sent([outbox.oldest_unsent(1, except_places=())[0].place])
    assert not outbox.add_sighting(BOOT, 1, b"sighting")
    assert outbox.oldest_unsent(1, except_places=()) == []


def test_two_sightings_under_one_number_are_refused(outbox: Outbox) -> None:
    outbox.add_sighting(BOOT, 1, b"sighting")
    with pytest.raises(HandoffError, match="two different sightings"):
        outbox.add_sighting(BOOT, 1, b"another")
    last = outbox.last_committed()
    assert last is not None
    assert last.document == b"sighting"


def test_all_is_there_after_reopening(tmp_path: Path) -> None:
    outbox = open_outbox(tmp_path / "outbox.sqlite3")
    outbox.store_birth(BOOT, b"birth")
    for seq in range(1, 4):
        outbox.add_sighting(BOOT, seq, b"%d" % seq)
    outbox.mark_sent([outbox.oldest_unsent(1, except_places=())[0].place])
    outbox.close()
    outbox.close()
    reopened = open_outbox(tmp_path / "outbox.sqlite3")
    birth = reopened.latest_birth()
    assert birth is not None
    assert (birth.boot, birth.document) == (BOOT, b"birth")
    assert reopened.unsent_count == 2
    assert [unsent.document for unsent in reopened.oldest_unsent(9, except_places=())] == [
        b"2",
        b"3",
    ]
    reopened.close()


def test_only_the_newest_birth_is_kept(outbox: Outbox) -> None:
    outbox.store_birth(BOOT, b"birth")
    outbox.store_birth("0000000000000001", b"newer birth")
    birth = outbox.latest_birth()
    assert birth is not None
    assert birth.document == b"newer birth"


def test_outbox_is_readable_by_its_owner_alone(outbox: Outbox, tmp_path: Path) -> None:
    outbox.add_sighting(BOOT, 1, b"sighting")
    for file in tmp_path.iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600, file.name


def test_every_commit_reaches_the_disk(outbox: Outbox) -> None:
    with outbox._owned() as connection:
        assert connection.execute("PRAGMA synchronous").fetchone() == (2,)
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_second_publisher_is_kept_out(
    outbox: Outbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outbox.add_sighting(BOOT, 1, b"sighting")
    monkeypatch.setattr("edge_lpr.publisher.outbox_file._LOCK_TIMEOUT_S", 0)
    with pytest.raises(OutboxError, match="no other publisher may run"):
        open_outbox(tmp_path / "outbox.sqlite3")
    assert not list(tmp_path.glob("*.damaged*"))


def test_two_threads_share_one_outbox(outbox: Outbox) -> None:
    def fill() -> None:
        for seq in range(1, 61):
            outbox.add_sighting(BOOT, seq, b"%d" % seq)

    thread = threading.Thread(target=fill)
    thread.start()
    sent: list[bytes] = []
    while thread.is_alive() or outbox.unsent_count:
        unsent = outbox.oldest_unsent(7, except_places=())
        outbox.mark_sent([sighting.place for sighting in unsent])
        sent += [sighting.document for sighting in unsent]
    thread.join()
    assert sent == [b"%d" % seq for seq in range(1, 61)]
    assert outbox.unsent_count == 0


def test_file_without_tables_is_a_new_outbox(tmp_path: Path) -> None:
    sqlite3.connect(tmp_path / "outbox.sqlite3").close()
    outbox = open_outbox(tmp_path / "outbox.sqlite3")
    assert outbox.unsent_count == 0
    outbox.close()


def test_same_birth_again_is_not_written(outbox: Outbox) -> None:
    outbox.store_birth(BOOT, b"birth")
    with outbox._owned() as connection:
        before = connection.total_changes
        connection.execute("PRAGMA query_only=ON")
    outbox.store_birth(BOOT, b"birth")
    with outbox._owned() as connection:
        connection.execute("PRAGMA query_only=OFF")
        assert connection.total_changes == before
    outbox.store_birth(BOOT, b"another birth of the same boot")
    birth = outbox.latest_birth()
    assert birth is not None
    assert birth.document == b"another birth of the same boot"
