"""Health records, gaps and requests, with the real publisher process and a real broker."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from edge_lpr.core.clock import SystemClock
from edge_lpr.handoff.record_message import GapWish
from edge_lpr.wire import base64url
from edge_lpr.wire.gap import GAP_TYP, GapClaims, GapReason, parse_gap
from edge_lpr.wire.health import HEALTH_TYP, BoothFigures, HealthClaims, parse_health
from edge_lpr.wire.jws import SigningKey
from edge_lpr.wire.request import RequestClaims
from tests.support.broker import Mosquitto, running_mosquitto
from tests.support.publisher_bench import (
    Consumer,
    PublisherProcess,
    TokeniserStandIn,
    publisher_process,
)
from tests.support.signer import BOOTH
from tests.support.waiting import wait_until

pytestmark = pytest.mark.broker

KEY = SigningKey.generate()
STRANGER = SigningKey.generate()
Running = tuple[PublisherProcess, TokeniserStandIn, Consumer]


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    with running_mosquitto(tmp_path) as broker:
        yield broker


@pytest.fixture
def running(broker: Mosquitto, tmp_path: Path) -> Iterator[Running]:
    consumers_file = tmp_path / "consumers"
    octets = base64url.encode(KEY.public_key.octets).decode()
    consumers_file.write_text(f"archive {octets}\n")
    with publisher_process(
        tmp_path / "publisher",
        broker.port,
        consumers_file=str(consumers_file),
        health_interval_s=1.0,
        maximum_unsent=100,
    ) as (process, tokeniser):
        tokeniser.greet()
        with closing(Consumer(broker.port, tokeniser.signer)) as consumer:
            yield process, tokeniser, consumer


def claims_of(tokeniser: TokeniserStandIn, first: int, last: int) -> RequestClaims:
    now_s = SystemClock().unix_s()
    return RequestClaims(BOOTH, tokeniser.signer.boot, first, last, now_s)


def health_of(tokeniser: TokeniserStandIn, document: bytes) -> HealthClaims:
    key = tokeniser.signer.event_key.public_key
    return HealthClaims.decode(parse_health(document).verified(HEALTH_TYP, key))


def gap_of(tokeniser: TokeniserStandIn, document: bytes) -> GapClaims:
    key = tokeniser.signer.event_key.public_key
    return GapClaims.decode(parse_gap(document).verified(GAP_TYP, key))


def test_health_is_published_with_what_the_publisher_has_done(running: Running) -> None:
    _, tokeniser, consumer = running
    tokeniser.hand_over(20)
    consumer.wait_for(tokeniser.handed_over)

    def has_published_health() -> bool:
        tokeniser.attend()
        published = consumer.payloads("health")
        return bool(published) and health_of(tokeniser, published[-1]).figures.kept == 20

    wait_until(has_published_health)
    figures = health_of(tokeniser, consumer.payloads("health")[-1]).figures
    assert (figures.counters["accepted"], figures.counters["published"]) == (20, 20)
    assert (figures.counters["connections"], figures.unsent) == (1, 0)
    assert figures.counters["bytes_sent"] > 20 * 450
    # Nobody who comes later is told of a health that was.
    assert not any(retain for topic, _, retain in consumer.messages if topic.endswith("health"))


def test_consumer_that_asks_gets_the_same_bytes_once_more(running: Running) -> None:
    process, tokeniser, consumer = running
    tokeniser.hand_over(10)
    consumer.wait_for(tokeniser.handed_over)
    sent = consumer.payloads("sighting")
    process.wait_for_event("broker_connected")
    consumer.ask(claims_of(tokeniser, 3, 7), KEY)
    wait_until(lambda: len(consumer.payloads("sighting")) == 15)
    assert consumer.payloads("sighting")[10:] == sent[2:7]
    assert process.stop() == 0
    assert (process.counters()["resent"], process.counters()["published"]) == (5, 10)


def test_what_is_not_kept_is_answered_with_a_signed_gap(running: Running) -> None:
    _, tokeniser, consumer = running
    tokeniser.hand_over(2)
    consumer.wait_for(tokeniser.handed_over)
    request = RequestClaims(BOOTH, "ffffffffffffffff", 4, 9, SystemClock().unix_s())
    consumer.ask(request, KEY)

    def has_gap() -> bool:
        tokeniser.attend()
        return bool(consumer.payloads("gap"))

    wait_until(has_gap)
    gap = gap_of(tokeniser, consumer.payloads("gap")[0])
    assert (gap.boot, gap.first, gap.last) == ("ffffffffffffffff", 4, 9)
    assert gap.reason is GapReason.NOT_KEPT


def test_stranger_that_asks_gets_nothing_and_is_counted(running: Running) -> None:
    process, tokeniser, consumer = running
    tokeniser.hand_over(3)
    consumer.wait_for(tokeniser.handed_over)
    consumer.ask(claims_of(tokeniser, 1, 3), STRANGER)
    process.wait_for_event("request_refused")
    assert len(consumer.payloads("sighting")) == 3

    def is_in_health() -> bool:
        tokeniser.attend()
        records = [health_of(tokeniser, each) for each in consumer.payloads("health")]
        return any(each.figures.counters["requests_refused"] == 1 for each in records)

    wait_until(is_in_health)


def test_sightings_that_had_to_go_unsent_are_told_when_the_broker_is_back(
    broker: Mosquitto, running: Running
) -> None:
    process, tokeniser, consumer = running
    process.wait_for_event("broker_connected")
    broker.stop()
    process.wait_for_event("broker_unreachable")
    tokeniser.hand_over(130)
    wishes = [tokeniser.attend(), tokeniser.attend()]
    (alarm,) = [wish for wish in wishes if isinstance(wish, BoothFigures)]
    assert set(alarm.alarms) == {"outbox_filling", "sightings_dropped"}
    (gap,) = [wish for wish in wishes if isinstance(wish, GapWish)]
    assert (gap.first, gap.last) == (1, 30)
    broker.start()
    wait_until(lambda: consumer.distinct() == 100, deadline_s=60)
    wait_until(lambda: bool(consumer.payloads("gap")))
    told = gap_of(tokeniser, consumer.payloads("gap")[0])
    assert (told.first, told.last, told.reason) == (1, 30, GapReason.OUTBOX_FULL)
    stored, refused = consumer.verified()
    assert (len(stored), refused) == (100, [])
