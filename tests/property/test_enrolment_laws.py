"""Whatever strangers send to be enrolled is taken as a whole or refused as a whole."""

import contextlib

from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

from edge_lpr.certificates.signing_request import make_signing_request, read_signing_request
from edge_lpr.core.errors import InputRefusedError, WireError
from edge_lpr.wire.enrolment import (
    ANSWER_TYP,
    ENROLMENT_TYP,
    RENEWAL_TYP,
    parse_renewal,
    verify_answer,
    verify_enrolment,
)
from edge_lpr.wire.jws import SigningKey
from edge_lpr.wire.ticket import read_ticket_code, ticket_code, tidy_fingerprint

KEY = SigningKey.generate()
TLS_KEY = ec.generate_private_key(ec.SECP256R1())
REQUEST = make_signing_request(TLS_KEY, "booth-1")

JSON_TEXTS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=40),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner),
    max_leaves=8,
).map(repr)


@given(st.binary(max_size=300))
def test_garbage_is_refused_and_nothing_else(untrusted: bytes) -> None:
    for read in (verify_enrolment, parse_renewal, lambda text: verify_answer(text, KEY.public_key)):
        with contextlib.suppress(WireError):
            read(untrusted)


@given(st.binary(max_size=300) | JSON_TEXTS.map(str.encode))
def test_signed_garbage_is_refused_too(untrusted_payload: bytes) -> None:
    with contextlib.suppress(WireError):
        verify_enrolment(KEY.sign(ENROLMENT_TYP, untrusted_payload))
    with contextlib.suppress(WireError):
        parse_renewal(KEY.sign(RENEWAL_TYP, untrusted_payload))
    with contextlib.suppress(WireError):
        verify_answer(KEY.sign(ANSWER_TYP, untrusted_payload), KEY.public_key)


@given(st.binary(min_size=16, max_size=16))
def test_ticket_is_read_as_it_was_printed(secret: bytes) -> None:
    assert read_ticket_code(ticket_code(secret)) == secret


@given(st.text(max_size=80))
def test_whatever_is_typed_is_a_code_or_refused(untrusted: str) -> None:
    with contextlib.suppress(InputRefusedError):
        assert len(read_ticket_code(untrusted)) == 16
    with contextlib.suppress(InputRefusedError):
        assert len(tidy_fingerprint(untrusted)) == 24


@given(st.binary(max_size=400))
def test_garbage_is_no_signing_request(untrusted: bytes) -> None:
    with contextlib.suppress(InputRefusedError):
        read_signing_request(untrusted, "booth-1")


@given(st.integers(0, len(REQUEST) - 1), st.integers(1, 255))
def test_changed_signing_request_gives_no_other_key(place: int, change: int) -> None:
    changed = bytearray(REQUEST)
    changed[place] ^= change
    with contextlib.suppress(InputRefusedError):
        # What is left of it still speaks for the same key.
        assert read_signing_request(bytes(changed), "booth-1") == TLS_KEY.public_key()
