import base64
import json
from dataclasses import replace
from typing import get_args

import pytest

from edge_lpr.core.clock import TimeQuality
from edge_lpr.core.errors import WireError
from edge_lpr.wire.bounds import MAXIMUM_SEQUENCE, MAXIMUM_UNIX_S
from edge_lpr.wire.jws import SigningKey
from edge_lpr.wire.sighting import (
    FIRST_PREV,
    MAXIMUM_SIGHTING_BYTES,
    Direction,
    SightingClaims,
    bucket_reads,
    sighting_hash,
    sign_sighting,
    verify_sighting,
)
from tests.support.fleet import SIGHTING

KEY = SigningKey.generate()
LONGEST = SightingClaims(
    boot="f" * 16,
    seq=MAXIMUM_SEQUENCE,
    at=MAXIMUM_UNIX_S,
    tq=TimeQuality.SAVED,
    lane=16,
    dir="unknown",
    epoch=MAXIMUM_UNIX_S // 86_400,
    exact=b"\xff" * 16,
    fold=b"\xff" * 16,
    conf=3,
    reads=6,
    prev=b"\xff" * 16,
    test=True,
)


HIT = replace(SIGHTING, entry=b"n" * 8)
LONGEST_HIT = replace(LONGEST, entry=b"\xff" * 8, possible=True)


def _json(**changes: object) -> bytes:
    return json.dumps(json.loads(SIGHTING.encode()) | changes).encode()


def test_claims_stand_on_the_wire_as_the_contract_says() -> None:
    assert json.loads(SIGHTING.encode()) == {
        "v": 1,
        "boot": "0123456789abcdef",
        "seq": 1,
        "at": 1_767_268_800,
        "tq": "ntp",
        "lane": 1,
        "dir": "in",
        "epoch": 20_454,
        "exact": "ZWVlZWVlZWVlZWVlZWVlZQ",
        "fold": "ZmZmZmZmZmZmZmZmZmZmZg",
        "conf": 3,
        "reads": 6,
        "prev": "A" * 22,
    }


def test_test_input_says_so() -> None:
    assert json.loads(replace(SIGHTING, test=True).encode())["test"] is True


def test_hit_carries_tokens_entry_and_certainty_in_one_claim() -> None:
    members = json.loads(HIT.encode())
    assert "exact" not in members
    assert "fold" not in members
    assert (
        base64.urlsafe_b64decode(members["hit"] + "=") == b"e" * 16 + b"f" * 16 + b"n" * 8 + b"\0"
    )


def test_possible_hit_says_so_in_its_last_byte() -> None:
    members = json.loads(replace(HIT, possible=True).encode())
    assert base64.urlsafe_b64decode(members["hit"] + "=")[-1] == 1


def test_length_of_a_hit_does_not_depend_on_how_certain_it_is() -> None:
    possible = replace(HIT, possible=True)
    assert len(sign_sighting(HIT, KEY)) == len(sign_sighting(possible, KEY))


@pytest.mark.parametrize(
    "claims",
    [
        pytest.param(SIGHTING, id="ordinary"),
        pytest.param(LONGEST, id="longest"),
        pytest.param(HIT, id="hit"),
        pytest.param(replace(HIT, possible=True), id="possible hit"),
        pytest.param(LONGEST_HIT, id="longest hit"),
    ],
)
def test_signed_sighting_comes_back_as_it_was(claims: SightingClaims) -> None:
    assert verify_sighting(sign_sighting(claims, KEY), KEY.public_key) == claims


def test_longest_hit_fits() -> None:
    assert len(sign_sighting(LONGEST_HIT, KEY)) == 510


def test_possible_hit_without_an_entry_is_never_signed() -> None:
    with pytest.raises(WireError, match="possible hit"):
        replace(SIGHTING, possible=True)


def test_entry_of_another_length_is_never_signed() -> None:
    with pytest.raises(WireError, match="entry"):
        replace(SIGHTING, entry=bytes(7))


@pytest.mark.parametrize(
    "hit",
    [
        pytest.param(bytes(40), id="too short"),
        pytest.param(bytes(42), id="too long"),
        pytest.param(bytes(40) + b"\2", id="neither certain nor possible"),
    ],
)
def test_hit_of_another_form_is_refused(hit: bytes) -> None:
    members = json.loads(HIT.encode()) | {"hit": base64.urlsafe_b64encode(hit).decode().rstrip("=")}
    with pytest.raises(WireError):
        SightingClaims.decode(json.dumps(members).encode())


def test_hit_beside_tokens_is_refused() -> None:
    members = json.loads(SIGHTING.encode()) | json.loads(HIT.encode())
    with pytest.raises(WireError, match="2 members"):
        SightingClaims.decode(json.dumps(members).encode())


def test_longest_sighting_fits() -> None:
    assert len(sign_sighting(LONGEST, KEY)) == MAXIMUM_SIGHTING_BYTES - 1


@pytest.mark.parametrize(
    "tq", [quality for quality in TimeQuality if quality is not TimeQuality.NONE]
)
@pytest.mark.parametrize("direction", get_args(Direction))
def test_every_word_fits(tq: TimeQuality, direction: Direction) -> None:
    claims = replace(LONGEST, tq=tq, dir=direction)
    assert len(sign_sighting(claims, KEY)) <= MAXIMUM_SIGHTING_BYTES


def test_length_does_not_depend_on_the_plate() -> None:
    tokens = [bytes(16), b"\xff" * 16, b"\x22" * 16, bytes(range(16))]
    lengths = {
        len(sign_sighting(replace(SIGHTING, exact=exact, fold=fold), KEY))
        for exact in tokens
        for fold in tokens
    }
    assert len(lengths) == 1


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"boot": "0123456789ABCDEF"}, id="boot in upper case"),
        pytest.param({"boot": "0123456789abcde"}, id="boot too short"),
        pytest.param({"seq": 0}, id="number 0"),
        pytest.param({"seq": MAXIMUM_SEQUENCE + 1}, id="number too large"),
        pytest.param({"at": -1}, id="before 1970"),
        pytest.param({"at": MAXIMUM_UNIX_S + 1}, id="after 2099"),
        pytest.param({"tq": "none"}, id="no clock"),
        pytest.param({"tq": "good"}, id="unknown time quality"),
        pytest.param({"lane": 0}, id="lane 0"),
        pytest.param({"lane": 17}, id="lane 17"),
        pytest.param({"dir": "left"}, id="unknown direction"),
        pytest.param({"epoch": -1}, id="epoch before 1970"),
        pytest.param({"epoch": MAXIMUM_UNIX_S}, id="epoch in seconds"),
        pytest.param({"exact": "A" * 21}, id="exact token of an impossible length"),
        pytest.param({"exact": "A" * 20}, id="exact token too short"),
        pytest.param({"exact": "A" * 21 + "B"}, id="exact token with stray bits"),
        pytest.param({"fold": "A" * 24}, id="folded token too long"),
        pytest.param({"conf": 4}, id="finer confidence"),
        pytest.param({"conf": True}, id="confidence true"),
        pytest.param({"reads": 1}, id="one reading"),
        pytest.param({"reads": 4}, id="readings not bucketed"),
        pytest.param({"prev": ""}, id="no link"),
        pytest.param({"test": False}, id="test false instead of absent"),
        pytest.param({"v": 2}, id="another version"),
        pytest.param({"plate": "AB123"}, id="unknown claim"),
    ],
)
def test_claim_out_of_bounds_is_refused(changes: dict[str, object]) -> None:
    with pytest.raises(WireError):
        SightingClaims.decode(_json(**changes))


@pytest.mark.parametrize("name", sorted(json.loads(SIGHTING.encode())))
def test_missing_claim_is_refused(name: str) -> None:
    members = json.loads(SIGHTING.encode())
    del members[name]
    with pytest.raises(WireError, match=f"no '{name}'"):
        SightingClaims.decode(json.dumps(members).encode())


def test_claims_out_of_bounds_are_never_signed() -> None:
    with pytest.raises(WireError, match="lane"):
        replace(SIGHTING, lane=17)


def test_link_is_half_of_sha_256() -> None:
    expected = "ba7816bf8f01cfea414140de5dae2223"
    assert sighting_hash(b"abc").hex() == expected
    assert bytes(16) == FIRST_PREV


@pytest.mark.parametrize(
    ("agreeing_readings", "bucket"), [(2, 2), (3, 3), (5, 3), (6, 6), (255, 6)]
)
def test_agreeing_readings_are_published_coarsely(agreeing_readings: int, bucket: int) -> None:
    assert bucket_reads(agreeing_readings) == bucket


def test_tokens_do_not_show() -> None:
    assert "eeee" not in repr(SIGHTING)
