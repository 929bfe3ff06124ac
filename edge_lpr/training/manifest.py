"""Writes ``manifest.json`` beside the shipped models: digests, sizes and how to run them.

The device refuses a model whose digest is not in the manifest; see ``vision/``.
"""

import hashlib
import json
from pathlib import Path
from typing import Any, Final

from edge_lpr.core.alphabet import PLATE_ALPHABET
from edge_lpr.core.errors import DataSetError

MANIFEST_NAME: Final = "manifest.json"
"""Name of the file in the folder of models."""

MODEL_ROLES: Final = {
    "corners.onnx": "corners",
    "detector.onnx": "detector",
    "detector.pt": "detector-trainable",
    "plate_corners.pth": "corners-trainable",
    "plate_reader.pth": "reader-trainable",
    "plate_reader.py": "reader-network",
    "plate_reader.yaml": "reader-network-settings",
    "reader.onnx": "reader",
}
"""Every file that ships, and what it is for."""

MAX_TOTAL_BYTES: Final = 30_000_000
"""Most that all models together may weigh in the package."""

DETECTOR_SETTINGS: Final = {
    "input": "frames",
    "output": "detections",
    "stride_px": 32,
    "long_side_px": 640,
    "minimum_confidence": 0.15,
}
"""How the detector is run; the confidence was chosen on the validation photographs."""

CORNERS_SETTINGS: Final = {"input": "patches", "output": "corners", "odds": "odds"}
"""How the corner network is run; the size of a patch is the program's (``vision/patch.py``)."""

READER_SETTINGS: Final = {
    "input": "plates",
    "output": "logits",
    "width_px": 192,
    "height_px": 64,
    "blank_index": 0,
    "alphabet": PLATE_ALPHABET.decode("ascii"),
}
"""How the reader is run: class 0 is the CTC blank, class i is character i - 1."""


def write_manifest(folder: Path, training: dict[str, Any]) -> None:
    """Describe every known model file of a folder.

    Args:
        folder: Folder with the models; files that are missing are left out.
        training: Summary of the trainings, JSON-able, for the record.

    Raises:
        DataSetError: The models are too heavy for the package.
    """
    files = {
        name: _entry(folder / name, role)
        for name, role in MODEL_ROLES.items()
        if (folder / name).is_file()
    }
    total_bytes = sum(entry["size_bytes"] for entry in files.values())
    if total_bytes > MAX_TOTAL_BYTES:
        raise DataSetError(f"The models weigh {total_bytes} bytes; at most {MAX_TOTAL_BYTES}.")
    manifest = {
        "version": 1,
        "files": files,
        "detector": DETECTOR_SETTINGS,
        "corners": CORNERS_SETTINGS,
        "reader": READER_SETTINGS,
        "training": training,
    }
    part = folder / (MANIFEST_NAME + ".part")
    part.write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")
    part.replace(folder / MANIFEST_NAME)


def read_training_summary(folder: Path) -> dict[str, Any]:
    """Read the training summary of an existing manifest.

    Args:
        folder: Folder with the models.

    Returns:
        The summary; empty where there is no manifest yet.

    Raises:
        DataSetError: The manifest is not one.
    """
    path = folder / MANIFEST_NAME
    if not path.is_file():
        return {}
    try:
        summary = json.loads(path.read_text(encoding="utf-8"))["training"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataSetError(f"{path} is not a manifest; remove it to write a new one.") from error
    return dict(summary)


def _entry(path: Path, role: str) -> dict[str, Any]:
    """Measure one file."""
    content = path.read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    return {"sha256": digest, "size_bytes": len(content), "role": role}
