"""A stock of flat plates on the device that trains, from which batches are drawn."""

from typing import Final

import torch

from edge_lpr.core.alphabet import MAX_PLATE_LENGTH
from edge_lpr.training.batch_chance import BatchChance
from edge_lpr.training.flat_plates import SHEET_PX, FlatPlates

BYTES_A_PLATE: Final = SHEET_PX[0] * SHEET_PX[1] + 200
"""Memory that a plate takes, in round numbers."""


class PlateStock:
    """Plates in the device's memory; when it is full, new ones take the place of the oldest."""

    def __init__(self, size: int, device: torch.device) -> None:
        """Take memory for plates.

        Args:
            size: Plates kept, at least one.
            device: Where they are kept.
        """
        width, height = SHEET_PX
        self._kept = FlatPlates(
            sheets=torch.zeros((size, height, width), dtype=torch.uint8, device=device),
            insides=torch.zeros((size, 4), device=device),
            aspects=torch.ones(size, device=device),
            classes=torch.zeros((size, MAX_PLATE_LENGTH), dtype=torch.long, device=device),
            lengths=torch.zeros(size, dtype=torch.long, device=device),
        )
        self._size = size
        self._next = 0
        self.added = 0
        """Plates added so far, those that are gone included."""

    def __len__(self) -> int:
        """Count the plates that can be drawn."""
        return min(self.added, self._size)

    def add(self, plates: FlatPlates) -> None:
        """Add plates.

        Args:
            plates: Plates, on any device; no more than the stock holds. Not modified.
        """
        count = len(plates)
        device = self._kept.sheets.device
        places = torch.arange(self._next, self._next + count, device=device) % self._size
        for kept, new in zip(_tensors(self._kept), _tensors(plates), strict=True):
            kept[places] = new.to(device, non_blocking=True)
        self._next = (self._next + count) % self._size
        self.added += count

    def draw(
        self, count: int, chance: BatchChance, bounds: torch.Tensor | None = None
    ) -> FlatPlates:
        """Draw plates, the same one more than once if chance has it.

        Args:
            count: Plates to draw; the stock must not be empty.
            chance: Where the randomness comes from, on the stock's device.
            bounds: Sums of the shares of the plates from the first to each, shape (N,), where
                they are not drawn equally often.

        Returns:
            Plates, in memory of their own.
        """
        if bounds is None:
            places = chance.places(count, len(self))
        else:
            drawn = chance.uniform(0, 1, count) * bounds[-1]
            places = torch.searchsorted(bounds, drawn, right=True).clamp(max=len(self) - 1)
        return FlatPlates(*(kept[places] for kept in _tensors(self._kept)))


def _tensors(plates: FlatPlates) -> tuple[torch.Tensor, ...]:
    """List the tensors of plates, in the order of their fields."""
    return plates.sheets, plates.insides, plates.aspects, plates.classes, plates.lengths
