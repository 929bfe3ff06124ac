"""Fakes of what the vision process is built from; they pass the same contract suites.

A fake plate is painted in full green, which nothing else in a fake scene has, with twelve stripes
whose blue and red level spells a class index: so a fake detector can find it, the real
``rectify_plate`` can flatten it, and a fake reader can read it, all without a model.
"""

from collections.abc import Iterator, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_lpr.core.alphabet import MAX_PLATE_LENGTH, PLATE_ALPHABET
from edge_lpr.core.errors import CornerError, DetectorError, ReaderError
from edge_lpr.vision.contracts import (
    BgrImage,
    Consensus,
    Detection,
    Frame,
    Moment,
    PatchFinding,
    Reading,
    empty_reading,
)
from edge_lpr.vision.geometry import quad_of_box
from edge_lpr.vision.patch import PATCH_HEIGHT_PX, PATCH_WIDTH_PX
from edge_lpr.vision.rectify import RECTIFIED_HEIGHT_PX, RECTIFIED_MARGIN, RECTIFIED_WIDTH_PX

MARKER_GREEN = 255
LEVEL_STEP = 6
"""Grey levels from one class index to the next."""
NO_STRIPE_LEVEL = 250


def indices_of(text: str) -> NDArray[np.uint8]:
    """Return a plate's class indices; tests may have plates as text."""
    return np.array([PLATE_ALPHABET.index(character) for character in text.encode()], np.uint8)


def text_of(class_indices: NDArray[np.uint8]) -> str:
    """Return what class indices spell."""
    return bytes(PLATE_ALPHABET[index] for index in class_indices).decode()


def reading_of(text: str, confidence: float = 0.9) -> Reading:
    """Return a reading in which every character has one confidence."""
    return spelled_reading(indices_of(text), confidence)


def spelled_reading(class_indices: NDArray[np.uint8], confidence: float) -> Reading:
    """Return a reading in which every other character shares what the confidence leaves."""
    shape = (class_indices.size, len(PLATE_ALPHABET))
    probabilities = np.full(shape, (1 - confidence) / (shape[1] - 1), np.float32)
    probabilities[np.arange(class_indices.size), class_indices] = confidence
    return Reading(class_indices, probabilities)


def paint_plate(frame_bgr: BgrImage, text: str, box_xyxy: tuple[int, int, int, int]) -> None:
    """Paint a fake plate over part of a frame."""
    left, top, right, bottom = box_xyxy
    levels = np.full(MAX_PLATE_LENGTH, NO_STRIPE_LEVEL, np.uint8)
    levels[: len(text)] = indices_of(text) * LEVEL_STEP
    columns = (np.arange(right - left) * MAX_PLATE_LENGTH) // (right - left)
    frame_bgr[top:bottom, left:right, 0] = levels[columns]
    frame_bgr[top:bottom, left:right, 1] = MARKER_GREEN
    frame_bgr[top:bottom, left:right, 2] = levels[columns]


def fake_frame(
    plates: dict[str, tuple[int, int, int, int]],
    *,
    index: int = 0,
    size_px: tuple[int, int] = (640, 360),
    frame_rate_hz: float = 10,
) -> Frame:
    """Return a dark frame with fake plates at the given boxes."""
    image_bgr = np.full((size_px[1], size_px[0], 3), 20, np.uint8)
    for text, box_xyxy in plates.items():
        paint_plate(image_bgr, text, box_xyxy)
    return Frame(image_bgr, index, round(index * 1_000_000_000 / frame_rate_hz))


class ListedSource:
    """Gives what it was given."""

    def __init__(self, moments: Sequence[Moment]) -> None:
        self._moments = moments
        self._is_stopped = False

    def __iter__(self) -> Iterator[Moment]:
        for moment in self._moments:
            if self._is_stopped:
                return
            yield moment

    def stop(self) -> None:
        self._is_stopped = True


class PaintedPlateDetector:
    """Finds fake plates."""

    def detect(self, frame_bgr: BgrImage, *, long_side_px: int | None = None) -> list[Detection]:
        del long_side_px
        if frame_bgr.ndim != 3 or 0 in frame_bgr.shape:
            raise DetectorError("this is no picture")
        is_plate = (frame_bgr[:, :, 1] == MARKER_GREEN).astype(np.uint8)
        _, _, found, _ = cv2.connectedComponentsWithStats(is_plate)
        detections = []
        for left, top, width, height, _ in found[1:].tolist():
            box_xyxy = np.array([left, top, left + width, top + height], np.float32)
            # The quad runs through pixel centres.
            quad = quad_of_box(box_xyxy - np.array([0, 0, 1, 1], np.float32))
            detections.append(Detection(quad, box_xyxy, 0.9))
        return detections


class PaintedCornerFinder:
    """Finds the corners of fake plates; what is not green is no plate."""

    def find(self, patches_bgr: Sequence[BgrImage]) -> list[PatchFinding]:
        return [self._find(patch_bgr) for patch_bgr in patches_bgr]

    def _find(self, patch_bgr: BgrImage) -> PatchFinding:
        if patch_bgr.shape != (PATCH_HEIGHT_PX, PATCH_WIDTH_PX, 3):
            raise CornerError("this is no patch")
        green = patch_bgr[:, :, 1].astype(np.float64)
        inside = np.clip((green - 20) / (MARKER_GREEN - 20), 0, 1) > 0.5
        if not inside.any():
            return PatchFinding(quad_of_box(np.array([0, 0, 1, 1], np.float32)), 0.02)
        rows, columns = np.flatnonzero(inside.any(axis=1)), np.flatnonzero(inside.any(axis=0))
        box = [columns[0], rows[0], columns[-1] + 1, rows[-1] + 1]
        return PatchFinding(quad_of_box(np.array(box, np.float32)), 0.95)


class FailingCornerFinder:
    """Fails whenever there is something to look at."""

    def find(self, patches_bgr: Sequence[BgrImage]) -> list[PatchFinding]:
        if patches_bgr:
            raise CornerError("the accelerator fell over")
        return []


class StripeReader:
    """Reads fake plates."""

    def read(self, plates_bgr: Sequence[BgrImage]) -> list[Reading]:
        return [self._read(plate_bgr) for plate_bgr in plates_bgr]

    def _read(self, plate_bgr: BgrImage) -> Reading:
        if plate_bgr.shape != (RECTIFIED_HEIGHT_PX, RECTIFIED_WIDTH_PX, 3):
            raise ReaderError("this is no rectified plate")
        inset = RECTIFIED_MARGIN / (1 + 2 * RECTIFIED_MARGIN)
        centres = inset + (1 - 2 * inset) * (np.arange(MAX_PLATE_LENGTH) + 0.5) / MAX_PLATE_LENGTH
        columns = np.round(centres * (RECTIFIED_WIDTH_PX - 1)).astype(int)
        middle = plate_bgr[RECTIFIED_HEIGHT_PX // 2, columns].astype(int)
        if not (middle[:, 1] > MARKER_GREEN - 10).all():
            return empty_reading()
        indices = np.round(middle[:, 0] / LEVEL_STEP).astype(np.uint8)
        indices = indices[indices < len(PLATE_ALPHABET)]
        return spelled_reading(indices, 0.93)


class FailingDetector:
    """Fails on every frame until it is told to work."""

    def __init__(self, failures: int) -> None:
        self._failures_left = failures
        self._detector = PaintedPlateDetector()

    def detect(self, frame_bgr: BgrImage, *, long_side_px: int | None = None) -> list[Detection]:
        if self._failures_left > 0:
            self._failures_left -= 1
            raise DetectorError("the accelerator fell over")
        return self._detector.detect(frame_bgr, long_side_px=long_side_px)


class FailingReader:
    """Fails whenever there is something to read."""

    def read(self, plates_bgr: Sequence[BgrImage]) -> list[Reading]:
        if plates_bgr:
            raise ReaderError("the accelerator fell over")
        return []


class ConsensusList:
    """Keeps what it takes, as text."""

    def __init__(self, *, is_full: bool = False) -> None:
        self.texts: list[str] = []
        self.taken: list[Consensus] = []
        self._is_full = is_full

    def take(self, consensus: Consensus) -> bool:
        if self._is_full:
            return False
        self.texts.append(text_of(consensus.class_indices))
        self.taken.append(consensus)
        return True
