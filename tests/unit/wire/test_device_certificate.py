import json
from dataclasses import replace

import pytest

from edge_lpr.core.errors import VerificationError, WireError
from edge_lpr.wire.bounds import MAXIMUM_UNIX_S
from edge_lpr.wire.device_certificate import (
    CERTIFICATE_TYP,
    MAXIMUM_CERTIFICATE_BYTES,
    CustodyTier,
    DeviceCertificate,
    decode_unverified_certificate,
    issue_certificate,
    verify_certificate,
)
from edge_lpr.wire.jws import SigningKey, parse
from edge_lpr.wire.topics import DeviceAddress

AUTHORITY = SigningKey.generate()
CERTIFICATE = DeviceCertificate(
    DeviceAddress("tenant-a", "lane-07", "booth-1"),
    SigningKey.generate().public_key,
    CustodyTier.B,
    1000,
    2000,
)


def _facts(certificate: DeviceCertificate) -> tuple[object, ...]:
    return (
        certificate.address,
        certificate.event_key.octets,
        certificate.tier,
        certificate.not_before,
        certificate.not_after,
    )


def _signed(**changes: object) -> bytes:
    document = parse(issue_certificate(CERTIFICATE, AUTHORITY), MAXIMUM_CERTIFICATE_BYTES)
    members = json.loads(document.untrusted_payload) | changes
    return AUTHORITY.sign(CERTIFICATE_TYP, json.dumps(members).encode())


@pytest.mark.parametrize("tier", CustodyTier)
@pytest.mark.parametrize("unix_s", [1000, 2000], ids=["first second", "last second"])
def test_issued_certificate_holds(tier: CustodyTier, unix_s: int) -> None:
    certificate = replace(CERTIFICATE, tier=tier)
    document = issue_certificate(certificate, AUTHORITY)
    verified = verify_certificate(document, AUTHORITY.public_key, unix_s)
    assert _facts(verified) == _facts(certificate)


@pytest.mark.parametrize("unix_s", [999, 2001], ids=["too early", "too late"])
def test_certificate_outside_its_validity_is_refused(unix_s: int) -> None:
    document = issue_certificate(CERTIFICATE, AUTHORITY)
    with pytest.raises(VerificationError, match="from 1000 to 2000"):
        verify_certificate(document, AUTHORITY.public_key, unix_s)


def test_certificate_of_another_authority_is_refused() -> None:
    document = issue_certificate(CERTIFICATE, SigningKey.generate())
    with pytest.raises(VerificationError):
        verify_certificate(document, AUTHORITY.public_key, 1500)


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"tenant": "+"}, id="wildcard as tenant"),
        pytest.param({"event_key": "AA"}, id="key too short"),
        pytest.param({"tier": "D"}, id="unknown tier"),
        pytest.param({"not_after": 999}, id="ends before it begins"),
        pytest.param({"not_before": -1}, id="before 1970"),
        pytest.param({"not_after": MAXIMUM_UNIX_S + 1}, id="after 2099"),
        pytest.param({"v": 2}, id="another version"),
        pytest.param({"ca": True}, id="unknown claim"),
    ],
)
def test_certificate_out_of_bounds_is_refused(changes: dict[str, object]) -> None:
    with pytest.raises(WireError):
        verify_certificate(_signed(**changes), AUTHORITY.public_key, 1500)


def test_longest_certificate_fits() -> None:
    longest = replace(
        CERTIFICATE,
        address=DeviceAddress("t" * 32, "s" * 32, "d" * 32),
        not_before=MAXIMUM_UNIX_S,
        not_after=MAXIMUM_UNIX_S,
    )
    assert len(issue_certificate(longest, AUTHORITY)) <= MAXIMUM_CERTIFICATE_BYTES


def test_device_reads_its_own_certificate_without_the_authority() -> None:
    document = issue_certificate(CERTIFICATE, SigningKey.generate())
    assert _facts(decode_unverified_certificate(document)) == _facts(CERTIFICATE)


def test_another_kind_of_document_is_no_certificate() -> None:
    with pytest.raises(WireError, match="no lpr-certificate"):
        decode_unverified_certificate(AUTHORITY.sign("lpr-birth+jws", b"{}"))
