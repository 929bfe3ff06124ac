"""``edge-lpr diagnose --card``: what it asks, what it says, and what it records."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge_lpr.core.errors import AuditError
from edge_lpr.core.log import Log
from edge_lpr.core.reserved_plate import RESERVED_PLATE
from edge_lpr.core.vision_counts import VISION_COUNTERS
from edge_lpr.diagnostics import __main__ as command
from edge_lpr.diagnostics import card, card_main
from edge_lpr.diagnostics.card import try_card
from edge_lpr.diagnostics.card_words import card_findings
from edge_lpr.diagnostics.diagnosis import Diagnosis, Place
from edge_lpr.diagnostics.finding import Finding, first_cause
from edge_lpr.diagnostics.units import Unit
from edge_lpr.handoff.card_message import NOTHING_LIKE_IT, CardHeard, CardSeen
from edge_lpr.handoff.diagnosis_desk import Answerer, DiagnosisDesk, open_desk
from edge_lpr.handoff.diagnosis_message import CARD, Question, bounded_check, pack_body
from edge_lpr.tokeniser.card_watch import CardDesk, CardWatch
from edge_lpr.vision.answers import VisionAnswers
from edge_lpr.vision.card_view import CardView
from tests.integration.test_diagnose_command import place
from tests.support.clock import SetClock

SEEN = CardSeen(300, 40, 146, 240, 12, "none")
PASSED = card_findings(SEEN, CardHeard(2, 0, has_other=False, vector="right"))
LOST = card_findings(SEEN, CardHeard(0, NOTHING_LIKE_IT, has_other=False, vector="not_made"))
ON_THE_BOOTH = Place(Path("/"), Path("/nowhere"))


def code_of(diagnosis: Diagnosis) -> str:
    first = first_cause(diagnosis.findings)
    return "" if first is None else first.code


class Desks:
    """Vision and tokeniser as they answer, without their work."""

    def __init__(self, folder: Path) -> None:
        self.place = place(folder)
        self.clock = SetClock()
        self.counters = dict.fromkeys(VISION_COUNTERS, 0)
        self.watch = CardWatch(self.clock)
        dark = bounded_check("camera_dark", "bad", black_frames=7)
        view = CardView(lambda: dict(self.counters), self.clock)
        self._folder = folder
        self._desks = [
            self.open("tokeniser", CardDesk(lambda _: None, self.watch)),
            self.open("vision", VisionAnswers([lambda: [dark]], None, view)),
        ]

    def open(self, process: str, answerer: Answerer) -> DiagnosisDesk:
        desk = open_desk(self._folder / process, answerer, Log("vision"))
        assert desk is not None
        return desk

    def replace(self, number: int, process: str, answerer: Answerer) -> None:
        self._desks[number].close()
        self._desks[number] = self.open(process, answerer)

    def close(self) -> None:
        for desk in self._desks:
            desk.close()


@pytest.fixture
def desks(tmp_path: Path) -> Iterator[Desks]:
    desks = Desks(tmp_path)
    yield desks
    desks.close()


def test_card_that_is_heard_after_it_may_be_shown_has_passed(desks: Desks) -> None:
    desks.watch.take(RESERVED_PLATE)

    def shown() -> None:
        assert desks.watch.ask(begin=False).withheld == 0
        desks.watch.take(RESERVED_PLATE)

    assert code_of(try_card(desks.place, desks.clock, shown)) == ""


def test_camera_that_is_at_fault_comes_before_the_card(desks: Desks) -> None:
    diagnosis = try_card(desks.place, desks.clock, lambda: None, wait_s=0)
    assert code_of(diagnosis) == "LPR-C03"
    assert "LPR-T01" in {each.code for each in diagnosis.findings}


def test_camera_is_left_out_where_vision_says_nothing_of_it(desks: Desks) -> None:
    view = CardView(lambda: dict(desks.counters), desks.clock)
    desks.replace(1, "vision", lambda question: view(question) if question.kind == CARD else None)
    assert code_of(try_card(desks.place, desks.clock, lambda: None, wait_s=0)) == "LPR-T01"


def test_answer_that_makes_no_sense_is_a_fault_of_the_process(desks: Desks) -> None:
    def nonsense(_: Question) -> bytes:
        return pack_body("vision", CARD, bytes(12))

    desks.replace(1, "vision", nonsense)
    assert code_of(try_card(desks.place, desks.clock, lambda: None, wait_s=0)) == "LPR-U03"


def test_nobody_who_answers_is_told(tmp_path: Path) -> None:
    diagnosis = try_card(place(tmp_path), SetClock(), lambda: None)
    assert [(each.name, each.code) for each in diagnosis.findings] == [("tokeniser", "LPR-U02")]


def test_process_that_does_not_run_is_not_started_by_a_question(
    desks: Desks, monkeypatch: pytest.MonkeyPatch
) -> None:
    stopped = {"LoadState": "loaded", "ActiveState": "inactive"}
    units = {name: Unit(stopped) for name in ("vision", "tokeniser", "publisher")}
    monkeypatch.setattr(card, "ask_units", lambda: units)
    diagnosis = try_card(desks.place, desks.clock, lambda: None)
    assert code_of(diagnosis) == "LPR-U02"
    assert not desks.watch.is_open()


@pytest.mark.parametrize(("text", "code"), [(None, "LPR-I01"), ("[booth]\nx = 1\n", "LPR-I02")])
def test_settings_come_first(text: str | None, code: str, tmp_path: Path) -> None:
    file = tmp_path / "booth.toml"
    if text is not None:
        file.write_text(text)
    assert code_of(try_card(Place(tmp_path, file), SetClock(), lambda: None)) == code


def test_card_for_people_and_for_programs(desks: Desks, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--card", "--wait", "0", "--root", str(desks.place.root)]
    words += ["--settings", str(desks.place.settings_file)]
    assert command.main(words) == 3
    said = capsys.readouterr().out.splitlines()
    assert said[0].startswith("Show the card now, for up to 0 seconds")
    assert said[-1] == "FAIL  LPR-C03"
    assert max(map(len, said)) <= 80
    assert command.main([*words, "--json"]) == 3
    assert json.loads(capsys.readouterr().out)["first_cause"]["code"] == "LPR-C03"


class Record:
    """The audit log, in memory."""

    def __init__(self, fails_at: str = "") -> None:
        self.entries: list[tuple[str, dict[str, str | int]]] = []
        self._fails_at = fails_at

    def __call__(self, event: str, **details: str | int) -> None:
        if event == self._fails_at:
            raise AuditError("the disk is full")
        self.entries.append((event, details))


@pytest.fixture
def _as_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 0)


def run(
    monkeypatch: pytest.MonkeyPatch, record: Record, findings: tuple[Finding, ...]
) -> tuple[bool, bool]:
    """Return whether it has passed, and whether it was tried."""
    tried: list[bool] = []

    def found(*_: object, **__: object) -> Diagnosis:
        tried.append(True)
        return Diagnosis("north/booth-1", 0, findings)

    monkeypatch.setattr(card_main, "try_card", found)
    monkeypatch.setattr(card_main, "record", record)
    passed = card_main.run_card(ON_THE_BOOTH, SetClock(), wait_s=0, is_json=False)
    return passed, bool(tried)


@pytest.mark.usefixtures("_as_root")
@pytest.mark.parametrize(
    ("findings", "result", "withheld"), [(PASSED, "pass", 2), (LOST, "LPR-T05", 0)]
)
def test_beginning_and_end_are_recorded(
    findings: tuple[Finding, ...], result: str, withheld: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = Record()
    assert run(monkeypatch, record, findings) == (result == "pass", True)
    assert record.entries == [
        ("card_test_began", {}),
        ("card_test_ended", {"result": result, "withheld": withheld}),
    ]


@pytest.mark.usefixtures("_as_root")
@pytest.mark.parametrize(
    ("fails_at", "is_tried"), [("card_test_began", False), ("card_test_ended", True)]
)
def test_test_that_cannot_be_recorded_does_not_pass(
    fails_at: str,
    is_tried: bool,  # noqa: FBT001 - a parameter of the table
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(monkeypatch, Record(fails_at), PASSED) == (False, is_tried)
    assert capsys.readouterr().out.splitlines()[-1] == "FAIL  LPR-A01"
