"""What a worker makes of what the broker delivers."""

from dataclasses import replace

import pytest

from edge_lpr.store.intake import Intake, Work, parking_topics
from edge_lpr.store.records import ParkedDocument
from edge_lpr.subscriber.authenticity import Authenticator
from edge_lpr.subscriber.messages import Message
from edge_lpr.subscriber.verdicts import RefusalReason
from edge_lpr.subscriber.watch_list import Hit, Match, WatchList
from edge_lpr.wire.sighting import sighting_hash, sign_sighting
from edge_lpr.wire.topics import TopicKind
from tests.support import fleet
from tests.support.clock import SetClock
from tests.support.fleet import AUTHORITY, DAY_S, SignedBooth

BOOTH = SignedBooth()


def new_intake(watch_list: WatchList | None = None, clock: SetClock | None = None) -> Intake:
    return Intake(Authenticator(AUTHORITY.public_key, clock or SetClock()), watch_list)


@pytest.fixture
def intake() -> Intake:
    return new_intake()


def message(kind: TopicKind, document: bytes, booth: SignedBooth = BOOTH) -> Message:
    return Message(booth.topic(kind), document, is_retained=False, acknowledge=lambda: None)


def receive(intake: Intake, *messages: Message) -> Work:
    work = Work()
    for each in messages:
        intake.receive(each, work)
    return work


BIRTH = message(TopicKind.BIRTH, BOOTH.birth())
SIGHTING = message(TopicKind.SIGHTING, BOOTH.sightings(1)[0])
SIGHTING_OF_A_LIST = message(
    TopicKind.SIGHTING,
    sign_sighting(replace(fleet.SIGHTING, entry=b"entry-17"), BOOTH.event_key),
)


def test_messages_are_sorted_by_kind(intake: Intake) -> None:
    work = receive(
        intake,
        BIRTH,
        SIGHTING,
        message(TopicKind.HEALTH, BOOTH.health(1)),
        message(TopicKind.GAP, BOOTH.gap(1, 2)),
    )
    batch = work.batch
    assert len(batch.births) == len(batch.sightings) == len(batch.healths) == len(batch.gaps) == 1
    assert len(work.acknowledgements) == 4
    assert work.new_births == {BOOTH.address}
    assert not work.refusals


def test_birth_that_is_known_is_not_stored_again(intake: Intake) -> None:
    receive(intake, BIRTH)
    work = receive(intake, BIRTH)
    assert not work.batch
    assert len(work.acknowledgements) == 1


def test_birth_whose_key_was_forgotten_is_learned_again(intake: Intake) -> None:
    receive(intake, BIRTH)
    for _ in range(4):
        # Births of the same address, played again: only so many keys of it are remembered.
        receive(intake, message(TopicKind.BIRTH, SignedBooth().birth()))
    assert receive(intake, SIGHTING).batch.sightings == []
    work = receive(intake, BIRTH, SIGHTING)
    assert len(work.batch.births) == len(work.batch.sightings) == 1


def test_kept_birth_counts_although_its_certificate_has_ended() -> None:
    clock = SetClock()
    received_at = clock.unix_s()
    clock.advance_s(2 * DAY_S)
    intake = new_intake(clock=clock)
    assert intake.learn(BOOTH.address, BOOTH.birth(), received_at)
    assert len(receive(intake, SIGHTING).batch.sightings) == 1


@pytest.mark.parametrize(
    "document",
    [b"", b"x.y.z", SignedBooth(authority=BOOTH.event_key).birth(), SignedBooth("booth-2").birth()],
    ids=["empty", "malformed", "of another authority", "of another booth"],
)
def test_kept_birth_is_verified_again(intake: Intake, document: bytes) -> None:
    assert not intake.learn(BOOTH.address, document, SetClock().unix_s())


def test_sighting_without_its_birth_is_parked(intake: Intake) -> None:
    work = receive(intake, SIGHTING, message(TopicKind.HEALTH, BOOTH.health(1)))
    assert work.batch.to_park == [(SIGHTING.untrusted_topic, SIGHTING.untrusted_payload)]
    # A health record comes again.
    assert work.refusals == [RefusalReason.NO_BIRTH]


def test_birth_in_the_same_batch_makes_parking_needless(intake: Intake) -> None:
    work = receive(intake, SIGHTING, BIRTH)
    intake.receive_waiting(work)
    assert work.batch.to_park == []
    assert len(work.batch.sightings) == 1


def test_parked_document_is_judged_once_its_birth_is_known(intake: Intake) -> None:
    document = SIGHTING.untrusted_payload
    parked = ParkedDocument(sighting_hash(document), SIGHTING.untrusted_topic, document)
    work = Work()
    intake.receive_parked(parked, work)
    assert not work.batch
    receive(intake, BIRTH)
    intake.receive_parked(parked, work)
    assert len(work.batch.sightings) == 1
    assert work.batch.unparked == [parked.link]


def test_parked_forgery_is_refused_and_forgotten(intake: Intake) -> None:
    receive(intake, BIRTH)
    header, payload, signature = SIGHTING.untrusted_payload.split(b".")
    forged = b".".join([header, payload, signature[::-1]])
    work = Work()
    intake.receive_parked(ParkedDocument(b"l" * 16, SIGHTING.untrusted_topic, forged), work)
    assert work.refusals
    assert work.batch.unparked == [b"l" * 16]


def watch_list() -> WatchList:
    """Return a list with the vehicle of every sighting here."""
    watch_list = WatchList()
    watch_list.add(
        b'{"site":"lane-07","epoch":20454,"exact":"ZWVlZWVlZWVlZWVlZWVlZQ",'
        b'"fold":"ZmZmZmZmZmZmZmZmZmZmZg","entry":"case-1"}'
    )
    return watch_list


def test_sighting_on_the_watch_list_is_a_hit() -> None:
    work = receive(new_intake(watch_list()), BIRTH, SIGHTING)
    ((sighting, hit),) = work.batch.hits
    assert sighting is work.batch.sightings[0]
    assert hit == Hit(("case-1",), Match.EXACT)


def test_sighting_is_a_hit_by_the_list_of_its_booth_alone(intake: Intake) -> None:
    work = receive(intake, BIRTH, SIGHTING_OF_A_LIST)
    assert work.batch.hits == [(work.batch.sightings[0], None)]


def test_sighting_that_both_lists_have_is_one_hit() -> None:
    work = receive(new_intake(watch_list()), BIRTH, SIGHTING_OF_A_LIST)
    assert work.batch.hits == [(work.batch.sightings[0], Hit(("case-1",), Match.EXACT))]


def test_refusals_are_acknowledged_because_they_would_be_refused_again(intake: Intake) -> None:
    work = receive(
        intake, BIRTH, Message("lpr/v1/elsewhere", b"", is_retained=False, acknowledge=print)
    )
    assert work.refusals == [RefusalReason.MALFORMED]
    assert work.acknowledgements[-1] is print


def test_sightings_and_gaps_of_a_booth_may_be_parked() -> None:
    assert parking_topics(BOOTH.address) == [
        BOOTH.topic(TopicKind.SIGHTING),
        BOOTH.topic(TopicKind.GAP),
    ]
