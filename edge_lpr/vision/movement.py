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
        "_frame_px",
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
        self._frame_px = _size_px(frame)
        self._seen_ns = frame.captured_ns
        self._speed: NDArray[np.float32] = np.zeros(4, np.float32)
        self._first_place = self._place()
        self._places = np.zeros(2, np.float64)
        self._steps = 0

    def follow(self, frame: Frame, detection: Detection) -> None:
        """Take the next step.

        Args:
            frame: A frame that is not earlier than the ones before.
            detection: The plate in it.
        """
        seconds = (frame.captured_ns - self._seen_ns) / NANOSECONDS
        frame_px = _size_px(frame)
        if seconds > _LONGEST_STEP_S or (frame_px != self._frame_px).any():
            self._speed = np.zeros(4, np.float32)
        elif seconds > 0:
            newest = (detection.box_xyxy - self._box_xyxy) / np.float32(seconds)
            share = np.float32(_NEWEST if self._speed.any() else 1)
            self._speed = share * newest + (1 - share) * self._speed
        self._box_xyxy, self._seen_ns = detection.box_xyxy, frame.captured_ns
        self._frame_px = frame_px
        self._places += self._place()
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

    def way(self) -> NDArray[np.float64]:
        """Return how far it has come from where it was seen first, as shares of the frame."""
        return self._place() - self._first_place

    def way_widths(self) -> float:
        """Return the same in widths of the plate, as it was seen last."""
        width_px = max(1.0, float(self._box_xyxy[2] - self._box_xyxy[0]))
        return float(np.hypot(*(self.way() * self._frame_px))) / width_px

    def mean_place(self) -> NDArray[np.float64]:
        """Return where it was on average, as shares of the frame's width and height."""
        return self._places / max(1, self._steps)

    def _place(self) -> NDArray[np.float64]:
        """Return where it was seen last, likewise."""
        box_xyxy = self._box_xyxy.astype(np.float64)
        return (box_xyxy[:2] + box_xyxy[2:]) / 2 / self._frame_px


def _size_px(frame: Frame) -> NDArray[np.float64]:
    """Return width and height of a frame, at least one pixel each."""
    return np.maximum(1.0, np.array(frame.image_bgr.shape[1::-1], np.float64))
