"""Batches for the reader on a GPU: plates wait in its memory and are photographed there.

Sixteen cores photograph some ten thousand plates a second, a GPU learns from several times as
many. So the cores only draw new plates here, and everything that can differ each time a plate is
seen is left to the device: position, light, lens, sensor and codec.
"""

import contextlib
import queue
import threading
from collections.abc import Generator, Iterator
from typing import Final

import torch

from edge_lpr.core.errors import DataSetError
from edge_lpr.training.batch_chance import BatchChance
from edge_lpr.training.batch_photograph import photograph_many
from edge_lpr.training.flat_plates import FlatPlates, lay_flat
from edge_lpr.training.plate_stock import BYTES_A_PLATE, PlateStock
from edge_lpr.training.reader_augment import PHOTOGRAPHED, RENDERED
from edge_lpr.training.reader_photographs import Photographs
from edge_lpr.training.reader_samples import Batch

PHOTOGRAPHED_SHARE: Final = 0.35
"""Share of photographs in a batch: less than on a processor, as a GPU sees each a thousand times
in ten minutes."""

PACK_SIZE: Final = 64
"""Plates that a process draws before it hands them over."""

_MEMORY_SHARE: Final = 0.25
_MOST_PLATES: Final = 400_000
_FEWEST_PLATES: Final = 4_000
"""Drawn plates before the first step: fewer would be learnt by heart while others are drawn."""

_WAITING_PACKS: Final = 16

_LOOK_EVERY_S: Final = 0.2
_LONGEST_PACK_S: Final = 10.0
"""How often the thread looks whether it is still needed, and how long it may take to notice."""


class Rephotographer:
    """Photographs plates of a growing stock, batch by batch."""

    def __init__(
        self,
        photographs: Photographs,
        packs: Iterator[FlatPlates],
        chance: BatchChance,
        *,
        size: int | None = None,
        fewest: int = _FEWEST_PLATES,
    ) -> None:
        """Bring the photographs to the device and begin to fetch drawn plates.

        Args:
            photographs: Real plates; may be none.
            packs: Drawn plates without end, read by a thread of its own from here on.
            chance: Where the randomness comes from; its device is where everything happens.
            size: Drawn plates kept; None takes a quarter of the device's memory.
            fewest: Drawn plates to wait for before the first batch.
        """
        device = chance.device
        self._chance = chance
        self._drawn = PlateStock(_size_for(device) if size is None else size, device)
        self._real = PlateStock(max(1, len(photographs)), device)
        shares = []
        for sample, share in photographs.with_shares():
            self._real.add(lay_flat([sample]))
            shares.append(share)
        self._bounds = torch.tensor(shares, dtype=torch.float64).cumsum(0).float().to(device)
        self._waiting: queue.Queue[FlatPlates | None] = queue.Queue(_WAITING_PACKS)
        self._is_over = threading.Event()
        self._fetcher = threading.Thread(target=self._fetch, args=(packs,), daemon=True)
        self._fetcher.start()
        while len(self._drawn) < fewest:
            self._store(self._waiting.get())

    def batches(self, size: int) -> Generator[Batch, None, None]:
        """Photograph batches without end, storing the plates that are drawn meanwhile.

        Closing the generator also ends the drawing.

        Args:
            size: Plates in a batch.

        Yields:
            Batches, on the device but for the lengths.

        Raises:
            DataSetError: The processes that draw have ended.
        """
        try:
            while True:
                # Not until it is empty: whoever draws fast would keep this from ever ending.
                for _ in range(self._waiting.qsize()):
                    self._store(self._waiting.get_nowait())
                yield self._photograph(size)
        finally:
            self._is_over.set()
            self._fetcher.join(_LONGEST_PACK_S)

    def _photograph(self, size: int) -> Batch:
        """Draw plates from both stocks and photograph them."""
        real = round(PHOTOGRAPHED_SHARE * size) if len(self._real) else 0
        parts = [(self._drawn.draw(size - real, self._chance), RENDERED)]
        if real:
            parts.append((self._real.draw(real, self._chance, self._bounds), PHOTOGRAPHED))
        # The loss wants lengths on the host: fetched now, before there is anything to wait for.
        lengths = torch.cat([plates.lengths for plates, _ in parts]).cpu()
        seen = [photograph_many(plates, how, self._chance) for plates, how in parts]
        classes = torch.cat([plates.classes for plates, _ in parts])
        return Batch(pictures=torch.cat(seen), classes=classes, lengths=lengths)

    def _store(self, pack: FlatPlates | None) -> None:
        """Store a pack; None stands for the end."""
        if pack is None:
            raise DataSetError("drawing plates has ended, see above; correct what it says.")
        self._drawn.add(pack)

    def _fetch(self, packs: Iterator[FlatPlates]) -> None:
        """Hand packs over until nobody wants any, or say that there are no more."""
        try:
            for pack in packs:
                self._hand_over(pack)
                if self._is_over.is_set():
                    return
        finally:
            self._hand_over(None)

    def _hand_over(self, pack: FlatPlates | None) -> None:
        """Wait for room in the queue, but not longer than anybody reads from it."""
        while not self._is_over.is_set():
            with contextlib.suppress(queue.Full):
                self._waiting.put(pack, timeout=_LOOK_EVERY_S)
                return


def _size_for(device: torch.device) -> int:
    """Say how many plates there is room for."""
    if device.type != "cuda":
        return _FEWEST_PLATES
    free_bytes, _ = torch.cuda.mem_get_info(device)
    return min(_MOST_PLATES, int(free_bytes * _MEMORY_SHARE) // BYTES_A_PLATE)
