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
    "small": "plates too small to read",
    "reader_failures": "failures of the reader",
    "unsure": "readings too uncertain",
    "repeated": "repeats of a passage",
    "ended_without_agreement": "passages whose readings did not agree",
    "undelivered": "not handed over",
    "refused": "refused by the tokeniser",
    "no_key": "no token key for the day",
    "refused_by_publisher": "refused by the publisher",
    "refused_by_broker": "refused by the broker",
    "unsent": "still in the outbox",
}
"""Why something did not reach the next stage, by counter, in the processes' own words."""


@dataclass(frozen=True, slots=True)
class Funnel:
    """Final numbers of a demo."""

    stages: Mapping[str, int]
    """By ``STAGES``."""
    losses: Mapping[str, int] = field(default_factory=dict)
    """By ``REASONS``, those above zero."""

    @property
    def is_complete(self) -> bool:
        """Whether everything published was received and verified."""
        return self.stages["published"] == self.stages["received"]


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
