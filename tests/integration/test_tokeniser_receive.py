"""The receiving loop in this very process, over a real socket."""

import os
import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from edge_lpr.core.clock import SystemClock
from edge_lpr.core.complaints import Complaints
from edge_lpr.core.errors import NeighbourAwayError
from edge_lpr.core.log import Log
from edge_lpr.core.settings import load_settings
from edge_lpr.core.vision_counts import VISION_COUNTERS
from edge_lpr.handoff.reading_message import READING_BYTES
from edge_lpr.handoff.seqpacket import Connection, Listener, connect
from edge_lpr.handoff.vision_report import REPORT_BYTES, VisionReport, pack_report
from edge_lpr.tokeniser.delivery import Delivery
from edge_lpr.tokeniser.funnel import Funnel
from edge_lpr.tokeniser.receive import ReadingReceiver
from edge_lpr.tokeniser.relay import Relay
from edge_lpr.tokens.key_ring import read_key_ring
from tests.support.booth import lay_out_booth
from tests.support.passages import boot_of
from tests.support.readings import packed, reading_of
from tests.support.tokeniser_process import hand_over
from tests.support.waiting import wait_until

QUEUE_SIGHTINGS = 2


@dataclass
class Receiving:
    """A receiver at work in a thread of its own."""

    socket_path: Path
    funnel: Funnel
    receiver: ReadingReceiver
    stop: threading.Event
    thread: threading.Thread
    heartbeats: list[None]


@pytest.fixture
def receiving(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Receiving]:
    """Receive from the user that a test may name as the fixture's parameter."""
    booth = lay_out_booth(tmp_path)
    clock, funnel, log = SystemClock(), Funnel(), Log("test")
    delivery = Delivery(
        booth.sightings_socket,
        QUEUE_SIGHTINGS,
        boot=boot_of(),
        funnel=funnel,
        complaints=Complaints(log, clock),
        clock=clock,
    )
    allowed_user_id = getattr(request, "param", os.geteuid())
    with closing(Listener(booth.readings_socket, allowed_user_id=allowed_user_id)) as listener:
        receiver = ReadingReceiver(
            listener,
            Relay(load_settings(booth.settings_file), read_key_ring(booth.key_ring_file), clock),
            delivery,
            funnel=funnel,
            complaints=Complaints(log, clock),
            clock=clock,
        )
        stop, heartbeats = threading.Event(), list[None]()
        thread = threading.Thread(target=receiver.run, args=(stop, lambda: heartbeats.append(None)))
        thread.start()
        yield Receiving(booth.readings_socket, funnel, receiver, stop, thread, heartbeats)
        stop.set()
        thread.join()


@pytest.fixture
def vision(receiving: Receiving) -> Iterator[Connection]:
    with closing(connect(receiving.socket_path)) as connection:
        yield connection


def test_reading_is_answered_and_its_message_wiped(
    receiving: Receiving, vision: Connection
) -> None:
    assert hand_over(vision, reading_of()) == b"A"
    assert not any(receiving.receiver._buffer)
    assert receiving.funnel.counters()["tokenised"] == 1


@pytest.mark.parametrize(
    "message",
    [
        pytest.param(b"reading", id="short"),
        pytest.param(bytes(READING_BYTES), id="zeros"),
        pytest.param(b"L" * 4096, id="long"),
    ],
)
def test_message_that_is_no_reading_is_refused_and_wiped(
    receiving: Receiving, vision: Connection, message: bytes
) -> None:
    assert hand_over(vision, message) == b"R"
    assert not any(receiving.receiver._buffer)
    assert receiving.funnel.counters()["refused"] == 1


def test_reason_of_a_refusal_is_said_once(
    receiving: Receiving, vision: Connection, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(2):
        hand_over(vision, reading_of(lane=3))
    assert caplog.messages == ["reading_refused"]
    assert receiving.funnel.counters()["refused"] == 2


def test_reading_without_a_key_is_answered_and_counted(
    receiving: Receiving, vision: Connection
) -> None:
    receiving.receiver._relay._key_ring.wipe_before(2**40)
    assert hand_over(vision, reading_of()) == b"A"
    assert receiving.funnel.counters()["no_key"] == 1
    assert receiving.funnel.counters()["tokenised"] == 0


def test_full_queue_holds_back_the_answer_but_not_the_heart(
    receiving: Receiving, vision: Connection
) -> None:
    for _ in range(QUEUE_SIGHTINGS):
        assert hand_over(vision, reading_of()) == b"A"
    vision.send(packed(reading_of()))
    wait_until(lambda: receiving.funnel.counters()["tokenised"] == QUEUE_SIGHTINGS + 1)
    heartbeats = len(receiving.heartbeats)
    wait_until(lambda: len(receiving.heartbeats) > heartbeats + 1)
    assert vision.receive(1, timeout_s=0.02) is None


def test_orderly_stop_with_a_full_queue_leaves_the_reading_to_vision(
    receiving: Receiving, vision: Connection
) -> None:
    for _ in range(QUEUE_SIGHTINGS):
        hand_over(vision, reading_of())
    vision.send(packed(reading_of()))
    wait_until(lambda: receiving.funnel.counters()["tokenised"] == QUEUE_SIGHTINGS + 1)
    receiving.stop.set()
    receiving.thread.join()
    with pytest.raises(NeighbourAwayError):
        vision.receive(1, timeout_s=10)


def test_report_is_kept_answered_and_no_reading(receiving: Receiving, vision: Connection) -> None:
    report = VisionReport("dark", dict.fromkeys(VISION_COUNTERS, 7))
    assert hand_over(vision, pack_report(report)) == b"A"
    assert receiving.receiver._relay.vision.latest() == report
    assert receiving.funnel.counters()["received"] == 0
    assert not any(receiving.receiver._buffer)


def test_report_that_is_malformed_is_refused_like_a_reading(
    receiving: Receiving, vision: Connection
) -> None:
    assert hand_over(vision, bytes(REPORT_BYTES)) == b"R"
    assert receiving.receiver._relay.vision.latest() is None
    assert receiving.funnel.counters()["refused"] == 1


def test_vision_that_is_held_back_counts_as_there(receiving: Receiving, vision: Connection) -> None:
    watch = receiving.receiver._relay.vision
    for _ in range(QUEUE_SIGHTINGS):
        hand_over(vision, reading_of())
    vision.send(packed(reading_of()))
    wait_until(lambda: receiving.funnel.counters()["tokenised"] == QUEUE_SIGHTINGS + 1)
    long_ago_ns = watch._heard_ns
    wait_until(lambda: watch._heard_ns > long_ago_ns)


def test_vision_that_hangs_up_is_followed_by_the_next(receiving: Receiving) -> None:
    for _ in range(2):
        with closing(connect(receiving.socket_path)) as vision:
            assert hand_over(vision, reading_of()) == b"A"


@pytest.mark.parametrize("receiving", [os.geteuid() + 1], indirect=True)
def test_process_of_another_user_is_hung_up_on(
    vision: Connection, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(NeighbourAwayError):
        vision.receive(1, timeout_s=10)

    def messages() -> list[str]:
        # It may have been refused while the test was still being set up.
        records = [*caplog.get_records("setup"), *caplog.get_records("call")]
        return [record.getMessage() for record in records]

    wait_until(lambda: messages() == ["vision_refused"])
