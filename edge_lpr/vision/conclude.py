"""Concludes passages: one consensus for each vehicle, once, or the reason why there is none."""

from typing import Final

from edge_lpr.core.settings import VisionSection
from edge_lpr.core.vision_counts import VisionCount
from edge_lpr.vision.contracts import NANOSECONDS, Consensus
from edge_lpr.vision.funnel import Funnel
from edge_lpr.vision.lanes import Lanes
from edge_lpr.vision.repeat_memory import RepeatMemory
from edge_lpr.vision.track import Track
from edge_lpr.vision.vote import Verdict, vote

_CERTAIN: Final = 0.95
"""From this certainty on, a passage is published before its vehicle leaves: nearer frames would
hardly change it."""

_GLIMPSE: Final = 1
"""A plate that was seen in one frame and not read was a shadow, not a vehicle."""


class PassageJudge:
    """Say what a track was, if it is new and its readings agree."""

    def __init__(self, settings: VisionSection, lanes: Lanes, funnel: Funnel) -> None:
        """Take the rules.

        Args:
            settings: How far readings must agree, how well a plate must be read for a passage to
                be published early, and when it can be repeated.
            lanes: Which lane it was, and in which direction.
            funnel: Where passages are counted.
        """
        self._settings = settings
        self._lanes = lanes
        self._memory = RepeatMemory(int(settings.repeat_window_s * NANOSECONDS))
        self._funnel = funnel

    def conclude(self, track: Track, now_ns: int) -> Consensus | None:
        """Judge a track.

        Args:
            track: A track that has ended or is undecided. Its readings are wiped once there is
                nothing more to learn from them.
            now_ns: Time of the newest frame, on the timeline of the source.

        Returns:
            The consensus of a passage that was not handed over before, for the caller to wipe;
            else None.
        """
        consensus = None if track.is_decided else self._decide(track, now_ns)
        if track.has_ended:
            track.ballots.wipe()
            if track.plate_digest is not None:
                self._memory.remember(track.plate_digest, track.last_seen_ns)
        return consensus

    def forget_past(self, now_ns: int) -> None:
        """Forget passages that can no longer be repeated.

        Args:
            now_ns: Time of the newest frame, on the timeline of the source.
        """
        self._memory.forget_past(now_ns)

    def _decide(self, track: Track, now_ns: int) -> Consensus | None:
        """Vote on an undecided track, and count how it ends."""
        verdict = vote(track.ballots)
        fault = self._fault(track, verdict)
        has_stayed = self._has_stayed(track, now_ns)
        track.is_well_read = fault is None and self._is_well_read(verdict)
        track.is_given_up = has_stayed and not track.is_well_read
        if fault is None and not self._has_moved(track):
            fault = "never_moved"
        if fault is not None:
            if track.has_ended:
                self._funnel.add(fault)
            return None
        if not (track.is_well_read or has_stayed or track.has_ended):
            return None
        self._funnel.add("agreed")
        return self._settle(track, verdict)

    def _fault(self, track: Track, verdict: Verdict) -> VisionCount | None:
        """Say why a plate cannot be published as it is read so far; None if it can."""
        if len(track.ballots) == 0:
            return "unread" if track.times_seen > _GLIMPSE else "glimpsed"
        if verdict.agreeing_readings < self._settings.agreeing_readings:
            return "read_too_seldom"
        if verdict.agreeing_weight < self._settings.faintly_read:
            return "read_faintly"
        if (
            verdict.agreeing_share < self._settings.minimum_agreement
            or verdict.certainty < self._settings.minimum_certainty
        ):
            return "disagreed"
        return None

    def _is_well_read(self, verdict: Verdict) -> bool:
        """Tell whether more readings could hardly change what a plate is taken for."""
        return verdict.agreeing_weight >= self._settings.well_read and verdict.certainty >= _CERTAIN

    def _has_moved(self, track: Track) -> bool:
        """Tell whether a plate has left its place since it was seen first: signs never do.

        Asked only where an arrow says that the camera sees vehicles come and go.
        """
        if not self._lanes.has_arrow_at(track.movement.mean_place()):
            return True
        return track.movement.way_widths() >= self._settings.minimum_way_widths

    def _has_stayed(self, track: Track, now_ns: int) -> bool:
        """Tell whether a vehicle is there for so long that it will not be read better."""
        since_ns = track.first_reading_ns if len(track.ballots) else track.first_seen_ns
        return (
            since_ns is not None
            and now_ns - since_ns >= self._settings.decide_after_s * NANOSECONDS
        )

    def _settle(self, track: Track, verdict: Verdict) -> Consensus | None:
        """End the vote of a track; None where its plate was handed over before."""
        place = track.movement.mean_place()
        consensus = Consensus(
            class_indices=verdict.class_indices.copy(),
            agreeing_readings=verdict.agreeing_readings,
            confidence_bucket=verdict.confidence_bucket,
            lane=self._lanes.number_at(place),
            direction=self._lanes.direction_at(place, track.movement.way()),
            first_frame=track.first_frame,
            last_frame=track.last_frame,
            last_seen_ns=track.last_seen_ns,
        )
        track.ballots.settle()
        track.plate_digest = self._memory.digest(consensus.class_indices)
        is_repeat = self._memory.is_repeat(track.plate_digest, track.first_seen_ns)
        self._memory.remember(track.plate_digest, track.last_seen_ns)
        if is_repeat:
            self._funnel.add("repeated")
            consensus.wipe()
            return None
        return consensus
