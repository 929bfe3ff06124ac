"""Trains the corner network: ``python -m edge_lpr.training.train_corners --data D --work W``.

It may be killed at any moment and continued with ``--resume``; its state lies in ``--work``,
never in the repository.
"""

import argparse
import copy
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

import cv2
import numpy as np
import torch
from torch.nn import functional

from edge_lpr.core.errors import DataSetError
from edge_lpr.training.corner_batches import PatchBatch
from edge_lpr.training.corner_weights import load_weights, save_weights
from edge_lpr.training.detector_lessons import Lessons, training_rows
from edge_lpr.training.detector_samples import BOX_KNOWN, CORNERS_BELIEVED, CORNERS_KNOWN
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
from edge_lpr.vision.adapters.corner_network import STRIDE, CornerNetwork

NAME: Final = "corners"
"""First on every line of the screen, and in the names of files."""

WEIGHTS_NAME: Final = "plate_corners.pth"
"""File of the weights, in a run's folder and among the shipped models."""

STATE_NAME: Final = "corners-state.pt"
"""Checkpoint in a run's folder."""

BATCH_SIZE: Final = {"cpu": 64, "cuda": 512}
"""Patches in a step: as few as teach well, or as many as keep a GPU busy."""

CORNER_BETA: Final = 0.03
"""Corner error, in shares of the square root of the plate's area, below which the loss is
quadratic: a tenth of the height of a plate of 1 : 4."""

CORNER_GAIN: Final = 8.0
MAP_GAIN: Final = 0.15
EXTENT_GAIN: Final = 2.0
BELIEVED_GAIN: Final = 2.0
"""Weights of the parts of the loss beside "is it a plate": exact corners, the maps' peaks, boxes
that corners must fill (people draw them loosely), and corners that a detector believes in."""

LARGEST_GRADIENT: Final = 5.0
"""Norm that gradients are cut to."""


class CornerLearner(Learner[PatchBatch]):
    """The corner network, learning."""

    def __init__(self, work: Path, progress: Progress, start: Path | None) -> None:
        """Set up the networks.

        Args:
            work: Existing folder for the weights.
            progress: Where the training stands.
            start: Weights to start from, or None for random ones.
        """
        network = CornerNetwork()
        if start is not None:
            load_weights(network, start)
        super().__init__(
            network.to(memory_format=torch.channels_last),
            copy.deepcopy(network),
            progress,
            weight_decay=0.01,
            largest_gradient=LARGEST_GRADIENT,
        )
        self._work = work

    def lose(self, batch: PatchBatch) -> tuple[torch.Tensor, Mapping[str, torch.Tensor]]:
        """Compute the loss of a batch.

        Args:
            batch: As ``PatchSource.draw`` returns it.

        Returns:
            The loss, and its parts.
        """
        device = self.device
        rgb = torch.from_numpy(np.ascontiguousarray(batch.pictures[..., ::-1])).to(device)
        pictures = rgb.permute(0, 3, 1, 2).float() / 255
        truth = torch.from_numpy(batch.corners).to(device)
        known = torch.from_numpy(batch.knowledge).to(device)
        maps, odds = self.forward(pictures)
        maps, odds = maps.float(), odds.float()
        found = CornerNetwork.corners(maps)
        judged = functional.binary_cross_entropy_with_logits(
            odds, torch.from_numpy(batch.is_plate).to(device)
        )
        size = _plate_size(truth)
        error = (found - truth) / size[:, None, None]
        extent = torch.cat([found.amin(1), found.amax(1)], 1)
        box = torch.cat([truth.amin(1), truth.amax(1)], 1)
        exact = _mean_where(error, known == CORNERS_KNOWN)
        peaks = _mean_peak(maps, truth, known == CORNERS_KNOWN)
        believed = _mean_where(error, known == CORNERS_BELIEVED)
        filled = _mean_where((extent - box) / size[:, None], known == BOX_KNOWN)
        loss = (
            judged
            + CORNER_GAIN * exact
            + MAP_GAIN * peaks
            + BELIEVED_GAIN * believed
            + EXTENT_GAIN * filled
        )
        parts = {"plate": judged, "corners": exact, "maps": peaks, "box": filled}
        return loss, {name: part.detach() for name, part in parts.items()}

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
    work: Path = arguments.work
    start = None if arguments.resume else start_weights(arguments.start, WEIGHTS_NAME)
    batch_size = arguments.batch_size or BATCH_SIZE[default_device()]
    rows = training_rows(arguments.data)
    with claim(work, NAME):
        learner = start_or_resume(
            arguments,
            work / STATE_NAME,
            start,
            lambda progress, weights: CornerLearner(work, progress, weights),
        )
        if learner.progress.share >= 1:
            learner.write_weights()
            return
        saver = Saver(learner, work / STATE_NAME, every_s=arguments.save_seconds)
        screen = Screen(NAME, learner.progress, batch_size)
        lessons = Lessons(arguments, rows, learner.progress.step)
        # From here on the run can be resumed.
        saver.save()
        source = lessons.patches()

        def begin(rng: np.random.Generator) -> Callable[[], PatchBatch]:
            return lambda: source.draw(batch_size, rng)

        batches = endless_batches(begin, (learner.progress.step, 3), arguments.loaders)
        learn(learner, batches, saver, screen, until_s=learner.progress.budget_s)
        saver.save()
        screen.say(f"done after {learner.progress.step} steps")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        argv: Arguments without the program's name; None takes those of the process.

    Returns:
        Exit status: 0, 2 where something is missing or wrong, 130 when it was interrupted.
    """
    parser = training_parser("edge_lpr.training.train_corners", "Trains the corner network.")
    try:
        train(parser.parse_args(argv))
    except KeyboardInterrupt:
        return 130
    except (DataSetError, OSError) as error:
        print(f"train_corners: {error}", file=sys.stderr)
        return 2
    return 0


def _plate_size(corners: torch.Tensor) -> torch.Tensor:
    """Return the square root of each quad's area (shoelace), at least four pixels."""
    x, y = corners[..., 0], corners[..., 1]
    twice = (x * y.roll(-1, 1) - y * x.roll(-1, 1)).sum(1).abs()
    return (twice / 2).clamp(min=16).sqrt()


def _mean_where(error: torch.Tensor, chosen: torch.Tensor) -> torch.Tensor:
    """Average the smooth absolute error over the chosen rows; 0 where there are none."""
    picked = error[chosen]
    if not len(picked):
        return error.sum() * 0
    return functional.smooth_l1_loss(picked, torch.zeros_like(picked), beta=CORNER_BETA)


def _mean_peak(maps: torch.Tensor, truth: torch.Tensor, chosen: torch.Tensor) -> torch.Tensor:
    """Average the cross entropy of the maps with the cells around each true corner."""
    picked = maps[chosen]
    if not len(picked):
        return maps.sum() * 0
    rows, columns = picked.shape[2:]
    place = (truth[chosen] / STRIDE - 0.5).clamp(min=0)
    place = torch.minimum(place, torch.tensor([columns - 1.001, rows - 1.001], device=maps.device))
    low = place.floor()
    part = place - low
    scores = picked.flatten(2).log_softmax(2)
    loss = scores.new_zeros(())
    for down in (0, 1):
        for across in (0, 1):
            weight = (part[..., 0] if across else 1 - part[..., 0]) * (
                part[..., 1] if down else 1 - part[..., 1]
            )
            cell = ((low[..., 1] + down) * columns + low[..., 0] + across).long()
            loss = loss - (weight * scores.gather(2, cell[..., None])[..., 0]).mean()
    return loss


if __name__ == "__main__":
    sys.exit(main())
