"""Chooses the arithmetic of a training: bfloat16 where the processor is faster with it."""

import time
from typing import Final

import torch

_PLATES: Final = (4, 32, 64, 64)
_TRIES: Final = 5


def fastest_precision(device: torch.device) -> torch.dtype:
    """Choose between bfloat16 and float32 by trying both.

    Processors without bfloat16 instructions compute it too, ten times slower than float32
    (measured on one with AVX2 only), and no library function tells reliably which is which.

    Args:
        device: Where the training will run.

    Returns:
        The type to hand to ``torch.autocast``.
    """
    if device.type == "cuda":
        return torch.bfloat16
    spent_s = {kind: _time_convolution(kind) for kind in (torch.float32, torch.bfloat16)}
    return min(spent_s, key=lambda kind: spent_s[kind])


def _time_convolution(kind: torch.dtype) -> float:
    """Return the shortest time of a convolution forwards and backwards, in seconds."""
    network = torch.nn.Conv2d(_PLATES[1], _PLATES[1], 3)
    pictures = torch.zeros(_PLATES)
    shortest_s = float("inf")
    for _ in range(_TRIES):
        began = time.perf_counter()
        with torch.autocast("cpu", torch.bfloat16, enabled=kind == torch.bfloat16):
            scores = network(pictures)
        scores.float().sum().backward()
        shortest_s = min(shortest_s, time.perf_counter() - began)
    return shortest_s
