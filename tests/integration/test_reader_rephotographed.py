"""The reader learns from plates that are photographed where it learns, on a GPU or not."""

import threading
from collections.abc import Iterator
from itertools import islice, repeat
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")

import torch

from edge_lpr.core.errors import DataSetError
from edge_lpr.synthesis.glyphs import HersheyTypeface
from edge_lpr.training.batch_chance import BatchChance
from edge_lpr.training.flat_plates import FlatPlates, lay_flat
from edge_lpr.training.progress import Progress
from edge_lpr.training.reader_augment import PHOTOGRAPHED
from edge_lpr.training.reader_photographs import Photographs, Sample
from edge_lpr.training.reader_renderings import Renderings
from edge_lpr.training.reader_rephotographed import Rephotographer
from edge_lpr.training.train_reader import ReaderLearner

pytestmark = pytest.mark.torch

CPU = torch.device("cpu")


def _pack(seed: int) -> FlatPlates:
    faces = {"hershey-simplex": HersheyTypeface()}
    renderings = Renderings(faces, [], np.random.default_rng(seed))
    return lay_flat([renderings.render() for _ in range(8)])


def _photographs() -> Photographs:
    corners = np.array([[4, 4], [63, 4], [63, 23], [4, 23]], np.float32)
    picture = np.full((28, 68), 128, np.uint8)
    return Photographs({"us": [Sample(picture, corners, np.array([9, 9], np.uint8), PHOTOGRAPHED)]})


def _rephotographer(packs: Iterator[FlatPlates]) -> Rephotographer:
    return Rephotographer(_photographs(), packs, BatchChance(CPU, 1), size=32, fewest=8)


def test_the_reader_takes_a_step_on_rephotographed_plates(tmp_path: Path) -> None:
    rephotographer = _rephotographer(repeat(_pack(1)))
    learner = ReaderLearner(tmp_path, Progress(60, 1e-4), None)
    (batch,) = islice(rephotographer.batches(20), 1)
    parts = learner.step(batch)
    assert torch.isfinite(parts["ctc_loss"])
    assert batch.pictures.shape == (20, 1, 64, 192)
    # A third of the batch are photographs, and all of them here read the same.
    assert batch.lengths[13:].tolist() == [2] * 7
    assert batch.classes[13:, :2].tolist() == [[9, 9]] * 7


def test_training_says_so_when_nobody_draws_any_more() -> None:
    rephotographer = _rephotographer(iter([_pack(2)]))
    with pytest.raises(DataSetError, match="has ended"):
        for _ in islice(rephotographer.batches(4), 1000):
            pass


def test_nobody_draws_any_more_when_no_batches_are_wanted() -> None:
    drawn = []

    def draw() -> Iterator[FlatPlates]:
        pack = _pack(3)
        while True:
            drawn.append(pack)
            yield pack

    batches = _rephotographer(draw()).batches(4)
    next(batches)
    batches.close()
    count = len(drawn)
    # The queue has room again, and still nothing is drawn: whoever drew has gone.
    assert threading.active_count() == 1
    assert len(drawn) == count
