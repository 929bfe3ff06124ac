import json
from dataclasses import replace

import pytest

from edge_lpr.core.clock import TimeQuality
from edge_lpr.core.errors import WireError
from edge_lpr.wire.birth import (
    BIRTH_TYP,
    MAXIMUM_BIRTH_BYTES,
    BirthClaims,
    PreviousBoot,
    parse_birth,
    sign_birth,
)
from edge_lpr.wire.bounds import MAXIMUM_SEQUENCE
from edge_lpr.wire.jws import SigningKey

KEY = SigningKey.generate()
BIRTH = BirthClaims(
    certificate=b"abc.def.ghi",
    boot="0123456789abcdef",
    previous=PreviousBoot("fedcba9876543210", 7, b"l" * 16),
    software="0.1.0",
    models=b"m" * 32,
    camera_networked=False,
    tq=TimeQuality.RTC,
)


def _json(**changes: object) -> bytes:
    return json.dumps(json.loads(BIRTH.encode()) | changes).encode()


def test_birth_stands_on_the_wire_as_the_contract_says() -> None:
    assert json.loads(BIRTH.encode()) == {
        "v": 1,
        "certificate": "abc.def.ghi",
        "boot": "0123456789abcdef",
        "prev_boot": "fedcba9876543210",
        "prev_seq": 7,
        "prev_hash": "bGxsbGxsbGxsbGxsbGxsbA",
        "software": "0.1.0",
        "models": "bW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW0",
        "camera_networked": False,
        "suite": 1,
        "mode": "stream",
        "tq": "rtc",
    }


@pytest.mark.parametrize(
    "claims",
    [
        pytest.param(BIRTH, id="ordinary"),
        pytest.param(replace(BIRTH, previous=None), id="first boot"),
        pytest.param(replace(BIRTH, test=True), id="test input"),
        pytest.param(replace(BIRTH, keys_end=True), id="keys end"),
        pytest.param(replace(BIRTH, tq=TimeQuality.NONE), id="no clock yet"),
        pytest.param(replace(BIRTH, camera_networked=True), id="camera on a network"),
    ],
)
def test_signed_birth_comes_back_as_it_was(claims: BirthClaims) -> None:
    document = parse_birth(sign_birth(claims, KEY))
    assert BirthClaims.decode(document.verified(BIRTH_TYP, KEY.public_key)) == claims


def test_longest_birth_fits() -> None:
    longest = replace(
        BIRTH,
        certificate=b"c" * 1024,
        software="9" * 64,
        previous=PreviousBoot("f" * 16, MAXIMUM_SEQUENCE, b"\xff" * 16),
        tq=TimeQuality.SAVED,
        test=True,
    )
    assert len(sign_birth(longest, KEY)) <= MAXIMUM_BIRTH_BYTES


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"certificate": ""}, id="no certificate"),
        pytest.param({"certificate": "a" * 1025}, id="certificate too long"),
        pytest.param({"certificate": "a b"}, id="certificate with a space"),
        pytest.param({"certificate": "\ud800"}, id="certificate with a lone surrogate"),
        pytest.param({"boot": "x"}, id="boot"),
        pytest.param({"prev_boot": "x"}, id="previous boot"),
        pytest.param({"prev_seq": 0}, id="previous number 0"),
        pytest.param({"prev_hash": "AA"}, id="previous link too short"),
        pytest.param({"prev_seq": None}, id="previous boot by half"),
        pytest.param({"software": "<script>"}, id="software is no version"),
        pytest.param({"models": "AA"}, id="digest too short"),
        pytest.param({"camera_networked": "no"}, id="camera on a network in words"),
        pytest.param({"suite": 2}, id="another token suite"),
        pytest.param({"mode": "pictures"}, id="another mode"),
        pytest.param({"tq": "good"}, id="unknown time quality"),
        pytest.param({"v": 2}, id="another version"),
        pytest.param({"extra": 1}, id="unknown claim"),
    ],
)
def test_birth_out_of_bounds_is_refused(changes: dict[str, object]) -> None:
    with pytest.raises(WireError):
        BirthClaims.decode(_json(**changes))


def test_end_of_a_boot_without_its_id_is_refused() -> None:
    members = json.loads(BIRTH.encode())
    del members["prev_boot"]
    with pytest.raises(WireError, match="2 members"):
        BirthClaims.decode(json.dumps(members).encode())


def test_booth_that_publishes_hits_alone_says_so() -> None:
    claims = replace(BIRTH, mode="hit-only")
    assert json.loads(claims.encode())["mode"] == "hit-only"
    assert BirthClaims.decode(claims.encode()) == claims
