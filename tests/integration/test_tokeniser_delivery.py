"""The delivering thread against a publisher that follows a script, over a real socket."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge_lpr.core.clock import SystemClock
from edge_lpr.core.complaints import Complaints
from edge_lpr.core.log import Log
from edge_lpr.handoff.record_message import GapWish, HealthMessage
from edge_lpr.handoff.seqpacket import Listener
from edge_lpr.handoff.sighting_message import MAXIMUM_TO_PUBLISHER_BYTES, SightingMessage
from edge_lpr.tokeniser.delivery import Delivery
from edge_lpr.tokeniser.funnel import Funnel
from edge_lpr.wire.gap import GAP_TYP, GapClaims, GapReason, parse_gap
from edge_lpr.wire.health import (
    HEALTH_TYP,
    PUBLISHER_COUNTERS,
    BoothFigures,
    HealthClaims,
    parse_health,
)
from edge_lpr.wire.sighting import verify_sighting
from tests.support.hearts import CountedHeart
from tests.support.passages import KEY, PASSAGE, boot_of
from tests.support.scripted_publisher import accepted, listening
from tests.support.waiting import wait_until

QUEUE_SIGHTINGS = 3
DEADLINE_S = 10.0
FIGURES = BoothFigures(counters={"published": 3}, unsent=0, oldest_unsent_s=0, kept=0)
ZEROS = dict.fromkeys(PUBLISHER_COUNTERS[:2] + PUBLISHER_COUNTERS[3:], 0)
GAPS = [GapWish("ffeeddccbbaa0099", seq, seq, GapReason.OUTBOX_FULL) for seq in (3, 5, 7, 9)]


@pytest.fixture
def funnel() -> Funnel:
    return Funnel()


def delivery_of(folder: Path, funnel: Funnel) -> Delivery:
    """Return a delivery to the socket of a folder, not started."""
    clock = SystemClock()
    return Delivery(
        folder / "sightings.sock",
        QUEUE_SIGHTINGS,
        boot=boot_of(),
        funnel=funnel,
        complaints=Complaints(Log("test"), clock),
        clock=clock,
    )


@pytest.fixture
def delivery(tmp_path: Path, funnel: Funnel) -> Iterator[Delivery]:
    delivery = delivery_of(tmp_path, funnel)
    delivery.start()
    try:
        yield delivery
    finally:
        delivery.finish(0)


@pytest.fixture
def listener(tmp_path: Path) -> Iterator[Listener]:
    with listening(tmp_path / "sightings.sock") as open_listener:
        yield open_listener


def offer(delivery: Delivery) -> None:
    assert delivery.offer(PASSAGE, timeout_s=DEADLINE_S)


def test_sightings_are_delivered_in_order_one_at_a_time(
    delivery: Delivery, listener: Listener, funnel: Funnel
) -> None:
    for _ in range(3):
        offer(delivery)
    with accepted(listener) as publisher:
        publisher.say_hello()
        publisher.take_birth()
        for number in (1, 2, 3):
            sighting = publisher.take_sighting()
            assert sighting.sequence_number == number
            assert verify_sighting(sighting.untrusted_jws, KEY.public_key).seq == number
            assert publisher.has_nothing_to_take()
            publisher.answer(number)
        wait_until(lambda: funnel.counters()["delivered"] == 3)


def test_nothing_is_sent_before_the_hello(delivery: Delivery, listener: Listener) -> None:
    offer(delivery)
    with accepted(listener) as publisher:
        assert publisher.has_nothing_to_take()


def test_no_sighting_is_sent_before_the_birth_is_committed(
    delivery: Delivery, listener: Listener
) -> None:
    offer(delivery)
    with accepted(listener) as publisher:
        publisher.say_hello()
        publisher.take()
        assert publisher.has_nothing_to_take()


def test_publisher_that_comes_back_gets_the_same_birth_before_the_next_vehicle(
    delivery: Delivery, listener: Listener
) -> None:
    del delivery
    with accepted(listener) as publisher:
        publisher.say_hello()
        birth = publisher.take_birth()
    with accepted(listener) as restarted:
        restarted.say_hello()
        assert restarted.take_birth() == birth


def test_publisher_that_takes_births_only_is_tried_less_and_less_often(
    listener: Listener, delivery: Delivery, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits_s: list[float] = []
    monkeypatch.setattr(delivery, "_pause", waits_s.append)
    offer(delivery)
    for _ in range(4):
        with accepted(listener) as full_publisher:
            full_publisher.say_hello()
            full_publisher.take_birth()
            full_publisher.take_sighting()
    with accepted(listener) as publisher:
        publisher.say_hello()
        publisher.take_birth()
        publisher.commit_sighting()
        wait_until(lambda: not delivery._queue)
    wait_until(lambda: len(waits_s) >= 5)
    assert waits_s[:5] == [0.1, 0.2, 0.4, 0.8, 0.1]


def test_full_queue_makes_the_receiving_side_wait(delivery: Delivery, listener: Listener) -> None:
    for _ in range(QUEUE_SIGHTINGS):
        offer(delivery)
    assert not delivery.offer(PASSAGE, timeout_s=0.02)
    with accepted(listener) as publisher:
        publisher.say_hello()
        publisher.take_birth()
        publisher.commit_sighting()
        offer(delivery)


def test_orderly_stop_delivers_what_is_queued(
    delivery: Delivery, listener: Listener, funnel: Funnel
) -> None:
    offer(delivery)
    offer(delivery)
    with accepted(listener) as publisher:
        stop = threading.Thread(target=delivery.finish, args=(DEADLINE_S,))
        stop.start()
        publisher.say_hello()
        publisher.take_birth()
        publisher.commit_sighting()
        publisher.commit_sighting()
        stop.join()
    assert funnel.counters()["delivered"] == 2
    assert funnel.counters()["undelivered"] == 0


def test_orderly_stop_does_not_wait_for_a_publisher_that_is_away(
    delivery: Delivery, funnel: Funnel
) -> None:
    offer(delivery)
    delivery.finish(60)
    assert not delivery.is_alive()
    assert funnel.counters()["undelivered"] == 1


def test_orderly_stop_gives_a_silent_publisher_no_more_than_its_time(
    delivery: Delivery, listener: Listener, funnel: Funnel
) -> None:
    offer(delivery)
    with accepted(listener) as publisher:
        publisher.say_hello()
        publisher.take_birth()
        publisher.take_sighting()
        delivery.finish(0.05)
    assert funnel.counters()["undelivered"] == 1


def test_orderly_stop_with_nothing_queued_ends_at_once(
    delivery: Delivery, listener: Listener, funnel: Funnel
) -> None:
    with accepted(listener) as publisher:
        publisher.say_hello()
        publisher.take_birth()
        delivery.finish(60)
    assert funnel.counters()["undelivered"] == 0


def health_of(untrusted_jws: bytes) -> HealthClaims:
    document = parse_health(untrusted_jws)
    return HealthClaims.decode(document.verified(HEALTH_TYP, KEY.public_key))


def test_publisher_that_wants_a_health_record_gets_one_without_any_vehicle(
    delivery: Delivery, listener: Listener
) -> None:
    del delivery
    with accepted(listener) as publisher:
        publisher.wishes = [None, FIGURES, None, FIGURES]
        publisher.say_hello()
        publisher.take_birth()
        for _ in range(2):
            claims = health_of(publisher.take_health())
            assert (claims.seq, claims.figures.counters) == (0, {"published": 3} | ZEROS)
            publisher.answer(0)


def test_health_does_not_starve_under_load_nor_sightings_under_health(
    delivery: Delivery, listener: Listener
) -> None:
    with accepted(listener) as publisher:
        publisher.say_hello()
        publisher.take_birth()
        offer(delivery)
        taken, records = 0, 0
        while records < 2:
            publisher.wishes = [FIGURES]
            message = publisher.take()
            if isinstance(message, SightingMessage):
                # There is always one more waiting.
                taken += 1
                offer(delivery)
                publisher.answer(message.sequence_number)
                continue
            assert isinstance(message, HealthMessage)
            claims = health_of(message.untrusted_jws)
            assert (claims.seq, claims.queued) == (taken, 1)
            records += 1
            publisher.answer(0)
        assert taken > 10


def test_gaps_are_signed_one_after_the_other_in_less_than_a_second(
    delivery: Delivery, listener: Listener
) -> None:
    del delivery
    with accepted(listener) as publisher:
        publisher.wishes = list(GAPS)
        publisher.say_hello()
        publisher.take_birth()
        for wish in GAPS:
            document = parse_gap(publisher.take_gap())
            claims = GapClaims.decode(document.verified(GAP_TYP, KEY.public_key))
            assert (claims.boot, claims.first, claims.reason) == (
                wish.boot,
                wish.first,
                wish.reason,
            )
            publisher.answer(0)


def test_record_that_the_publisher_refuses_is_said_and_not_repeated_at_once(
    delivery: Delivery, listener: Listener, caplog: pytest.LogCaptureFixture
) -> None:
    del delivery
    with accepted(listener) as publisher:
        publisher.wishes = [GAPS[0]]
        publisher.say_hello()
        publisher.take_birth()
        publisher.take_gap()
        publisher.answer(0, is_committed=False)
        assert publisher.has_nothing_to_take()
        wait_until(lambda: "record_refused" in caplog.text)


def test_publisher_that_cannot_keep_a_sighting_gets_the_health_that_says_so(
    delivery: Delivery, listener: Listener
) -> None:
    offer(delivery)
    records = 0
    while not records:
        with accepted(listener) as publisher:
            publisher.wishes = [FIGURES]
            publisher.say_hello()
            publisher.take_birth()
            message = publisher.take()
            if isinstance(message, HealthMessage):
                records += 1
                # The sighting that nobody has answered for is not spoken of.
                assert health_of(message.untrusted_jws).seq == 0
                publisher.answer(0)
            # Anything else is left without an answer, as on a full disk.


def test_wish_that_is_none_starts_the_connection_anew(
    delivery: Delivery, listener: Listener
) -> None:
    del delivery
    with accepted(listener) as confused:
        confused.say_hello()
        confused.take_birth()
        assert confused.connection.receive(10, timeout_s=DEADLINE_S) == b"T"
        confused.connection.send(b"Sign this text")
        with accepted(listener) as sound:
            sound.say_hello()
            sound.take_birth()


def test_question_that_breaks_the_connection_holds_no_sighting_back(
    delivery: Delivery, listener: Listener
) -> None:
    offer(delivery)
    with accepted(listener) as failing:
        failing.say_hello()
        failing.take_birth()
        assert failing.connection.receive(10, timeout_s=DEADLINE_S) == b"T"
    with accepted(listener) as publisher:
        publisher.say_hello()
        publisher.take_birth()
        message = publisher.connection.receive(MAXIMUM_TO_PUBLISHER_BYTES, timeout_s=DEADLINE_S)
        assert message is not None
        assert message[:1] == b"S"


def test_delivering_thread_gives_signs_of_life_with_and_without_a_publisher(
    tmp_path: Path, funnel: Funnel
) -> None:
    heart = CountedHeart()
    delivery = delivery_of(tmp_path, funnel)
    delivery.start(heart)
    wait_until(lambda: heart.beats > 2)
    with listening(tmp_path / "sightings.sock") as listener, accepted(listener) as silent:
        del silent
        beats = heart.beats
        wait_until(lambda: heart.beats > beats + 2)
    delivery.finish(0)
    assert not heart.is_watched()
