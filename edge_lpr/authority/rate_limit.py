"""How often somebody may ask: by address and in all, in memory that cannot be filled."""

from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

from edge_lpr.core.clock import Clock

_MINUTE_NS: Final = 60_000_000_000
_MOST_ADDRESSES: Final = 4096
"""Who has not asked for longest is forgotten first; the limit over all holds regardless."""


@dataclass(slots=True)
class _Bucket:
    """What is left for one address."""

    left: float
    at_ns: int


class RateLimit:
    """A bucket for each address, and one for all of them; each fills up within a minute."""

    def __init__(self, clock: Clock, each_a_minute: int, all_a_minute: int) -> None:
        """Begin with full buckets.

        Args:
            clock: Tells how long ago.
            each_a_minute: Most questions of one address.
            all_a_minute: Most questions of all addresses together.
        """
        self._clock = clock
        self._each, self._all = each_a_minute, all_a_minute
        self._addresses: OrderedDict[str, _Bucket] = OrderedDict()
        self._total = _Bucket(all_a_minute, clock.monotonic_ns())

    def allows(self, address: str) -> bool:
        """Return whether an address may ask now, and count that it did.

        Args:
            address: Of whoever asks, as the network gave it.
        """
        now_ns = self._clock.monotonic_ns()
        bucket = self._addresses.setdefault(address, _Bucket(self._each, now_ns))
        self._addresses.move_to_end(address)
        if len(self._addresses) > _MOST_ADDRESSES:
            self._addresses.popitem(last=False)
        # The address first: one that asks too often must not use up what is there for all.
        return _take(bucket, self._each, now_ns) and _take(self._total, self._all, now_ns)


def _take(bucket: _Bucket, size: int, now_ns: int) -> bool:
    """Fill a bucket for the time that has passed, and take one out."""
    bucket.left = min(size, bucket.left + size * (now_ns - bucket.at_ns) / _MINUTE_NS)
    bucket.at_ns = now_ns
    if bucket.left < 1:
        return False
    bucket.left -= 1
    return True
