"""Writes sheets of the simulated lane, so that a person can look at it before it measures."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_lpr.core.errors import DataSetError
from edge_lpr.synthesis.glyphs import Typeface
from edge_lpr.synthesis.pictures import BgrImage
from edge_lpr.synthesis.simulator.frames import render_shift
from edge_lpr.synthesis.simulator.plan import LaneSettings, Shift, plan_shifts, plate_quad
from edge_lpr.training.pictures import contact_sheet

_MOMENTS: Final = (0.0, 0.5, 1.0)
"""Shares of the time in which a plate can be read."""

_COLUMNS: Final = 6
_CELL_PX: Final = (480, 270)
_PLATE_CELL_PX: Final = (220, 100)


def write_lane_sheets(
    folder: Path, settings: LaneSettings, typefaces: Mapping[str, Typeface]
) -> list[Path]:
    """Write, for each shift, a sheet of frames and one of plates as large as they are seen.

    Args:
        folder: Where to write; made if it is not there.
        settings: The simulation.
        typefaces: What plates and signs are lettered in.

    Returns:
        The files.

    Raises:
        DataSetError: A file cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    faces = tuple(typefaces.values())
    paths = []
    for shift in plan_shifts(settings, faces):
        frames, plates = _collect(shift, faces)
        name = f"{shift.number:03}-{shift.condition.name.replace(' ', '-')}"
        for kind, cells, cell_px in (
            ("frames", frames, _CELL_PX),
            ("plates", plates, _PLATE_CELL_PX),
        ):
            path = folder / f"{name}-{kind}.png"
            if not cv2.imwrite(str(path), contact_sheet(cells, _COLUMNS, cell_px)):
                raise DataSetError(f"{path} cannot be written.")
            paths.append(path)
    return paths


def _collect(shift: Shift, faces: tuple[Typeface, ...]) -> tuple[list[BgrImage], list[BgrImage]]:
    """Render a shift, and keep each plate's first, middle and last readable moment."""
    wanted: dict[int, list[int]] = {}
    for place, passage in enumerate(shift.passages):
        for share in _MOMENTS:
            span = passage.last_readable - passage.first_readable
            wanted.setdefault(passage.first_readable + round(share * span), []).append(place)
    frames, plates = [], []
    for index, frame in enumerate(render_shift(shift, faces)):
        for place in wanted.get(index, ()):
            frames.append(frame)
            actor = shift.actors[place]
            quad = plate_quad(actor, actor.distance_m(index), shift.camera)
            plates.append(_around(frame, quad.mean(axis=0)))
    return frames, plates


def _around(frame: BgrImage, middle: NDArray[np.floating]) -> BgrImage:
    """Cut out what is around a plate, not enlarged."""
    width, height = _PLATE_CELL_PX
    left = int(np.clip(middle[0] - width / 2, 0, frame.shape[1] - width))
    top = int(np.clip(middle[1] - height / 2, 0, frame.shape[0] - height))
    cut: BgrImage = frame[top : top + height, left : left + width].copy()
    return cut
