"""Follows plates from frame to frame, so that readings of one vehicle come together.

A track ends when its plate was not seen for a while. Which detection continues which track is
decided in ``associate.py``, what the readings of a track amount to in ``vote.py``.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from edge_lpr.vision.associate import Trace, associate
from edge_lpr.vision.ballots import Ballots
from edge_lpr.vision.contracts import NANOSECONDS, Detection, Frame, Reading

STANDING_NS: Final = 2 * NANOSECONDS
"""A vehicle that stays is voted on this long after its first reading: it stands at the booth,
and the officer waits for the answer. Until then more frames make a better vote."""

MAXIMUM_TRACKS: Final = 64
"""Plates followed at once; a lane shows a few, a broken detector hundreds."""


class Track:
    """One vehicle's plate, from its first frame to its last."""

    __slots__ = (
        "ballots",
        "box_xyxy",
        "first_frame",
        "first_reading_ns",
        "first_seen_ns",
        "has_ended",
        "last_frame",
        "last_seen_ns",
        "plate_digest",
    )

    def __init__(self, frame: Frame, detection: Detection) -> None:
        """Start a track without a reading.

        Args:
            frame: The first frame. Only its index and time are kept.
            detection: The plate in it.
        """
        self.ballots = Ballots()
        self.box_xyxy: NDArray[np.float32] = detection.box_xyxy
        self.first_frame = frame.index
        self.last_frame = frame.index
        self.first_reading_ns: int | None = None
        self.first_seen_ns = frame.captured_ns
        self.last_seen_ns = frame.captured_ns
        self.has_ended = False
        self.plate_digest: bytes | None = None
        """Set once the passage has a consensus; then its readings have no vote any more."""

    def trace(self) -> Trace:
        """Return where and how the plate was seen last."""
        return Trace(self.box_xyxy, self.ballots.leader(), self.last_frame)

    def extend(self, frame: Frame, detection: Detection, reading: Reading) -> None:
        """Add what one more frame shows.

        Args:
            frame: A later frame than the ones before.
            detection: The plate in it.
            reading: Its reading, possibly empty. Copied, not modified.
        """
        self.box_xyxy = detection.box_xyxy
        self.last_frame = frame.index
        self.last_seen_ns = frame.captured_ns
        if reading.is_empty():
            return
        if self.first_reading_ns is None:
            self.first_reading_ns = frame.captured_ns
        self.ballots.cast(reading)

    def is_standing(self, now_ns: int) -> bool:
        """Return whether an undecided plate has been readable long enough to be voted on."""
        return (
            self.plate_digest is None
            and self.first_reading_ns is not None
            and now_ns - self.first_reading_ns >= STANDING_NS
        )


class Tracker:
    """Keep the open tracks of one camera."""

    def __init__(self, passage_gap_ns: int) -> None:
        """Start without a track.

        Args:
            passage_gap_ns: A track ends when its plate was not seen for longer than this.
        """
        self._passage_gap_ns = passage_gap_ns
        self._tracks: list[Track] = []

    def follow(
        self, frame: Frame, detections: Sequence[Detection], readings: Sequence[Reading]
    ) -> None:
        """Continue tracks with the plates of a frame, and begin tracks for new ones.

        Args:
            frame: The frame, later than the ones before. Its pixels are not looked at.
            detections: Plates in it, most confident first.
            readings: One for each of them. Copied and then wiped: they are the tracks' now.
        """
        seen = [
            Trace(detection.box_xyxy, reading.class_indices, frame.index)
            for detection, reading in zip(detections, readings, strict=True)
        ]
        pairs = associate([track.trace() for track in self._tracks], seen)
        continued = list(self._tracks)
        for place, (detection, reading) in enumerate(zip(detections, readings, strict=True)):
            if place in pairs:
                continued[pairs[place]].extend(frame, detection, reading)
            elif len(self._tracks) < MAXIMUM_TRACKS:
                track = Track(frame, detection)
                track.extend(frame, detection, reading)
                self._tracks.append(track)
            reading.wipe()

    def due(self, now_ns: int) -> list[Track]:
        """Give up the tracks that have ended, and show those that stand and are undecided.

        Args:
            now_ns: Time of the newest frame, on the timeline of the source.

        Returns:
            Ended tracks (``has_ended``, forgotten here) and standing ones, oldest first.
        """
        for track in self._tracks:
            track.has_ended = now_ns - track.last_seen_ns > self._passage_gap_ns
        due = [track for track in self._tracks if track.has_ended or track.is_standing(now_ns)]
        self._tracks = [track for track in self._tracks if not track.has_ended]
        return due

    def end(self) -> list[Track]:
        """End every track: there will be no more frames.

        Returns:
            The tracks, oldest first.
        """
        ended, self._tracks = self._tracks, []
        for track in ended:
            track.has_ended = True
        return ended
