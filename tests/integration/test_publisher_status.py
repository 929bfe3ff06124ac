"""What the publisher says to who stands at the booth, with a broker that follows a script."""

import socket
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from edge_lpr.publisher.status import PublisherStatus
from tests.support.session_bench import SessionBench

NOT_AUTHORISED = 0x87


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[SessionBench]:
    with closing(SessionBench(tmp_path, "5")) as bench:
        yield bench


def status_of(bench: SessionBench, *, is_hit_only: bool = False) -> PublisherStatus:
    return PublisherStatus(bench.session, bench.outbox, bench.clock, is_hit_only=is_hit_only)


def test_way_to_the_broker_and_the_last_sighting_are_told(bench: SessionBench) -> None:
    status = status_of(bench)
    assert status() == {"broker_waits": ""}
    bench.add(1)
    bench.connect()
    assert status() == {"broker_connecting": "", "unsent": "1"}
    bench.broker.accept_client()
    bench.turn_until(lambda: len(bench.announcements()) >= 2)
    for publish in bench.announcements():
        bench.broker.acknowledge(publish)
    bench.turn_until(lambda: bench.sent() == [b"1"])
    assert status() == {"broker_reached": "", "unsent": "1"}
    bench.broker.acknowledge(bench.broker.sightings()[0])
    bench.turn_until(lambda: bench.outbox.unsent_count == 0)
    assert status() == {"broker_reached": "", "sighting_at": "12:00:00"}
    bench.clock.advance_s(61)
    assert status() == {"broker_reached": "", "sighting_at": "12:00:00"}


def test_process_that_was_started_again_knows_that_there_was_a_sighting(tmp_path: Path) -> None:
    with closing(SessionBench(tmp_path, "5")) as before:
        before.add(1)
        (sighting,) = before.outbox.oldest_unsent(1, except_places=(), with_asked_again=False)
        before.outbox.mark_sent([sighting.place])
    with closing(SessionBench(tmp_path, "5")) as bench:
        assert status_of(bench)() == {"broker_waits": "", "sighting_before": ""}


def test_hit_is_not_told(bench: SessionBench) -> None:
    status = status_of(bench, is_hit_only=True)
    before = status()
    bench.add(1)
    assert status() == before == {"broker_waits": "", "sightings_untold": ""}
    bench.announce()
    bench.turn_until(lambda: bench.sent() == [b"1"])
    waiting = status()
    bench.broker.acknowledge(bench.broker.sightings()[0])
    bench.turn_until(lambda: bench.outbox.unsent_count == 0)
    assert status() == waiting


def test_broker_that_is_away_or_refuses_is_told(bench: SessionBench) -> None:
    status = status_of(bench)
    bench.connect()
    bench.broker.accept_client(reason=NOT_AUTHORISED)
    bench.turn_until(lambda: not bench.session.is_connected)
    assert status() == {"broker_refuses": ""}
    bench.clock.advance_s(3600)
    bench.connect()
    # It stands still: its kernel takes the connection, and nobody answers.
    bench.clock.advance_s(11)
    bench.turn_until(lambda: not bench.session.is_connected)
    assert status() == {"broker_unreachable": ""}


def test_broker_is_reached_by_who_may_not_bind(
    bench: SessionBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: socket.socket, address: object) -> None:
        # As SocketBindDeny=any does from systemd 257 on.
        del self, address
        raise PermissionError

    monkeypatch.setattr(socket.socket, "bind", refuse)
    bench.announce()
    bench.turn_until(lambda: bench.session.is_taken)
