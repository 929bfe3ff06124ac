"""Follows plates from frame to frame, so that readings of one vehicle come together.

A track ends when its plate was not seen for a while. Which detection continues which track is
decided in ``associate.py``, what the readings of a track amount to in ``conclude.py``.
"""

from collections.abc import Sequence
from typing import Final

from edge_lpr.vision.associate import SAME_PLACE, Trace, associate
from edge_lpr.vision.ballots import Ballots
from edge_lpr.vision.contracts import Detection, Frame, Reading
from edge_lpr.vision.geometry import intersection_over_union
from edge_lpr.vision.movement import Movement

MAXIMUM_TRACKS: Final = 64
"""Plates followed at once; a lane shows a few, a broken detector hundreds."""


class Track:
    """One vehicle's plate, from its first frame to its last."""

    __slots__ = (
        "ballots",
        "first_frame",
        "first_reading_ns",
        "first_seen_ns",
        "has_ended",
        "is_given_up",
        "is_well_read",
        "last_frame",
        "last_read_ns",
        "last_seen_ns",
        "movement",
        "plate_digest",
        "times_seen",
    )

    def __init__(self, frame: Frame, detection: Detection) -> None:
        """Start a track without a reading.

        Args:
            frame: The first frame. Only its index, time and size are kept.
            detection: The plate in it.
        """
        self.ballots = Ballots()
        self.movement = Movement(frame, detection)
        self.first_frame = frame.index
        self.last_frame = frame.index
        self.first_reading_ns: int | None = None
        self.last_read_ns: int | None = None
        self.first_seen_ns = frame.captured_ns
        self.last_seen_ns = frame.captured_ns
        self.times_seen = 0
        self.has_ended = False
        self.is_well_read = False
        """Set while more readings could hardly change what the plate is taken for."""
        self.is_given_up = False
        """Set once a vehicle has stayed for long without being read well enough."""
        self.plate_digest: bytes | None = None
        """Set once the passage has a consensus; then its readings have no vote any more."""

    @property
    def is_decided(self) -> bool:
        """Whether the passage has a consensus."""
        return self.plate_digest is not None

    @property
    def is_known(self) -> bool:
        """Whether its plate need not be read in every frame."""
        return self.is_decided or self.is_well_read

    def trace(self, now_ns: int) -> Trace:
        """Return where the plate is expected now, and what it reads."""
        return Trace(self.movement.box_at(now_ns), self.ballots.leader(), self.last_seen_ns)

    def extend(self, frame: Frame, detection: Detection, reading: Reading) -> None:
        """Add what one more frame shows.

        Args:
            frame: A later frame than the ones before.
            detection: The plate in it.
            reading: Its reading, possibly empty. Copied, not modified.
        """
        self.movement.follow(frame, detection)
        self.last_frame = frame.index
        self.last_seen_ns = frame.captured_ns
        self.times_seen += 1
        if reading.is_empty():
            return
        self.last_read_ns = frame.captured_ns
        if self.first_reading_ns is None:
            self.first_reading_ns = frame.captured_ns
        self.ballots.cast(reading)


class Tracker:
    """Keep the open tracks of one camera."""

    def __init__(self, passage_gap_ns: int, read_again_ns: int = 0) -> None:
        """Start without a track.

        Args:
            passage_gap_ns: A track ends when its plate was not seen for longer than this.
            read_again_ns: A decided plate is to be read again after this long.
        """
        self._passage_gap_ns = passage_gap_ns
        self._read_again_ns = read_again_ns
        self._tracks: list[Track] = []
        self._looked_at_frame = -1

    def is_empty(self) -> bool:
        """Return whether no plate is followed."""
        return not self._tracks

    def is_settled(self) -> bool:
        """Return whether nothing could be learned from another look at what is there."""
        return all(track.is_known or track.is_given_up for track in self._tracks)

    def are_known(self, frame: Frame, detections: Sequence[Detection]) -> list[bool]:
        """Say which plates need not be read: they are known, and where they must be by now.

        Args:
            frame: The frame.
            detections: Plates in it.

        Returns:
            For each whether it is known.
        """
        known = [
            track.movement.box_at(frame.captured_ns)
            for track in self._tracks
            if track.is_known
            and track.last_read_ns is not None
            and frame.captured_ns - track.last_read_ns < self._read_again_ns
        ]
        return [
            any(intersection_over_union(detection.box_xyxy, box) >= SAME_PLACE for box in known)
            for detection in detections
        ]

    def follow(
        self, frame: Frame, detections: Sequence[Detection], readings: Sequence[Reading]
    ) -> int:
        """Continue tracks with the plates of a frame, and begin tracks for new ones.

        Args:
            frame: The frame, later than the ones before. Its pixels are not looked at.
            detections: Plates in it, most confident first.
            readings: One for each of them. Copied and then wiped: they are the tracks' now.

        Returns:
            How many tracks began.
        """
        now_ns, before = frame.captured_ns, len(self._tracks)
        self._looked_at_frame = frame.index
        seen = [
            Trace(detection.box_xyxy, reading.class_indices, now_ns)
            for detection, reading in zip(detections, readings, strict=True)
        ]
        pairs = associate([track.trace(now_ns) for track in self._tracks], seen)
        continued = list(self._tracks)
        for place, (detection, reading) in enumerate(zip(detections, readings, strict=True)):
            if place in pairs:
                continued[pairs[place]].extend(frame, detection, reading)
            elif len(self._tracks) < MAXIMUM_TRACKS:
                track = Track(frame, detection)
                track.extend(frame, detection, reading)
                self._tracks.append(track)
            reading.wipe()
        return len(self._tracks) - before

    def stay(self, frame: Frame) -> None:
        """Take note that in a frame nothing has moved since the last one that was looked at.

        Args:
            frame: The frame. Its pixels are not looked at.
        """
        for track in self._tracks:
            if track.last_frame == self._looked_at_frame:
                track.last_frame, track.last_seen_ns = frame.index, frame.captured_ns
        self._looked_at_frame = frame.index

    def due(self, now_ns: int) -> list[Track]:
        """Give up the tracks that have ended, and show those that are undecided.

        Args:
            now_ns: Time of the newest frame, on the timeline of the source.

        Returns:
            Ended tracks (``has_ended``, forgotten here) and undecided ones, oldest first.
        """
        for track in self._tracks:
            track.has_ended = now_ns - track.last_seen_ns > self._passage_gap_ns
        due = [track for track in self._tracks if track.has_ended or not track.is_decided]
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
