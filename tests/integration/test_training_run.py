"""A whole training is killed without warning, goes on, and ends in models that a device accepts."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import cv2
import numpy as np
import pytest

pytest.importorskip("ultralytics")

import torch

from edge_lpr.synthesis.glyphs import HersheyTypeface
from edge_lpr.synthesis.plates import render_plate
from edge_lpr.synthesis.styles import EUROPEAN_BOXED
from edge_lpr.training.collect import install
from edge_lpr.training.run import main
from edge_lpr.vision.models import load_models

pytestmark = pytest.mark.torch

_DEADLINE_S = 300.0


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Write drawn cut-outs of a made-up country, and a photograph of each."""
    folder = tmp_path / "data"
    (folder / "utopia").mkdir(parents=True)
    crops, scenes = [], []
    for number in range(3):
        rng = np.random.default_rng(number)
        plate = render_plate(f"U {number}23 TOP", EUROPEAN_BOXED, HersheyTypeface(), rng)
        height, width = plate.picture_bgr.shape[:2]
        street = rng.integers(60, 120, (3 * height, 2 * width, 3)).astype(np.uint8)
        street[height : 2 * height, :width] = plate.picture_bgr
        for name, picture in (("crop", plate.picture_bgr), ("street", street)):
            cv2.imwrite(str(folder / f"utopia/{name}{number}.png"), picture)  # noqa: TID251 - drawn
        split = "val" if number == 2 else "train"
        crops.append({"image": f"utopia/crop{number}.png", "text": plate.text, "split": split})
        box = [0, height, width, height]
        scenes.append(
            {"image": f"utopia/street{number}.png", "plates": [{"box": box, "text": plate.text}]}
        )
    for name, rows in (("crops", crops), ("scenes-train", scenes[:2]), ("scenes-val", scenes[2:])):
        (folder / f"{name}.jsonl").write_text("\n".join(json.dumps(row) for row in rows))
    return folder


def _start(data: Path, work: Path, *more: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "edge_lpr.training", "--data", str(data), "--work", str(work)]
    # A group of its own, so that a kill reaches the run as a power cut would.
    return subprocess.Popen([*command, "--only", "reader", *more], start_new_session=True)


def _step(work: Path) -> int:
    try:
        state = torch.load(work / "reader-state.pt", weights_only=True)
    except FileNotFoundError:
        return -1
    return int(state["progress"]["step"])


def test_killed_run_goes_on_to_models_that_a_device_accepts(data: Path, tmp_path: Path) -> None:
    work = tmp_path / "work"
    run = _start(data, work, "--minutes", "30")
    give_up = time.monotonic() + _DEADLINE_S
    # The first checkpoint is written before the first step.
    while _step(work) < 0 and run.poll() is None and time.monotonic() < give_up:
        time.sleep(0.2)
    os.killpg(run.pid, signal.SIGKILL)
    assert run.wait() == -signal.SIGKILL
    killed_at = _step(work)
    assert killed_at >= 0
    resumed = _start(data, work, "--resume", "--minutes", "0.05")
    assert resumed.wait(_DEADLINE_S) == 0
    assert _step(work) > killed_at
    models = load_models(work / "models")
    assert models.reader.onnx == (work / "models/reader.onnx").read_bytes()
    package = tmp_path / "package"
    package.mkdir()
    install(work / "models", package)
    assert load_models(package).reader.onnx == models.reader.onnx


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        pytest.param(["--resume"], "does not exist; start without", id="nothing to resume"),
        pytest.param(["--start", "absent.pt"], "absent.pt is not a file", id="no weights"),
        pytest.param(["--minutes", "-1"], "--minutes is -1", id="no time"),
    ],
)
def test_what_cannot_be_trained_is_a_sentence(
    more: list[str], sentence: str, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--data", str(data), "--work", str(tmp_path / "work"), *more]) == 2
    assert sentence in capsys.readouterr().err


def test_run_in_the_folder_is_not_written_over(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "run.json").write_text("{}")
    assert main(["--data", str(data), "--work", str(tmp_path)]) == 2
    assert "pass --resume" in capsys.readouterr().err


def test_damaged_plan_is_a_sentence(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "run.json").write_text("{}")
    assert main(["--data", str(data), "--work", str(tmp_path), "--resume"]) == 2
    assert "is damaged" in capsys.readouterr().err


def test_resumed_run_trains_what_it_did_before(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plan = {"start": "shipped", "minutes": 1, "parts": ["detector", "reader"]}
    (tmp_path / "run.json").write_text(json.dumps(plan))
    command = ["--data", str(data), "--work", str(tmp_path), "--resume", "--only", "reader"]
    assert main(command) == 2
    assert "trains detector and reader; leave --only out" in capsys.readouterr().err


def test_training_that_fails_ends_the_run(
    data: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (data / "crops.jsonl").write_text("{")
    command = ["--data", str(data), "--work", str(tmp_path / "work"), "--only", "reader"]
    assert main(command) == 2
    assert "crops.jsonl, line 1" in capfd.readouterr().err


def test_incomplete_models_are_not_installed(tmp_path: Path) -> None:
    with pytest.raises(Exception, match="train or export it first"):
        install(tmp_path, tmp_path)
