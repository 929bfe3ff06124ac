"""Trains the plate detector: ``python -m edge_lpr.training.train_detector --data D --work W``.

It may be killed at any moment and continued with ``--resume``; its state lies in ``--work``,
never in the repository.
"""

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import cv2
import torch

from edge_lpr.core.errors import DataSetError
from edge_lpr.training.detector_batches import Batch
from edge_lpr.training.detector_findings import Findings, save_findings
from edge_lpr.training.detector_lessons import FINDINGS_NAME, Lessons, training_rows
from edge_lpr.training.detector_network import PlateLoss, as_float, build_detector, save_weights
from edge_lpr.training.learner import Learner, Saver, learn
from edge_lpr.training.options import (
    check_numbers,
    claim,
    default_device,
    start_or_resume,
    start_weights,
    training_parser,
)
from edge_lpr.training.progress import Progress, Screen

NAME: Final = "detector"
"""First on every line of the screen, and in the names of files."""

WEIGHTS_NAME: Final = "detector.pt"
"""File of the weights, in a run's folder and among the shipped models."""

STATE_NAME: Final = "detector-state.pt"
"""Checkpoint in a run's folder."""

BATCH_SIZE: Final = {"cpu": 16, "cuda": 64}
"""Pictures in a step: as few as teach well, or as many as keep a GPU busy."""

MOSAIC_UNTIL: Final = 0.8
"""Share of the time after which pictures are no longer joined from four."""

REVIEW_EVERY_S: Final = 1200.0
"""Seconds between two searches for false alarms; one takes half a minute on a slow core."""


class DetectorLearner(Learner[Batch]):
    """The detector, learning."""

    def __init__(self, work: Path, progress: Progress, start: Path | None, batch: int) -> None:
        """Set up the networks.

        Args:
            work: Existing folder for the weights.
            progress: Where the training stands.
            start: Weights to start from, or None for random ones.
            batch: Pictures in a step.
        """
        network, average = build_detector(start), build_detector(start)
        average.load_state_dict(network.state_dict())
        super().__init__(
            network.to(memory_format=torch.channels_last),
            average,
            progress,
            weight_decay=0.01,
            # The loss is a sum over the batch.
            largest_gradient=10.0 * batch,
        )
        # The loss holds tensors on the device of its network, so it is made again after the move.
        network.criterion = PlateLoss(network)
        self._compute_loss = network.loss
        self._work = work

    def lose(self, batch: Batch) -> tuple[torch.Tensor, Mapping[str, torch.Tensor]]:
        """Compute the loss of a batch.

        Args:
            batch: As ``BatchSource.draw`` returns it.

        Returns:
            The loss, and its parts.
        """
        batch = {name: tensor.to(self.device, non_blocking=True) for name, tensor in batch.items()}
        batch["img"] = batch["img"].float() / 255
        predictions = self.forward(batch["img"])
        loss, parts = self._compute_loss(batch, as_float(predictions))
        return loss.sum(), parts

    def write_weights(self) -> None:
        """Write the averaged weights, whole or not at all."""
        part = self._work / (WEIGHTS_NAME + ".part")
        save_weights(self.average, part)
        part.replace(self._work / WEIGHTS_NAME)


def train(arguments: argparse.Namespace) -> None:
    """Train until the budget is spent.

    Args:
        arguments: Parsed command line.

    Raises:
        DataSetError: Labels, pictures, weights or the state are missing or wrong.
    """
    check_numbers(arguments)
    cv2.setNumThreads(1)
    work: Path = arguments.work
    start = None if arguments.resume else start_weights(arguments.start, WEIGHTS_NAME)
    batch_size = arguments.batch_size or BATCH_SIZE[default_device()]
    rows = training_rows(arguments.data)
    with claim(work, NAME):
        learner = start_or_resume(
            arguments,
            work / STATE_NAME,
            start,
            lambda progress, weights: DetectorLearner(work, progress, weights, batch_size),
        )
        if learner.progress.share >= 1:
            learner.write_weights()
            return
        saver = Saver(learner, work / STATE_NAME, every_s=arguments.save_seconds)
        screen = Screen(NAME, learner.progress, batch_size)
        lessons = Lessons(arguments, rows, learner.progress.step)
        # From here on the run can be resumed; what a random network sees is not worth knowing.
        saver.save()
        if start is None and not (work / FINDINGS_NAME).exists():
            save_findings(Findings(), work / FINDINGS_NAME)
        findings = lessons.first_findings(learner.average, screen)
        _take_turns(learner, saver, screen, lessons, findings)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        argv: Arguments without the program's name; None takes those of the process.

    Returns:
        Exit status: 0, 2 where something is missing or wrong, 130 when it was interrupted.
    """
    parser = training_parser("edge_lpr.training.train_detector", "Trains the plate detector.")
    try:
        train(parser.parse_args(argv))
    except KeyboardInterrupt:
        return 130
    except (DataSetError, OSError) as error:
        print(f"train_detector: {error}", file=sys.stderr)
        return 2
    return 0


def _take_turns(
    learner: DetectorLearner, saver: Saver, screen: Screen, lessons: Lessons, findings: Findings
) -> None:
    """Learn and look again in turns, until the time is spent."""
    progress = learner.progress
    mosaic_end_s = MOSAIC_UNTIL * progress.budget_s
    while progress.share < 1:
        with_mosaic = progress.elapsed_s < mosaic_end_s
        until_s = progress.elapsed_s + REVIEW_EVERY_S
        batches = lessons.batches(
            findings, screen.batch_size, progress.step, with_mosaic=with_mosaic
        )
        learn(
            learner,
            batches,
            saver,
            screen,
            until_s=min(until_s, mosaic_end_s) if with_mosaic else until_s,
        )
        if progress.share < 1:
            findings = lessons.new_findings(learner.average, screen, findings)
    saver.save()
    screen.say(f"done after {progress.step} steps")


if __name__ == "__main__":
    sys.exit(main())
