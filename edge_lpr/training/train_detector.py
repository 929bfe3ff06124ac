"""Trains the plate detector: ``python -m edge_lpr.training.train_detector --data D --work W``.

It may be killed at any moment and continued with ``--resume``; its state lies in ``--work``,
never in the repository.
"""

import argparse
import math
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch

from edge_lpr.core.errors import DataSetError
from edge_lpr.training.dataset import cap_films, load_crops, load_scenes
from edge_lpr.training.detector_batches import BatchSource
from edge_lpr.training.detector_network import as_float, build_detector, save_weights
from edge_lpr.training.detector_textures import load_textures

BATCH_SIZE: Final = 16
"""Pictures in a step."""

PEAK_RATE: Final = 2e-3
"""Highest learning rate of AdamW (measured earlier to work from scratch)."""

WARM_UP_SHARE: Final = 0.03
"""Share of the time in which the rate climbs from zero."""

MOSAIC_UNTIL: Final = 0.8
"""Share of the time after which pictures are no longer joined from four."""

AVERAGE_DECAY: Final = 0.998
"""Decay a step of the averaged weights, which are the ones that ship."""

DEFAULT_MINUTES: Final = 60.0
"""Length of a training that does not say."""

SAVE_EVERY_S: Final = 120.0
"""Seconds between two saved states: the most that a kill costs."""

REPORT_EVERY_STEPS: Final = 50
"""Steps between two lines of progress."""


@dataclass
class Progress:
    """How far a training has come."""

    step: int
    """Steps made."""
    elapsed_s: float
    """Seconds spent, over all starts."""
    budget_s: float
    """Seconds the whole training may take; the learning rate follows from it."""
    peak_rate: float = PEAK_RATE
    """Highest learning rate."""

    @property
    def share(self) -> float:
        """Share of the budget that is spent, in [0, 1]."""
        return min(1.0, self.elapsed_s / self.budget_s)


class Trainer:
    """One training run: network, averaged network, optimiser and progress."""

    def __init__(self, work: Path, progress: Progress, *, start: Path | None) -> None:
        """Set up a new run.

        Args:
            work: Existing folder for the state.
            progress: Where it stands.
            start: Weights to start from, or None for random ones.
        """
        self.progress = progress
        self._work = work
        self._device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self._network = build_detector(start).to(self._device, memory_format=torch.channels_last)
        # The loss holds tensors on the device of its network, so it is made again after the move.
        self._network.criterion = type(self._network.criterion)(self._network)
        self._average = build_detector(start).to(self._device).eval()
        self._optimiser = torch.optim.AdamW(_parameter_groups(self._network), lr=PEAK_RATE)

    def step(self, batch: dict[str, torch.Tensor]) -> dict[str, float]:
        """Learn from one batch.

        Args:
            batch: As ``BatchSource.draw`` returns it.

        Returns:
            The parts of the loss.
        """
        for group in self._optimiser.param_groups:
            group["lr"] = self.progress.peak_rate * rate_share(self.progress.share)
        batch = {name: tensor.to(self._device) for name, tensor in batch.items()}
        with torch.autocast(self._device.type, torch.bfloat16):
            predictions = self._network(batch["img"])
        loss, parts = self._network.loss(batch, as_float(predictions))
        loss.sum().backward()
        torch.nn.utils.clip_grad_norm_(self._network.parameters(), 10.0 * BATCH_SIZE)
        self._optimiser.step()
        self._optimiser.zero_grad()
        self.progress.step += 1
        self._update_average()
        return {name: float(value) for name, value in parts.items()}

    def save(self) -> None:
        """Write the whole state and the averaged weights, each at once or not at all."""
        state = {
            "network": self._network.state_dict(),
            "average": self._average.state_dict(),
            "optimiser": self._optimiser.state_dict(),
            "progress": vars(self.progress),
        }
        torch.save(state, self._work / "state.part")
        (self._work / "state.part").replace(self._work / "state.pt")
        save_weights(self._average, self._work / "detector.part")
        (self._work / "detector.part").replace(self._work / "detector.pt")

    def load(self, state: dict[str, Any]) -> None:
        """Continue from a saved state.

        Args:
            state: As ``save`` wrote it.
        """
        self._network.load_state_dict(state["network"])
        self._average.load_state_dict(state["average"])
        self._optimiser.load_state_dict(state["optimiser"])

    @torch.no_grad()
    def _update_average(self) -> None:
        """Move the averaged weights a little towards the present ones."""
        # Early weights are forgotten sooner, or the average would carry the random start along.
        decay = AVERAGE_DECAY * (1 - math.exp(-self.progress.step / 200))
        present = self._network.state_dict()
        for name, value in self._average.state_dict().items():
            if value.dtype.is_floating_point:
                value.lerp_(present[name].to(value.dtype), 1 - decay)


def rate_share(share: float) -> float:
    """Compute the share of the highest rate: a short climb, then a cosine to one hundredth.

    Args:
        share: Share of the training that is over, in [0, 1].

    Returns:
        A factor in [0, 1].
    """
    climb = min(1.0, share / WARM_UP_SHARE + 0.01)
    return climb * (0.01 + 0.99 * (1 + math.cos(math.pi * share)) / 2)


def train(arguments: argparse.Namespace) -> None:
    """Train until the budget is spent.

    Args:
        arguments: Parsed command line.

    Raises:
        DataSetError: Labels, pictures, weights or the state are missing or wrong.
    """
    trainer = _start_or_resume(arguments)
    progress = trainer.progress
    pictures: Path = arguments.pictures or arguments.data
    rows = cap_films(load_scenes(arguments.data / "scenes-train.jsonl"))
    # Another sequence after each start: the same one would show the same pictures again.
    rng = np.random.default_rng(progress.step)
    crops = load_crops(arguments.data / "crops.jsonl")
    textures = load_textures(crops, pictures, arguments.data, rng)
    source = BatchSource(rows, pictures, textures, rng)
    print(f"{len(rows)} photographs, {progress.share:.0%} of {progress.budget_s / 60:.0f} min done")
    began = saved = time.monotonic()
    spent_before_s = progress.elapsed_s
    while progress.share < 1:
        batch = source.draw(BATCH_SIZE, with_mosaic=progress.share < MOSAIC_UNTIL)
        parts = trainer.step(batch)
        now = time.monotonic()
        progress.elapsed_s = spent_before_s + now - began
        if progress.step % REPORT_EVERY_STEPS == 0:
            _report(progress, parts)
        if now - saved > SAVE_EVERY_S:
            trainer.save()
            saved = now
    trainer.save()
    print(f"Done after {progress.step} steps; weights in {arguments.work / 'detector.pt'}")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        argv: Arguments without the program's name; None takes those of the process.

    Returns:
        Exit status: 0, or 2 where something is missing or wrong.
    """
    parser = argparse.ArgumentParser(prog="python -m edge_lpr.training.train_detector")
    parser.add_argument("--data", type=Path, required=True, help="folder of the label files")
    parser.add_argument("--pictures", type=Path, help="folder of the pictures (DATA)")
    parser.add_argument("--work", type=Path, required=True, help="folder for state and weights")
    parser.add_argument("--start", type=Path, help="weights to start from (detector.pt)")
    parser.add_argument(
        "--rate", type=float, default=PEAK_RATE, help="highest learning rate; less with --start"
    )
    parser.add_argument("--resume", action="store_true", help="continue the run in WORK")
    parser.add_argument(
        "--minutes", type=float, help="length of the whole training, earlier starts included (60)"
    )
    try:
        train(parser.parse_args(argv))
    except DataSetError as error:
        print(f"train_detector: {error}", file=sys.stderr)
        return 2
    return 0


def _start_or_resume(arguments: argparse.Namespace) -> Trainer:
    """Set up a run, new or continued, and refuse to overwrite one."""
    state_path = arguments.work / "state.pt"
    arguments.work.mkdir(parents=True, exist_ok=True)
    if not arguments.resume:
        if state_path.exists():
            raise DataSetError(f"{state_path} exists; pass --resume or choose another --work.")
        minutes = arguments.minutes or DEFAULT_MINUTES
        progress = Progress(0, 0.0, budget_s=minutes * 60, peak_rate=arguments.rate)
        return Trainer(arguments.work, progress, start=arguments.start)
    if not state_path.exists():
        raise DataSetError(f"{state_path} does not exist; start without --resume.")
    state = torch.load(state_path, map_location="cpu", weights_only=True)
    progress = Progress(**state["progress"])
    if arguments.minutes is not None:
        progress.budget_s = arguments.minutes * 60
    trainer = Trainer(arguments.work, progress, start=None)
    trainer.load(state)
    return trainer


def _parameter_groups(network: torch.nn.Module) -> list[dict[str, Any]]:
    """Split weights from biases and norms, which are not decayed."""
    trainable = [parameter for parameter in network.parameters() if parameter.requires_grad]
    weights = [parameter for parameter in trainable if parameter.ndim > 1]
    others = [parameter for parameter in trainable if parameter.ndim <= 1]
    return [{"params": weights, "weight_decay": 0.01}, {"params": others, "weight_decay": 0.0}]


def _report(progress: Progress, parts: dict[str, float]) -> None:
    """Print one line of progress."""
    left_min = (progress.budget_s - progress.elapsed_s) / 60
    rate = progress.step * BATCH_SIZE / max(progress.elapsed_s, 1e-9)
    losses = " ".join(f"{name} {value:.3f}" for name, value in parts.items())
    print(
        f"step {progress.step} {rate:.1f} pictures/s {left_min:.1f} min left {losses}", flush=True
    )


if __name__ == "__main__":
    # The stock library must neither install packages nor call home (it does both by default).
    os.environ.setdefault("YOLO_AUTOINSTALL", "false")
    sys.exit(main())
