"""Puts what was trained into one folder of models, and that folder into the package."""

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import torch

from edge_lpr.core.errors import DataSetError
from edge_lpr.training.corner_export import export_trained_corners
from edge_lpr.training.export import SHIPPED_MODELS, export_trained_detector
from edge_lpr.training.manifest import (
    MANIFEST_NAME,
    MODEL_ROLES,
    read_training_summary,
    write_manifest,
)
from edge_lpr.training.reader_export import export_trained_reader

EXPORTS: Final[dict[str, tuple[Callable[[Path, Path], None], str]]] = {
    "detector": (export_trained_detector, "detector.pt"),
    "reader": (export_trained_reader, "plate_reader.pth"),
    # Last: it learns from what the detector found out about the photographs.
    "corners": (export_trained_corners, "plate_corners.pth"),
}
"""What is trained, in this order: how it is exported, and the name of its weights."""

MODELS_FOLDER: Final = "models"
"""Folder of the finished models in the folder of a run."""


def collect_models(work: Path, parts: Sequence[str], base: Path | None = None) -> Path:
    """Export what was trained, beside what was not.

    Args:
        work: Folder of the run.
        parts: What was trained, of ``EXPORTS``.
        base: Folder of models to take the rest from; None takes those of the package.

    Returns:
        A folder of models with its manifest, fit for a device.

    Raises:
        DataSetError: Weights are missing, or the export does not compute what they do.
    """
    models = work / MODELS_FOLDER
    models.mkdir(parents=True, exist_ok=True)
    origin = base or SHIPPED_MODELS
    for name in (*MODEL_ROLES, MANIFEST_NAME):
        if (origin / name).is_file():
            shutil.copyfile(origin / name, models / name)
    training = read_training_summary(models)
    for part in parts:
        export, weights = EXPORTS[part]
        export(work / weights, models)
        training[part] = _summary(work / f"{part}-state.pt")
    write_manifest(models, training)
    return models


def install(models: Path, package: Path = SHIPPED_MODELS) -> None:
    """Copy finished models into the package, the manifest last.

    All are copied beside the old ones first, so that a full disk leaves those as they were.

    Args:
        models: As ``collect_models`` returned it.
        package: Folder of the package's models.

    Raises:
        DataSetError: A model is missing.
    """
    names = [*MODEL_ROLES, MANIFEST_NAME]
    missing = [name for name in names if not (models / name).is_file()]
    if missing:
        raise DataSetError(f"{models} has no {missing[0]}; train or export it first.")
    for name in names:
        shutil.copyfile(models / name, package / f"{name}.part")
    for name in names:
        (package / f"{name}.part").replace(package / name)


def _summary(state_path: Path) -> str:
    """Say how long a training was, for the manifest."""
    progress = torch.load(state_path, map_location="cpu", weights_only=True)["progress"]
    return (
        f"{progress['elapsed_s'] / 60:.0f} minutes, {progress['step']} steps, "
        f"highest learning rate {progress['peak_rate']:g}"
    )
