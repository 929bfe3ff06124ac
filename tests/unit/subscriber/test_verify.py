from collections.abc import Callable
from dataclasses import replace

import pytest

from edge_lpr.subscriber import authenticity, device_record
from edge_lpr.subscriber.continuity import BootRecord
from edge_lpr.subscriber.sequence import SequenceRange
from edge_lpr.subscriber.verdicts import (
    Continuity,
    DeviceStatus,
    Refusal,
    RefusalReason,
    Verdict,
    VerifiedBirth,
    VerifiedSighting,
)
from edge_lpr.subscriber.verify import FleetVerifier
from edge_lpr.wire import base64url
from edge_lpr.wire.birth import PreviousBoot
from edge_lpr.wire.jws import SigningKey
from edge_lpr.wire.sighting import sign_sighting
from edge_lpr.wire.status import StatusClaims, encode_status
from edge_lpr.wire.topics import TopicKind
from tests.support.clock import NOON_OF_THE_VECTORS, SetClock
from tests.support.fleet import AUTHORITY, DAY_S, SIGHTING, SignedBooth

OLD_BOOT, BOOT = "0" * 16, SIGHTING.boot


class Server:
    """A central server: a verifier and short words to feed it."""

    def __init__(self, clock: SetClock | None = None, oldest_s: int | None = None) -> None:
        self._verifier = FleetVerifier(AUTHORITY.public_key, clock or SetClock(), oldest_s)

    def birth(self, booth: SignedBooth, document: bytes) -> VerifiedBirth:
        verdict = self._verifier.receive(booth.topic(TopicKind.BIRTH), document)
        assert isinstance(verdict, VerifiedBirth), verdict
        return verdict

    def sighting(self, booth: SignedBooth, document: bytes) -> VerifiedSighting:
        verdict = self._verifier.receive(booth.topic(TopicKind.SIGHTING), document)
        assert isinstance(verdict, VerifiedSighting), verdict
        return verdict

    def refusal(self, topic: str, document: bytes) -> RefusalReason:
        verdict = self._verifier.receive(topic, document)
        assert isinstance(verdict, Refusal), verdict
        return verdict.reason

    def record(self, booth: SignedBooth) -> BootRecord:
        return self._verifier.device(booth.address).boot(BOOT)

    def raw(self, topic: str, payload: bytes) -> Verdict:
        return self._verifier.receive(topic, payload)


@pytest.fixture
def booth() -> SignedBooth:
    return SignedBooth()


@pytest.fixture
def server(booth: SignedBooth) -> Server:
    """Return a server that knows the booth."""
    server = Server()
    server.birth(booth, booth.birth())
    return server


def test_birth_of_a_certified_device_is_believed(booth: SignedBooth) -> None:
    birth = Server().birth(booth, booth.birth())
    assert birth.address == booth.address
    assert birth.claims.boot == BOOT
    assert birth.certificate.event_key.octets == booth.event_key.public_key.octets
    assert (birth.continuity, birth.missing) == (Continuity.CONTINUES, None)


def test_sightings_in_order_are_verified_with_their_chain(
    server: Server, booth: SignedBooth
) -> None:
    for seq, document in enumerate(booth.sightings(3), start=1):
        sighting = server.sighting(booth, document)
        assert (sighting.address, sighting.claims.seq) == (booth.address, seq)
        assert (sighting.is_duplicate, sighting.is_linked, sighting.missing) == (False, True, None)


def test_sighting_delivered_twice_is_a_duplicate(server: Server, booth: SignedBooth) -> None:
    (document,) = booth.sightings(1)
    server.sighting(booth, document)
    assert server.sighting(booth, document).is_duplicate


def test_two_devices_may_use_the_same_numbers(server: Server, booth: SignedBooth) -> None:
    neighbour = SignedBooth("booth-2")
    server.birth(neighbour, neighbour.birth())
    server.sighting(booth, booth.sightings(1)[0])
    assert not server.sighting(neighbour, neighbour.sightings(1)[0]).is_duplicate


def test_dropped_sightings_show_as_missing(server: Server, booth: SignedBooth) -> None:
    documents = booth.sightings(4)
    server.sighting(booth, documents[0])
    late = server.sighting(booth, documents[3])
    assert (late.missing, late.is_linked) == (SequenceRange(2, 3), False)


def test_sighting_before_the_birth_can_be_tried_again(booth: SignedBooth) -> None:
    server = Server()
    (document,) = booth.sightings(1)
    topic = booth.topic(TopicKind.SIGHTING)
    assert server.refusal(topic, document) is RefusalReason.NO_BIRTH
    server.birth(booth, booth.birth())
    assert not server.sighting(booth, document).is_duplicate


def test_sighting_of_a_key_that_no_birth_named_is_refused(
    server: Server, booth: SignedBooth
) -> None:
    (document,) = SignedBooth().sightings(1)
    assert server.refusal(booth.topic(TopicKind.SIGHTING), document) is RefusalReason.NO_BIRTH


def test_sighting_under_another_devices_topic_is_refused(
    server: Server, booth: SignedBooth
) -> None:
    neighbour = SignedBooth("booth-2")
    server.birth(neighbour, neighbour.birth())
    (document,) = booth.sightings(1)
    assert server.refusal(neighbour.topic(TopicKind.SIGHTING), document) is RefusalReason.NO_BIRTH


def test_birth_under_another_devices_topic_is_refused(booth: SignedBooth) -> None:
    topic = SignedBooth("booth-2").topic(TopicKind.BIRTH)
    assert Server().refusal(topic, booth.birth()) is RefusalReason.FOREIGN_ADDRESS


def test_birth_that_another_authority_certified_is_refused() -> None:
    booth = SignedBooth(authority=SigningKey.generate())
    topic = booth.topic(TopicKind.BIRTH)
    assert Server().refusal(topic, booth.birth()) is RefusalReason.UNVERIFIED


def test_birth_that_another_key_signed_is_refused(booth: SignedBooth) -> None:
    thief = SignedBooth()
    thief.certificate = booth.certificate
    topic = booth.topic(TopicKind.BIRTH)
    assert Server().refusal(topic, thief.birth()) is RefusalReason.UNVERIFIED


def test_birth_after_the_certificate_expired_is_refused(booth: SignedBooth) -> None:
    server = Server(SetClock(now_unix_s=NOON_OF_THE_VECTORS + DAY_S + 1))
    topic = booth.topic(TopicKind.BIRTH)
    assert server.refusal(topic, booth.birth()) is RefusalReason.UNVERIFIED


@pytest.mark.parametrize("offset_s", [-DAY_S - 1, DAY_S + 1], ids=["before", "after"])
def test_passage_outside_the_certificates_validity_is_refused(
    server: Server, booth: SignedBooth, offset_s: int
) -> None:
    claims = replace(SIGHTING, at=NOON_OF_THE_VECTORS + offset_s)
    document = sign_sighting(claims, booth.event_key)
    topic = booth.topic(TopicKind.SIGHTING)
    assert server.refusal(topic, document) is RefusalReason.OUTSIDE_VALIDITY


def test_replayed_birth_does_not_shorten_a_renewed_certificate(booth: SignedBooth) -> None:
    server = Server()
    old_birth = booth.birth()
    booth.certificate = replace(booth.certificate, not_after=NOON_OF_THE_VECTORS + 10 * DAY_S)
    server.birth(booth, booth.birth())
    server.birth(booth, old_birth)
    claims = replace(SIGHTING, at=NOON_OF_THE_VECTORS + 5 * DAY_S)
    server.sighting(booth, sign_sighting(claims, booth.event_key))


def test_only_so_many_keys_of_a_device_are_remembered(booth: SignedBooth) -> None:
    server = Server()
    topic = booth.topic(TopicKind.SIGHTING)
    (document,) = booth.sightings(1)
    keys = [booth, *(SignedBooth() for _ in range(authenticity._MAXIMUM_KEYS))]
    for renewed in keys[:-1]:
        server.birth(renewed, renewed.birth())
    server.sighting(booth, document)
    server.birth(keys[-1], keys[-1].birth())
    assert server.refusal(topic, document) is RefusalReason.NO_BIRTH


def test_another_sighting_with_the_same_number_is_refused(
    server: Server, booth: SignedBooth
) -> None:
    server.sighting(booth, booth.sightings(1)[0])
    other = sign_sighting(replace(SIGHTING, lane=2), booth.event_key)
    assert server.refusal(booth.topic(TopicKind.SIGHTING), other) is RefusalReason.CONFLICT


def test_sighting_that_breaks_the_chain_is_refused(server: Server, booth: SignedBooth) -> None:
    server.sighting(booth, booth.sightings(1)[0])
    broken = sign_sighting(replace(SIGHTING, seq=2, prev=b"x" * 16), booth.event_key)
    assert server.refusal(booth.topic(TopicKind.SIGHTING), broken) is RefusalReason.BROKEN_CHAIN


def test_changed_signature_is_refused(server: Server, booth: SignedBooth) -> None:
    signed, _, signature = booth.sightings(1)[0].rpartition(b".")
    octets = bytearray(base64url.decode(signature))
    octets[5] ^= 1
    changed = signed + b"." + base64url.encode(bytes(octets))
    assert server.refusal(booth.topic(TopicKind.SIGHTING), changed) is RefusalReason.UNVERIFIED


@pytest.mark.parametrize(
    ("last", "spoil"),
    [
        pytest.param("sighting", lambda document: document[:-3], id="cut sighting"),
        pytest.param("sighting", lambda document: document + b"A" * 512, id="oversized sighting"),
        pytest.param("birth", lambda document: document[:-3], id="cut birth"),
        pytest.param("birth", lambda document: document[:0], id="deleted retained birth"),
        pytest.param("status", lambda document: document, id="status that is none"),
        pytest.param("picture", lambda document: document, id="unknown topic"),
    ],
)
def test_malformed_message_is_refused(
    server: Server, booth: SignedBooth, last: str, spoil: Callable[[bytes], bytes]
) -> None:
    topic = booth.topic(TopicKind.STATUS).removesuffix("status") + last
    assert server.refusal(topic, spoil(booth.sightings(1)[0])) is RefusalReason.MALFORMED


def test_status_is_passed_on_unsigned(booth: SignedBooth) -> None:
    payload = encode_status(BOOT, is_online=False)
    verdict = Server().raw(booth.topic(TopicKind.STATUS), payload)
    assert verdict == DeviceStatus(booth.address, StatusClaims(BOOT, is_online=False))


def test_sightings_that_waited_through_a_restart_are_verified(booth: SignedBooth) -> None:
    server = Server()
    server.birth(booth, booth.birth(OLD_BOOT))
    old = booth.sightings(2, OLD_BOOT)
    server.sighting(booth, old[0])
    birth = server.birth(booth, booth.birth(BOOT, booth.previous(2, OLD_BOOT)))
    assert (birth.continuity, birth.missing) == (Continuity.UNKNOWN, SequenceRange(2, 2))
    assert server.sighting(booth, old[1]).is_linked
    assert server.sighting(booth, booth.sightings(1)[0]).is_linked
    again = server.birth(booth, booth.birth(BOOT, booth.previous(2, OLD_BOOT)))
    assert (again.continuity, again.missing) == (Continuity.CONTINUES, None)


def test_server_that_never_saw_the_boot_before_cannot_tell(booth: SignedBooth) -> None:
    birth = Server().birth(booth, booth.birth(BOOT, booth.previous(2, OLD_BOOT)))
    assert birth.continuity is Continuity.UNKNOWN


@pytest.mark.parametrize(
    "previous",
    [
        pytest.param(lambda _booth: None, id="outbox lost"),
        pytest.param(lambda booth: booth.previous(1, OLD_BOOT), id="tail cut"),
        pytest.param(lambda _booth: PreviousBoot(OLD_BOOT, 2, b"x" * 16), id="tail exchanged"),
    ],
)
def test_device_that_forgot_what_it_sent_is_noticed(
    booth: SignedBooth, previous: Callable[[SignedBooth], PreviousBoot | None]
) -> None:
    server = Server()
    server.birth(booth, booth.birth(OLD_BOOT))
    for document in booth.sightings(2, OLD_BOOT):
        server.sighting(booth, document)
    birth = server.birth(booth, booth.birth(BOOT, previous(booth)))
    assert birth.continuity is Continuity.BROKEN


def test_oldest_boot_is_forgotten_and_counts_as_new(booth: SignedBooth) -> None:
    server = Server()
    (document,) = booth.sightings(1, OLD_BOOT)
    server.birth(booth, booth.birth(OLD_BOOT))
    server.sighting(booth, document)
    for number in range(1, device_record._MAXIMUM_BOOTS + 1):
        server.birth(booth, booth.birth(f"{number:016x}"))
    assert not server.sighting(booth, document).is_duplicate


def test_sighting_of_a_forgotten_boot_is_refused_once_it_is_too_old(booth: SignedBooth) -> None:
    clock = SetClock()
    server = Server(clock, oldest_s=3_600)
    topic, documents = booth.topic(TopicKind.SIGHTING), booth.sightings(2)
    server.birth(booth, booth.birth("f" * 16))
    clock.advance_s(3_600)
    assert not server.sighting(booth, documents[0]).is_duplicate
    for number in range(device_record._MAXIMUM_BOOTS):
        server.birth(booth, booth.birth(f"{number:016x}"))
    clock.advance_s(1)
    assert server.refusal(topic, documents[0]) is RefusalReason.TOO_OLD
    assert server.refusal(topic, documents[0]) is RefusalReason.TOO_OLD


def test_replays_of_forgotten_boots_do_not_push_out_the_boot_of_now(booth: SignedBooth) -> None:
    clock = SetClock()
    server = Server(clock, oldest_s=3_600)
    (document,) = booth.sightings(1)
    server.birth(booth, booth.birth())
    server.sighting(booth, document)
    clock.advance_s(3_601)
    for number in range(device_record._MAXIMUM_BOOTS):
        (old,) = booth.sightings(1, f"{number:016x}")
        assert server.refusal(booth.topic(TopicKind.SIGHTING), old) is RefusalReason.TOO_OLD
    assert server.sighting(booth, document).is_duplicate


def test_number_of_a_sighting_that_is_too_old_is_no_longer_missing(booth: SignedBooth) -> None:
    clock = SetClock()
    server = Server(clock, oldest_s=3_600)
    topic, documents = booth.topic(TopicKind.SIGHTING), booth.sightings(3)
    server.birth(booth, booth.birth())
    assert server.sighting(booth, documents[1]).missing == SequenceRange(1, 1)
    clock.advance_s(3_601)
    assert server.refusal(topic, documents[0]) is RefusalReason.TOO_OLD
    assert server.sighting(booth, documents[0]).is_duplicate
    assert server.refusal(topic, documents[2]) is RefusalReason.TOO_OLD
    assert server.record(booth).gaps() == ()


def test_tokens_do_not_show(server: Server, booth: SignedBooth) -> None:
    assert "eeee" not in repr(server.sighting(booth, booth.sightings(1)[0]))
