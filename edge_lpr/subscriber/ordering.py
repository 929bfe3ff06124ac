"""Puts the sightings of every boot in order, for a bounded time and in bounded number."""

import heapq
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from edge_lpr.subscriber.continuity import BootRecord
from edge_lpr.subscriber.sequence import SequenceRange
from edge_lpr.subscriber.verdicts import VerifiedSighting
from edge_lpr.wire.topics import DeviceAddress

_Place: TypeAlias = tuple[DeviceAddress, str]


@dataclass(slots=True)
class _Stream:
    """What is held of one boot, by number."""

    record: BootRecord
    held: list[tuple[int, int, VerifiedSighting]] = field(default_factory=list)
    """A heap of number, time of arrival and sighting; no number is there twice."""


class OrderWindow:
    """Holds a sighting back while those before it may still come.

    After that time it is let go with ``missing``, and nothing waits for those any more: when they
    come, they are out of order.
    """

    def __init__(self, patience_ns: int, maximum: int) -> None:
        """Begin empty.

        Args:
            patience_ns: Longest time that a sighting is held; 0 for none.
            maximum: Most sightings held; beyond, streams are let go, the oldest first.
        """
        self._patience_ns = patience_ns
        self._maximum = maximum
        self._streams: dict[_Place, _Stream] = {}
        self._held = 0

    def hold(self, sighting: VerifiedSighting, record: BootRecord, now_ns: int) -> None:
        """Take a new sighting; ``release`` gives it back, perhaps at once.

        Args:
            sighting: Not a duplicate.
            record: What was received of its boot, this one included.
            now_ns: Monotonic.
        """
        place = sighting.address, sighting.claims.boot
        stream = self._streams.setdefault(place, _Stream(record))
        heapq.heappush(stream.held, (sighting.claims.seq, now_ns, sighting))
        self._held += 1

    def release(self, now_ns: int) -> Iterator[VerifiedSighting]:
        """Yield what need not wait, or has waited long enough.

        Args:
            now_ns: Monotonic.
        """
        for place, stream in list(self._streams.items()):
            while stream.held and self._may_go(stream, now_ns):
                self._held -= 1
                yield _let_go(stream)
            if not stream.held:
                del self._streams[place]

    def due_ns(self) -> int | None:
        """Return when ``release`` will have something to do; ``None`` if nothing is held."""
        arrivals = [arrived_ns for each in self._streams.values() for _, arrived_ns, _ in each.held]
        return min(arrivals) + self._patience_ns if arrivals else None

    def _may_go(self, stream: _Stream, now_ns: int) -> bool:
        """Return whether the first sighting held of a boot need not wait."""
        seq = stream.held[0][0]
        is_next = not any(
            stream.record.delivered < gap.last and gap.first < seq for gap in stream.record.gaps()
        )
        if is_next or self._held > self._maximum:
            return True
        # One that waited long enough takes with it those that came later but stand before it.
        return any(now_ns - arrived >= self._patience_ns for _, arrived, _ in stream.held)


def _let_go(stream: _Stream) -> VerifiedSighting:
    """Take the first sighting of a boot, and say what is missing before it now."""
    seq, _, sighting = heapq.heappop(stream.held)
    gap = stream.record.missing_before(seq)
    floor = stream.record.delivered
    missing = None
    if gap is not None and gap.last > floor:
        missing = SequenceRange(max(gap.first, floor + 1), gap.last)
    stream.record.delivered = max(floor, seq)
    return replace(sighting, missing=missing)
