"""Who asks for sightings again, and what they get, with a real outbox."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from edge_lpr.core.clock import TimeQuality
from edge_lpr.core.complaints import Complaints
from edge_lpr.core.errors import OutboxError
from edge_lpr.core.log import Log
from edge_lpr.handoff.record_message import GapWish
from edge_lpr.publisher.consumers import ConsumersFile
from edge_lpr.publisher.outbox import Outbox
from edge_lpr.publisher.request_rules import BURST, INTERVAL_S, WORTH_S
from edge_lpr.publisher.requests import RequestDesk
from edge_lpr.wire import base64url
from edge_lpr.wire.gap import GapReason
from edge_lpr.wire.health import HEALTH_TYP
from edge_lpr.wire.jws import SigningKey
from edge_lpr.wire.request import RequestClaims, sign_request
from edge_lpr.wire.topics import DeviceAddress
from tests.support.clock import NOON_OF_THE_VECTORS, SetClock
from tests.support.outboxes import document_of, open_outbox

ADDRESS = DeviceAddress("agency", "north", "booth-1")
BOOT = "00112233445566aa"
KEY = SigningKey.generate()
OTHER_KEY = SigningKey.generate()
CLAIMS = RequestClaims(ADDRESS, BOOT, 2, 3, NOON_OF_THE_VECTORS)


class Bench:
    """A booth with five sent sightings, and two consumers that may ask for them."""

    def __init__(self, folder: Path) -> None:
        self.clock = SetClock()
        self.outbox = open_outbox(folder)
        for seq in range(1, 6):
            self.outbox.add_sighting(BOOT, seq, document_of(BOOT, seq))
        self.outbox.mark_sent(range(1, 6))
        file = folder / "consumers"
        lines = (("archive", KEY), ("police", OTHER_KEY))
        file.write_text(
            "".join(
                f"{name} {base64url.encode(key.public_key.octets).decode()}\n"
                for name, key in lines
            )
        )
        log = Log("test")
        consumers = ConsumersFile(file, Complaints(log, self.clock))
        self.desk = RequestDesk(ADDRESS, consumers, self.outbox, clock=self.clock, log=log)

    def ask(self, claims: RequestClaims = CLAIMS, key: SigningKey = KEY) -> None:
        self.desk.take(sign_request(claims, key))

    def given(self) -> list[bytes]:
        return [each.document for each in self.outbox.oldest_unsent(100, except_places=())]


@pytest.fixture
def bench(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> Iterator[Bench]:
    caplog.set_level("INFO")
    bench = Bench(tmp_path)
    with closing(bench.outbox):
        yield bench


def test_consumer_gets_the_same_bytes_again(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    bench.ask()
    assert bench.given() == [document_of(BOOT, 2), document_of(BOOT, 3)]
    assert bench.desk.refused == 0
    (record,) = caplog.records
    assert vars(record)["edge_lpr_fields"] == {
        "detail": "archive",
        "boot": BOOT,
        "seq": 2,
        "rows": 2,
    }


def test_what_is_not_kept_becomes_a_gap(bench: Bench) -> None:
    bench.ask(replace(CLAIMS, first=4, last=9))
    assert bench.given() == [document_of(BOOT, 4), document_of(BOOT, 5)]
    gap = bench.outbox.next_gap()
    assert gap is not None
    assert gap.wish == GapWish(BOOT, 6, 9, GapReason.NOT_KEPT)


STRANGER = SigningKey.generate()


@pytest.mark.parametrize(
    "payload",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"x" * 4000, id="long"),
        pytest.param(sign_request(CLAIMS, STRANGER), id="stranger"),
        pytest.param(KEY.sign(HEALTH_TYP, CLAIMS.encode()), id="another kind"),
        pytest.param(sign_request(CLAIMS, KEY)[:-2] + b"AA", id="another signature"),
        pytest.param(
            sign_request(replace(CLAIMS, address=DeviceAddress("agency", "north", "x")), KEY),
            id="to another booth",
        ),
        pytest.param(sign_request(replace(CLAIMS, at=CLAIMS.at - WORTH_S - 1), KEY), id="too old"),
        pytest.param(
            sign_request(replace(CLAIMS, at=CLAIMS.at + WORTH_S + 1), KEY), id="of the future"
        ),
    ],
)
def test_request_that_is_not_in_order_is_refused_counted_and_said(
    bench: Bench, caplog: pytest.LogCaptureFixture, payload: bytes
) -> None:
    bench.desk.take(payload)
    bench.desk.take(payload)
    assert bench.given() == []
    assert bench.outbox.next_gap() is None
    assert bench.desk.refused == 2
    assert caplog.messages == ["request_refused"]
    assert BOOT not in str(vars(caplog.records[0])["edge_lpr_fields"])


@pytest.mark.parametrize("late_s", [-WORTH_S, WORTH_S])
def test_request_is_worth_an_hour(bench: Bench, late_s: int) -> None:
    bench.ask(replace(CLAIMS, at=CLAIMS.at + late_s))
    assert len(bench.given()) == 2


def test_booth_without_a_clock_cannot_judge_a_requests_age(bench: Bench) -> None:
    bench.clock.now_quality = TimeQuality.NONE
    bench.clock.now_unix_s = 0
    bench.ask()
    assert len(bench.given()) == 2


def test_request_is_taken_once(bench: Bench) -> None:
    bench.ask()
    bench.outbox.mark_sent([2, 3])
    bench.ask()
    assert bench.given() == []
    assert bench.desk.refused == 1


def test_consumer_that_asks_too_often_waits_and_others_do_not(bench: Bench) -> None:
    for number in range(BURST + 2):
        bench.ask(replace(CLAIMS, at=CLAIMS.at + number))
    assert bench.desk.refused == 2
    bench.ask(key=OTHER_KEY)
    assert bench.desk.refused == 2
    bench.clock.advance_s(INTERVAL_S)
    bench.ask(replace(CLAIMS, at=CLAIMS.at + 100))
    assert bench.desk.refused == 2
    bench.ask(replace(CLAIMS, at=CLAIMS.at + 101))
    assert bench.desk.refused == 3


def test_request_that_was_too_early_can_be_repeated(bench: Bench) -> None:
    for number in range(BURST):
        bench.ask(replace(CLAIMS, at=CLAIMS.at + number))
    early = replace(CLAIMS, first=5, last=5, at=CLAIMS.at + 50)
    bench.ask(early)
    bench.clock.advance_s(INTERVAL_S)
    bench.ask(early)
    assert document_of(BOOT, 5) in bench.given()


def test_outbox_that_fails_is_not_the_consumers_fault(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_outbox: Outbox, *_numbers: object) -> int:
        raise OutboxError("the disk is gone")

    monkeypatch.setattr(Outbox, "ask_again", fail)
    with pytest.raises(OutboxError):
        bench.ask()
    assert bench.desk.refused == 0
