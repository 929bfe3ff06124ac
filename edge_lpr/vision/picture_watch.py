"""Notices that a live camera shows a frozen or a black picture.

A sensor's noise makes any two of its frames differ, even of an empty lane at night; a paused
encoder, a hung driver or a broken converter repeats one frame exactly. A black picture is another
matter: a lens cap, mud, or a night without a lamp, and opening the camera again would not help.
"""

from enum import Enum
from typing import Final

import numpy as np

from edge_lpr.vision.contracts import NANOSECONDS, BgrImage

FROZEN_AFTER_NS: Final = 8 * NANOSECONDS
"""Found within ten seconds also at one frame a second. A stream's empty lane may well repeat
itself for some frames, but a coder sends a whole picture anew every few seconds, and that
differs."""

LONGEST_PATIENCE_NS: Final = 64 * NANOSECONDS
"""A picture that stays the same however often the camera is opened is opened this seldom."""

BLACK_AFTER_NS: Final = 5 * NANOSECONDS
"""A truck that passes close by may darken the picture for a moment."""

BLACK_LEVEL: Final = 24
"""Of 255. A covered sensor gives 0 to 16 with its noise; a lane in infra-red light, 40 and more."""

_BRIGHT_SHARE: Final = 0.0005
"""As many samples may be brighter: hot pixels, or the date that a camera writes into the corner is
more, and then the picture is not called black."""

_ROWS_LOOKED_AT: Final = 90
"""About so many rows, and columns at the same distance: 90 x 160 of a frame of 16:9."""

_FEWEST_FRAMES: Final = 4
"""Equal frames in a row before a picture can be frozen, whatever the clock says."""


class Look(Enum):
    """What a frame looks like, in the light of those before it."""

    LIVE = "live"
    FROZEN = "frozen"
    BLACK = "black"


class PictureWatch:
    """Look at every frame of one camera, also of its later openings."""

    def __init__(self) -> None:
        """Begin without a frame."""
        self._first_bgr: BgrImage | None = None
        self._first_sample: BgrImage | None = None
        self._frames = 0
        self._since_ns = 0
        self._patience_ns = FROZEN_AFTER_NS
        self._is_known_frozen = False
        self._black_since_ns: int | None = None

    def look(self, image_bgr: BgrImage, arrival_ns: int) -> Look:
        """Judge a frame.

        Costs a comparison of every eighth pixel of every eighth row of a frame of 1280 x 720, and
        of the whole frame only where that would make it frozen.

        Args:
            image_bgr: The frame, shape (H, W, 3), uint8, BGR. Kept as it is while the picture stays
                the same, so it must not be written to.
            arrival_ns: When it came, on the monotonic clock.

        Returns:
            ``BLACK`` if all was black for ``BLACK_AFTER_NS``; ``FROZEN`` for each frame from the
            one on that has shown the picture to be exactly the same for ``FROZEN_AFTER_NS``;
            otherwise ``LIVE``.
        """
        step = max(1, image_bgr.shape[0] // _ROWS_LOOKED_AT)
        sample = np.ascontiguousarray(image_bgr[::step, ::step])
        if np.count_nonzero(sample > BLACK_LEVEL) <= _BRIGHT_SHARE * sample.size:
            return self._look_at_black(arrival_ns)
        self._black_since_ns = None
        if self._first_sample is None or self._first_bgr is None:
            return self._begin(image_bgr, sample, arrival_ns)
        if not np.array_equal(sample, self._first_sample):
            return self._begin(image_bgr, sample, arrival_ns)
        self._frames += 1
        is_due = arrival_ns - self._since_ns >= self._patience_ns and self._frames >= _FEWEST_FRAMES
        if not is_due:
            return Look.FROZEN if self._is_known_frozen else Look.LIVE
        if not np.array_equal(image_bgr, self._first_bgr):
            return self._begin(image_bgr, sample, arrival_ns)
        self._is_known_frozen = True
        return Look.FROZEN

    def is_due_to_reopen(self, arrival_ns: int) -> bool:
        """Return whether a frozen picture has lasted so long that the camera is opened again.

        Args:
            arrival_ns: When the frozen frame came.
        """
        return self._is_known_frozen and arrival_ns - self._since_ns >= self._patience_ns

    def camera_opened_again(self, now_ns: int) -> None:
        """Give a frozen picture time to move again, more each time that it does not."""
        self._since_ns = now_ns
        self._frames = 0
        if self._is_known_frozen:
            self._patience_ns = min(2 * self._patience_ns, LONGEST_PATIENCE_NS)

    def _begin(self, image_bgr: BgrImage, sample: BgrImage, arrival_ns: int) -> Look:
        """Take note of a picture that differs from the one before."""
        self._first_bgr, self._first_sample = image_bgr, sample
        self._frames, self._since_ns = 1, arrival_ns
        self._patience_ns = FROZEN_AFTER_NS
        self._is_known_frozen = False
        return Look.LIVE

    def _look_at_black(self, arrival_ns: int) -> Look:
        """Take note of a black frame, which is never called frozen."""
        self._first_bgr = self._first_sample = None
        self._is_known_frozen = False
        if self._black_since_ns is None:
            self._black_since_ns = arrival_ns
        is_lasting = arrival_ns - self._black_since_ns >= BLACK_AFTER_NS
        return Look.BLACK if is_lasting else Look.LIVE
