import itertools
import json
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_lpr.core.errors import VerificationError, WireError
from edge_lpr.subscriber.continuity import BootRecord, Fit
from edge_lpr.subscriber.verdicts import Refusal, VerifiedBirth
from edge_lpr.subscriber.verify import FleetVerifier
from edge_lpr.wire import base64url, jws
from edge_lpr.wire.birth import BirthClaims
from edge_lpr.wire.bounds import MAXIMUM_EPOCH, MAXIMUM_SEQUENCE
from edge_lpr.wire.claims import ClaimReader
from edge_lpr.wire.deployment import read_deployment
from edge_lpr.wire.device_certificate import decode_unverified_certificate, verify_certificate
from edge_lpr.wire.jwe import TransportKey, TransportPublicKey, open_sealed, seal
from edge_lpr.wire.key_delivery import (
    DELIVERY_TYP,
    MAXIMUM_DELIVERY_BYTES,
    SEALED_KEYS_TYP,
    KeyDelivery,
    open_delivery,
    sign_delivery,
)
from edge_lpr.wire.sighting import (
    FIRST_PREV,
    MAXIMUM_SIGHTING_BYTES,
    SightingClaims,
    parse_sighting,
    sign_sighting,
    verify_sighting,
)
from edge_lpr.wire.status import decode_status, encode_status
from edge_lpr.wire.topics import (
    MAXIMUM_CHUNKS,
    TopicKind,
    WatchListTopic,
    parse_topic,
    parse_watch_list_topic,
    watch_list_topic,
)
from edge_lpr.wire.transport import verify_transport
from edge_lpr.wire.watch_list import (
    ListEntry,
    chunks_for,
    list_digest,
    open_chunk,
    pack_entries,
    seal_chunk,
    unpack_entries,
    verify_manifest,
)
from tests.support.clock import SetClock
from tests.support.fleet import AUTHORITY, SignedBooth
from tests.support.strategies import boot_ids, deliveries, links, names, sightings

BOOTH = SignedBooth()
KEY = BOOTH.event_key
PIN = AUTHORITY.public_key
TRANSPORT = TransportKey.generate()
LIST_KEY = bytes(range(32))
GARBAGE = st.binary(max_size=600) | st.text(max_size=300).map(
    lambda text: text.encode("utf-8", "surrogatepass")
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=10,
)


@given(st.binary(max_size=100))
def test_decoding_undoes_base64url(octets: bytes) -> None:
    assert base64url.decode(base64url.encode(octets)) == octets


@given(st.text("ABCdef019-_+/= \n.", max_size=12).map(str.encode))
def test_base64url_text_is_the_only_one_of_its_bytes(text: bytes) -> None:
    try:
        octets = base64url.decode(text)
    except WireError:
        return
    assert base64url.encode(octets) == text


@given(sightings)
def test_verifying_undoes_signing_and_every_sighting_fits(claims: SightingClaims) -> None:
    document = sign_sighting(claims, KEY)
    assert len(document) <= MAXIMUM_SIGHTING_BYTES
    assert verify_sighting(document, KEY.public_key) == claims


@given(boot_ids, st.booleans())
def test_decoding_undoes_a_status(boot: str, is_online: bool) -> None:  # noqa: FBT001
    claims = decode_status(encode_status(boot, is_online=is_online))
    assert (claims.boot, claims.is_online) == (boot, is_online)


@given(GARBAGE)
@pytest.mark.parametrize(
    "read",
    [
        pytest.param(parse_sighting, id="signed sighting"),
        pytest.param(SightingClaims.decode, id="sighting"),
        pytest.param(BirthClaims.decode, id="birth"),
        pytest.param(decode_status, id="status"),
        pytest.param(decode_unverified_certificate, id="certificate"),
        pytest.param(jws.PublicKey, id="public key"),
        pytest.param(lambda octets: parse_topic(octets.decode("latin-1")), id="topic"),
        pytest.param(
            lambda octets: parse_watch_list_topic(octets.decode("latin-1")), id="watch-list topic"
        ),
        pytest.param(TransportPublicKey, id="transport key"),
        pytest.param(lambda octets: open_sealed(octets, TRANSPORT, "x", 1000), id="sealed"),
        pytest.param(lambda octets: open_delivery(octets, PIN, TRANSPORT), id="delivery"),
        pytest.param(lambda octets: verify_transport(octets, PIN, 0), id="announcement"),
        pytest.param(lambda octets: verify_manifest(octets, PIN), id="manifest"),
        pytest.param(read_deployment, id="deployment bundle"),
        pytest.param(lambda octets: open_chunk(LIST_KEY, 1, 0, octets), id="chunk"),
    ],
)
def test_garbage_raises_wire_error_and_nothing_else(
    read: Callable[[bytes], object], garbage: bytes
) -> None:
    try:
        read(garbage)
    except WireError:
        return
    assert len(garbage) == 32, "only a public key may be any bytes"


@given(GARBAGE)
def test_garbage_that_the_authority_sealed_and_signed_is_no_delivery(garbage: bytes) -> None:
    sealed = seal(garbage, TRANSPORT.public_key, SEALED_KEYS_TYP)
    with pytest.raises(WireError):
        open_delivery(AUTHORITY.sign(DELIVERY_TYP, sealed), PIN, TRANSPORT)


@given(GARBAGE)
def test_garbage_that_the_authority_signed_is_no_delivery(garbage: bytes) -> None:
    with pytest.raises(WireError):
        open_delivery(AUTHORITY.sign(DELIVERY_TYP, garbage), PIN, TRANSPORT)


@given(deliveries)
def test_opening_undoes_sealing_and_every_delivery_fits(delivery: KeyDelivery) -> None:
    document = sign_delivery(delivery, TRANSPORT.public_key, AUTHORITY)
    assert len(document) <= MAXIMUM_DELIVERY_BYTES
    assert open_delivery(document, PIN, TRANSPORT) == delivery


@given(st.data())
def test_any_changed_byte_of_a_sealed_document_is_refused(data: st.DataObject) -> None:
    document = bytearray(seal(data.draw(st.binary(max_size=90)), TRANSPORT.public_key, "x"))
    document[data.draw(st.integers(0, len(document) - 1))] ^= data.draw(st.integers(1, 255))
    with pytest.raises(WireError):
        open_sealed(bytes(document), TRANSPORT, "x", 1000)


@given(st.integers(0, 2**255 - 20).map(lambda number: number.to_bytes(32, "little")))
def test_transport_key_has_one_text_only(octets: bytes) -> None:
    try:
        key = TransportPublicKey(octets)
    except WireError:
        return
    for other in (octets[:31] + bytes([octets[31] | 0x80]), _plus_prime(octets)):
        with pytest.raises(WireError):
            TransportPublicKey(other)
    assert key.octets == octets


def _plus_prime(octets: bytes) -> bytes:
    """Return the same coordinate, not reduced; too long to be written for nearly all."""
    number = int.from_bytes(octets, "little") + 2**255 - 19
    return number.to_bytes(33, "little").rstrip(b"\0")


list_entries = st.lists(
    st.builds(
        ListEntry,
        exact=links,
        fold=links,
        entry=st.binary(min_size=8, max_size=8),
        is_variant=st.booleans(),
    ),
    max_size=200,
)


@given(list_entries, st.integers(1, MAXIMUM_SEQUENCE))
def test_list_comes_back_through_its_chunks(entries: list[ListEntry], version: int) -> None:
    plaintexts = pack_entries(entries)
    assert len(plaintexts) == chunks_for(len(entries))
    sealed = [seal_chunk(LIST_KEY, version, place, each) for place, each in enumerate(plaintexts)]
    opened = [open_chunk(LIST_KEY, version, place, each) for place, each in enumerate(sealed)]
    assert [entry for plaintext in opened for entry in unpack_entries(plaintext)] == entries
    assert list_digest(opened) == list_digest(plaintexts)


@given(st.binary(min_size=41, max_size=164), st.data())
def test_any_changed_byte_of_a_chunk_is_refused(plaintext: bytes, data: st.DataObject) -> None:
    chunk = bytearray(seal_chunk(LIST_KEY, 1, 0, plaintext))
    chunk[data.draw(st.integers(0, len(chunk) - 1))] ^= data.draw(st.integers(1, 255))
    with pytest.raises(VerificationError):
        open_chunk(LIST_KEY, 1, 0, bytes(chunk))


@given(st.binary(max_size=200))
def test_entries_are_read_in_one_way_or_refused(plaintext: bytes) -> None:
    try:
        entries = list(unpack_entries(plaintext))
    except WireError:
        return
    assert b"".join(pack_entries(entries)) == plaintext


@given(names, names, st.integers(0, MAXIMUM_EPOCH), st.none() | st.integers(0, MAXIMUM_CHUNKS - 1))
def test_reading_undoes_writing_a_topic_of_a_watch_list(
    tenant: str, site: str, epoch: int, index: int | None
) -> None:
    part = WatchListTopic(tenant, site, epoch, index)
    assert parse_watch_list_topic(watch_list_topic(part)) == part
    with pytest.raises(WireError):
        parse_topic(watch_list_topic(part))


@given(GARBAGE)
def test_certificate_of_garbage_is_refused(payload: bytes) -> None:
    document = AUTHORITY.sign("lpr-certificate+jws", payload[:400])
    with pytest.raises(WireError):
        verify_certificate(document, AUTHORITY.public_key, 0)


@given(GARBAGE, st.sampled_from(TopicKind))
def test_verifier_refuses_garbage_and_goes_on(garbage: bytes, kind: TopicKind) -> None:
    verifier = FleetVerifier(AUTHORITY.public_key, SetClock())
    assert isinstance(verifier.receive(BOOTH.topic(kind), garbage), Refusal)
    birth = verifier.receive(BOOTH.topic(TopicKind.BIRTH), BOOTH.birth())
    assert isinstance(birth, VerifiedBirth)


@given(st.lists(st.integers(1, 12), max_size=60))
def test_whatever_the_broker_does_each_sighting_is_new_exactly_once(deliveries: list[int]) -> None:
    record = BootRecord()
    links = [FIRST_PREV, *(bytes([seq]) * 16 for seq in range(1, 13))]
    chain = dict(enumerate(itertools.pairwise(links), start=1))
    new: list[int] = []
    for seq in deliveries:
        prev, link = chain[seq]
        fit, _ = record.admit(seq, link, prev)
        assert fit in (Fit.LINKED, Fit.UNLINKED, Fit.DUPLICATE)
        new += [seq] if fit is not Fit.DUPLICATE else []
    assert sorted(new) == sorted(set(deliveries))
    missing = {seq for gap in record.gaps() for seq in range(gap.first, gap.last + 1)}
    assert missing == set(range(1, max(deliveries, default=0))) - set(deliveries)


@given(st.lists(st.tuples(st.text(max_size=3), st.integers(0, 9)), max_size=4))
def test_member_named_twice_is_always_refused(members: list[tuple[str, int]]) -> None:
    text = "{" + ",".join(f"{json.dumps(name)}:{value}" for name, value in members) + "}"
    names = [name for name, _ in members]
    try:
        reader = ClaimReader(text.encode(), "record")
    except WireError:
        assert len(set(names)) < len(names)
        return
    assert all(reader.has(name) for name in names)
    assert len(set(names)) == len(names)


def test_verification_error_is_a_wire_error() -> None:
    assert issubclass(VerificationError, WireError)
