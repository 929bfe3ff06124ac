import json

import pytest

from edge_lpr.core.clock import TimeQuality
from edge_lpr.demo.funnel import Funnel
from edge_lpr.demo.screen import JsonScreen, TableScreen
from edge_lpr.subscriber.verdicts import VerifiedSighting
from edge_lpr.wire.device_certificate import CustodyTier, DeviceCertificate
from edge_lpr.wire.jws import SigningKey
from edge_lpr.wire.sighting import SightingClaims
from edge_lpr.wire.topics import DeviceAddress, TopicKind, topic

ADDRESS = DeviceAddress("demo", "north-crossing", "booth-1")
TOPIC = topic(ADDRESS, TopicKind.SIGHTING)
FUNNEL = Funnel(
    {"frames": 90, "detections": 40, "readings": 38, "agreed": 3, "published": 2, "received": 2},
    {"small": 2},
)


@pytest.fixture
def sighting() -> VerifiedSighting:
    certificate = DeviceCertificate(
        ADDRESS, SigningKey.generate().public_key, CustodyTier.C, 0, 2_000_000_000
    )
    claims = SightingClaims(
        boot="0123456789abcdef",
        seq=1,
        at=1_767_225_661,
        tq=TimeQuality.RTC,
        lane=1,
        dir="in",
        epoch=20_454,
        exact=bytes(range(16)),
        fold=bytes(16),
        conf=2,
        reads=3,
        prev=bytes(16),
        test=True,
    )
    return VerifiedSighting(
        ADDRESS, certificate, claims, is_duplicate=False, is_linked=True, missing=None
    )


def test_table_row_shows_time_lane_direction_token_confidence_and_verdict(
    sighting: VerifiedSighting, capsys: pytest.CaptureFixture[str]
) -> None:
    TableScreen().sighting(TOPIC, sighting)
    row = capsys.readouterr().out.splitlines()[-1]
    assert row.split() == ["00:01:01", "1", "in", "AAECAwQFBgcI…", "●●○", "3-5", "yes"]


def test_header_is_printed_once(
    sighting: VerifiedSighting, capsys: pytest.CaptureFixture[str]
) -> None:
    screen = TableScreen()
    screen.sighting(TOPIC, sighting)
    screen.sighting(TOPIC, sighting)
    assert capsys.readouterr().out.count("verified") == 1


def test_table_says_loudly_what_did_not_verify(capsys: pytest.CaptureFixture[str]) -> None:
    TableScreen().refusal(TOPIC, "the signature does not hold")
    assert "NOT VERIFIED: the signature does not hold" in capsys.readouterr().out


def test_funnel_is_drawn_with_what_fell_out(capsys: pytest.CaptureFixture[str]) -> None:
    TableScreen().close(FUNNEL, "2 published, 2 received, all verified.")
    out = capsys.readouterr().out
    numbers = [line.split()[1] for line in out.splitlines() if "█" in line]
    assert numbers == ["90", "40", "38", "3", "2", "2"]
    assert "2  plates too small to read" in out
    assert out.endswith("2 published, 2 received, all verified.\n")


def test_funnel_of_nothing_can_be_drawn(capsys: pytest.CaptureFixture[str]) -> None:
    TableScreen().close(Funnel(dict.fromkeys(FUNNEL.stages, 0)), "nothing")
    assert "█" not in capsys.readouterr().out


def test_json_line_is_the_claims_with_topic_and_verdict(
    sighting: VerifiedSighting, capsys: pytest.CaptureFixture[str]
) -> None:
    JsonScreen().sighting(TOPIC, sighting)
    line = json.loads(capsys.readouterr().out)
    assert line == {
        **json.loads(sighting.claims.encode()),
        "topic": "lpr/v1/demo/north-crossing/booth-1/sighting",
        "verified": True,
    }


def test_last_json_line_is_the_funnel(capsys: pytest.CaptureFixture[str]) -> None:
    screen = JsonScreen()
    screen.open({"source": "rendered lane"})
    with screen.waiting("starting"):
        screen.refusal(TOPIC, "why")
    screen.close(FUNNEL, "remark")
    refusal, funnel = map(json.loads, capsys.readouterr().out.splitlines())
    assert refusal == {"topic": TOPIC, "verified": False, "reason": "why"}
    assert funnel["funnel"]["published"] == funnel["funnel"]["received"] == 2


def test_failure_goes_to_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    for screen in (JsonScreen(), TableScreen()):
        screen.failure("there is no camera")
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err == 2 * "edge-lpr demo: there is no camera\n"
