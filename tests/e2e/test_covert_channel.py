"""The channel that is left to a vision that was taken over is as wide as the documents say."""

import secrets
import sys
import time
from pathlib import Path

import pytest

from edge_lpr.core.vision_counts import VISION_COUNTERS
from edge_lpr.demo.arguments import Source
from edge_lpr.demo.brokers import EmbeddedBroker
from edge_lpr.handoff.vision_report import VisionReport
from edge_lpr.tokeniser.vision_watch import VisionWatch
from edge_lpr.wire.health import two_digits
from edge_lpr.wire.topics import TopicKind
from tests.escape import speaking_vision
from tests.escape.covert import BITS_A_READING, bound_bits_a_day, listen
from tests.support.clock import SetClock
from tests.support.waiting import wait_until
from tests.support.whole_booth import Recorder, WholeBooth

DAY_S = 86_400
SECRET_BYTES = BITS_A_READING
"""Eight readings full."""

WORDS = 16
MINUTES = 1_440


@pytest.mark.broker
def test_readings_say_no_more_than_the_bound_and_a_good_part_of_it(
    tmp_path: Path, running_mosquitto: EmbeddedBroker
) -> None:
    secret = secrets.token_bytes(SECRET_BYTES)
    readings = WORDS + SECRET_BYTES * 8 // BITS_A_READING
    source = Source("video", str(tmp_path / "none.avi"))
    with (
        WholeBooth(tmp_path / "booth", running_mosquitto, source) as booth,
        Recorder(running_mosquitto, booth) as recorder,
    ):
        program = Path(speaking_vision.__file__)
        socket = str(booth.folders.readings_socket)
        began = time.monotonic()
        booth.start_all([sys.executable, str(program), socket, secret.hex()])
        wait_until(lambda: len(recorder.payloads(TopicKind.SIGHTING)) >= readings, deadline_s=240)
        took_s = time.monotonic() - began
        heard = listen(recorder.payloads(TopicKind.SIGHTING))
    said = [int(bit) for bit in "".join(f"{each:08b}" for each in secret)]
    assert heard == said
    # The pace holds: two a second, and the first of a lane passes at once.
    assert took_s >= (readings - 1) / 2
    assert 0.35 * bound_bits_a_day(knows_keys=False) < 2 * BITS_A_READING * DAY_S
    assert bound_bits_a_day(knows_keys=False) > 2 * BITS_A_READING * DAY_S


def test_bounds_are_those_of_the_documents() -> None:
    documents = Path(__file__).parents[2]
    said = (documents / "docs" / "escape-suite.md").read_text() + (
        documents / "SECURITY.md"
    ).read_text()
    for knows_keys in (False, True):
        megabits = bound_bits_a_day(knows_keys=knows_keys) / 1e6
        assert f"{megabits:.1f} million bits" in said


def test_counters_say_no_more_than_the_bound_and_a_good_part_of_it() -> None:
    clock = SetClock()
    clock.advance_s(60)
    watch = VisionWatch(clock)
    counters = dict.fromkeys(VISION_COUNTERS, 0)
    said: list[int] = []
    heard: list[int] = []
    before = dict(counters)
    for _ in range(MINUTES):
        clock.advance_s(60)
        for name in VISION_COUNTERS:
            step = 10 ** max(0, len(str(counters[name])) - 2)
            # Both sides know which steps a counter may still take within a minute.
            if step > (12_000 if name in VISION_COUNTERS[15:] else 150_000):
                continue
            bit = secrets.randbelow(2)
            said.append(bit)
            counters[name] += step * bit
        assert watch.take(VisionReport("good", dict(counters)))
        published = {name: two_digits(number) for name, number in watch.counters().items()}
        for name, number in published.items():
            step = 10 ** max(0, len(str(before[name])) - 2)
            if step <= (12_000 if name in VISION_COUNTERS[15:] else 150_000):
                heard.append(int(number != before[name]))
        before = published
    assert heard == said
    assert 25_000 < len(said) < 47_000
