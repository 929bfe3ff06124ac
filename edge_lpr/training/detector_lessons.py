"""What the detector learns from: photographs, plates to paste, and what it found out itself."""

import argparse
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np
from ultralytics.nn.tasks import PoseModel

from edge_lpr.core.errors import DataSetError
from edge_lpr.training.corner_batches import PatchSource
from edge_lpr.training.dataset import SceneRow, cap_films, load_crops, load_scenes
from edge_lpr.training.detector_batches import Batch, BatchSource, Textures
from edge_lpr.training.detector_findings import Findings, load_findings, save_findings
from edge_lpr.training.detector_look import look_with
from edge_lpr.training.detector_review import Reviewer
from edge_lpr.training.detector_textures import draw_things, load_textures
from edge_lpr.training.label_corrections import load_corrections
from edge_lpr.training.loaders import endless_batches
from edge_lpr.training.pictures import PictureStore
from edge_lpr.training.progress import Screen

FINDINGS_NAME: Final = "detector-findings.json"
"""What the detector found out about its photographs; a run that finds it there goes by it."""

DRAWN_THINGS: Final = 400
"""Things that are no plates, drawn at the start."""


def training_rows(data: Path) -> list[SceneRow]:
    """Choose the photographs to learn from.

    Args:
        data: Folder of ``scenes-train.jsonl``.

    Returns:
        Its rows, few of each film, without those whose boxes are known to be wrong.

    Raises:
        DataSetError: The label file cannot be read, or there is nothing in it.
    """
    corrections = load_corrections()
    path = data / "scenes-train.jsonl"
    rows = [row for row in cap_films(load_scenes(path)) if not corrections.has_wrong_box(row)]
    if not any(row.plates for row in rows):
        raise DataSetError(f"{path} has no photograph with a plate; label some.")
    return rows


class Lessons:
    """What a detector learns from: photographs, flat plates to paste, and its own findings."""

    def __init__(self, arguments: argparse.Namespace, rows: Sequence[SceneRow], step: int) -> None:
        """Collect the pictures.

        Args:
            arguments: Parsed command line.
            rows: Photographs to learn from.
            step: Step to go on from: after each start other plates are drawn.
        """
        folder: Path = arguments.pictures or arguments.data
        self._rows = rows
        self._empty = [row for row in rows if not row.plates]
        self._with_plates = [row for row in rows if row.plates]
        self._loaders: int = arguments.loaders
        self._findings_path: Path = arguments.work / FINDINGS_NAME
        self._pictures = PictureStore(folder)
        if self._loaders:
            self._pictures.preload(row.image for row in rows)
        crops_path: Path = arguments.data / "crops.jsonl"
        crops = load_crops(crops_path) if crops_path.exists() else []
        rng = np.random.default_rng([step, 0])
        self._textures = Textures(
            load_textures(crops, folder, arguments.data, rng),
            draw_things(DRAWN_THINGS, arguments.data, rng),
        )

    def first_findings(self, network: PoseModel, screen: Screen) -> Findings:
        """Look over all photographs, unless this run has done so before.

        Args:
            network: The detector. Not modified.
            screen: Where it is said how far this is.

        Returns:
            What was found.

        Raises:
            DataSetError: A photograph or the record of findings cannot be read.
        """
        if not self._findings_path.exists():
            reviewer = Reviewer(look_with(network), self._pictures)
            findings = Findings(
                reviewer.false_alarms(screen.counted(self._empty, "looking for false alarms")),
                reviewer.unlabelled(screen.counted(self._with_plates, "looking for lost plates")),
                reviewer.corners(screen.counted(self._with_plates, "looking for corners")),
            )
            save_findings(findings, self._findings_path)
        return load_findings(self._findings_path).reviewed(load_corrections().signs)

    def new_findings(self, network: PoseModel, screen: Screen, findings: Findings) -> Findings:
        """Look for false alarms again; labels and corners do not change as fast.

        Args:
            network: The detector. Not modified.
            screen: Where it is said how far this is.
            findings: What was found before. Not modified.

        Returns:
            What is known now.
        """
        reviewer = Reviewer(look_with(network), self._pictures)
        alarms = reviewer.false_alarms(screen.counted(self._empty, "looking for false alarms"))
        renewed = replace(findings, false_alarms=alarms)
        save_findings(renewed, self._findings_path)
        return renewed.reviewed(load_corrections().signs)

    def patches(self) -> PatchSource:
        """Prepare patches for the corner network, with what a detector found if it is known.

        Returns:
            Where they are drawn.

        Raises:
            DataSetError: The record of findings cannot be read.
        """
        known = self._findings_path.exists()
        findings = load_findings(self._findings_path) if known else Findings()
        reviewed = findings.reviewed(load_corrections().signs)
        return PatchSource(self._rows, self._pictures, self._textures, reviewed)

    def batches(
        self, findings: Findings, batch_size: int, step: int, *, with_mosaic: bool
    ) -> Iterator[Batch]:
        """Draw batches without end.

        Args:
            findings: What is known of the photographs.
            batch_size: Pictures in a step.
            step: Step to go on from: after each start other windows are drawn.
            with_mosaic: Join some pictures from four windows.

        Returns:
            Batches as ``BatchSource.draw`` returns them.
        """
        source = BatchSource(self._rows, self._pictures, self._textures, findings)

        def begin(rng: np.random.Generator) -> Callable[[], Batch]:
            return lambda: source.draw(batch_size, rng, with_mosaic=with_mosaic)

        return endless_batches(begin, (step, 1), self._loaders)
