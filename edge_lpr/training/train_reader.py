"""Trains the plate reader: ``python -m edge_lpr.training.train_reader --data D --work W``.

It may be killed at any moment and continued with ``--resume``; its state lies in ``--work``,
never in the repository.
"""

import argparse
import copy
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

import cv2
import numpy as np
import torch
from torch.nn import functional

from edge_lpr.core.errors import DataSetError
from edge_lpr.models.plate_reader import Model
from edge_lpr.training.batch_chance import BatchChance
from edge_lpr.training.drawn_plates import load_materials
from edge_lpr.training.flat_plates import FlatPlates, lay_flat
from edge_lpr.training.learner import Learner, Saver, learn
from edge_lpr.training.loaders import endless_batches
from edge_lpr.training.options import (
    check_numbers,
    claim,
    default_device,
    start_or_resume,
    start_weights,
    training_parser,
)
from edge_lpr.training.progress import Progress, Screen
from edge_lpr.training.reader_photographs import load_photographs
from edge_lpr.training.reader_renderings import Renderings
from edge_lpr.training.reader_rephotographed import PACK_SIZE, Rephotographer
from edge_lpr.training.reader_samples import Batch, make_batch
from edge_lpr.training.reader_scores import ValidationSet, load_validation, read_all, score
from edge_lpr.training.reader_weights import build_model, load_weights, save_weights

NAME: Final = "reader"
"""First on every line of the screen, and in the names of files."""

WEIGHTS_NAME: Final = "plate_reader.pth"
"""File of the weights, in a run's folder and among the shipped models."""

STATE_NAME: Final = "reader-state.pt"
"""Checkpoint in a run's folder."""

BATCH_SIZE: Final = {"cpu": 64, "cuda": 1024}
"""Plates in a step: as few as teach well, or as many as keep a GPU busy."""

FRESH_SHARE: Final = 0.25
"""Share of a batch drawn anew; drawing a plate costs more than photographing it twice."""

LARGEST_GRADIENT: Final = 5.0
"""Norm that gradients are cut to."""


class ReaderLearner(Learner[Batch]):
    """The reader, learning."""

    def __init__(self, work: Path, progress: Progress, start: Path | None) -> None:
        """Set up the networks.

        Args:
            work: Existing folder for the weights.
            progress: Where the training stands.
            start: Weights to start from, or None for random ones.
        """
        network: Model = build_model()
        if start is not None:
            load_weights(network, start)
        super().__init__(
            network,
            copy.deepcopy(network),
            progress,
            weight_decay=0.02,
            largest_gradient=LARGEST_GRADIENT,
        )
        self._work = work

    def lose(self, batch: Batch) -> tuple[torch.Tensor, Mapping[str, torch.Tensor]]:
        """Compute the loss of a batch.

        Args:
            batch: As ``make_batch`` returns it.

        Returns:
            The loss, and the same by its name.
        """
        pictures = batch.pictures.to(self.device)
        scores = self.forward(pictures).float().log_softmax(2).transpose(0, 1)
        steps = torch.full((scores.shape[1],), scores.shape[0], dtype=torch.long)
        loss = functional.ctc_loss(
            scores,
            batch.classes.to(self.device),
            steps,
            batch.lengths,
            zero_infinity=True,
        )
        return loss, {"ctc_loss": loss.detach()}

    def write_weights(self) -> None:
        """Write the averaged weights, whole or not at all."""
        save_weights(self.average, self._work / WEIGHTS_NAME)


def train(arguments: argparse.Namespace) -> None:
    """Train until the budget is spent.

    Args:
        arguments: Parsed command line.

    Raises:
        DataSetError: Labels, pictures, weights or the state are missing or wrong.
    """
    check_numbers(arguments)
    cv2.setNumThreads(1)
    torch.backends.cudnn.benchmark = True
    work: Path = arguments.work
    pictures: Path = arguments.pictures or arguments.data
    start = None if arguments.resume else start_weights(arguments.start, WEIGHTS_NAME)
    batch_size = arguments.batch_size or BATCH_SIZE[default_device()]
    with claim(work, NAME):
        learner = start_or_resume(
            arguments,
            work / STATE_NAME,
            start,
            lambda progress, weights: ReaderLearner(work, progress, weights),
        )
        if learner.progress.share >= 1:
            learner.write_weights()
            return
        screen = Screen(NAME, learner.progress, batch_size)
        lessons = _Lessons(arguments.data, pictures, batch_size)
        validation = load_validation(arguments.data, pictures)
        saver = Saver(
            learner,
            work / STATE_NAME,
            every_s=arguments.save_seconds,
            after=lambda: _show_scores(learner, validation, screen),
        )
        # From here on the run can be resumed.
        saver.save()
        batches = lessons.batches(learner, arguments.loaders)
        learn(learner, batches, saver, screen, until_s=learner.progress.budget_s)
        saver.save()
        _show_scores(learner, validation, screen)
        screen.say(f"done after {learner.progress.step} steps")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        argv: Arguments without the program's name; None takes those of the process.

    Returns:
        Exit status: 0, 2 where something is missing or wrong, 130 when it was interrupted.
    """
    parser = training_parser("edge_lpr.training.train_reader", "Trains the plate reader.")
    try:
        train(parser.parse_args(argv))
    except KeyboardInterrupt:
        return 130
    except (DataSetError, OSError) as error:
        print(f"train_reader: {error}", file=sys.stderr)
        return 2
    return 0


class _Lessons:
    """What plates are made of, in memory before processes are forked that draw them."""

    def __init__(self, data: Path, pictures: Path, batch_size: int) -> None:
        self._photographs = load_photographs(data, pictures)
        self._typefaces, self._blanks = load_materials(data)
        self._batch_size = batch_size

    def batches(self, learner: ReaderLearner, loaders: int) -> Iterator[Batch]:
        """Draw batches without end, where there is most room for it."""
        # Another sequence after each start: the same one would show the same plates again.
        step = learner.progress.step
        if learner.device.type != "cuda":
            return endless_batches(self._begin_photographing, (step, 2), loaders)
        packs = endless_batches(self._begin_drawing, (step, 2), loaders)
        chance = BatchChance(learner.device, step)
        return Rephotographer(self._photographs, packs, chance).batches(self._batch_size)

    def _begin_photographing(self, rng: np.random.Generator) -> Callable[[], Batch]:
        """Begin to draw and photograph plates, in any process."""
        renderings = Renderings(self._typefaces, self._blanks, rng)
        size, fresh = self._batch_size, round(self._batch_size * FRESH_SHARE)
        return lambda: make_batch(self._photographs, renderings, rng, size=size, fresh=fresh)

    def _begin_drawing(self, rng: np.random.Generator) -> Callable[[], FlatPlates]:
        """Begin to draw new plates, in any process."""
        renderings = Renderings(self._typefaces, self._blanks, rng)
        return lambda: lay_flat([renderings.render() for _ in range(PACK_SIZE)])


def _show_scores(learner: ReaderLearner, validation: ValidationSet, screen: Screen) -> None:
    """Print what the averaged network reads of each group: strict, folded, of how many."""
    readings = read_all(learner.average, validation.pictures)
    for group, found in score(readings, validation.classes, validation.groups).items():
        strict, folded = found.exact / found.plates, found.folded / found.plates
        screen.say(f"val {group:16} {strict:.1%} strict {folded:.1%} folded of {found.plates}")


if __name__ == "__main__":
    sys.exit(main())
