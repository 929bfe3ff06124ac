"""How fast readings are taken: at most two a second and lane.

A vision process that was taken over could otherwise push data out as a stream of plate-like
strings; at this pace it can push a bounded number of bits a day. Nothing is dropped: whoever
comes too early waits.
"""

from typing import Final

SPACING_NS: Final = 500_000_000
"""Between two readings of a lane. Vehicles do not follow each other faster."""


class Pace:
    """When each lane's next reading is due."""

    def __init__(self) -> None:
        """Let every lane's first reading pass at once."""
        self._due_ns: dict[int, int] = {}

    def claim_ns(self, lane: int, now_ns: int) -> int:
        """Take the lane's next turn and return how long it is until then.

        Args:
            lane: Lane number; the caller bounds how many there are.
            now_ns: Monotonic time.

        Returns:
            Nanoseconds to wait, from 0 to ``SPACING_NS`` if the caller waits each time.
        """
        turn_ns = max(now_ns, self._due_ns.get(lane, now_ns))
        self._due_ns[lane] = turn_ns + SPACING_NS
        return turn_ns - now_ns
