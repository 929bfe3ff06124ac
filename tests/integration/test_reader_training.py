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
from edge_lpr.training.reader_weights import build_model, load_weights
from edge_lpr.training.train_reader import ReaderTraining, Recipe, train

pytestmark = pytest.mark.torch
_SPLITS = ("train", "train", "val")


def _recipe(
    data: Path, work: Path, *, minutes: float, resume: bool = False, start: Path | None = None
) -> Recipe:
    return Recipe(
        data=data,
        pictures=data,
        work=work,
        start=start,
        resume=resume,
        minutes=minutes,
        batch_size=4,
        learning_rate=1e-3,
        checkpoint_s=0.2,
        precision=torch.float32,
    )


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
    train(_recipe(data, work, minutes=0.001))
    stopped = ReaderTraining(_recipe(data, work, minutes=1.0, resume=True))
    assert stopped.steps > 0
    assert stopped.progress > 0
    more_minutes = stopped.elapsed_s / 60 + 0.02
    train(_recipe(data, work, minutes=more_minutes, resume=True))
    finished = ReaderTraining(_recipe(data, work, minutes=more_minutes, resume=True))
    assert finished.steps > stopped.steps
    assert finished.progress == 1.0


def test_a_checkpoint_cut_short_by_a_kill_does_not_harm(data: Path, tmp_path: Path) -> None:
    work = tmp_path / "work"
    train(_recipe(data, work, minutes=0.005))
    (work / "reader-checkpoint.pt.part").write_bytes(b"half a checkpoint")
    assert ReaderTraining(_recipe(data, work, minutes=0.01, resume=True)).steps > 0


def test_training_can_start_from_trained_weights(data: Path, tmp_path: Path) -> None:
    work = tmp_path / "work"
    train(_recipe(data, work, minutes=0.005))
    trained = build_model()
    load_weights(trained, work / "plate_reader.pth")
    begun = ReaderTraining(
        _recipe(data, tmp_path / "other", minutes=1, start=work / "plate_reader.pth")
    )
    theirs = begun.model.state_dict()
    assert all(torch.equal(value, theirs[name]) for name, value in trained.state_dict().items())
