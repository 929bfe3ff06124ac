"""Remembers which gaps this start has signed, for the audit."""

from collections import deque

from edge_lpr.core.told_to_audit import NEWEST_GAPS, ToldGap
from edge_lpr.handoff.record_message import GapWish


class GapRecord:
    """The newest gaps and how many there were. For the delivering thread."""

    def __init__(self) -> None:
        """Begin without any."""
        self.signed = 0
        """How many were signed."""
        self._newest: deque[ToldGap] = deque(maxlen=NEWEST_GAPS)

    def note(self, wish: GapWish) -> None:
        """Note that a gap was signed; one that is asked for again at once is the same.

        Args:
            wish: What it says.
        """
        number = self.signed + 1
        gap = ToldGap(number, wish.boot, wish.first, wish.last, wish.reason.value)
        if self._newest:
            before = self._newest[-1]
            again = ToldGap(before.number, wish.boot, wish.first, wish.last, wish.reason.value)
            if before == again:
                return
        self.signed = number
        self._newest.append(gap)

    def newest(self) -> tuple[ToldGap, ...]:
        """Return the newest ones, ascending."""
        return tuple(self._newest)
