"""Knows how a plate moves: where it must be by now, which way it came, and in which lane."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from edge_lpr.vision.contracts import NANOSECONDS, Detection, Frame

_NEWEST: Final = 0.5
"""Share of the newest step in what is taken for the speed: corners tremble by a pixel."""

_LONGEST_FORESIGHT_S: Final = 0.5
"""Nobody knows what a driver does after this long unseen."""

_LONGEST_STEP_S: Final = 2.0
"""Steps that took longer say nothing about the speed."""


class Movement:
    """The way of one plate, at constant speed and growth from one frame to the next."""

    __slots__ = (
        "_box_xyxy",
        "_first_place",
        "_first_px",
        "_place",
        "_places",
        "_seen_ns",
        "_speed",
        "_steps",
    )

    def __init__(self, frame: Frame, detection: Detection) -> None:
        """Begin where a plate was seen first.

        Args:
            frame: The first frame. Only its size and time are kept.
            detection: The plate in it.
        """
        self._box_xyxy = detection.box_xyxy
        self._seen_ns = frame.captured_ns
        self._speed: NDArray[np.float32] = np.zeros(4, np.float32)
        self._first_px = _centre(detection.box_xyxy)
        self._first_place = self._place = self._first_px / _size_px(frame)
        self._places = np.zeros(2, np.float64)
        self._steps = 0

    def follow(self, frame: Frame, detection: Detection) -> None:
        """Take the next step.

        Args:
            frame: A frame that is not earlier than the ones before.
            detection: The plate in it.
        """
        seconds = (frame.captured_ns - self._seen_ns) / NANOSECONDS
        if 0 < seconds <= _LONGEST_STEP_S:
            newest = (detection.box_xyxy - self._box_xyxy) / np.float32(seconds)
            is_first = not self._speed.any()
            share = np.float32(1 if is_first else _NEWEST)
            self._speed = share * newest + (1 - share) * self._speed
        elif seconds > _LONGEST_STEP_S:
            self._speed = np.zeros(4, np.float32)
        self._box_xyxy, self._seen_ns = detection.box_xyxy, frame.captured_ns
        self._place = _centre(detection.box_xyxy) / _size_px(frame)
        self._places += self._place
        self._steps += 1

    def box_at(self, now_ns: int) -> NDArray[np.float32]:
        """Say where the plate must be.

        Args:
            now_ns: Time, on the timeline of the source.

        Returns:
            Box in frame pixels, shape (4,).
        """
        seconds = min((now_ns - self._seen_ns) / NANOSECONDS, _LONGEST_FORESIGHT_S)
        box_xyxy = self._box_xyxy + self._speed * np.float32(max(0.0, seconds))
        is_box = bool((box_xyxy[2:] > box_xyxy[:2]).all())
        return box_xyxy.astype(np.float32) if is_box else self._box_xyxy

    def way_px(self) -> NDArray[np.float64]:
        """Return how far it has come from where it was seen first, (x, y) in pixels."""
        return _centre(self._box_xyxy) - self._first_px

    def way(self) -> NDArray[np.float64]:
        """Return the same as shares of the frame's width and height."""
        return self._place - self._first_place

    def width_px(self) -> float:
        """Return how wide the plate was when it was seen last."""
        return max(1.0, float(self._box_xyxy[2] - self._box_xyxy[0]))

    def mean_place(self) -> NDArray[np.float64]:
        """Return where it was on average, as shares of the frame's width and height."""
        return self._places / max(1, self._steps)


def _centre(box_xyxy: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return the middle of a box, shape (2,)."""
    return np.asarray((box_xyxy[:2] + box_xyxy[2:]) / 2, np.float64)


def _size_px(frame: Frame) -> NDArray[np.float64]:
    """Return width and height of a frame, at least one pixel each."""
    return np.maximum(1.0, np.array(frame.image_bgr.shape[1::-1], np.float64))
