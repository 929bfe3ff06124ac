"""Keeps the corner network's weights: float16 on disk, nothing but tensors in the file."""

from pathlib import Path
from pickle import UnpicklingError

import torch

from edge_lpr.core.errors import DataSetError
from edge_lpr.training.learner import halved, write_whole


def save_weights(model: torch.nn.Module, path: Path) -> None:
    """Write weights in float16.

    Args:
        model: Network. Not modified.
        path: File to write or replace.
    """
    write_whole({name: halved(value) for name, value in model.state_dict().items()}, path)


def load_weights(model: torch.nn.Module, path: Path) -> None:
    """Load what ``save_weights`` wrote.

    Args:
        model: Network to load them into.
        path: File.

    Raises:
        DataSetError: The file is not a corner network of this shape.
    """
    try:
        model.load_state_dict(torch.load(path, map_location="cpu", weights_only=True))
    except (OSError, EOFError, RuntimeError, AttributeError, TypeError, UnpicklingError) as error:
        raise DataSetError(f"{path} is not a corner network of this shape: {error}") from error
