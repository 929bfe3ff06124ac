"""What every training here has in common: optimiser, averaged weights, checkpoints and the loop."""

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, Generic, TypeVar

import torch

from edge_lpr.training.precision import fastest_precision
from edge_lpr.training.progress import Progress, Screen

AVERAGE_DECAY: Final = 0.998
"""Decay a step of the averaged weights, which are the ones that ship."""

Batch = TypeVar("Batch")


class Learner(ABC, Generic[Batch]):
    """A network that learns, the running average of its weights, and its progress."""

    def __init__(
        self,
        network: torch.nn.Module,
        average: torch.nn.Module,
        progress: Progress,
        *,
        weight_decay: float,
        largest_gradient: float,
    ) -> None:
        """Take a network and a copy of it to where the training will run.

        Args:
            network: Learns; in training mode.
            average: The same network with the same weights; follows, and is what ships.
            progress: How far the training is.
            weight_decay: Of AdamW; biases and norms are not decayed.
            largest_gradient: Norm that gradients are cut to.
        """
        self.progress = progress
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self._is_half = fastest_precision(self.device) == torch.bfloat16
        self.network = network.to(self.device)
        self.average = average.to(self.device).eval()
        self._largest_gradient = largest_gradient
        self._optimiser = torch.optim.AdamW(
            _parameter_groups(network, weight_decay), lr=progress.peak_rate
        )

    @abstractmethod
    def lose(self, batch: Batch) -> tuple[torch.Tensor, Mapping[str, torch.Tensor]]:
        """Compute the loss of a batch.

        Args:
            batch: What to learn from.

        Returns:
            The loss to descend, and its parts to be shown.
        """

    @abstractmethod
    def write_weights(self) -> None:
        """Write the averaged weights as they ship, whole or not at all."""

    def forward(self, pictures: torch.Tensor) -> Any:  # noqa: ANN401 - a tensor, or many
        """Run the network in the arithmetic that is fastest here.

        Args:
            pictures: Input of the network.

        Returns:
            Its output, parts of it in bfloat16.
        """
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self._is_half):
            return self.network(pictures)

    def step(self, batch: Batch) -> Mapping[str, torch.Tensor]:
        """Learn from one batch.

        Args:
            batch: What to learn from.

        Returns:
            The parts of the loss; still on the device, so that looking at them costs only whoever
            looks.
        """
        for group in self._optimiser.param_groups:
            group["lr"] = self.progress.rate
        loss, parts = self.lose(batch)
        self._optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        norm = torch.nn.utils.clip_grad_norm_(self.network.parameters(), self._largest_gradient)
        # A batch that computes to no number is left out: the next checkpoint would keep its harm.
        if torch.isfinite(norm):
            self._optimiser.step()
        self.progress.step += 1
        self._update_average()
        return parts

    def state(self) -> dict[str, Any]:
        """Return all that a checkpoint must hold."""
        return {
            "network": self.network.state_dict(),
            "average": self.average.state_dict(),
            "optimiser": self._optimiser.state_dict(),
            "progress": self.progress.as_state(),
        }

    def load(self, state: dict[str, Any]) -> None:
        """Continue from a checkpoint; the progress was given at the start.

        Args:
            state: As ``state`` returned it.
        """
        self.network.load_state_dict(state["network"])
        self.average.load_state_dict(state["average"])
        self._optimiser.load_state_dict(state["optimiser"])

    @torch.no_grad()
    def _update_average(self) -> None:
        """Move the averaged weights a little towards the present ones."""
        # Early weights are forgotten sooner, or the average would carry the random start along.
        decay = min(AVERAGE_DECAY, (1 + self.progress.step) / (10 + self.progress.step))
        present = self.network.state_dict()
        for name, value in self.average.state_dict().items():
            if value.dtype.is_floating_point:
                value.lerp_(present[name].to(value.dtype), 1 - decay)
            else:
                value.copy_(present[name])


class Saver:
    """Writes checkpoints in time, each whole or not at all."""

    def __init__(
        self,
        learner: Learner[Any],
        path: Path,
        *,
        every_s: float,
        after: Callable[[], None] | None = None,
    ) -> None:
        """Prepare to save a training.

        Args:
            learner: What is saved.
            path: File of the checkpoint.
            every_s: Seconds between two: the most that a kill costs.
            after: Called after each on the way, for example to measure.
        """
        self._learner = learner
        self._path = path
        self._every_s = every_s
        self._after = after
        self._saved_s = time.monotonic()

    def save_if_due(self) -> None:
        """Save if the last time is long ago."""
        if time.monotonic() - self._saved_s >= self._every_s:
            self.save()
            if self._after is not None:
                self._after()
            # Not the time before measuring: slow measurements must leave time for training.
            self._saved_s = time.monotonic()

    def save(self) -> None:
        """Write the checkpoint, then the weights as they ship."""
        write_whole(self._learner.state(), self._path)
        self._learner.write_weights()


def learn(
    learner: Learner[Batch], batches: Iterator[Batch], saver: Saver, screen: Screen, until_s: float
) -> None:
    """Train for a while.

    Args:
        learner: What learns.
        batches: Endless.
        saver: Saves it in time; the end of the training is left to the caller.
        screen: Where progress is shown.
        until_s: Elapsed time of the whole training at which to stop, in seconds.
    """
    progress = learner.progress
    progress.tick()
    for batch in batches:
        parts = learner.step(batch)
        progress.tick()
        if screen.is_due():
            screen.show({name: float(value) for name, value in parts.items()})
        saver.save_if_due()
        if progress.elapsed_s >= min(until_s, progress.budget_s):
            return


def write_whole(state: object, path: Path) -> None:
    """Write beside, then rename: a killed run leaves the old file or the new one.

    Args:
        state: What ``torch.save`` can write.
        path: File to write or replace.
    """
    part = path.with_suffix(path.suffix + ".part")
    torch.save(state, part)
    part.replace(path)


def halved(values: torch.Tensor) -> torch.Tensor:
    """Return values in float16, counters as they are: the package carries weights twice.

    Args:
        values: A tensor of a network's state. Not modified.

    Returns:
        The same on the CPU.
    """
    bare = values.detach().cpu()
    return bare.half() if bare.is_floating_point() else bare


def _parameter_groups(network: torch.nn.Module, weight_decay: float) -> list[dict[str, Any]]:
    """Split weights from biases and norms, which are not decayed."""
    trainable = [parameter for parameter in network.parameters() if parameter.requires_grad]
    weights = [parameter for parameter in trainable if parameter.ndim > 1]
    others = [parameter for parameter in trainable if parameter.ndim <= 1]
    return [
        {"params": weights, "weight_decay": weight_decay},
        {"params": others, "weight_decay": 0.0},
    ]
