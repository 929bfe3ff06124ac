"""Concludes passages: one consensus for each vehicle, once."""

from edge_lpr.vision.contracts import UNUSED_INDEX, Consensus
from edge_lpr.vision.funnel import Funnel
from edge_lpr.vision.repeat_memory import RepeatMemory
from edge_lpr.vision.track import Track
from edge_lpr.vision.vote import Verdict, vote


class PassageJudge:
    """Say what a due track was, if it is new and its readings agree."""

    def __init__(self, agreeing_readings: int, memory: RepeatMemory, funnel: Funnel) -> None:
        """Take the rules of one lane.

        Args:
            agreeing_readings: How many readings of a passage must be equal, at least 2.
            memory: Plates of the last passages of this lane.
            funnel: Where passages are counted.
        """
        self._agreeing_readings = agreeing_readings
        self._memory = memory
        self._funnel = funnel

    def conclude(self, track: Track) -> Consensus | None:
        """Vote on a track.

        Args:
            track: A track that has ended or stands. Its readings are wiped once there is nothing
                more to learn from them.

        Returns:
            The consensus of a passage that was not handed over before, for the caller to wipe;
            else None.
        """
        verdict = self._verdict(track)
        if track.has_ended:
            track.ballots.wipe()
            if track.plate_digest is not None:
                self._memory.remember(track.plate_digest, track.last_seen_ns)
        return None if verdict is None else _consensus(track, verdict)

    def forget_past(self, now_ns: int) -> None:
        """Forget passages that can no longer be repeated.

        Args:
            now_ns: Time of the newest frame, on the timeline of the source.
        """
        self._memory.forget_past(now_ns)

    def _verdict(self, track: Track) -> Verdict | None:
        """Vote if the passage is undecided, and count how it ends."""
        if track.plate_digest is not None:
            return None
        verdict = vote(track.ballots, self._agreeing_readings)
        if verdict is None:
            if track.has_ended and len(track.ballots):
                self._funnel.add("ended_without_agreement")
            return None
        self._funnel.add("agreed")
        track.ballots.settle(verdict.class_indices)
        track.plate_digest = self._memory.digest(verdict.class_indices)
        is_repeat = self._memory.is_repeat(track.plate_digest, track.first_seen_ns)
        self._memory.remember(track.plate_digest, track.last_seen_ns)
        if is_repeat:
            self._funnel.add("repeated")
            verdict.class_indices.fill(UNUSED_INDEX)
            return None
        return verdict


def _consensus(track: Track, verdict: Verdict) -> Consensus:
    """Join what was read with when it was seen."""
    return Consensus(
        class_indices=verdict.class_indices,
        agreeing_readings=verdict.agreeing_readings,
        confidence_bucket=verdict.confidence_bucket,
        first_frame=track.first_frame,
        last_frame=track.last_frame,
        last_seen_ns=track.last_seen_ns,
    )
