"""A diagnostics bundle: made, shown, verified; and what a taken-over vision gets into it."""

import ast
import base64
import gzip
import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge_lpr.audit import record
from edge_lpr.audit.leak_search import LeakSearch
from edge_lpr.core.check_words import CHECK_WORDS, PROCESSES, ProcessName
from edge_lpr.core.log import Log
from edge_lpr.handoff.diagnosis_desk import Answerer, DiagnosisDesk, listening_socket
from edge_lpr.handoff.diagnosis_message import (
    REPORT,
    Check,
    Question,
    pack_checks,
    parse_answer,
)
from edge_lpr.report import __main__ as export
from edge_lpr.report import gathering, verify_main
from edge_lpr.report.event_words import EVENTS
from edge_lpr.report.sealing import MAXIMUM_BUNDLE_BYTES, verify_bundle
from edge_lpr.tokeniser.report_desk import ReportDesk
from edge_lpr.wire import base64url
from edge_lpr.wire.device_certificate import CustodyTier, DeviceCertificate, issue_certificate
from edge_lpr.wire.jws import SigningKey
from edge_lpr.wire.topics import DeviceAddress
from tests.support.clock import SetClock

AUTHORITY, EVENT_KEY = SigningKey.generate(), SigningKey.generate()
PLATE = "AB12CDE"
JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF" + bytes(range(256))
SECRETS = LeakSearch([PLATE], [EVENT_KEY.private_octets()])


def certificate_by(authority: SigningKey) -> bytes:
    now_s = SetClock().unix_s()
    certificate = DeviceCertificate(
        address=DeviceAddress("agency", "north-crossing", "booth-1"),
        event_key=EVENT_KEY.public_key,
        tier=CustodyTier.C,
        not_before=now_s - 86_400,
        not_after=now_s + 86_400,
    )
    return issue_certificate(certificate, authority)


def truthful(process: ProcessName) -> Answerer:
    checks = [
        Check(word.name, "good", {each.name: max(each.least, 0) for each in word.numbers})
        for word in CHECK_WORDS
        if word.process == process
    ]
    return lambda _question: pack_checks(process, checks)


class Booth:
    """Three desks, the logs of three processes, settings and an audit."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.sockets, self.logs = folder / "s", folder / "logs"
        for place in (self.sockets, self.logs, folder / "audit"):
            place.mkdir(mode=0o700)
        self.settings = folder / "booth.toml"
        self.settings.write_text("[booth]\n")
        self.authority_file = folder / "authority.pub"
        self.authority_file.write_bytes(base64url.encode(AUTHORITY.public_key.octets))
        self.bundle = folder / "booth.bundle"
        self._desks: list[DiagnosisDesk] = []

    def answer(self, process: ProcessName, answerer: Answerer) -> None:
        listening = listening_socket(self.sockets / f"{process}.sock")
        self._desks.append(DiagnosisDesk(listening, answerer, Log(process)))
        self._desks[-1].start()

    def close(self) -> None:
        for desk in self._desks:
            desk.close()

    def log(self, process: str, *lines: object) -> None:
        text = "".join(
            (line if isinstance(line, str) else json.dumps(line)) + "\n" for line in lines
        )
        (self.logs / f"{process}.log").write_text(text)

    def export(self) -> int:
        return export.main(
            [
                *("--settings", str(self.settings), "--sockets", str(self.sockets)),
                *("--logs", str(self.logs), "--root", str(self.folder)),
            ]
        )

    def verify(self) -> int:
        return verify_main.main([str(self.bundle), "--authority", str(self.authority_file)])


@pytest.fixture
def booth(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Booth]:
    monkeypatch.setattr(record, "RECORD_FOLDER", tmp_path / "audit")
    booth = Booth(tmp_path)
    desk = ReportDesk(truthful("tokeniser"), EVENT_KEY, certificate_by(AUTHORITY), SetClock())
    booth.answer("tokeniser", desk)
    booth.answer("publisher", truthful("publisher"))
    yield booth
    booth.close()


def test_bundle_is_shown_written_and_verified(
    booth: Booth, capsys: pytest.CaptureFixture[str]
) -> None:
    booth.answer("vision", truthful("vision"))
    booth.log("publisher", {"level": "info", "event": "broker_connected"})
    assert booth.export() == 0
    written = capsys.readouterr()
    assert "This is all that is in it." in written.err
    assert "broker_connected" in written.err
    assert len(written.out) <= MAXIMUM_BUNDLE_BYTES
    booth.bundle.write_text(written.out)
    assert booth.verify() == 0
    verified = capsys.readouterr().out
    assert verified.startswith("signed by agency/north-crossing/booth-1, ")
    shown = written.err[: written.err.index("\n\n" + str(len(written.out)))]
    # What was shown at the booth is what is verified.
    assert shown.rstrip() in verified


def test_bundle_has_the_audits_root_with_its_own_export(
    booth: Booth, capsys: pytest.CaptureFixture[str]
) -> None:
    for size in (1, 2):
        assert booth.export() == 0
        bundle = capsys.readouterr().out.encode()
        assert verify_bundle(bundle, AUTHORITY.public_key).report.audit.size == size
    lines = [file.read_bytes() for file in (booth.folder / "audit").iterdir() if file.is_file()]
    assert sum(content.count(b"bundle_exported") for content in lines) == 2


def test_nothing_is_exported_that_cannot_be_recorded(
    booth: Booth, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(record, "RECORD_FOLDER", booth.folder / "no" / "such")
    assert booth.export() == 1
    assert capsys.readouterr().out == ""


def test_process_that_does_not_answer_is_reported(
    booth: Booth, capsys: pytest.CaptureFixture[str]
) -> None:
    assert booth.export() == 0
    written = capsys.readouterr()
    assert "vision: does not answer" in written.err
    report = verify_bundle(written.out.encode(), AUTHORITY.public_key).report
    assert [report.processes[name].answered for name in PROCESSES] == [False, True, True]


def test_booth_without_its_tokeniser_cannot_sign(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(record, "RECORD_FOLDER", tmp_path / "audit")
    assert Booth(tmp_path).export() == 1
    written = capsys.readouterr()
    assert written.out == ""
    assert "nobody else can sign" in written.err


def test_settings_that_cannot_be_read_are_named(
    booth: Booth, capsys: pytest.CaptureFixture[str]
) -> None:
    booth.settings.unlink()
    assert booth.export() == 1
    assert "booth.toml" in capsys.readouterr().err


def hostile_lines() -> list[object]:
    """Return what a vision that was taken over may write into its journal."""
    forms = (PLATE, PLATE.lower(), PLATE.encode().hex(), base64.b64encode(JPEG).decode("ascii"))
    return [
        *forms,
        *({"level": "info", "event": form} for form in forms),
        *({"level": form, "event": "started"} for form in forms),
        *({"level": "error", "event": "failure", "kind": form} for form in forms),
        *({"level": "error", "event": "failure", "detail": form} for form in forms),
        {"level": "info", "event": "funnel", "counters": {PLATE: 7}},
        {"level": "info", "event": PLATE, "process": "tokeniser"},
        {"level": ["info"], "event": ["started"], "kind": {"a": PLATE}},
        "[" * 100_000,
        '{"level": "info", "event": "' + PLATE * 10_000,
        "\x00\x01\x02",
    ]


def test_taken_over_vision_gets_no_text_into_a_bundle_by_its_log(
    booth: Booth, capsys: pytest.CaptureFixture[str]
) -> None:
    booth.answer("vision", truthful("vision"))
    booth.log("vision", *hostile_lines())
    (booth.logs / f"{PLATE}.log").write_text(PLATE)
    assert booth.export() == 0
    written = capsys.readouterr()
    unpacked = b"".join(
        base64url.decode(p) for p in written.out.encode().split(b"\n")[1].split(b".")
    )
    for content in (written.out.encode(), written.err.encode(), unpacked):
        assert SECRETS.search(content, "bundle") == []
    report = verify_bundle(written.out.encode(), AUTHORITY.public_key).report
    assert {each.event for each in report.events if each.unit == "edge-lpr-vision"} == {
        *("other", "started", "failure:other"),
        "funnel",
    }
    assert {each.unit for each in report.events} == {"edge-lpr-vision"}


@pytest.mark.parametrize(
    "answer",
    [
        PLATE.encode(),
        JPEG,
        b"LPRA\1\1\1\0" + PLATE.encode(),
        b"LPRA\1\1\1\1" + JPEG[:68],
        # Another process's checks.
        pack_checks("publisher", []),
        pack_checks("vision", [Check("camera_dark", "bad", {"black_frames": 7})]) + JPEG,
    ],
)
def test_taken_over_vision_gets_no_bytes_into_a_bundle_by_its_answer(
    booth: Booth, capsys: pytest.CaptureFixture[str], answer: bytes
) -> None:
    def hostile(_question: Question) -> bytes:
        return answer

    booth.answer("vision", hostile)
    assert booth.export() == 0
    written = capsys.readouterr()
    assert "vision: does not answer" in written.err
    assert SECRETS.search(written.out.encode() + written.err.encode(), "bundle") == []


def test_taken_over_vision_chooses_numbers_of_two_digits(
    booth: Booth, capsys: pytest.CaptureFixture[str]
) -> None:
    """The channel that is left: it is counted in the unit tests and in docs/report.md."""
    number = int.from_bytes(PLATE[:6].encode(), "big")
    booth.answer(
        "vision",
        lambda _q: pack_checks("vision", [Check("camera_dark", "bad", {"black_frames": number})]),
    )
    assert booth.export() == 0
    report = verify_bundle(capsys.readouterr().out.encode(), AUTHORITY.public_key).report
    said = report.processes["vision"].checks["camera_dark"].numbers["black_frames"]
    assert str(said).rstrip("0") == str(number)[:2]


@pytest.fixture
def bundle(booth: Booth, capsys: pytest.CaptureFixture[str]) -> bytes:
    assert booth.export() == 0
    return capsys.readouterr().out.encode()


def test_another_authority_has_not_certified_the_booth(booth: Booth, bundle: bytes) -> None:
    booth.bundle.write_bytes(bundle)
    booth.authority_file.write_bytes(base64url.encode(EVENT_KEY.public_key.octets))
    assert booth.verify() == 1


@pytest.mark.parametrize("number", range(7, 4000, 397))
def test_changed_bundle_is_refused(
    booth: Booth, bundle: bytes, number: int, capsys: pytest.CaptureFixture[str]
) -> None:
    place = number % len(bundle)
    booth.bundle.write_bytes(bundle[:place] + bytes([bundle[place] ^ 1]) + bundle[place + 1 :])
    assert booth.verify() == 1
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    "change",
    [
        lambda bundle: bundle + b"x",
        lambda bundle: bundle[:-1],
        lambda bundle: bundle + base64.b64encode(JPEG) + b"\n",
        gzip.compress,
        lambda _bundle: b"",
        lambda bundle: bundle * 20,
        lambda bundle: b"\n".join((bundle.split(b"\n")[0] + b" ", *bundle.split(b"\n")[1:])),
    ],
)
def test_bundle_with_something_beside_is_refused(
    booth: Booth, bundle: bytes, change: object
) -> None:
    assert callable(change)
    booth.bundle.write_bytes(change(bundle))
    assert booth.verify() == 1


def test_file_that_is_not_there_is_named(booth: Booth, capsys: pytest.CaptureFixture[str]) -> None:
    assert booth.verify() == 1
    assert "booth.bundle" in capsys.readouterr().err


def test_signed_report_with_a_plate_in_it_is_refused(booth: Booth) -> None:
    """Root may have anything signed; what is more than a report is none all the same."""
    text = json.dumps({"plate": PLATE}).encode()
    booth.bundle.write_bytes(sealed_by_hand(text))
    assert booth.verify() == 1


def sealed_by_hand(text: bytes) -> bytes:
    desk = ReportDesk(truthful("tokeniser"), EVENT_KEY, certificate_by(AUTHORITY), SetClock())
    answer = desk(Question(REPORT, hashlib.sha256(text).digest() + bytes(24)))
    assert answer is not None
    return text + b"\n" + parse_answer(answer, "tokeniser", REPORT).body + b"\n"


def test_units_and_journal_are_read_as_systemd_says_them(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    systemctl, journalctl = tmp_path / "systemctl", tmp_path / "journalctl"
    blocks = (
        "Id=edge-lpr-vision.service\nActiveState=active\nResult=success\nNRestarts=123\n\n"
        "Id=edge-lpr-technician@4-12.service\nActiveState=failed\nResult=exit-code\nNRestarts=0\n\n"
        f"Id=edge-lpr-{PLATE}.service\nActiveState=active\nResult=success\nNRestarts=0\n\n"
        f"Id=edge-lpr-tokeniser.service\nActiveState={PLATE}\nResult=success\nNRestarts=0\n"
    )
    systemctl.write_text(f"#!/bin/sh\ncat <<'END'\n{blocks}END\n")
    entries = (
        {"MESSAGE": json.dumps({"level": "warning", "event": "camera_away"})},
        {"MESSAGE": list(PLATE.encode())},
    )
    lines = "\n".join(json.dumps(entry) for entry in entries)
    journalctl.write_text(
        f"#!/bin/sh\ncase $* in *edge-lpr-vision.service*) cat <<'END'\n{lines}\nEND\nesac\n"
    )
    for program in (systemctl, journalctl):
        program.chmod(0o755)
    monkeypatch.setattr(gathering, "_SYSTEMCTL", str(systemctl))
    monkeypatch.setattr(gathering, "_JOURNALCTL", str(journalctl))
    assert [(unit.name, unit.active, unit.restarts) for unit in gathering.units()] == [
        ("edge-lpr-vision", "active", 120),
        ("edge-lpr-technician", "failed", 0),
    ]
    assert {(each.level, each.event) for each in gathering.events_of_journal()} == {
        ("warning", "camera_away"),
        ("info", "other"),
    }


def test_machine_without_systemd_has_no_units(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gathering, "_SYSTEMCTL", "/nonexistent/systemctl")
    assert gathering.units() == []


def test_list_of_events_is_that_of_the_programs() -> None:
    package = Path(gathering.__file__).parents[1]
    told: set[str] = set()
    for folder in ("vision", "tokeniser", "publisher", "handoff", "core", "technician"):
        for file in (package / folder).rglob("*.py"):
            told |= set(_events(ast.parse(file.read_text())))
    assert "broker_connected" in told
    assert told <= EVENTS


def _events(tree: ast.AST) -> Iterator[str]:
    """Yield the events that a program logs under a name of its own."""
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in ("debug", "info", "warning", "error", "about")
            and ast.unparse(node.func.value).lower().endswith(("log", "complaints"))
            and node.args
            and isinstance(node.args[0], ast.Constant)
        ):
            yield str(node.args[0].value)
