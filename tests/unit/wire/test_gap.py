import json
from dataclasses import replace

import pytest

from edge_lpr.core.errors import VerificationError, WireError
from edge_lpr.wire.bounds import MAXIMUM_SEQUENCE, MAXIMUM_UNIX_S
from edge_lpr.wire.gap import (
    GAP_TYP,
    MAXIMUM_GAP_BYTES,
    GapClaims,
    GapReason,
    parse_gap,
    sign_gap,
)
from edge_lpr.wire.jws import SigningKey
from edge_lpr.wire.sighting import SIGHTING_TYP

KEY = SigningKey.generate()
GAP = GapClaims("0123456789abcdef", 17, 1216, 1_767_268_800, GapReason.OUTBOX_FULL)
LONGEST = GapClaims(
    "f" * 16, MAXIMUM_SEQUENCE, MAXIMUM_SEQUENCE, MAXIMUM_UNIX_S, GapReason.OUTBOX_FULL
)


def _json(**changes: object) -> bytes:
    return json.dumps(json.loads(GAP.encode()) | changes).encode()


def test_gap_stands_on_the_wire_as_the_contract_says() -> None:
    assert json.loads(GAP.encode()) == {
        "v": 1,
        "boot": "0123456789abcdef",
        "first": 17,
        "last": 1216,
        "at": 1_767_268_800,
        "reason": "outbox_full",
    }


@pytest.mark.parametrize("reason", GapReason)
@pytest.mark.parametrize(
    "claims",
    [
        pytest.param(GAP, id="range"),
        pytest.param(replace(GAP, first=GAP.last), id="one number"),
        pytest.param(LONGEST, id="longest"),
    ],
)
def test_signed_gap_comes_back_as_it_was(claims: GapClaims, reason: GapReason) -> None:
    claims = replace(claims, reason=reason)
    document = parse_gap(sign_gap(claims, KEY))
    assert GapClaims.decode(document.verified(GAP_TYP, KEY.public_key)) == claims


def test_longest_gap_fits() -> None:
    assert len(sign_gap(LONGEST, KEY)) == 327
    assert MAXIMUM_GAP_BYTES == 384


def test_longer_document_is_refused_unread() -> None:
    with pytest.raises(WireError, match="at most 384 bytes"):
        parse_gap(b"." * (MAXIMUM_GAP_BYTES + 1))


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"boot": "0123456789ABCDEF"}, id="boot in upper case"),
        pytest.param({"first": 0}, id="number 0"),
        pytest.param({"last": 16}, id="ends before it begins"),
        pytest.param({"last": MAXIMUM_SEQUENCE + 1}, id="number too large"),
        pytest.param({"at": -1}, id="before 1970"),
        pytest.param({"at": MAXIMUM_UNIX_S + 1}, id="after 2099"),
        pytest.param({"reason": "lost"}, id="unknown reason"),
        pytest.param({"reason": "OUTBOX_FULL"}, id="reason in upper case"),
        pytest.param({"reason": None}, id="no reason"),
        pytest.param({"v": 2}, id="another version"),
        pytest.param({"plate": "AB123"}, id="unknown claim"),
    ],
)
def test_gap_out_of_bounds_is_refused(changes: dict[str, object]) -> None:
    with pytest.raises(WireError):
        GapClaims.decode(_json(**changes))


def test_gap_without_numbers_is_never_signed() -> None:
    with pytest.raises(WireError, match="last"):
        replace(GAP, first=GAP.last + 1)


def test_gap_offered_as_a_sighting_is_refused() -> None:
    with pytest.raises(VerificationError, match="no lpr-sighting"):
        parse_gap(sign_gap(GAP, KEY)).verified(SIGHTING_TYP, KEY.public_key)
