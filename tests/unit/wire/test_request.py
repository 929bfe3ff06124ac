import json
from dataclasses import replace

import pytest

from edge_lpr.core.errors import WireError
from edge_lpr.wire.bounds import MAXIMUM_SEQUENCE, MAXIMUM_UNIX_S
from edge_lpr.wire.jws import SigningKey
from edge_lpr.wire.request import (
    MAXIMUM_REQUEST_BYTES,
    MAXIMUM_REQUESTED,
    REQUEST_TYP,
    RequestClaims,
    parse_request,
    sign_request,
)
from edge_lpr.wire.topics import DeviceAddress

KEY = SigningKey.generate()
REQUEST = RequestClaims(
    DeviceAddress("tenant-a", "lane-07", "booth-1"), "0123456789abcdef", 17, 99, 1_767_268_800
)
LONGEST = RequestClaims(
    DeviceAddress("t" * 32, "s" * 32, "d" * 32),
    "f" * 16,
    MAXIMUM_SEQUENCE,
    MAXIMUM_SEQUENCE,
    MAXIMUM_UNIX_S,
)


def _json(**changes: object) -> bytes:
    return json.dumps(json.loads(REQUEST.encode()) | changes).encode()


def test_request_stands_on_the_wire_as_the_contract_says() -> None:
    assert json.loads(REQUEST.encode()) == {
        "v": 1,
        "tenant": "tenant-a",
        "site": "lane-07",
        "device": "booth-1",
        "boot": "0123456789abcdef",
        "first": 17,
        "last": 99,
        "at": 1_767_268_800,
    }


@pytest.mark.parametrize(
    "claims",
    [
        pytest.param(REQUEST, id="range"),
        pytest.param(replace(REQUEST, last=17), id="one sighting"),
        pytest.param(replace(REQUEST, last=17 + MAXIMUM_REQUESTED - 1), id="as many as allowed"),
        pytest.param(LONGEST, id="longest"),
    ],
)
def test_signed_request_comes_back_as_it_was(claims: RequestClaims) -> None:
    document = parse_request(sign_request(claims, KEY))
    assert document.kid == KEY.kid
    assert RequestClaims.decode(document.verified(REQUEST_TYP, KEY.public_key)) == claims


def test_longest_request_fits() -> None:
    assert len(sign_request(LONGEST, KEY)) == 476
    assert MAXIMUM_REQUEST_BYTES == 512


def test_longer_document_is_refused_unread() -> None:
    with pytest.raises(WireError, match="at most 512 bytes"):
        parse_request(b"." * (MAXIMUM_REQUEST_BYTES + 1))


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"tenant": "+"}, id="wildcard as tenant"),
        pytest.param({"site": "lane/07"}, id="two levels as site"),
        pytest.param({"device": ""}, id="no device"),
        pytest.param({"boot": "x"}, id="boot"),
        pytest.param({"first": 0}, id="number 0"),
        pytest.param({"last": 16}, id="ends before it begins"),
        pytest.param({"last": 17 + MAXIMUM_REQUESTED}, id="one more than allowed"),
        pytest.param({"first": MAXIMUM_SEQUENCE, "last": MAXIMUM_SEQUENCE + 1}, id="too large"),
        pytest.param({"at": -1}, id="before 1970"),
        pytest.param({"at": MAXIMUM_UNIX_S + 1}, id="after 2099"),
        pytest.param({"v": 2}, id="another version"),
        pytest.param({"reply_to": "lpr"}, id="unknown claim"),
    ],
)
def test_request_out_of_bounds_is_refused(changes: dict[str, object]) -> None:
    with pytest.raises(WireError):
        RequestClaims.decode(_json(**changes))


@pytest.mark.parametrize("name", sorted(json.loads(REQUEST.encode())))
def test_missing_claim_is_refused(name: str) -> None:
    members = json.loads(REQUEST.encode())
    del members[name]
    with pytest.raises(WireError, match=f"no '{name}'"):
        RequestClaims.decode(json.dumps(members).encode())
