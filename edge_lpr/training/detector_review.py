"""Lets a detector look at its own training photographs, to learn from what it sees there.

Three things come of it: false alarms on photographs without a plate, which are then shown more
often; what may be plates that nobody labelled, which are then left out; and corners of labelled
plates, where several views of a plate agree on them. Its own mistakes must not become its truth,
so corners count only where the label's box agrees, and less than exact ones (``detector_network``).
"""

from collections.abc import Iterable, Sequence
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_lpr.synthesis.pictures import BgrImage, Quad
from edge_lpr.training.dataset import PlateLabel, SceneRow
from edge_lpr.training.detector_findings import Numbers
from edge_lpr.training.detector_look import Look
from edge_lpr.training.pictures import PictureStore
from edge_lpr.vision.adapters.letterbox import Letterbox
from edge_lpr.vision.adapters.pose_head import decode_pose_head
from edge_lpr.vision.contracts import Detection
from edge_lpr.vision.geometry import intersection_over_union

FALSE_ALARM_CONFIDENCE: Final = 0.15
"""Below the device's threshold: what is nearly believed is worth unlearning too."""

UNLABELLED_CONFIDENCE: Final = 0.5
"""From here on a detection that no label covers is more probably a plate than not."""

MISSING_LABELS: Final = frozenset({"openimages_plates", "openimages_f8vsn"})
"""Collections whose labels are known to miss plates."""

CORNER_CONFIDENCE: Final = 0.6
"""Confidence from which corners are looked at."""

SAME_BOX: Final = 0.8
"""Overlap with the labelled box from which corners are believed."""

CORNER_SPREAD: Final = 0.06
"""Most that corners of the views may differ (root of the mean square), in plate heights."""

MIN_WIDTH_PX: Final = 24.0
"""Narrower plates, in the photograph as stored, show no corners."""

LONG_SIDE_PX: Final = 640
"""Longest side at which whole photographs are looked at, as on the device."""

_VIEW_SIDE_PX: Final = 256
_VIEW_WIDTHS_PX: Final = (85.0, 130.0)
"""Side of the square views of one plate, and how wide the plate is in each."""


class Reviewer:
    """Looks at photographs with a detector in training."""

    def __init__(self, look: Look, pictures: PictureStore) -> None:
        """Take a detector and what it will look at.

        Args:
            look: Runs the detector; see ``look_with``.
            pictures: The photographs.
        """
        self._look = look
        self._pictures = pictures
        self._letterbox = Letterbox(long_side_px=LONG_SIDE_PX, stride_px=32)

    def false_alarms(self, rows: Iterable[SceneRow]) -> dict[str, tuple[Numbers, ...]]:
        """Look for plates where there are none.

        Args:
            rows: Photographs; only those without a plate are looked at.

        Returns:
            Boxes by photograph; photographs without an alarm are left out.
        """
        found = {
            row.image: tuple(
                _numbers(detection.box_xyxy)
                for detection in self._detect(row.image, FALSE_ALARM_CONFIDENCE)
            )
            for row in rows
            if not row.plates
        }
        return {image: boxes for image, boxes in found.items() if boxes}

    def unlabelled(self, rows: Iterable[SceneRow]) -> dict[str, tuple[Numbers, ...]]:
        """Look for plates that nobody labelled, in collections known to miss some.

        Args:
            rows: Photographs; only some collections are looked at.

        Returns:
            Boxes by photograph; photographs without any are left out.
        """
        found: dict[str, tuple[Numbers, ...]] = {}
        for row in rows:
            if row.plates and row.table in MISSING_LABELS:
                seen = self._detect(row.image, UNLABELLED_CONFIDENCE)
                labelled = [box_of(plate) for plate in row.plates]
                new = [d.box_xyxy for d in seen if not _touches(d.box_xyxy, labelled)]
                if new:
                    found[row.image] = tuple(_numbers(box) for box in new)
        return found

    def corners(self, rows: Iterable[SceneRow]) -> dict[str, dict[str, Numbers]]:
        """Look for the corners of labelled plates.

        Args:
            rows: Photographs.

        Returns:
            Quads by photograph and number of the plate, for plates whose views agree.
        """
        found: dict[str, dict[str, Numbers]] = {}
        for row in rows:
            wide = {n: p for n, p in enumerate(row.plates) if p.box_xywh[2] >= MIN_WIDTH_PX}
            picture_bgr = self._pictures.read(row.image) if wide else None
            for number, plate in wide.items():
                quad = None if picture_bgr is None else self._agreed(picture_bgr, plate)
                if quad is not None:
                    found.setdefault(row.image, {})[str(number)] = _numbers(quad)
        return found

    def _detect(self, image: str, minimum_confidence: float) -> list[Detection]:
        """Detect plates in a whole photograph, as on the device."""
        picture_bgr = self._pictures.read(image)
        canvas_bgr, scale = self._letterbox.fit(picture_bgr)
        height, width = picture_bgr.shape[:2]
        return decode_pose_head(
            self._look(canvas_bgr),
            scale=scale,
            frame_size_px=(width, height),
            minimum_confidence=minimum_confidence,
        )

    def _agreed(self, picture_bgr: BgrImage, plate: PlateLabel) -> Quad | None:
        """Return the mean of the corners in all views of a plate; None if the views differ."""
        box = box_of(plate)
        quads: list[Quad] = []
        for width_px in _VIEW_WIDTHS_PX:
            view_bgr, scale, origin = view_of(picture_bgr, box, width_px)
            for is_mirrored in (False, True):
                head = self._look(view_bgr[:, ::-1] if is_mirrored else view_bgr)
                quad = _middle_quad(head, is_mirrored=is_mirrored)
                if quad is None:
                    return None
                quads.append((quad / scale + origin).astype(np.float32))
        return mean_if_agreed(quads, box)


def box_of(plate: PlateLabel) -> NDArray[np.float32]:
    """Return the box of a label as left, top, right, bottom.

    Args:
        plate: A label.

    Returns:
        Shape (4,), continuous pixels.
    """
    left, top, width, height = plate.box_xywh
    return np.array([left, top, left + width, top + height], np.float32)


def view_of(
    picture_bgr: BgrImage, box_xyxy: NDArray[np.float32], width_px: float
) -> tuple[BgrImage, float, NDArray[np.float32]]:
    """Cut a square around a plate, at a scale at which the plate is so wide.

    Args:
        picture_bgr: Photograph. Not modified.
        box_xyxy: The plate's box in it.
        width_px: Width of the plate in the view, unless it is too high for that.

    Returns:
        The view, its pixels per pixel of the photograph, and the continuous place in the
        photograph where the view's first pixel begins.
    """
    size = box_xyxy[2:] - box_xyxy[:2]
    scale = float(min(width_px / size[0], 0.6 * _VIEW_SIDE_PX / size[1]))
    middle = (box_xyxy[:2] + box_xyxy[2:]) / 2
    origin = (middle - _VIEW_SIDE_PX / 2 / scale).astype(np.float32)
    # In continuous coordinates a scaling keeps 0; between pixel centres it moves half a pixel.
    shift = -origin * scale + (scale - 1) / 2
    matrix = np.array([[scale, 0, shift[0]], [0, scale, shift[1]]], np.float64)
    # Shrinking needs an average over pixels, which the warp does not take.
    sigma = 0.4 * (1 / scale - 1)
    source = cv2.GaussianBlur(picture_bgr, (0, 0), sigma) if sigma > 0.1 else picture_bgr  # noqa: PLR2004 - no visible blur
    view = cv2.warpAffine(
        source, matrix, (_VIEW_SIDE_PX, _VIEW_SIDE_PX), borderValue=(114, 114, 114)
    )
    return view.astype(np.uint8, copy=False), scale, origin


def mean_if_agreed(quads: Sequence[Quad], box_xyxy: NDArray[np.float32]) -> Quad | None:
    """Average corners, if they agree with each other and with the box.

    Args:
        quads: At least one, in continuous pixels.
        box_xyxy: The labelled box.

    Returns:
        The mean quad, or None.
    """
    stacked = np.stack(quads)
    mean = stacked.mean(axis=0).astype(np.float32)
    height_px = float(np.linalg.norm(mean[[3, 2]] - mean[[0, 1]], axis=1).mean())
    spread_px = float(np.sqrt(((stacked - mean) ** 2).sum(axis=2).mean()))
    around = np.concatenate([mean.min(axis=0), mean.max(axis=0)])
    agrees = (
        spread_px <= CORNER_SPREAD * height_px
        and intersection_over_union(around, box_xyxy) >= SAME_BOX
    )
    return mean if agrees else None


def _middle_quad(head: NDArray[np.float32], *, is_mirrored: bool) -> Quad | None:
    """Return the corners of the surest detection over the middle, in continuous pixels."""
    detections = decode_pose_head(
        head,
        scale=1.0,
        frame_size_px=(_VIEW_SIDE_PX, _VIEW_SIDE_PX),
        minimum_confidence=CORNER_CONFIDENCE,
    )
    middle = _VIEW_SIDE_PX / 2
    for detection in detections:
        left, top, right, bottom = detection.box_xyxy
        if left < middle < right and top < middle < bottom:
            quad: Quad = detection.quad_frame_px + np.float32(0.5)
            if is_mirrored:
                quad = quad[[1, 0, 3, 2]]
                quad[:, 0] = _VIEW_SIDE_PX - quad[:, 0]
            return quad
    return None


def _touches(box_xyxy: NDArray[np.float32], others: Sequence[NDArray[np.float32]]) -> bool:
    """Tell whether a box shares any area with another."""
    return any(intersection_over_union(box_xyxy, other) > 0 for other in others)


def _numbers(array: NDArray[np.float32]) -> Numbers:
    """Turn a box or quad into numbers rounded to a tenth of a pixel."""
    return tuple(round(float(value), 1) for value in array.ravel())
