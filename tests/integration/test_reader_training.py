"""A training that was stopped goes on where its last checkpoint was."""

import json
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")

import torch
from PIL import Image

from edge_lpr.synthesis.glyphs import HersheyTypeface
from edge_lpr.synthesis.plates import render_plate
from edge_lpr.synthesis.styles import EUROPEAN_BOXED
from edge_lpr.training.options import start_weights
from edge_lpr.training.progress import Progress
from edge_lpr.training.reader_weights import build_model, load_weights
from edge_lpr.training.train_reader import ReaderLearner, main

pytestmark = pytest.mark.torch
_SPLITS = ("train", "train", "val")
_STATE = "reader-state.pt"


def _command(data: Path, work: Path, *more: str) -> list[str]:
    batches = ["--batch-size", "4", "--loaders", "0", "--save-seconds", "0.2"]
    return ["--data", str(data), "--work", str(work), *batches, *more]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    rows = []
    for index, split in enumerate(_SPLITS):
        rng = np.random.default_rng(index)
        plate = render_plate(f"AB {index}23 CD", EUROPEAN_BOXED, HersheyTypeface(), rng)
        Image.fromarray(plate.picture_bgr).save(tmp_path / f"{index}.png")
        height, width = plate.picture_bgr.shape[:2]
        row = {"image": f"{index}.png", "text": plate.text, "split": split}
        rows.append(json.dumps(row | {"width": width, "height": height}))
    (tmp_path / "crops.jsonl").write_text("\n".join(rows), encoding="utf-8")
    return tmp_path


def test_resumed_training_continues_its_steps_and_clock(data: Path, tmp_path: Path) -> None:
    work = tmp_path / "work"
    assert main(_command(data, work, "--start", "none", "--minutes", "0.001")) == 0
    stopped = torch.load(work / _STATE, weights_only=True)["progress"]
    assert stopped["step"] > 0
    more_minutes = str(stopped["elapsed_s"] / 60 + 0.02)
    assert main(_command(data, work, "--resume", "--minutes", more_minutes)) == 0
    finished = torch.load(work / _STATE, weights_only=True)["progress"]
    assert finished["step"] > stopped["step"]
    assert finished["elapsed_s"] >= finished["budget_s"]


@pytest.mark.filterwarnings("ignore::UserWarning")  # more processes than cores, on purpose
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # Python 3.12 on forking with threads
def test_batches_come_from_other_processes_too(data: Path, tmp_path: Path) -> None:
    command = _command(data, tmp_path / "work", "--loaders", "2", "--minutes", "0.005")
    assert main(command) == 0
    assert torch.load(tmp_path / "work" / _STATE, weights_only=True)["progress"]["step"] > 0


def test_finished_training_is_left_as_it_is(data: Path, tmp_path: Path) -> None:
    work = tmp_path / "work"
    assert main(_command(data, work, "--minutes", "0.001")) == 0
    before = (work / _STATE).read_bytes()
    assert main(_command(data, work, "--resume")) == 0
    assert (work / _STATE).read_bytes() == before


def test_a_checkpoint_cut_short_by_a_kill_does_not_harm(data: Path, tmp_path: Path) -> None:
    work = tmp_path / "work"
    assert main(_command(data, work, "--minutes", "0.001")) == 0
    (work / f"{_STATE}.part").write_bytes(b"half a checkpoint")
    assert main(_command(data, work, "--resume", "--minutes", "0.01")) == 0


def test_training_starts_from_the_shipped_weights(tmp_path: Path) -> None:
    shipped = build_model()
    path = start_weights("shipped", "plate_reader.pth")
    assert path is not None
    load_weights(shipped, path)
    learner = ReaderLearner(tmp_path, Progress(1.0, 1e-3), path)
    theirs = learner.network.state_dict()
    assert all(torch.equal(value, theirs[name]) for name, value in shipped.state_dict().items())


def test_weights_of_something_else_are_refused(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "else.pth").write_bytes(b"no weights")
    start = str(tmp_path / "else.pth")
    assert main(_command(data, tmp_path / "work", "--start", start)) == 2
    assert "is not a reader" in capsys.readouterr().err
