"""Requests, renewals and answers of an enrolment say one thing, signed by who may say it."""

import dataclasses
from collections.abc import Callable

import pytest

from edge_lpr.core.errors import VerificationError, WireError
from edge_lpr.wire.claims import encode_claims
from edge_lpr.wire.enrolment import (
    ENROLMENT_TYP,
    MAXIMUM_ANSWER_BYTES,
    MAXIMUM_ENROLMENT_BYTES,
    AnswerClaims,
    EnrolmentClaims,
    RenewalClaims,
    document_digest,
    is_renewal,
    parse_renewal,
    sign_answer,
    sign_enrolment,
    sign_renewal,
    verify_answer,
    verify_enrolment,
)
from edge_lpr.wire.jws import SigningKey
from edge_lpr.wire.topics import DeviceAddress

KEY, OTHER, AUTHORITY = SigningKey.generate(), SigningKey.generate(), SigningKey.generate()
ADDRESS = DeviceAddress("a" * 32, "s" * 32, "d" * 32)
CLAIMS = EnrolmentClaims(
    ADDRESS,
    ticket=bytes(16),
    event_key=KEY.public_key,
    transport_key=bytes(range(32)),
    signing_request=b"\x30" * 300,
    custody="plain",
    at=1_790_000_000,
)
RENEWAL = RenewalClaims(ADDRESS, b"\x30" * 300, 1_790_000_000)
ANSWER = AnswerClaims(bytes(32), b"certificate", "-----BEGIN\n", b"bundle", b"sealed")


def test_request_comes_back_as_it_was_signed() -> None:
    document = sign_enrolment(CLAIMS, KEY)
    assert len(document) < MAXIMUM_ENROLMENT_BYTES / 2
    read = verify_enrolment(document)
    assert read.event_key.octets == KEY.public_key.octets
    assert dataclasses.replace(read, event_key=CLAIMS.event_key) == CLAIMS
    assert not is_renewal(document)


def test_ticket_has_no_repr() -> None:
    assert "ticket" not in repr(CLAIMS)


def test_request_that_another_key_signed_is_refused() -> None:
    with pytest.raises(VerificationError):
        verify_enrolment(sign_enrolment(CLAIMS, OTHER))


@pytest.mark.parametrize(
    "change",
    [
        {"ticket": bytes(15)},
        {"transport_key": bytes(31)},
        {"signing_request": b""},
        {"signing_request": bytes(1025)},
        {"custody": "In My Pocket"},
        {"at": -1},
    ],
    ids=str,
)
def test_request_out_of_bounds_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(WireError):
        dataclasses.replace(CLAIMS, **change)  # type: ignore[arg-type] # as a stranger would


@pytest.mark.parametrize("change", [{"signing_request": b""}, {"at": -1}], ids=str)
def test_renewal_out_of_bounds_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(WireError):
        dataclasses.replace(RENEWAL, **change)  # type: ignore[arg-type] # as a stranger would


def test_renewal_comes_back_and_names_who_must_have_signed_it() -> None:
    document = sign_renewal(RENEWAL, KEY)
    untrusted, claims = parse_renewal(document)
    assert claims == RENEWAL
    assert untrusted.kid == KEY.kid
    assert is_renewal(document)


def test_one_kind_of_document_never_passes_for_another() -> None:
    with pytest.raises(VerificationError):
        parse_renewal(sign_enrolment(CLAIMS, KEY))
    with pytest.raises(VerificationError):
        verify_enrolment(sign_renewal(RENEWAL, KEY))


@pytest.mark.parametrize("delivery", [b"sealed", None], ids=["first", "renewed"])
def test_answer_comes_back_as_the_authority_signed_it(delivery: bytes | None) -> None:
    claims = dataclasses.replace(ANSWER, delivery=delivery)
    document = sign_answer(claims, AUTHORITY)
    assert verify_answer(document, AUTHORITY.public_key) == claims
    with pytest.raises(VerificationError):
        verify_answer(document, OTHER.public_key)


def test_answer_to_something_of_another_length_is_refused() -> None:
    with pytest.raises(WireError, match="32 bytes"):
        dataclasses.replace(ANSWER, request=bytes(31))


def test_documents_have_digests_of_their_own() -> None:
    assert len(document_digest(b"one")) == 32
    assert document_digest(b"one") != document_digest(b"other")


@pytest.mark.parametrize(
    ("read", "longest"),
    [
        (verify_enrolment, MAXIMUM_ENROLMENT_BYTES),
        (parse_renewal, MAXIMUM_ENROLMENT_BYTES),
        (lambda document: verify_answer(document, AUTHORITY.public_key), MAXIMUM_ANSWER_BYTES),
    ],
    ids=["request", "renewal", "answer"],
)
def test_endless_document_is_refused(read: Callable[[bytes], object], longest: int) -> None:
    with pytest.raises(WireError, match="at most"):
        read(b"x" * (longest + 1))


def test_member_that_the_contract_does_not_have_is_refused() -> None:
    payload = encode_claims({"v": 1, "plate": "none"})
    with pytest.raises(WireError):
        verify_enrolment(KEY.sign(ENROLMENT_TYP, payload))
