"""What is signed about a diagnostics report: a digest and a time, and nothing else."""

import pytest

from edge_lpr.core.clock import TimeQuality
from edge_lpr.core.errors import VerificationError, WireError
from edge_lpr.wire.claims import ClaimValue, encode_claims
from edge_lpr.wire.jws import SigningKey
from edge_lpr.wire.report import (
    MAXIMUM_REPORT_SEAL_BYTES,
    REPORT_TYP,
    ReportClaims,
    parse_report_seal,
    report_claims,
    sign_report,
)

KEY = SigningKey.generate()
CLAIMS = ReportClaims(bytes(range(32)), 1_800_000_000, TimeQuality.NTP)


def test_statement_says_what_was_signed() -> None:
    seal = sign_report(CLAIMS, KEY)
    assert len(seal) <= MAXIMUM_REPORT_SEAL_BYTES
    payload = parse_report_seal(seal).verified(REPORT_TYP, KEY.public_key)
    assert report_claims(payload) == CLAIMS


def test_no_other_document_of_the_same_key_passes_for_a_report() -> None:
    other = KEY.sign("lpr-health+jws", encode_claims({"v": 1}))
    with pytest.raises(VerificationError, match="no lpr-report"):
        parse_report_seal(other).verified(REPORT_TYP, KEY.public_key)


@pytest.mark.parametrize("digest", [b"", bytes(31), bytes(33)])
def test_digest_has_32_bytes(digest: bytes) -> None:
    with pytest.raises(WireError, match="digest"):
        ReportClaims(digest, 1, TimeQuality.NTP)


def test_time_is_within_the_contracts_bounds() -> None:
    with pytest.raises(WireError, match="at"):
        ReportClaims(bytes(32), -1, TimeQuality.NTP)


def test_statement_with_another_claim_is_refused() -> None:
    claims: dict[str, ClaimValue | None] = {"v": 1, "digest": bytes(32), "at": 1, "tq": "ntp"}
    claims["plate"] = "X"
    with pytest.raises(WireError):
        report_claims(encode_claims(claims))
