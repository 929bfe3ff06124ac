"""Builds the reader network and keeps its weights in EasyOCR's layout."""

from pathlib import Path
from pickle import UnpicklingError
from typing import Final

import torch
import yaml

from edge_lpr.core.errors import DataSetError
from edge_lpr.models.plate_reader import Model
from edge_lpr.training.learner import halved, write_whole

DEFINITION: Final = Path(__file__).parent.parent / "models" / "plate_reader.yaml"
"""EasyOCR's description of the network, shipped beside it."""

_EASYOCR_PREFIX: Final = "module."
"""EasyOCR cuts seven characters off every key, as its own weights come out of DataParallel."""


def build_model() -> Model:
    """Build the network that ``plate_reader.yaml`` describes, with random weights.

    Returns:
        The network, in training mode.
    """
    definition = yaml.safe_load(DEFINITION.read_text(encoding="utf-8"))
    return Model(num_class=len(definition["character_list"]) + 1, **definition["network_params"])


def save_weights(model: torch.nn.Module, path: Path) -> None:
    """Write weights as EasyOCR loads them.

    Args:
        model: Network.
        path: File to write or replace.
    """
    weights = {_EASYOCR_PREFIX + k: halved(v) for k, v in model.state_dict().items()}
    write_whole(weights, path)


def load_weights(model: torch.nn.Module, path: Path) -> None:
    """Load what ``save_weights`` wrote.

    Args:
        model: Network to load them into.
        path: File.

    Raises:
        DataSetError: The file is not a reader of this shape.
    """
    try:
        weights = torch.load(path, map_location="cpu", weights_only=True)
        model.load_state_dict({k.removeprefix(_EASYOCR_PREFIX): v for k, v in weights.items()})
    except (OSError, EOFError, RuntimeError, AttributeError, UnpicklingError) as error:
        raise DataSetError(f"{path} is not a reader of this shape: {error}") from error
