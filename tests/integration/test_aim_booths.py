"""What an aim session reaches of a booth: its units, by what systemctl is told, and its lanes."""

import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pytest

from edge_lpr.aim import booths
from edge_lpr.aim.__main__ import main
from edge_lpr.aim.booths import HandBooth, HandPage, UnitBooth, UnitPage
from edge_lpr.audit import record as audit
from edge_lpr.core.errors import HandoffError, InstallationError
from edge_lpr.core.settings import LaneSection, load_settings
from edge_lpr.handoff.aim_message import pack_aim_frame
from edge_lpr.handoff.diagnosis_desk import listening_socket
from edge_lpr.handoff.diagnosis_message import AIM, QUESTION_BYTES, pack_body
from edge_lpr.installation.lanes import read_lanes
from tests.support.aim_bench import FRAME

TEMPLATE = Path(__file__).parents[2] / "firmware_config" / "booth.toml"
DRAWN = (LaneSection(number=3, region=((0.1, 0.1), (0.9, 0.1), (0.9, 0.9))),)


@pytest.fixture
def settings_file(tmp_path: Path) -> Path:
    file = tmp_path / "booth.toml"
    file.write_text(TEMPLATE.read_text())
    return file


@pytest.fixture
def called(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[list[str]]:
    """Return what systemctl is called with; nothing of it is done."""
    calls: list[list[str]] = []

    def run(command: Sequence[str], **_options: object) -> None:
        calls.append(list(command))

    monkeypatch.setattr(subprocess, "run", run)
    monkeypatch.setattr(booths, "WANTED_LANES", tmp_path / "aim" / "lanes.toml")
    monkeypatch.setattr(booths, "VISION_SOCKET", tmp_path / "vision.sock")
    return calls


def test_units_keep_lanes_before_they_start_anew(
    settings_file: Path, called: list[list[str]]
) -> None:
    booth = UnitBooth(settings_file)
    assert [lane.number for lane in booth.lanes()] == [1]
    booth.save_lanes(DRAWN)
    assert read_lanes(booths.WANTED_LANES) == DRAWN
    assert [call[2:] for call in called] == [
        ["start", "edge-lpr-lanes.service"],
        ["try-restart", "edge-lpr-tokeniser.service", "edge-lpr-vision.service"],
    ]


def test_page_listens_for_the_time_of_a_session(called: list[list[str]]) -> None:
    page = UnitPage()
    page.start()
    page.stop()
    assert [call[2:] for call in called] == [
        ["start", "edge-lpr-aim.socket"],
        ["stop", "edge-lpr-aim.socket", "edge-lpr-aim.service"],
    ]


def test_what_fails_says_what_to_do(settings_file: Path, tmp_path: Path) -> None:
    booth = HandBooth(settings_file, tmp_path / "vision.sock", tmp_path / "no-program")
    with pytest.raises(InstallationError, match="failed after the lanes were kept"):
        booth.save_lanes(DRAWN)
    assert load_settings(settings_file).lanes == DRAWN
    HandBooth(settings_file, tmp_path / "vision.sock", None).save_lanes(DRAWN)
    with pytest.raises(HandoffError):
        booth.ask_vision()
    HandPage(1, tmp_path / "keeper.sock").stop()


@pytest.mark.parametrize("is_unit", [True, False])
def test_vision_is_asked_at_its_own_socket(
    settings_file: Path, tmp_path: Path, called: list[list[str]], *, is_unit: bool
) -> None:
    path = tmp_path / "vision.sock"
    booth = UnitBooth(settings_file) if is_unit else HandBooth(settings_file, path, None)
    with closing(listening_socket(path)) as listening:

        def answer() -> None:
            peer, _ = listening.accept()
            with closing(peer):
                peer.recv(QUESTION_BYTES)
                peer.send(pack_body("vision", AIM, pack_aim_frame(FRAME)))

        thread = threading.Thread(target=answer)
        thread.start()
        assert booth.ask_vision() == FRAME
        thread.join()
    assert called == []


@pytest.mark.parametrize("minutes", ["0", "31", "-1", "ten"])
def test_a_session_has_half_an_hour_at_most(
    minutes: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main(["--minutes", minutes])
    assert "--minutes" in capsys.readouterr().err


def test_no_session_begins_with_settings_that_cannot_be_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit, "RECORD_FOLDER", audit.RECORD_FOLDER)
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    settings_file = tmp_path / "booth.toml"
    settings_file.write_text("[booth")
    command = ["--by-hand", str(tmp_path), "--port", "0", "--settings", str(settings_file)]
    assert main(command) == 1
    said = capsys.readouterr()
    assert "booth.toml" in said.err
    assert "Code" not in said.out
    assert not (tmp_path / "audit").exists()


def test_session_by_hand_ends_with_its_reader(settings_file: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "edge_lpr.aim", "--by-hand", str(tmp_path), "--port", "0"]
    with subprocess.Popen(
        [*command, "--settings", str(settings_file)], stdout=subprocess.PIPE, text=True
    ) as session:
        assert session.stdout is not None
        assert session.stdout.readline().startswith("Page")
        session.stdout.close()
        assert session.wait(60) == 0
    assert '"reason":"left"' in (tmp_path / "audit" / "entries-000000000001").read_text()
