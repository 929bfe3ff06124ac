"""Builds the reader network and keeps its weights in EasyOCR's layout."""

from pathlib import Path
from typing import Final

import torch
import yaml

from edge_lpr.models.plate_reader import Model

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
    weights = {_EASYOCR_PREFIX + k: v.detach().cpu() for k, v in model.state_dict().items()}
    write_whole(weights, path)


def load_weights(model: torch.nn.Module, path: Path) -> None:
    """Load what ``save_weights`` wrote.

    Args:
        model: Network to load them into.
        path: File.
    """
    weights = torch.load(path, map_location="cpu", weights_only=True)
    model.load_state_dict({k.removeprefix(_EASYOCR_PREFIX): v for k, v in weights.items()})


def write_whole(state: object, path: Path) -> None:
    """Write beside, then rename: a killed run leaves the old file or the new one.

    Args:
        state: What ``torch.save`` can write.
        path: File to write or replace.
    """
    part = path.with_suffix(path.suffix + ".part")
    torch.save(state, part)
    part.replace(path)
