"""The vision process as it is started on a booth: its exit status, its log and its orderly stop."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from tests.support.scenes import write_lane_folder
from tests.support.waiting import DEADLINE_S, wait_until

FRAMES = 8


@pytest.fixture
def frames(tmp_path: Path) -> Path:
    """Return a folder with frames of an empty road."""
    folder = tmp_path / "frames"
    folder.mkdir()
    for index in range(FRAMES):
        picture_bgr = np.full((120, 160, 3), 80, np.uint8)
        assert cv2.imwrite(str(folder / f"{index}.png"), picture_bgr)  # noqa: TID251 - a test
    return folder


def _settings_file(
    tmp_path: Path, source: Path | str, *, kind: str = "folder", **vision: str
) -> Path:
    lines = [f'{key} = "{value}"' for key, value in vision.items()]
    file = tmp_path / "booth.toml"
    file.write_text(
        "[booth]\ntenant = 't'\nsite = 's'\ndevice = 'd'\n[[lanes]]\nnumber = 1\n"
        f"[vision]\nreadings_socket = '{tmp_path}/readings.sock'\nthreads = 1\n"
        + "\n".join(lines)
        + f"\n[vision.source]\nkind = '{kind}'\naddress = '{source}'\n"
        + f"[tokeniser]\nreadings_socket = '{tmp_path}/readings.sock'\n"
    )
    return file


def _command(settings_file: Path) -> list[str]:
    return [sys.executable, "-m", "edge_lpr.vision", "--settings", str(settings_file)]


def _events(log: str) -> list[dict[str, Any]]:
    """Take a log apart; every line must be JSON."""
    return [json.loads(line) for line in log.splitlines()]


def _run(settings_file: Path) -> tuple[int, list[dict[str, Any]]]:
    finished = subprocess.run(
        _command(settings_file), capture_output=True, text=True, timeout=60, check=False
    )
    assert finished.stdout == ""
    return finished.returncode, _events(finished.stderr)


def test_a_replay_ends_with_status_0_and_the_funnel(tmp_path: Path, frames: Path) -> None:
    status, events = _run(_settings_file(tmp_path, frames))
    assert status == 0
    # Whether memory can be locked is the machine's matter.
    events = [event for event in events if not event["event"].startswith("memory_")]
    assert [event["event"] for event in events] == [
        "source_opened",
        "started",
        "source_ended",
        "funnel",
        "stopped",
    ]
    assert events[3]["counters"]["frames"] == FRAMES
    assert events[3]["counters"]["undelivered"] == 0


def test_missing_settings_end_with_status_2_and_what_to_do(tmp_path: Path) -> None:
    status, events = _run(tmp_path / "booth.toml")
    assert status == 2
    assert events[-1]["kind"] == "SettingsError"
    assert "copy firmware_config/booth.toml" in events[-1]["detail"]


def test_a_missing_model_ends_with_status_2_and_its_name(tmp_path: Path, frames: Path) -> None:
    status, events = _run(_settings_file(tmp_path, frames, models_folder=str(tmp_path)))
    assert status == 2
    assert events[-1]["kind"] == "ModelError"
    assert "manifest.json: cannot be read" in events[-1]["detail"]


def test_a_damaged_model_ends_with_status_2(tmp_path: Path, frames: Path) -> None:
    models = tmp_path / "models"
    models.mkdir()
    shipped = Path(str(resources.files("edge_lpr.models")))
    for name in ("manifest.json", "detector.onnx", "corners.onnx", "reader.onnx"):
        shutil.copy(shipped / name, models)
    with (models / "reader.onnx").open("r+b") as model:
        model.truncate(1000)
    status, events = _run(_settings_file(tmp_path, frames, models_folder=str(models)))
    assert status == 2
    assert "cut short" in events[-1]["detail"]


def test_a_missing_source_ends_with_status_2_and_what_to_do(tmp_path: Path) -> None:
    status, events = _run(_settings_file(tmp_path, tmp_path / "nothing"))
    assert status == 2
    assert events[-1]["kind"] == "NoSuchSourceError"
    assert "give a folder of frames" in events[-1]["detail"]


def test_a_missing_camera_ends_with_status_1_and_what_to_do(tmp_path: Path) -> None:
    status, events = _run(_settings_file(tmp_path, "97", kind="camera"))
    assert status == 1
    assert events[-1]["kind"] == "FrameSourceError"
    assert "plug it in" in events[-1]["detail"]


@pytest.fixture
def long_replay(tmp_path: Path, frames: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run the process over more frames than it can have finished when it is stopped."""
    for index in range(FRAMES, 5000):
        os.link(frames / "0.png", frames / f"{index}.png")
    settings_file = _settings_file(tmp_path, frames)
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(_command(settings_file), stderr=log)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_it_in_an_orderly_way(
    tmp_path: Path, long_replay: subprocess.Popen[bytes], number: signal.Signals
) -> None:
    log = tmp_path / "log"
    wait_until(lambda: b'"started"' in log.read_bytes())
    long_replay.send_signal(number)
    assert long_replay.wait(DEADLINE_S) == 0
    events = _events(log.read_text())
    assert [event["event"] for event in events[-2:]] == ["funnel", "stopped"]
    assert events[-2]["counters"]["frames"] < 5000


def test_a_signal_ends_the_wait_for_a_tokeniser_that_is_away(tmp_path: Path) -> None:
    frames = tmp_path / "lane"
    frames.mkdir()
    write_lane_folder(frames, passes=1, seed=1)
    log_file = tmp_path / "log"
    with log_file.open("wb") as log:
        process = subprocess.Popen(_command(_settings_file(tmp_path, frames)), stderr=log)
    try:
        wait_until(lambda: b'"source_ended"' in log_file.read_bytes(), deadline_s=60)
        process.send_signal(signal.SIGTERM)
        # Without the signal it waits for a minute.
        assert process.wait(DEADLINE_S) == 0
    finally:
        process.kill()
        process.wait()
    (funnel,) = [event for event in _events(log_file.read_text()) if event["event"] == "funnel"]
    assert funnel["counters"]["undelivered"] == 1
