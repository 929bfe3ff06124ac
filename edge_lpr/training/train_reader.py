"""Trains the plate reader: ``python -m edge_lpr.training.train_reader --data DIR --work DIR``.

Killed at any moment, it goes on with ``--resume`` from the last checkpoint. The learning rate
follows the clock and not the step count, so that a slow or shared machine still ends its
schedule in the minutes it was given.
"""

import argparse
import copy
import logging
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from torch.nn import functional

from edge_lpr.training.reader_photographs import load_photographs
from edge_lpr.training.reader_renderings import load_renderings
from edge_lpr.training.reader_samples import Batch, make_batch
from edge_lpr.training.reader_scores import ValidationSet, load_validation, read_all, score
from edge_lpr.training.reader_weights import build_model, load_weights, save_weights, write_whole

_LOG = logging.getLogger(__name__)
_WARM_UP = 0.02
_EMA_DECAY = 0.998
_FRESH_SHARE = 0.25
"""Share of a batch drawn anew; drawing a plate costs more than photographing it twice."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """What a run is asked to do."""

    data: Path
    """Folder of the label files, ``fonts`` and ``us-blank-plates``."""
    pictures: Path
    """Folder that ``image`` fields are relative to."""
    work: Path
    """Folder for checkpoints and weights, outside the repository."""
    start: Path | None
    """Weights to begin with."""
    resume: bool
    """Whether to go on from the last checkpoint."""
    minutes: float
    """Training time of the whole run, earlier parts included."""
    batch_size: int
    """Plates in a step."""
    learning_rate: float
    """Highest rate of the schedule."""
    checkpoint_s: float
    """Seconds between checkpoints."""
    precision: torch.dtype
    """Type of the forward pass."""


class ReaderTraining:
    """A run: network, averaged network, optimiser and clock."""

    def __init__(self, recipe: Recipe) -> None:
        """Build or load the state.

        Args:
            recipe: What to do.
        """
        self.recipe = recipe
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self.model = build_model().to(self.device)
        if recipe.start is not None:
            load_weights(self.model, recipe.start)
        self.average = copy.deepcopy(self.model).eval()
        self.optimiser = torch.optim.AdamW(
            self.model.parameters(), lr=recipe.learning_rate, weight_decay=0.02
        )
        self.steps = 0
        self.elapsed_s = 0.0
        if recipe.resume and self._checkpoint.exists():
            self._load_checkpoint()

    @property
    def _checkpoint(self) -> Path:
        return self.recipe.work / "reader-checkpoint.pt"

    @property
    def progress(self) -> float:
        """Share of the run's time that has passed, 0 to 1."""
        return min(1.0, self.elapsed_s / (60.0 * self.recipe.minutes))

    def learn(self, batch: Batch) -> float:
        """Take one step; give its loss."""
        for group in self.optimiser.param_groups:
            group["lr"] = self.recipe.learning_rate * schedule(self.progress)
        pictures = torch.from_numpy(batch.pictures).to(self.device)
        with torch.autocast(
            self.device.type,
            dtype=self.recipe.precision,
            enabled=self.recipe.precision != torch.float32,
        ):
            logits = self.model(pictures)
        scores = logits.float().log_softmax(2).transpose(0, 1)
        lengths = torch.full((scores.shape[1],), scores.shape[0], dtype=torch.long)
        loss = functional.ctc_loss(
            scores,
            torch.from_numpy(batch.classes).to(self.device),
            lengths,
            torch.from_numpy(batch.lengths),
            zero_infinity=True,
        )
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 5.0)
        self.optimiser.step()
        self.steps += 1
        self._average()
        return float(loss.detach())

    @torch.no_grad()
    def _average(self) -> None:
        """Let the averaged weights follow."""
        decay = min(_EMA_DECAY, (1 + self.steps) / (10 + self.steps))
        ours = self.model.state_dict()
        for name, value in self.average.state_dict().items():
            if value.dtype.is_floating_point:
                value.lerp_(ours[name], 1 - decay)
            else:
                value.copy_(ours[name])

    def save(self) -> None:
        """Write checkpoint and weights, each whole or not at all."""
        self.recipe.work.mkdir(parents=True, exist_ok=True)
        state = {
            "model": self.model.state_dict(),
            "average": self.average.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "steps": self.steps,
            "elapsed_s": self.elapsed_s,
        }
        write_whole(state, self._checkpoint)
        save_weights(self.average, self.recipe.work / "plate_reader.pth")

    def _load_checkpoint(self) -> None:
        """Go on where the last checkpoint was."""
        state = torch.load(self._checkpoint, map_location=self.device, weights_only=True)
        self.model.load_state_dict(state["model"])
        self.average.load_state_dict(state["average"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.steps, self.elapsed_s = state["steps"], state["elapsed_s"]


def schedule(progress: float) -> float:
    """Give the learning rate's factor: a short rise, then half a cosine down to nearly zero.

    Args:
        progress: Share of the run that has passed, 0 to 1.

    Returns:
        Factor, 0 to 1.
    """
    if progress < _WARM_UP:
        return 0.05 + 0.95 * progress / _WARM_UP
    along = (progress - _WARM_UP) / (1 - _WARM_UP)
    return 0.005 + 0.995 * 0.5 * (1 + math.cos(math.pi * along))


def train(recipe: Recipe) -> None:
    """Run until the time is used up.

    Args:
        recipe: What to do.
    """
    cv2.setNumThreads(1)
    training = ReaderTraining(recipe)
    rng = np.random.default_rng([training.steps, 1])
    photographs = load_photographs(recipe.data, recipe.pictures)
    renderings = load_renderings(recipe.data, rng)
    validation = load_validation(recipe.data, recipe.pictures)
    _LOG.info("begin at step %d with %s", training.steps, training.device)
    losses: list[float] = []
    saved = time.monotonic()
    while training.progress < 1.0:
        began = time.monotonic()
        fresh = round(recipe.batch_size * _FRESH_SHARE)
        batch = make_batch(photographs, renderings, rng, size=recipe.batch_size, fresh=fresh)
        losses.append(training.learn(batch))
        training.elapsed_s += time.monotonic() - began
        if time.monotonic() - saved > recipe.checkpoint_s or training.progress >= 1.0:
            training.save()
            _report(training, losses, time.monotonic() - saved)
            _report_validation(training, validation)
            losses.clear()
            saved = time.monotonic()


def _report(training: ReaderTraining, losses: Sequence[float], spent_s: float) -> None:
    """Print progress."""
    _LOG.info(
        "step %d, loss %.4f, %.0f plates a second, %.1f minutes left",
        training.steps,
        np.mean(losses),
        len(losses) * training.recipe.batch_size / spent_s,
        training.recipe.minutes - training.elapsed_s / 60,
    )


def _report_validation(training: ReaderTraining, validation: ValidationSet) -> None:
    """Print what the averaged network reads of each group: strict, folded, of how many."""
    readings = read_all(training.average, validation.pictures)
    for group, found in score(readings, validation.classes, validation.groups).items():
        share, folded = found.exact / found.plates, found.folded / found.plates
        _LOG.info("val %-16s %.3f strict %.3f folded of %d", group, share, folded, found.plates)


def main() -> None:
    """Read the command line and train."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--data", type=Path, required=True, help="label files, fonts, blank plates")
    parser.add_argument("--pictures", type=Path, help="folder of the pictures (DATA)")
    parser.add_argument("--work", type=Path, required=True, help="checkpoints and weights")
    parser.add_argument("--start", type=Path, help="weights to begin with")
    parser.add_argument("--resume", action="store_true", help="go on from the last checkpoint")
    parser.add_argument("--minutes", type=float, default=70.0)
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--learning-rate", type=float, default=2e-3)
    parser.add_argument("--checkpoint-seconds", type=float, default=240.0)
    parser.add_argument("--float32", action="store_true", help="for processors without bfloat16")
    given = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    train(
        Recipe(
            data=given.data,
            pictures=given.pictures or given.data,
            work=given.work,
            start=given.start,
            resume=given.resume,
            minutes=given.minutes,
            batch_size=given.batch_size,
            learning_rate=given.learning_rate,
            checkpoint_s=given.checkpoint_seconds,
            precision=torch.float32 if given.float32 else torch.bfloat16,
        )
    )


if __name__ == "__main__":
    main()
