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
from edge_lpr.wire.claims import ClaimReader
from edge_lpr.wire.device_certificate import decode_unverified_certificate, verify_certificate
from edge_lpr.wire.sighting import (
    FIRST_PREV,
    MAXIMUM_SIGHTING_BYTES,
    SightingClaims,
    parse_sighting,
    sign_sighting,
    verify_sighting,
)
from edge_lpr.wire.status import decode_status, encode_status
from edge_lpr.wire.topics import TopicKind, parse_topic
from tests.support.clock import SetClock
from tests.support.fleet import AUTHORITY, SignedBooth
from tests.support.strategies import boot_ids, sightings

BOOTH = SignedBooth()
KEY = BOOTH.event_key
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
