"""A whole booth says how it is, and gives again what it is asked for."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from edge_lpr.core.vision_counts import VISION_COUNTERS
from edge_lpr.demo.brokers import EmbeddedBroker
from edge_lpr.demo.keys import DEMO_ADDRESS
from edge_lpr.subscriber.verdicts import VerifiedHealth
from edge_lpr.wire import base64url
from edge_lpr.wire.gap import GapReason
from edge_lpr.wire.health import TOKENISER_COUNTERS, two_digits
from edge_lpr.wire.jws import SigningKey
from edge_lpr.wire.request import RequestClaims
from edge_lpr.wire.sighting import sighting_hash
from edge_lpr.wire.topics import TopicKind
from tests.support.waiting import wait_until
from tests.support.whole_booth import KnownLane, Recorder, WholeBooth

pytestmark = pytest.mark.broker

KEY = SigningKey.generate()
PATIENCE_S = 60.0


@dataclass(frozen=True)
class Finished:
    """A booth whose lane has ended; tokeniser and publisher go on."""

    booth: WholeBooth
    recorder: Recorder

    def ask(self, boot: str, first: int, last: int) -> None:
        claims = RequestClaims(DEMO_ADDRESS, boot, first, last, self.booth.clock.unix_s())
        self.recorder.ask(claims, KEY)

    def latest_health(self) -> VerifiedHealth:
        """Return the first record that was signed after this call."""
        count = len(self.recorder.health)
        wait_until(lambda: len(self.recorder.health) >= count + 2, deadline_s=PATIENCE_S)
        return self.recorder.health[-1]


@pytest.fixture(scope="module")
def finished(
    running_mosquitto: EmbeddedBroker, lane: KnownLane, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Finished]:
    root: Path = tmp_path_factory.mktemp("health")
    consumers_file = root / "consumers"
    consumers_file.write_text(f"archive {base64url.encode(KEY.public_key.octets).decode()}\n")
    booth = WholeBooth(
        root / "booth",
        running_mosquitto,
        lane.source,
        more_publisher_settings=(f'health_interval_s = 1.0\nconsumers_file = "{consumers_file}"\n'),
    )
    with booth, Recorder(running_mosquitto, booth) as recorder:
        booth.start_all()
        vision_log = booth.folders.logs / "vision.log"
        wait_until(lambda: "stopped" in vision_log.read_text(), deadline_s=2 * PATIENCE_S)
        wait_until(lambda: len(recorder.sightings) == len(lane.plates), deadline_s=PATIENCE_S)
        yield Finished(booth, recorder)


def test_health_holds_the_whole_funnel_of_all_three_processes(
    finished: Finished, lane: KnownLane
) -> None:
    claims = finished.latest_health().claims
    passages = len(lane.plates)
    logged = finished.booth.counters("vision")
    assert claims.vision == {name: two_digits(logged[name]) for name in VISION_COUNTERS}
    assert claims.vision["frames"] > claims.vision["detections"] > claims.vision["agreed"] > 0
    assert claims.vision["handed_over"] == passages
    assert claims.tokeniser == dict.fromkeys(TOKENISER_COUNTERS, 0) | {
        "received": passages,
        "tokenised": passages,
        "delivered": passages,
    }
    counters = claims.figures.counters
    assert (counters["accepted"], counters["published"]) == (passages, passages)
    assert (counters["dropped"], counters["connections"]) == (0, 1)
    assert (claims.queued, claims.figures.unsent) == (0, 0)
    assert (claims.camera, claims.test) == ("good", True)


def test_health_knows_where_the_chain_ends(finished: Finished, lane: KnownLane) -> None:
    health = finished.latest_health()
    last = finished.recorder.payloads(TopicKind.SIGHTING)[len(lane.plates) - 1]
    assert (health.claims.seq, health.claims.link) == (len(lane.plates), sighting_hash(last))
    assert health.missing is None


def test_booth_that_is_well_has_no_alarm_but_that_of_its_short_lived_keys(
    finished: Finished,
) -> None:
    # The demo's certificate is valid for days, not for years; the machine may be hot.
    expected = {"certificate_ends", "keys_end", "hot"}
    assert set(finished.latest_health().claims.all_alarms) <= expected


def test_server_that_asks_gets_the_same_bytes_again(finished: Finished, lane: KnownLane) -> None:
    sent = finished.recorder.payloads(TopicKind.SIGHTING)[: len(lane.plates)]
    boot = finished.recorder.sightings[0].claims.boot
    finished.ask(boot, 1, len(lane.plates))
    wait_until(
        lambda: len(finished.recorder.payloads(TopicKind.SIGHTING)) == 2 * len(sent),
        deadline_s=PATIENCE_S,
    )
    assert finished.recorder.payloads(TopicKind.SIGHTING)[len(sent) :] == sent
    # To the server nothing has happened: it had them all.
    assert len(finished.recorder.sightings) == len(sent)
    assert finished.latest_health().claims.figures.counters["resent"] == len(sent)


def test_server_that_asks_for_what_never_was_gets_a_signed_gap(finished: Finished) -> None:
    finished.ask("ffffffffffffffff", 2, 5)
    wait_until(lambda: len(finished.recorder.gaps) > 0, deadline_s=PATIENCE_S)
    claims = finished.recorder.gaps[0].claims
    assert (claims.boot, claims.first, claims.last) == ("ffffffffffffffff", 2, 5)
    assert claims.reason is GapReason.NOT_KEPT


def test_nothing_that_the_booth_said_was_refused(finished: Finished) -> None:
    # The server hears its own requests too, and knows that they are for the booth.
    assert {refusal.kind for refusal in finished.recorder.refusals} == {TopicKind.REQUEST}
