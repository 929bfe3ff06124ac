"""``edge-lpr audit``: what an auditor types, and what he reads."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from edge_lpr.audit.__main__ import main
from edge_lpr.audit.export import collect, parse_export
from edge_lpr.audit.log import AuditLog
from edge_lpr.audit.segments import Shape
from edge_lpr.core.errors import AuditError
from edge_lpr.wire import base64url
from edge_lpr.wire.checkpoint import Checkpoint, sign_checkpoint
from edge_lpr.wire.device_certificate import issue_certificate
from tests.support.audited_booth import QUIET_WINDOW, AuditedBooth
from tests.support.clock import SetClock
from tests.support.fleet import AUTHORITY


class Desk:
    """An auditor's folder."""

    def __init__(self, folder: Path) -> None:
        self.booth = AuditedBooth()
        self.booth.start()
        self.folder = folder
        self.file = folder / "booth.audit"
        self.authority = folder / "authority.pub"
        self.authority.write_bytes(base64url.encode(AUTHORITY.public_key.octets) + b"\n")
        self.kept = folder / "kept.checkpoint"

    def verify(self, *more: str, kept: bool = True) -> int:
        self.file.write_bytes(self.booth.export().content())
        arguments = ["verify", str(self.file), "--authority", str(self.authority), *more]
        return main([*arguments, "--checkpoint", str(self.kept)] if kept else arguments)

    def keep(self) -> None:
        self.kept.write_bytes(self.booth.checkpoint())


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_quiet_day_holds_and_is_told(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    desk.booth.hours(12)
    desk.keep()
    desk.booth.hours(12)
    assert desk.verify() == 0
    said = capsys.readouterr().out
    assert said.count("holds") == 4
    assert "tenant-a/lane-07/booth-1, custody C: the authority has certified its key" in said
    assert "models       " + "5f" * 32 in said
    assert "no network" in said
    assert "anna asked 6 times" in said
    assert "vision       wrote 0 to disks" in said
    assert "in 288 windows of five minutes: 2,279,808 explained, 0 UNEXPLAINED" in said
    assert "to look at   0" in said
    assert max(map(len, said.splitlines())) <= 120


def test_bytes_that_were_explained_before_they_were_sent_are_no_negative_leak(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    desk.booth.window(sent_bytes=QUIET_WINDOW.sent_bytes - 540)
    desk.keep()
    assert desk.verify() == 0
    said = capsys.readouterr().out
    assert "explained, 0 UNEXPLAINED\n" in said
    assert "540 more are explained than were sent: the counters are not read in one instant" in said


def test_leak_and_what_vision_wrote_are_shown(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    desk.keep()
    desk.booth.window(sent_bytes=QUIET_WINDOW.sent_bytes + 5_000)
    desk.booth.window(vision_written=1)
    desk.booth.window(vision_sent=60)
    assert desk.verify() == 3
    said = capsys.readouterr().out
    assert "5,000 UNEXPLAINED" in said
    assert "5,000 bytes of five minutes are unexplained; the limit is 2,500" in said
    assert "vision wrote 1 bytes to a disk; it must be 0" in said
    assert "vision sent 60 bytes over a network" in said
    assert "to look at   3" in said


def test_windows_that_nobody_measured_are_not_taken_for_good(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    desk.booth.append("ledger", seconds=300)
    desk.keep()
    desk.verify()
    said = capsys.readouterr().out
    assert "vision       what it wrote was not measured" in said
    assert "in 1 more windows nothing could be compared" in said


def test_rights_pauses_and_power_cuts_are_shown(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    desk.booth.append(
        "sandbox",
        unit="vision",
        seccomp=0,
        no_new_privileges=1,
        capabilities="0000000000000000",
        own_network=0,
    )
    desk.booth.append("torn_line", octets=20)
    desk.booth.at += 3600
    desk.booth.window()
    desk.booth.at += 3600
    desk.booth.start()
    desk.keep()
    assert desk.verify() == 3
    said = capsys.readouterr().out
    assert "NOT FILTERED, on the network" in said or "vision had more rights" in said
    assert "vision had more rights than it needs" in said
    assert "a power cut had left half an entry" in said
    # The hour that the booth was off is none: it was started anew.
    assert said.count("nothing was recorded for") == 1
    assert "nothing was recorded for 65 minutes before" in said


def test_broken_and_open_links_have_their_own_exit_status(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    desk.keep()
    assert desk.verify(kept=False) == 3
    assert "OPEN" in capsys.readouterr().out.upper()
    desk.file.write_bytes(desk.booth.export().content())
    assert main(["verify", str(desk.file)]) == 3
    assert "add --authority FILE" in capsys.readouterr().out
    content = desk.file.read_bytes()
    desk.file.write_bytes(content.replace(b'"what":"models"', b'"what":"mobels"'))
    assert main(["verify", str(desk.file)]) == 1
    said = capsys.readouterr().out
    assert "BROKEN  entries" in said
    assert "nothing can be told" in said


def test_stranger_and_another_booth_are_told_apart(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    other = AuditedBooth()
    other.start()
    desk.kept.write_bytes(other.checkpoint())
    # The same names under another key, as after an enrolment: same roots, another signature.
    assert desk.verify() == 3
    assert "another key than this certificate's has signed it" in capsys.readouterr().out
    desk.authority.write_bytes(base64url.encode(desk.booth.booth.event_key.public_key.octets))
    desk.keep()
    assert desk.verify() == 1
    assert "the authority has not certified this" in capsys.readouterr().out


def test_entries_behind_the_checkpoint_are_counted_and_not_believed(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    desk.keep()
    export = desk.booth.export()
    desk.booth.append("asked", person="late")
    late = desk.booth.export()
    desk.file.write_bytes(late.content().replace(late.checkpoint, export.checkpoint))
    main(["verify", str(desk.file)])
    said = capsys.readouterr().out
    assert "1 more came after the checkpoint" in said
    assert "late" not in said.replace("lately", "")


def test_export_is_what_the_booth_has_and_the_same_each_time(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, tokeniser, file = tmp_path / "audit", tmp_path / "tokeniser", tmp_path / "out"
    folder.mkdir()
    tokeniser.mkdir()
    booth = AuditedBooth()
    log = AuditLog(folder, SetClock())
    log.append("asked", person="anna")
    arguments = ["export", str(file), "--folder", str(folder), "--tokeniser", str(tokeniser)]
    assert main(arguments) == 1
    assert "before the first five minutes" in capsys.readouterr().err
    certificate = issue_certificate(booth.booth.certificate, AUTHORITY)
    (tokeniser / "device-certificate").write_bytes(certificate + b"\n")
    size, root = log.head()
    note = sign_checkpoint(Checkpoint(booth.booth.address, size, root), booth.booth.event_key)
    (tokeniser / "checkpoint").write_bytes(note)
    assert main(arguments) == 0
    content = file.read_bytes()
    assert main(arguments) == 0
    assert file.read_bytes() == content
    assert parse_export(content).content() == content
    capsys.readouterr()
    assert main([*arguments[:1], "-", *arguments[2:]]) == 0
    assert capsys.readouterr().out.encode() == content
    assert main(["verify", str(file)]) == 3
    assert "1 to 1 are what was signed" in capsys.readouterr().out
    assert main([*arguments[:1], str(tmp_path / "no" / "folder"), *arguments[2:]]) == 1


def test_log_whose_old_segments_have_left_still_holds(tmp_path: Path) -> None:
    shape = Shape(level=2, maximum_segments=2)
    booth = AuditedBooth()
    log = AuditLog(tmp_path, SetClock(), shape)
    notes = []
    for _ in range(30):
        log.append("asked")
        size, root = log.head()
        notes.append(
            sign_checkpoint(Checkpoint(booth.booth.address, size, root), booth.booth.event_key)
        )
    certificate, checkpoint = tmp_path / "certificate", tmp_path / "checkpoint"
    certificate.write_bytes(issue_certificate(booth.booth.certificate, AUTHORITY))
    checkpoint.write_bytes(notes[-1])
    content = collect(tmp_path, certificate, checkpoint, shape).content()
    assert content.count(b"subtree ") == 6
    file = tmp_path / "file"
    file.write_bytes(content)
    for size, status in ((27, 3), (24, 3), (10, 3)):
        kept = tmp_path / "kept"
        kept.write_bytes(notes[size - 1])
        assert main(["verify", str(file), "--checkpoint", str(kept)]) == status


@pytest.mark.parametrize(
    "saved",
    [
        pytest.param(lambda note: note + b"\n", id="jq -r"),
        pytest.param(lambda note: note.rstrip(b"\n"), id="no end"),
        pytest.param(lambda note: note.replace(b"\n", b"\r\n"), id="Windows"),
        pytest.param(lambda note: note.replace(b"\n", b"\r\n") + b"\r\n", id="Windows and jq"),
    ],
)
def test_checkpoint_is_believed_however_its_lines_were_saved(
    desk: Desk, saved: Callable[[bytes], bytes]
) -> None:
    desk.kept.write_bytes(saved(desk.booth.checkpoint()))
    assert desk.verify() == 0


def test_file_that_is_no_checkpoint_is_no_finding_about_the_booth(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    desk.kept.write_bytes(b"nonsense")
    assert desk.verify() == 2
    said = capsys.readouterr()
    assert "BROKEN" not in said.out
    assert "jq -r .note" in said.err
    desk.kept.unlink()
    assert desk.verify() == 2


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"edge-lpr audit 2\n", id="another version"),
        pytest.param(b"edge-lpr audit 1\ncertificate x\nlevel 99\n\ncheckpoint\n", id="level"),
        pytest.param(
            b"edge-lpr audit 1\ncertificate x\nlevel 12\nsubtree 00\n\ncheckpoint\n", id="subtree"
        ),
        pytest.param(
            b"edge-lpr audit 1\ncertificate " + b"x" * 2000 + b"\nlevel 12\n\ncheckpoint\n",
            id="certificate",
        ),
        pytest.param(
            b"edge-lpr audit 1\ncertificate x\nlevel 12\n{}\nsubtree "
            + b"0" * 64
            + b"\n\ncheckpoint\n",
            id="order",
        ),
    ],
)
def test_anything_else_is_no_audit_file(content: bytes) -> None:
    with pytest.raises(AuditError):
        parse_export(content)


def test_missing_and_endless_files_are_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["verify", str(tmp_path / "missing")]) == 1
    (tmp_path / "file").write_bytes(b"")
    (tmp_path / "note").write_bytes(bytes(1000))
    arguments = ["verify", str(tmp_path / "file"), "--checkpoint", str(tmp_path / "note")]
    assert main(arguments) == 2
    said = capsys.readouterr().err
    assert "cannot be read" in said
    assert "is another file" in said


def test_command_is_one_of_the_programs() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "edge_lpr", "audit", "--help"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0
    assert "docs/audit.md" in done.stdout
