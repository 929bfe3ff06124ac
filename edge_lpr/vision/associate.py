"""Decides which detection of a frame continues which track.

Three signs, strongest first: the plate lies where it must be by now, it reads as it did, or it is
near enough to have moved there. Readings that contradict each other overrule all three, because in
a queue one vehicle's plate follows another's at the same place.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from edge_lpr.vision.contracts import NANOSECONDS
from edge_lpr.vision.geometry import intersection_over_union
from edge_lpr.vision.text_distance import edit_distance

SAME_PLACE: Final = 0.3
"""Boxes that cover each other this far are one plate; neighbouring plates do not overlap."""

SPEED_WIDTHS: Final = 20.0
"""Plate widths that a plate moves in a second at most: 50 km/h is 27 widths of a European plate on
the road, and less than half of that across the picture."""

SHORTEST_REACH_WIDTHS: Final = 0.5
"""Reach however short the time: detections tremble."""

LONGEST_REACH_WIDTHS: Final = 2.0
"""Reach after a while unseen; beyond, it could be any vehicle."""

_SHORTEST_COMPARABLE: Final = 4
"""Shorter readings are alike too often to tell vehicles apart."""


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class Trace:
    """Where and how a plate was seen: by a track lately, or by a detection now."""

    box_xyxy: NDArray[np.float32]
    """Box in frame pixels, shape (4,); of a track, where it is expected to be now."""
    class_indices: NDArray[np.uint8]
    """What it reads, shape (n,), borrowed; n = 0 is "nothing yet"."""
    seen_ns: int
    """When, on the timeline of the source."""


def associate(tracks: Sequence[Trace], detections: Sequence[Trace]) -> dict[int, int]:
    """Pair detections with tracks, each at most once, best signs first.

    Args:
        tracks: Latest trace of each open track. Not modified.
        detections: Traces of the detections of one newer frame. Not modified.

    Returns:
        For each detection that continues a track: its place to the track's place.
    """
    candidates = []
    for track_place, track in enumerate(tracks):
        for detection_place, detection in enumerate(detections):
            likeness = _likeness(track, detection)
            if likeness is not None:
                candidates.append((likeness, track_place, detection_place))
    candidates.sort(key=lambda candidate: (-candidate[0], candidate[1], candidate[2]))
    pairs: dict[int, int] = {}
    for _, track_place, detection_place in candidates:
        if detection_place not in pairs and track_place not in pairs.values():
            pairs[detection_place] = track_place
    return pairs


def _likeness(track: Trace, detection: Trace) -> float | None:
    """Grade how surely two traces are one plate; None if they are not."""
    distance = _comparable_distance(track.class_indices, detection.class_indices)
    if distance is not None and _contradict(track, detection, distance):
        return None
    overlap = intersection_over_union(track.box_xyxy, detection.box_xyxy)
    if overlap >= SAME_PLACE:
        return 2 + overlap
    if distance is not None and distance <= 1:
        return 2 - distance / 2
    return _nearness(track, detection)


def _contradict(track: Trace, detection: Trace, distance: int) -> bool:
    """Return whether more than a third of the characters differ: then it is another plate.

    Characters that are merely missing do not count, for a plate that leaves the picture loses
    them one by one.
    """
    lengths = track.class_indices.size, detection.class_indices.size
    return distance - (max(lengths) - min(lengths)) > max(lengths) // 3


def _comparable_distance(one: NDArray[np.uint8], two: NDArray[np.uint8]) -> int | None:
    """Return the edit distance of two readings that are long enough to say something."""
    if min(one.size, two.size) < _SHORTEST_COMPARABLE:
        return None
    return edit_distance(one, two)


def _nearness(track: Trace, detection: Trace) -> float | None:
    """Return 1 for the same place down to 0 at the edge of a plate's reach; None beyond."""
    width_px = max(_width_px(track), _width_px(detection))
    seconds = max(0, detection.seen_ns - track.seen_ns) / NANOSECONDS
    reach = min(max(SHORTEST_REACH_WIDTHS, SPEED_WIDTHS * seconds), LONGEST_REACH_WIDTHS)
    reach_px = reach * width_px
    distance_px = float(np.hypot(*(_centre_px(detection) - _centre_px(track))))
    return 1 - distance_px / reach_px if distance_px < reach_px else None


def _width_px(trace: Trace) -> float:
    """Return the width of a trace's box, at least one pixel."""
    return max(1.0, float(trace.box_xyxy[2] - trace.box_xyxy[0]))


def _centre_px(trace: Trace) -> NDArray[np.float32]:
    """Return the middle of a trace's box, shape (2,)."""
    return np.asarray((trace.box_xyxy[:2] + trace.box_xyxy[2:]) / 2, np.float32)
