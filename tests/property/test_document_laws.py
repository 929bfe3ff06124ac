"""What holds for every kind of signed document alike."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edge_lpr.core.errors import VerificationError, WireError
from edge_lpr.wire import jws
from edge_lpr.wire.health import HealthClaims
from edge_lpr.wire.jws import SigningKey
from tests.support.document_kinds import KINDS, DocumentKind
from tests.support.strategies import health_records

KEY = SigningKey.generate()
GARBAGE = st.binary(max_size=600) | st.text(max_size=300).map(
    lambda text: text.encode("utf-8", "surrogatepass")
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=10,
)
UNHURRIED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
EVERY_KIND = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.word)


@EVERY_KIND
@UNHURRIED
@given(data=st.data())
def test_verifying_undoes_signing_and_every_document_fits(
    kind: DocumentKind, data: st.DataObject
) -> None:
    claims = data.draw(kind.claims)
    document = KEY.sign(kind.typ, claims.encode())
    assert len(document) <= kind.maximum_bytes
    payload = kind.parse(document).verified(kind.typ, KEY.public_key)
    assert kind.decode(payload).encode() == claims.encode()


@UNHURRIED
@given(health_records)
def test_health_says_the_same_to_its_reader(claims: HealthClaims) -> None:
    decoded = HealthClaims.decode(claims.encode())
    assert decoded.all_alarms == claims.all_alarms
    assert decoded.figures.counters == claims.figures.counters
    assert HealthClaims.decode(decoded.encode()) == decoded


@EVERY_KIND
@UNHURRIED
@given(garbage=GARBAGE)
def test_garbage_raises_wire_error_and_nothing_else(kind: DocumentKind, garbage: bytes) -> None:
    for read in (kind.parse, kind.decode):
        with pytest.raises(WireError):
            read(garbage)


@EVERY_KIND
@UNHURRIED
@given(document=JSON)
def test_foreign_json_raises_wire_error_and_nothing_else(
    kind: DocumentKind, document: object
) -> None:
    with pytest.raises(WireError):
        kind.decode(json.dumps(document).encode())


@EVERY_KIND
@UNHURRIED
@given(data=st.data())
def test_claim_of_another_type_raises_wire_error_and_nothing_else(
    kind: DocumentKind, data: st.DataObject
) -> None:
    members = json.loads(data.draw(kind.claims).encode())
    members[data.draw(st.sampled_from(sorted(members)))] = data.draw(JSON)
    encoded = json.dumps(members).encode()
    try:
        decoded = kind.decode(encoded)
    except WireError:
        return
    # What is accepted reads the same to every consumer.
    assert json.loads(decoded.encode()) == members


@EVERY_KIND
@UNHURRIED
@given(data=st.data())
def test_document_offered_as_any_other_kind_is_refused(
    kind: DocumentKind, data: st.DataObject
) -> None:
    document = KEY.sign(kind.typ, data.draw(kind.claims).encode())
    for other in KINDS:
        if other is kind:
            continue
        with pytest.raises(VerificationError, match="the document is no lpr-"):
            jws.parse(document, 10_000).verified(other.typ, KEY.public_key)


@EVERY_KIND
@UNHURRIED
@given(data=st.data())
def test_any_changed_byte_is_refused(kind: DocumentKind, data: st.DataObject) -> None:
    document = bytearray(KEY.sign(kind.typ, data.draw(kind.claims).encode()))
    document[data.draw(st.integers(0, len(document) - 1))] ^= data.draw(st.integers(1, 255))
    with pytest.raises(WireError):
        kind.parse(bytes(document)).verified(kind.typ, KEY.public_key)
