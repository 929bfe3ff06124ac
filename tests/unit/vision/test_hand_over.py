"""A consensus becomes the 64-byte reading that the tokeniser is offered."""

import threading
from typing import Any

import pytest

from edge_lpr.core.settings import SourceSection
from edge_lpr.handoff.reading_message import ReadingMessage
from edge_lpr.handoff.vision_report import MAXIMUM_COUNT, pack_report, parse_report
from edge_lpr.vision.contracts import Consensus
from edge_lpr.vision.funnel import Funnel
from edge_lpr.vision.hand_over import HourlyReporter, TokeniserConsumer, reporter_of
from tests.support.clock import SetClock
from tests.support.fakes import indices_of
from tests.support.hearts import CountedHeart
from tests.support.waiting import wait_until


class RecordingSender:
    """Stands for ``ReadingSender``, which needs a socket; see tests/integration for the two."""

    def __init__(self, room: int = 10) -> None:
        self.readings: list[ReadingMessage] = []
        self.refused: list[ReadingMessage] = []
        self.seen_ns: list[int] = []
        self.room = room

    def offer(self, reading: ReadingMessage, *, last_seen_ns: int) -> bool:
        return self.offer_and_wait(reading, last_seen_ns=last_seen_ns, timeout_s=0)

    def offer_and_wait(
        self, reading: ReadingMessage, *, last_seen_ns: int, timeout_s: float
    ) -> bool:
        del timeout_s
        if len(self.readings) >= self.room:
            self.refused.append(reading)
            return False
        self.readings.append(reading)
        self.seen_ns.append(last_seen_ns)
        return True


LIVE = SourceSection(kind="camera", address="0")
REPLAY = SourceSection(kind="folder", address="frames")


def _consumer(sender: Any, source: SourceSection) -> TokeniserConsumer:  # noqa: ANN401 - a fake
    return TokeniserConsumer(sender, source, SetClock(now_monotonic_ns=777))


def _consensus() -> Consensus:
    return Consensus(indices_of("B101JGV"), 5, 3, 3, "in", 1, 9, 123)


def test_the_reading_says_what_was_agreed_and_where() -> None:
    sender = RecordingSender()
    assert _consumer(sender, LIVE).take(_consensus())
    (reading,) = sender.readings
    assert bytes(reading.class_indices) == indices_of("B101JGV").tobytes()
    assert (reading.lane, reading.direction) == (3, "in")
    assert (reading.agreeing_readings, reading.confidence_bucket) == (5, 3)


def test_wiping_the_consensus_leaves_the_reading_whole() -> None:
    sender = RecordingSender()
    consensus = _consensus()
    _consumer(sender, LIVE).take(consensus)
    consensus.wipe()
    assert bytes(sender.readings[0].class_indices) == indices_of("B101JGV").tobytes()


@pytest.mark.parametrize(
    ("source", "seen_ns"),
    [
        pytest.param(LIVE, 123, id="live frames carry their own time"),
        pytest.param(REPLAY, 777, id="replayed ones count as seen now"),
    ],
)
def test_the_time_of_the_passage(source: SourceSection, seen_ns: int) -> None:
    sender = RecordingSender()
    _consumer(sender, source).take(_consensus())
    assert sender.seen_ns == [seen_ns]


def test_a_live_camera_does_not_wait_for_room_and_wipes_what_is_lost() -> None:
    sender = RecordingSender(room=0)
    assert not _consumer(sender, LIVE).take(_consensus())
    assert not any(sender.refused[0].class_indices)


def test_a_replay_waits_for_room() -> None:
    sender = RecordingSender(room=0)
    consumer = _consumer(sender, REPLAY)
    taken: list[bool] = []
    waiting = threading.Thread(target=lambda: taken.append(consumer.take(_consensus())))
    waiting.start()
    wait_until(lambda: len(sender.refused) >= 3)
    sender.room = 1
    waiting.join(20)
    assert taken == [True]


def test_a_replay_that_waits_for_room_does_not_hang() -> None:
    sender: Any = RecordingSender(room=0)
    heart = CountedHeart()
    consumer = TokeniserConsumer(sender, REPLAY, SetClock(), heart=heart)
    taking = threading.Thread(target=consumer.take, args=(_consensus(),))
    taking.start()
    wait_until(lambda: heart.beats > 2)
    consumer.stop()
    taking.join()


def test_a_stopped_replay_waits_no_longer() -> None:
    sender = RecordingSender(room=0)
    consumer = _consumer(sender, REPLAY)
    consumer.stop()
    assert not consumer.take(_consensus())


DELIVERY = {"handed_over": 3, "refused_by_tokeniser": 1, "undelivered": 2}


def test_report_holds_the_whole_funnel() -> None:
    funnel = Funnel()
    funnel.add("frames", 9)
    funnel.add("undelivered")
    report = reporter_of(funnel, lambda: "dark")(DELIVERY)
    assert report.camera == "dark"
    assert (report.counters["frames"], report.counters["handed_over"]) == (9, 4)
    assert report.counters["undelivered"] == 3
    assert parse_report(pack_report(report)) == report


def test_replay_is_as_good_as_its_frames() -> None:
    funnel = Funnel()
    assert reporter_of(funnel, None)(DELIVERY).camera == "not_known"
    funnel.add("frames")
    assert reporter_of(funnel, None)(DELIVERY).camera == "good"


def test_counter_beyond_all_bounds_is_reported_as_the_highest() -> None:
    funnel = Funnel()
    funnel.add("frames", 10**18)
    assert reporter_of(funnel, None)(DELIVERY).counters["frames"] == MAXIMUM_COUNT


def test_hourly_reporter_remembers_what_it_said_first_in_an_hour() -> None:
    clock, funnel = SetClock(), Funnel()
    hourly = HourlyReporter(reporter_of(funnel, None), clock)
    for seconds, said, told in ((3600, 1, 1), (60, 2, 1), (3540, 3, 3)):
        clock.advance_s(seconds)
        funnel.add("frames")
        assert hourly(DELIVERY).counters["frames"] == said
        assert hourly.counters()["frames"] == told
