"""Knows where the lanes are in the picture, and which way vehicles drive in them.

Everything is given in shares of the picture's width and height, so that it stays where it is when
the camera's resolution changes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_lpr.core.settings import Direction, LaneSection

Point: TypeAlias = NDArray[np.float64]
"""Place in the picture, shape (2,): share of its width from the left, of its height from above."""


@dataclass(frozen=True, slots=True)
class Window:
    """The part of a frame that is looked at, in pixels, half-open."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def width_px(self) -> int:
        """Return how wide it is."""
        return self.right - self.left

    @property
    def height_px(self) -> int:
        """Return how high it is."""
        return self.bottom - self.top

    def view_of(self, frame_bgr: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Return this part of a frame, without a copy.

        Args:
            frame_bgr: Shape (H, W, 3).

        Returns:
            A view of it, shape (``height_px``, ``width_px``, 3).
        """
        return frame_bgr[self.top : self.bottom, self.left : self.right]


class Lanes:
    """The lanes of one camera."""

    def __init__(self, lanes: Sequence[LaneSection]) -> None:
        """Take the lanes.

        Args:
            lanes: At least one; one without a region is the whole picture.
        """
        self._lanes = tuple(lanes)
        self._regions = tuple(
            None if lane.region is None else np.array(lane.region, np.float32) for lane in lanes
        )

    def window(self, width_px: int, height_px: int) -> Window:
        """Return the smallest window of a frame that holds every lane.

        Args:
            width_px: Width of the frame.
            height_px: Height of the frame.

        Returns:
            A window of one pixel at least; the whole frame where a lane has no region.
        """
        drawn = [region for region in self._regions if region is not None]
        if len(drawn) < len(self._regions):
            return Window(0, 0, width_px, height_px)
        size_px = np.array([width_px, height_px], np.float32)
        low = np.floor(np.min([region.min(axis=0) for region in drawn], axis=0) * size_px)
        high = np.ceil(np.max([region.max(axis=0) for region in drawn], axis=0) * size_px)
        low = np.minimum(low, size_px - 1)
        high = np.maximum(high, low + 1)
        (left, top), (right, bottom) = low.astype(int).tolist(), high.astype(int).tolist()
        return Window(left, top, right, bottom)

    def index_at(self, point: Point) -> int | None:
        """Say in which lane a point lies.

        Args:
            point: Place in the picture.

        Returns:
            Place of the first lane that holds it, among those given; None if none does.
        """
        x, y = (float(share) for share in point)
        for index, region in enumerate(self._regions):
            if region is None or cv2.pointPolygonTest(region, (x, y), measureDist=False) >= 0:
                return index
        return None

    def number_at(self, point: Point) -> int:
        """Return the number of the lane that a plate drove in.

        Args:
            point: Where it was on average.

        Returns:
            Number as painted on the ground; the first lane's where the point lies in none.
        """
        return self._lanes[self.index_at(point) or 0].number

    def has_arrow_at(self, point: Point) -> bool:
        """Tell whether the direction of travel can be seen in the lane that a plate drove in.

        Args:
            point: Where it was on average.
        """
        return self._lanes[self.index_at(point) or 0].arrow is not None

    def direction_at(self, point: Point, way: Point) -> Direction:
        """Say in which direction a plate has moved.

        Args:
            point: Where it was on average.
            way: From where it was seen first to where it was seen last, in the same shares.

        Returns:
            ``in`` along the lane's arrow and ``out`` against it; where there is no arrow, or the
            plate has not moved along it, the direction that the settings give the lane.
        """
        lane = self._lanes[self.index_at(point) or 0]
        if lane.arrow is None:
            return lane.direction
        along = np.subtract(lane.arrow[1], lane.arrow[0])
        moved = float(way @ along)
        if moved == 0:
            return lane.direction
        return "in" if moved > 0 else "out"


WHOLE_PICTURE: Final = Lanes((LaneSection(number=1),))
"""One lane that fills the picture."""
