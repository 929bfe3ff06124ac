import json
from dataclasses import replace

import pytest

from edge_lpr.core.errors import BrokerUnreachableError
from edge_lpr.subscriber.fleet_state import FleetState
from edge_lpr.subscriber.json_lines import event_object
from edge_lpr.subscriber.screen import JsonScreen
from edge_lpr.subscriber.tables import EventTable, FleetTable
from edge_lpr.subscriber.verdicts import (
    DeviceStatus,
    Refusal,
    RefusalReason,
    Verdict,
    VerifiedBirth,
    VerifiedSighting,
)
from edge_lpr.subscriber.verify import FleetVerifier
from edge_lpr.subscriber.watch_list import Hit, Match
from edge_lpr.wire.health import Alarm, sign_health
from edge_lpr.wire.status import StatusClaims
from edge_lpr.wire.topics import TopicKind
from tests.support.clock import NOON_OF_THE_VECTORS, SetClock
from tests.support.fleet import AUTHORITY, HEALTH, SIGHTING, SignedBooth

NOON = NOON_OF_THE_VECTORS
TROUBLE = BrokerUnreachableError("broker 127.0.0.1:1883: nobody answers")


class Booth:
    """A booth whose events a consumer is given."""

    def __init__(self) -> None:
        self.signed = SignedBooth()
        self._verifier = FleetVerifier(AUTHORITY.public_key, SetClock())
        self.fleet = FleetState(self._verifier.device)
        self.birth = self.event(TopicKind.BIRTH, self.signed.birth())

    def event(self, kind: TopicKind, document: bytes) -> Verdict:
        event = self._verifier.receive(self.signed.topic(kind), document)
        self.fleet.note(event, NOON)
        return event

    def sighting(self, number: int = 1, hit: Hit | None = None) -> VerifiedSighting:
        document = self.signed.sightings(number)[-1]
        event = self.event(TopicKind.SIGHTING, document)
        assert isinstance(event, VerifiedSighting)
        return replace(event, hit=hit)

    def health(self, *alarms: Alarm, up_s: int = 60) -> Verdict:
        claims = replace(HEALTH, alarms=alarms, up_s=up_s)
        return self.event(TopicKind.HEALTH, sign_health(claims, self.signed.event_key))

    def status(self, *, is_online: bool) -> DeviceStatus:
        status = DeviceStatus(self.signed.address, StatusClaims(SIGHTING.boot, is_online))
        self.fleet.note(status, NOON)
        return status


@pytest.fixture
def booth() -> Booth:
    return Booth()


@pytest.fixture
def table() -> EventTable:
    return EventTable(SetClock(now_unix_s=NOON + 3))


def test_row_shows_time_booth_lane_direction_token_and_how_late_it_is(
    booth: Booth, table: EventTable, capsys: pytest.CaptureFixture[str]
) -> None:
    table.event(booth.sighting())
    header, row = capsys.readouterr().out.splitlines()
    assert header.split()[:3] == ["time", "UTC", "booth"]
    expected = ["12:00:00", "lane-07/booth-1", "1", "in", "ZWVlZWVl…", "●●●", "6+", "3", "s"]
    assert row.split() == expected


def test_rows_fit_a_terminal(
    booth: Booth, table: EventTable, capsys: pytest.CaptureFixture[str]
) -> None:
    table.event(booth.sighting())
    assert max(map(len, capsys.readouterr().out.splitlines())) <= 80


def test_header_stands_above_the_first_row_only(
    booth: Booth, table: EventTable, capsys: pytest.CaptureFixture[str]
) -> None:
    table.event(booth.sighting(1))
    table.event(booth.sighting(2))
    assert capsys.readouterr().out.count("token") == 1


@pytest.mark.parametrize(
    ("match", "words"),
    [(Match.EXACT, "HIT case-1, case-2"), (Match.FOLD, "possible: case-1, case-2, look at")],
    ids=["exact", "fold"],
)
def test_hit_stands_behind_its_row(
    booth: Booth,
    table: EventTable,
    match: Match,
    words: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    table.event(booth.sighting(hit=Hit(("case-1", "case-2"), match)))
    assert words in capsys.readouterr().out


@pytest.mark.parametrize(
    ("possible", "words"),
    [
        (False, "HIT entry bm5ubm5ubm4"),
        (True, "possible: entry bm5ubm5ubm4, look at the vehicle"),
    ],
    ids=["hit", "possible"],
)
def test_entry_of_the_booths_own_list_stands_behind_its_row(
    booth: Booth,
    table: EventTable,
    possible: bool,  # noqa: FBT001 - a parameter of the test
    words: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    sighting = booth.sighting()
    claims = replace(sighting.claims, entry=b"n" * 8, possible=possible)
    table.event(replace(sighting, claims=claims))
    assert words in capsys.readouterr().out


def test_booth_of_hits_alone_says_so_at_its_start(
    booth: Booth, table: EventTable, capsys: pytest.CaptureFixture[str]
) -> None:
    birth = booth.birth
    assert isinstance(birth, VerifiedBirth)
    table.event(replace(birth, claims=replace(birth.claims, mode="hit-only")))
    assert "has started, edge-lpr 0.1.0, publishes hits alone" in capsys.readouterr().out


def test_booth_whose_keys_end_says_so_at_its_start(
    booth: Booth, table: EventTable, capsys: pytest.CaptureFixture[str]
) -> None:
    birth = booth.birth
    assert isinstance(birth, VerifiedBirth)
    table.event(replace(birth, claims=replace(birth.claims, keys_end=True)))
    assert "edge-lpr 0.1.0, and has token keys for less than a day" in capsys.readouterr().out


def test_json_takes_a_hit_apart(booth: Booth) -> None:
    sighting = booth.sighting(hit=Hit(("case-1",), Match.FOLD))
    claims = replace(sighting.claims, entry=b"n" * 8, possible=True)
    found = event_object(replace(sighting, claims=claims))
    assert (found["entry"], found["possible"]) == ("bm5ubm5ubm4", True)
    assert found["exact"] == event_object(sighting)["exact"]
    assert found["hit"] == {"match": "fold", "entries": ["case-1"]}


def test_missing_sightings_are_named_before_the_row(
    booth: Booth, table: EventTable, capsys: pytest.CaptureFixture[str]
) -> None:
    table.event(booth.sighting(4))
    assert "lane-07/booth-1: 1 to 3 of its sightings are missing" in capsys.readouterr().out


def test_rare_events_are_a_sentence_each(
    booth: Booth, table: EventTable, capsys: pytest.CaptureFixture[str]
) -> None:
    booth.sighting()
    for event in (
        booth.birth,
        booth.event(TopicKind.BIRTH, booth.signed.birth("f" * 16)),
        booth.event(TopicKind.GAP, booth.signed.gap(2, 4)),
        booth.status(is_online=True),
        booth.status(is_online=False),
        booth.event(TopicKind.SIGHTING, b"nonsense"),
        Refusal(RefusalReason.MALFORMED, "the topic is none"),
    ):
        table.event(event)
    no_document = "this is no signed document: it needs header, payload and signature"
    assert capsys.readouterr().out.splitlines() == [
        "lane-07/booth-1 has started, edge-lpr 0.1.0",
        "lane-07/booth-1 has started and does not remember what it had sent",
        "lane-07/booth-1: 3 sightings will never come (not kept)",
        "lane-07/booth-1 is online",
        "lane-07/booth-1 is offline",
        f"lane-07/booth-1: sighting NOT VERIFIED: {no_document}",
        "a message NOT VERIFIED: the topic is none",
    ]


def test_alarms_are_said_when_they_change(
    booth: Booth, table: EventTable, capsys: pytest.CaptureFixture[str]
) -> None:
    for up_s, alarms in ((1, ()), (2, ("hot",)), (3, ("hot",)), (4, ())):
        table.event(booth.health(*alarms, up_s=up_s))
    assert capsys.readouterr().out.splitlines() == [
        "lane-07/booth-1: hot",
        "lane-07/booth-1: no alarm any more",
    ]


def test_broken_connection_is_said_and_its_return(
    table: EventTable, capsys: pytest.CaptureFixture[str]
) -> None:
    table.trouble(TROUBLE)
    table.trouble(None)
    table.fleet([], NOON)
    table.close()
    assert capsys.readouterr().out.splitlines() == [
        "no connection: broker 127.0.0.1:1883: nobody answers",
        "connected again",
    ]


def test_fleet_is_a_table_of_booths(booth: Booth, capsys: pytest.CaptureFixture[str]) -> None:
    booth.status(is_online=True)
    booth.sighting(3)
    booth.health("hot")
    screen = FleetTable()
    screen.event(booth.birth)
    screen.fleet(booth.fleet.devices.values(), NOON + 300)
    screen.close()
    header, row = capsys.readouterr().out.splitlines()[:2]
    assert header.split()[:4] == ["booth", "seen", "late", "passed"]
    expected = [
        "lane-07/booth-1",
        "5",
        "min",
        "●",
        "0",
        "s",
        "1",
        "2",
        "0",
        "3",
        "d",
        "0",
        "d",
        "hot",
    ]
    assert row.split() == expected


def test_booth_of_which_little_is_known_is_in_the_table_too(
    booth: Booth, capsys: pytest.CaptureFixture[str]
) -> None:
    device = booth.fleet.devices[booth.signed.address]
    device.seen_at, device.is_broken = 0, True
    screen = FleetTable()
    screen.trouble(TROUBLE)
    screen.fleet([device], NOON + 3 * 86_400)
    screen.close()
    out = capsys.readouterr().out
    assert "never" in out
    assert "broken" in out
    assert "nobody answers" in out


def test_json_line_is_the_claims_and_whose_they_are(
    booth: Booth, capsys: pytest.CaptureFixture[str]
) -> None:
    screen = JsonScreen(is_fleet=False)
    sighting = booth.sighting(3, Hit(("case-1",), Match.FOLD))
    screen.event(sighting)
    screen.fleet(booth.fleet.devices.values(), NOON)
    assert json.loads(capsys.readouterr().out) == {
        **json.loads(sighting.claims.encode()),
        "event": "sighting",
        "tenant": "tenant-a",
        "site": "lane-07",
        "device": "booth-1",
        "verified": True,
        "missing": [1, 2],
        "hit": {"match": "fold", "entries": ["case-1"]},
    }


def test_json_of_everything_else_says_what_it_is(
    booth: Booth, capsys: pytest.CaptureFixture[str]
) -> None:
    screen = JsonScreen(is_fleet=False)
    for event in (
        booth.birth,
        booth.event(TopicKind.GAP, booth.signed.gap(2, 4)),
        booth.health(),
        booth.status(is_online=True),
        booth.event(TopicKind.SIGHTING, b"nonsense"),
        Refusal(RefusalReason.MALFORMED, "the topic is none"),
    ):
        screen.event(event)
    screen.trouble(TROUBLE)
    screen.trouble(None)
    screen.close()
    captured = capsys.readouterr()
    lines = [json.loads(line) for line in captured.out.splitlines()]
    assert [(line["event"], line["verified"]) for line in lines] == [
        ("birth", True),
        ("gap", True),
        ("health", True),
        ("status", False),
        ("refusal", False),
        ("refusal", False),
    ]
    assert (lines[0]["continuity"], lines[1]["lost"], lines[3]["online"]) == ("continues", 3, True)
    assert (lines[4]["device"], lines[4]["reason"]) == ("booth-1", "malformed")
    assert "device" not in lines[5]
    assert captured.err == f"edge-lpr subscribe: {TROUBLE}\n"


def test_json_of_the_fleet_is_a_line_a_booth(
    booth: Booth, capsys: pytest.CaptureFixture[str]
) -> None:
    screen = JsonScreen(is_fleet=True)
    screen.event(booth.sighting(3))
    screen.fleet(booth.fleet.devices.values(), NOON + 9)
    booth.health("hot")
    screen.fleet(booth.fleet.devices.values(), NOON + 9)
    first, second = map(json.loads, capsys.readouterr().out.splitlines())
    assert (first["seen_s_ago"], first["missing"], first["key_days"]) == (9, 2, None)
    assert (second["key_days"], second["alarms"]) == (3, ["hot"])


def test_fleet_is_drawn_anew_on_a_terminal(
    booth: Booth, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    booth.sighting()
    screen = FleetTable()
    for now in (NOON, NOON + 5):
        screen.fleet(booth.fleet.devices.values(), now)
    screen.close()
    out = capsys.readouterr().out
    assert "0 s" in out
    assert "5 s" in out


@pytest.mark.parametrize("screen", [EventTable(SetClock()), FleetTable()], ids=["rows", "fleet"])
def test_reader_that_left_is_noticed(screen: EventTable | FleetTable) -> None:
    with pytest.raises(BrokenPipeError):
        screen._console.on_broken_pipe()
