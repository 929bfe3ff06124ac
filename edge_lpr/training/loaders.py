"""Hands out endless batches, drawn in this process or in others that keep a GPU busy."""

import os
from collections.abc import Callable, Iterator
from typing import Final, TypeVar

import cv2
import numpy as np
import torch
from torch.utils.data import DataLoader, IterableDataset, get_worker_info

MOST_LOADERS: Final = 14
"""Processes that draw; two of sixteen cores are left to the trainer and the system."""

_PREFETCHED: Final = 4
"""Batches that each process keeps ready."""

Batch = TypeVar("Batch")
Draw = Callable[[], Batch]
Begin = Callable[[np.random.Generator], "Draw[Batch]"]


class _Endless(IterableDataset[Batch]):
    """Batches without end, other ones in every process."""

    def __init__(self, begin: "Begin[Batch]", seed: tuple[int, ...]) -> None:
        self._begin = begin
        self._seed = seed

    def __iter__(self) -> Iterator[Batch]:
        """Begin with chance of this process's own."""
        worker = get_worker_info()
        number = 0 if worker is None else worker.id
        if worker is not None:
            # Each of these processes has one core; threads would only push each other aside.
            cv2.setNumThreads(1)
        draw = self._begin(np.random.default_rng([*self._seed, number]))
        while True:
            yield draw()


def loader_count(cores: int | None = None, *, has_gpu: bool) -> int:
    """Say how many processes should draw: none on two cores, where they would only compete.

    Args:
        cores: Cores this process may use; None asks the system.
        has_gpu: Whether the training runs elsewhere than on these cores.

    Returns:
        Processes beside the one that trains; 0 if it should draw by itself.
    """
    usable = len(os.sched_getaffinity(0)) if cores is None else cores
    if has_gpu:
        return min(max(usable - 2, 1), MOST_LOADERS)
    # Drawing is a tenth of the work where the network learns on the same cores.
    return 0 if usable <= 2 else max(1, usable // 8)  # noqa: PLR2004 - two cores


def endless_batches(begin: "Begin[Batch]", seed: tuple[int, ...], loaders: int) -> Iterator[Batch]:
    """Draw batches without end.

    Args:
        begin: Called once in each process, with its chance; what it returns draws one batch.
            It may hold pictures in memory: the processes are forked and share them.
        seed: Seeds the chance, together with the number of the process.
        loaders: Processes to draw in; 0 draws in this one.

    Returns:
        Batches; deleting the iterator ends the processes.
    """
    loader = DataLoader(
        _Endless(begin, seed),
        batch_size=None,
        num_workers=loaders,
        pin_memory=loaders > 0 and torch.cuda.is_available(),
        prefetch_factor=_PREFETCHED if loaders else None,
        multiprocessing_context="fork" if loaders else None,
    )
    return iter(loader)
