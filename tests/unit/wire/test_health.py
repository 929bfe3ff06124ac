import json
from dataclasses import replace
from typing import get_args

import pytest

from edge_lpr.core.clock import TimeQuality
from edge_lpr.core.errors import VerificationError, WireError
from edge_lpr.core.vision_counts import VISION_COUNTERS
from edge_lpr.wire.bounds import MAXIMUM_SEQUENCE, MAXIMUM_UNIX_S
from edge_lpr.wire.health import (
    HEALTH_TYP,
    MAXIMUM_HEALTH_BYTES,
    PUBLISHER_COUNTERS,
    TOKENISER_COUNTERS,
    Alarm,
    BoothFigures,
    HealthClaims,
    parse_health,
    sign_health,
    two_digits,
)
from edge_lpr.wire.jws import SigningKey
from edge_lpr.wire.sighting import SIGHTING_TYP

KEY = SigningKey.generate()
MOST = 990_000_000_000_000
FIGURES = BoothFigures(
    counters={"accepted": 1299, "published": 12},
    unsent=1287,
    oldest_unsent_s=64,
    kept=12,
    tls_certificate_days=88,
    temperature_c=-7,
    alarms=("bandwidth",),
)
HEALTH = HealthClaims(
    boot="0123456789abcdef",
    seq=1299,
    link=b"l" * 16,
    at=1_767_268_800,
    tq=TimeQuality.NTP,
    up_s=86_400,
    camera="good",
    vision={"frames": 2_592_345, "handed_over": 1299},
    tokeniser={"received": 1299},
    queued=0,
    certificate_days=300,
    key_days=3,
    figures=FIGURES,
    alarms=("keys_end",),
)
LONGEST = HealthClaims(
    boot="f" * 16,
    seq=MAXIMUM_SEQUENCE,
    link=b"\xff" * 16,
    at=MAXIMUM_UNIX_S,
    tq=TimeQuality.SAVED,
    up_s=MAXIMUM_UNIX_S,
    camera="not_known",
    vision=dict.fromkeys(VISION_COUNTERS, MOST),
    tokeniser=dict.fromkeys(TOKENISER_COUNTERS, MOST),
    queued=MOST,
    certificate_days=36_525,
    key_days=36_525,
    figures=BoothFigures(
        counters=dict.fromkeys(PUBLISHER_COUNTERS, MOST),
        unsent=MOST,
        oldest_unsent_s=MAXIMUM_UNIX_S,
        kept=MOST,
        tls_certificate_days=36_525,
        temperature_c=-100,
    ),
    alarms=get_args(Alarm),
    test=True,
)


def _json(**changes: object) -> bytes:
    return json.dumps(json.loads(HEALTH.encode()) | changes).encode()


def test_health_stands_on_the_wire_as_the_contract_says() -> None:
    assert json.loads(HEALTH.encode()) == {
        "v": 1,
        "boot": "0123456789abcdef",
        "seq": 1299,
        "link": "bGxsbGxsbGxsbGxsbGxsbA",
        "at": 1_767_268_800,
        "tq": "ntp",
        "up_s": 86_400,
        "camera": "good",
        "vision": {"frames": 2_500_000, "handed_over": 1200},
        "tokeniser": {"received": 1200},
        "publisher": {"accepted": 1200, "published": 12},
        "queued": 0,
        "unsent": 1287,
        "oldest_unsent_s": 64,
        "kept": 12,
        "certificate_days": 300,
        "tls_certificate_days": 88,
        "key_days": 3,
        "temperature_c": -7,
        "alarms": ["keys_end", "bandwidth"],
    }


@pytest.mark.parametrize(
    "claims",
    [
        pytest.param(replace(HEALTH, figures=replace(FIGURES, alarms=())), id="ordinary"),
        pytest.param(LONGEST, id="longest"),
        pytest.param(replace(LONGEST, vision=None), id="vision away"),
        pytest.param(replace(LONGEST, vision={}, alarms=()), id="nothing counted"),
        pytest.param(replace(LONGEST, tq=TimeQuality.NONE, seq=0, link=bytes(16)), id="no clock"),
        pytest.param(
            replace(
                HEALTH,
                figures=replace(FIGURES, tls_certificate_days=None, temperature_c=None, alarms=()),
            ),
            id="no TLS and no sensor",
        ),
    ],
)
def test_signed_health_comes_back_as_it_was(claims: HealthClaims) -> None:
    document = parse_health(sign_health(claims, KEY))
    assert HealthClaims.decode(document.verified(HEALTH_TYP, KEY.public_key)) == claims


def test_alarms_come_back_whoever_noticed_them_and_each_once() -> None:
    claims = replace(HEALTH, alarms=("bandwidth", "keys_end"))
    assert claims.all_alarms == ("bandwidth", "keys_end")
    decoded = HealthClaims.decode(claims.encode())
    assert (decoded.alarms, decoded.figures.alarms) == (("bandwidth", "keys_end"), ())


def test_longest_health_fits() -> None:
    assert len(sign_health(LONGEST, KEY)) == 2798
    assert MAXIMUM_HEALTH_BYTES == 3072


def test_longer_document_is_refused_unread() -> None:
    with pytest.raises(WireError, match="at most 3072 bytes"):
        parse_health(b"." * (MAXIMUM_HEALTH_BYTES + 1))


@pytest.mark.parametrize(
    ("count", "rounded"),
    [(0, 0), (9, 9), (99, 99), (100, 100), (109, 100), (1299, 1200), (MOST + 1, MOST)],
)
def test_counters_are_rounded_down_to_two_digits(count: int, rounded: int) -> None:
    assert two_digits(count) == rounded


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"boot": "x"}, id="boot"),
        pytest.param({"seq": -1}, id="negative number"),
        pytest.param({"seq": MAXIMUM_SEQUENCE + 1}, id="number too large"),
        pytest.param({"link": "AA"}, id="link too short"),
        pytest.param({"at": MAXIMUM_UNIX_S + 1}, id="after 2099"),
        pytest.param({"tq": "good"}, id="unknown time quality"),
        pytest.param({"up_s": -1}, id="runs since the future"),
        pytest.param({"camera": "cloudy"}, id="unknown state of the camera"),
        pytest.param({"vision": None}, id="null for an absent vision"),
        pytest.param({"vision": {"plates": 1}}, id="unknown counter"),
        pytest.param({"vision": {"frames": -1}}, id="negative counter"),
        pytest.param({"vision": {"frames": True}}, id="counter true"),
        pytest.param({"vision": {"frames": 1299}}, id="finer counter of vision"),
        pytest.param({"tokeniser": {"received": 101}}, id="finer counter of the tokeniser"),
        pytest.param({"publisher": {"published": 12_001}}, id="finer counter of the publisher"),
        pytest.param({"publisher": {"published": MOST * 10}}, id="counter too large"),
        pytest.param({"tokeniser": [1]}, id="counters in an array"),
        pytest.param({"queued": MOST + 1}, id="queue too long"),
        pytest.param({"unsent": -1}, id="negative outbox"),
        pytest.param({"oldest_unsent_s": -1}, id="waiting since the future"),
        pytest.param({"kept": MOST + 1}, id="keeps too many"),
        pytest.param({"certificate_days": -1}, id="certificate has ended"),
        pytest.param({"key_days": 36_526}, id="keys for more than a century"),
        pytest.param({"tls_certificate_days": -1}, id="client certificate has ended"),
        pytest.param({"tls_certificate_days": None}, id="null for an absent client certificate"),
        pytest.param({"temperature_c": 201}, id="molten"),
        pytest.param({"temperature_c": -101}, id="frozen"),
        pytest.param({"alarms": ["fire"]}, id="unknown alarm"),
        pytest.param({"alarms": ["hot", "hot"]}, id="alarm twice"),
        pytest.param({"alarms": "hot"}, id="alarm outside an array"),
        pytest.param({"test": False}, id="test false instead of absent"),
        pytest.param({"v": 2}, id="another version"),
        pytest.param({"plate": "AB123"}, id="unknown claim"),
    ],
)
def test_health_out_of_bounds_is_refused(changes: dict[str, object]) -> None:
    with pytest.raises(WireError):
        HealthClaims.decode(_json(**changes))


OPTIONAL = {"vision", "tls_certificate_days", "temperature_c"}


@pytest.mark.parametrize("name", sorted(set(json.loads(HEALTH.encode())) - OPTIONAL))
def test_missing_claim_is_refused(name: str) -> None:
    members = json.loads(HEALTH.encode())
    del members[name]
    with pytest.raises(WireError, match=f"no '{name}'"):
        HealthClaims.decode(json.dumps(members).encode())


def test_unknown_counter_and_alarm_are_never_signed() -> None:
    with pytest.raises(WireError, match="counter"):
        replace(FIGURES, counters={"plates": 1})
    with pytest.raises(WireError, match="alarms"):
        replace(HEALTH, alarms=("fire",))  # type: ignore[arg-type]


def test_health_offered_as_a_sighting_is_refused() -> None:
    with pytest.raises(VerificationError, match="no lpr-sighting"):
        parse_health(sign_health(HEALTH, KEY)).verified(SIGHTING_TYP, KEY.public_key)
