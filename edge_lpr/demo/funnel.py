"""The journey in numbers: from frames to verified sightings, and what fell out on the way."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

STAGES: Final = ("frames", "detections", "readings", "agreed", "published", "received")
"""The funnel proper, widest first."""

_VISION_STAGES: Final = ("frames", "detections", "readings", "agreed")

REASONS: Final = {
    "unreadable_frames": "frames that could not be decoded",
    "detector_failures": "failures of the detector",
    "low_confidence": "detections too uncertain",
    "outside_lanes": "detections outside the lanes",
    "small": "plates too small to read",
    "corner_failures": "failures of the corner finder",
    "no_plate": "detections that are no plate",
    "part_of_plate": "detections of a part of a plate",
    "reader_failures": "failures of the reader",
    "unsure": "readings too uncertain",
    "repeated": "repeats of a passage",
    "unread": "plates that were never read surely",
    "read_too_seldom": "plates that were not read the same twice",
    "read_faintly": "plates read only while small or blurred",
    "disagreed": "plates read in several ways",
    "never_moved": "signs that never moved",
    "undelivered": "not handed over",
    "refused": "refused by the tokeniser",
    "no_key": "no token key for the day",
    "refused_by_publisher": "refused by the publisher",
    "refused_by_broker": "refused by the broker",
    "dropped": "dropped from a full outbox",
    "unsent": "still in the outbox",
}
"""Why something did not reach the next stage, by counter, in the processes' own words."""

_FAILURES: Final = frozenset(
    {"undelivered", "refused", "no_key", "refused_by_publisher", "dropped", "unsent"}
)
"""Reasons that lose a plate behind the vote, where nothing may be lost. What the broker refused is
sent again, and counts as ``unsent`` if that does not help."""


@dataclass(frozen=True, slots=True)
class Funnel:
    """Final numbers of a demo."""

    stages: Mapping[str, int]
    """By ``STAGES``."""
    losses: Mapping[str, int] = field(default_factory=dict)
    """By ``REASONS``, those above zero."""

    @property
    def is_complete(self) -> bool:
        """Whether every plate that was agreed on was published, received and verified."""
        stages = self.stages
        is_silent = bool(stages["agreed"]) and not stages["published"]
        return stages["published"] == stages["received"] and not self.failures and not is_silent

    @property
    def failures(self) -> Mapping[str, int]:
        """Those of ``losses`` that must not be: plates that were agreed on and not published."""
        if not self.stages["agreed"]:
            return {}
        return {name: number for name, number in self.losses.items() if name in _FAILURES}

    def sentence(self) -> str:
        """Return how it ended, in a sentence without its full stop."""
        stages = self.stages
        if not stages["agreed"] and not stages["published"]:
            return "No plate was read: nothing was published"
        counts = f"{stages['published']} published, {stages['received']} received"
        if self.failures:
            fallen = ", ".join(
                f"{number} {REASONS[name]}" for name, number in self.failures.items()
            )
            return f"{stages['agreed']} agreed, {counts}; lost: {fallen}"
        if not stages["published"]:
            return f"{stages['agreed']} agreed, {counts}; look at the logs for the reason"
        return counts


def build_funnel(
    vision: Mapping[str, int],
    tokeniser: Mapping[str, int],
    publisher: Mapping[str, int],
    received: int,
) -> Funnel:
    """Put the counters of the processes together.

    Args:
        vision: Counters of its last ``funnel`` log line; so the others.
        tokeniser: Its counters.
        publisher: Its counters.
        received: Different sightings that the consumer received and verified.

    Returns:
        The funnel; a process that logged no counters counts as zero.
    """
    stages = {name: vision.get(name, 0) for name in _VISION_STAGES}
    stages |= {"published": publisher.get("published", 0), "received": received}
    # The tokeniser's "received" is another number than the consumer's, so each has its reasons.
    counters = Counter(vision) + Counter(tokeniser) + Counter(publisher)
    return Funnel(stages, {name: counters[name] for name in REASONS if counters[name] > 0})
