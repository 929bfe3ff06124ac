"""Vision's end of the handoff, against a real socket."""

import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path

import pytest

from edge_lpr.core.errors import HandoffError
from edge_lpr.core.log import Log
from edge_lpr.core.vision_counts import VISION_COUNTERS
from edge_lpr.handoff import reading_sender
from edge_lpr.handoff.reading_message import (
    MAXIMUM_AGE_MS,
    READING_BYTES,
)
from edge_lpr.handoff.reading_sender import QUEUE_READINGS, ReadingSender
from edge_lpr.handoff.seqpacket import Connection, Listener, connect
from edge_lpr.handoff.vision_report import (
    REPORT_BYTES,
    REPORT_INTERVAL_S,
    VisionReport,
)
from tests.support.clock import SetClock
from tests.support.reading_handoff import DEADLINE_S, accepted, offer, received, reported
from tests.support.readings import indices_of, reading_of
from tests.support.waiting import wait_until

MS = 1_000_000


@pytest.fixture
def socket_path(tmp_path: Path) -> Path:
    return tmp_path / "readings.sock"


@pytest.fixture
def clock() -> SetClock:
    return SetClock(now_monotonic_ns=1_000_000 * MS)


@pytest.fixture
def sender(socket_path: Path, clock: SetClock) -> Iterator[ReadingSender]:
    sender = ReadingSender(socket_path, Log("test"), clock)
    try:
        yield sender
    finally:
        sender.drain(0)


@pytest.fixture
def listener(socket_path: Path) -> Iterator[Listener]:
    with closing(Listener(socket_path, allowed_user_id=os.geteuid())) as open_listener:
        yield open_listener


def test_reading_is_handed_over_and_wiped_after_the_answer(
    sender: ReadingSender, listener: Listener, clock: SetClock
) -> None:
    reading = offer(sender, clock)
    with closing(accepted(listener)) as tokeniser:
        assert received(tokeniser).class_indices == indices_of(b"B123ABC")
        assert reading.class_indices == indices_of(b"B123ABC")
        tokeniser.send(b"A")
        wait_until(lambda: sender.counters()["handed_over"] == 1)
    assert reading.class_indices == bytes(7)
    assert bytes(sender._buffer) == bytes(READING_BYTES)


def test_refused_reading_is_wiped_counted_and_not_sent_again(
    sender: ReadingSender, listener: Listener, clock: SetClock
) -> None:
    refused = offer(sender, clock, b"AA11")
    offer(sender, clock, b"BB22")
    with closing(accepted(listener)) as tokeniser:
        received(tokeniser)
        tokeniser.send(b"R")
        assert received(tokeniser).class_indices == indices_of(b"BB22")
    assert refused.class_indices == bytes(4)
    assert sender.counters()["refused_by_tokeniser"] == 1


def test_readings_arrive_in_order_one_at_a_time(
    sender: ReadingSender, listener: Listener, clock: SetClock
) -> None:
    plates = [b"AA11", b"BB22", b"CC33"]
    for plate in plates:
        offer(sender, clock, plate)
    with closing(accepted(listener)) as tokeniser:
        for plate in plates:
            assert received(tokeniser).class_indices == indices_of(plate)
            assert tokeniser.receive(READING_BYTES, timeout_s=0.02) is None
            tokeniser.send(b"A")
        wait_until(lambda: sender.counters()["handed_over"] == 3)


def test_reading_survives_a_tokeniser_that_comes_late(
    sender: ReadingSender, socket_path: Path, clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    attempts = threading.Semaphore(0)

    def counted_connect(path: Path) -> Connection:
        attempts.release()
        return connect(path)

    monkeypatch.setattr(reading_sender, "connect", counted_connect)
    offer(sender, clock)
    assert attempts.acquire(timeout=DEADLINE_S)
    with (
        closing(Listener(socket_path, allowed_user_id=os.geteuid())) as listener,
        closing(accepted(listener)) as tokeniser,
    ):
        assert received(tokeniser).class_indices == indices_of(b"B123ABC")


def test_reading_without_an_answer_is_sent_again_to_the_next_tokeniser(
    sender: ReadingSender, listener: Listener, clock: SetClock
) -> None:
    offer(sender, clock)
    with closing(accepted(listener)) as killed:
        received(killed)
    with closing(accepted(listener)) as restarted:
        assert received(restarted).class_indices == indices_of(b"B123ABC")


@pytest.mark.parametrize("answer", [b"X", b"AA"], ids=["unknown", "too long"])
def test_answer_that_is_none_starts_the_connection_anew(
    sender: ReadingSender, listener: Listener, clock: SetClock, answer: bytes
) -> None:
    offer(sender, clock)
    with closing(accepted(listener)) as confused:
        received(confused)
        confused.send(answer)
        with closing(accepted(listener)) as sound:
            assert received(sound).class_indices == indices_of(b"B123ABC")
    assert sender.counters()["handed_over"] == 0


def test_age_is_that_of_the_moment_of_sending(
    sender: ReadingSender, listener: Listener, clock: SetClock
) -> None:
    offer(sender, clock, b"AA11")
    offer(sender, clock, b"BB22")
    with closing(accepted(listener)) as tokeniser:
        assert received(tokeniser).age_ms == 0
        clock.now_monotonic_ns += 1500 * MS
        tokeniser.send(b"A")
        assert received(tokeniser).age_ms == 1500


def test_reading_of_the_future_has_no_age(
    sender: ReadingSender, listener: Listener, clock: SetClock
) -> None:
    assert sender.offer(reading_of(), last_seen_ns=clock.now_monotonic_ns + MS)
    with closing(accepted(listener)) as tokeniser:
        assert received(tokeniser).age_ms == 0


def test_reading_older_than_ten_minutes_is_counted_and_wiped_unsent(
    sender: ReadingSender, listener: Listener, clock: SetClock
) -> None:
    old = reading_of(b"AA11")
    long_ago_ns = clock.now_monotonic_ns - (MAXIMUM_AGE_MS + 1) * MS
    assert sender.offer(old, last_seen_ns=long_ago_ns)
    offer(sender, clock, b"BB22")
    with closing(accepted(listener)) as tokeniser:
        assert received(tokeniser).class_indices == indices_of(b"BB22")
    assert old.class_indices == bytes(4)
    assert sender.counters()["undelivered"] == 1


def fill(sender: ReadingSender, clock: SetClock) -> None:
    for _ in range(QUEUE_READINGS):
        offer(sender, clock)


def test_full_queue_refuses_the_newest_and_leaves_it_to_the_caller(
    sender: ReadingSender, clock: SetClock
) -> None:
    fill(sender, clock)
    newest = reading_of(b"AA11")
    assert not sender.offer(newest, last_seen_ns=clock.now_monotonic_ns)
    assert newest.class_indices == indices_of(b"AA11")


def test_source_that_can_wait_gets_room_when_a_reading_is_taken(
    sender: ReadingSender, listener: Listener, clock: SetClock
) -> None:
    fill(sender, clock)
    now_ns = clock.now_monotonic_ns
    assert not sender.offer_and_wait(reading_of(), last_seen_ns=now_ns, timeout_s=0.02)
    with closing(accepted(listener)) as tokeniser:
        received(tokeniser)
        tokeniser.send(b"A")
        assert sender.offer_and_wait(reading_of(), last_seen_ns=now_ns, timeout_s=DEADLINE_S)


def test_drain_delivers_what_is_queued(
    sender: ReadingSender, listener: Listener, clock: SetClock
) -> None:
    offer(sender, clock, b"AA11")
    offer(sender, clock, b"BB22")

    def take_two() -> None:
        with closing(accepted(listener)) as tokeniser:
            for _ in range(2):
                received(tokeniser)
                tokeniser.send(b"A")

    tokeniser_thread = threading.Thread(target=take_two)
    tokeniser_thread.start()
    assert sender.drain(DEADLINE_S) == 0
    tokeniser_thread.join()
    assert sender.counters() == {"handed_over": 2, "refused_by_tokeniser": 0, "undelivered": 0}


def test_drain_counts_and_wipes_what_nobody_took(sender: ReadingSender, clock: SetClock) -> None:
    readings = [offer(sender, clock, plate) for plate in (b"AA11", b"BB22")]
    assert sender.drain(0.02) == 2
    assert [reading.class_indices for reading in readings] == [bytes(4), bytes(4)]
    assert sender.drain(0.02) == 0
    assert sender.counters()["undelivered"] == 2


def test_drain_does_not_wait_for_a_tokeniser_that_never_answers(
    sender: ReadingSender, listener: Listener, clock: SetClock
) -> None:
    offer(sender, clock)
    with closing(accepted(listener)) as silent:
        received(silent)
        assert sender.drain(0.02) == 1


def test_drained_sender_takes_nothing_more(sender: ReadingSender, clock: SetClock) -> None:
    sender.drain(0)
    assert not sender.offer(reading_of(), last_seen_ns=clock.now_monotonic_ns)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_death_of_the_sending_thread_does_not_go_unnoticed(
    sender: ReadingSender, clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def break_down(path: Path) -> Connection:
        raise MemoryError(path)

    monkeypatch.setattr(reading_sender, "connect", break_down)
    offer(sender, clock)
    wait_until(lambda: not sender._thread.is_alive())
    with pytest.raises(HandoffError, match="has died"):
        sender.offer(reading_of(), last_seen_ns=clock.now_monotonic_ns)


def report_of(counters: Mapping[str, int]) -> VisionReport:
    zeros = dict.fromkeys(VISION_COUNTERS, 0)
    return VisionReport("good", zeros | {"handed_over": counters["handed_over"]})


@pytest.fixture
def reporting(socket_path: Path, clock: SetClock) -> Iterator[ReadingSender]:
    sender = ReadingSender(socket_path, Log("test"), clock, reporter=report_of)
    try:
        yield sender
    finally:
        sender.drain(0)


def test_vision_reports_at_the_start_and_every_half_minute_without_any_vehicle(
    listener: Listener, reporting: ReadingSender, clock: SetClock
) -> None:
    del reporting
    with closing(accepted(listener)) as tokeniser:
        for _ in range(3):
            reported(tokeniser)
            tokeniser.send(b"A")
            assert tokeniser.receive(REPORT_BYTES, timeout_s=0.3) is None
            clock.now_monotonic_ns += 30_000 * MS


def test_report_goes_between_two_readings_however_many_wait(
    listener: Listener, reporting: ReadingSender, clock: SetClock
) -> None:
    with closing(accepted(listener)) as tokeniser:
        reported(tokeniser)
        for plate in (b"AA11", b"BB22", b"CC33"):
            offer(reporting, clock, plate)
        tokeniser.send(b"A")
        assert received(tokeniser).class_indices == indices_of(b"AA11")
        clock.now_monotonic_ns += 30_000 * MS
        tokeniser.send(b"A")
        assert reported(tokeniser).counters["handed_over"] == 1
        tokeniser.send(b"A")
        assert received(tokeniser).class_indices == indices_of(b"BB22")
        tokeniser.send(b"A")
        assert received(tokeniser).class_indices == indices_of(b"CC33")
        tokeniser.send(b"A")


def test_report_that_nobody_takes_holds_no_reading_back(
    listener: Listener, reporting: ReadingSender, clock: SetClock
) -> None:
    with closing(accepted(listener)) as killed:
        reported(killed)
        offer(reporting, clock)
    with closing(accepted(listener)) as restarted:
        assert received(restarted).class_indices == indices_of(b"B123ABC")
        restarted.send(b"A")


def test_report_that_nobody_takes_is_no_complaint_and_is_tried_again(
    socket_path: Path,
    reporting: ReadingSender,
    clock: SetClock,
    caplog: pytest.LogCaptureFixture,
) -> None:
    wait_until(lambda: reporting._report_due_ns > clock.now_monotonic_ns)
    assert not caplog.messages
    with closing(Listener(socket_path, allowed_user_id=os.geteuid())) as listener:
        clock.now_monotonic_ns += 2_000 * MS
        with closing(accepted(listener)) as tokeniser:
            reported(tokeniser)
            tokeniser.send(b"A")


def test_log_need_not_tell_when_a_reading_waits_for_a_tokeniser_that_is_away(
    listener: Listener, clock: SetClock, socket_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    report = VisionReport("good", dict.fromkeys(VISION_COUNTERS, 0))
    sender = ReadingSender(
        socket_path, Log("test"), clock, reporter=lambda _: report, tells_of_readings=False
    )
    with closing(accepted(listener)) as tokeniser:
        reported(tokeniser)
        tokeniser.send(b"A")
        wait_until(lambda: sender._report_due_ns > clock.now_monotonic_ns)
    listener.close()
    offer(sender, clock)
    # It has found the connection closed.
    wait_until(lambda: sender._connection is None)
    assert not caplog.messages
    clock.now_monotonic_ns += int(REPORT_INTERVAL_S * 1000) * MS
    wait_until(lambda: "tokeniser_away" in caplog.messages)
    assert sender.drain(0) == 1


def test_last_report_comes_behind_the_last_reading_and_knows_of_it(
    listener: Listener, reporting: ReadingSender, clock: SetClock
) -> None:
    reports: list[VisionReport] = []

    def take_all() -> None:
        with closing(accepted(listener)) as tokeniser:
            reports.append(reported(tokeniser))
            tokeniser.send(b"A")
            for _ in range(2):
                received(tokeniser)
                tokeniser.send(b"A")
            reports.append(reported(tokeniser))
            tokeniser.send(b"A")

    tokeniser_thread = threading.Thread(target=take_all)
    tokeniser_thread.start()
    wait_until(lambda: bool(reports))
    offer(reporting, clock, b"AA11")
    offer(reporting, clock, b"BB22")
    assert reporting.drain(DEADLINE_S) == 0
    tokeniser_thread.join()
    assert [report.counters["handed_over"] for report in reports] == [0, 2]


def test_drain_does_not_wait_for_a_tokeniser_that_is_away_to_take_the_last_report(
    reporting: ReadingSender,
) -> None:
    assert reporting.drain(DEADLINE_S) == 0
    assert not reporting._is_last_report_due


def test_answer_to_a_report_that_is_none_starts_the_connection_anew(
    listener: Listener, reporting: ReadingSender, clock: SetClock
) -> None:
    with closing(accepted(listener)) as confused:
        reported(confused)
        confused.send(b"X")
        offer(reporting, clock)
        with closing(accepted(listener)) as sound:
            assert received(sound).class_indices == indices_of(b"B123ABC")
            sound.send(b"A")
