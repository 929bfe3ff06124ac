"""Turns a camera's own time stamps into moments on the monotonic clock.

A frame's arrival is late by coding, network and whatever else the machine does, and by another
amount for each frame; its stamp is exact, but from another clock, which may wrap, jump or stand
still. The frame that was least late of all tells how the two clocks lie to each other.
"""

from typing import Final

from edge_lpr.vision.contracts import NANOSECONDS

LONGEST_DELAY_NS: Final = 2 * NANOSECONDS
"""A frame that seems older on its arrival has a wrong stamp: newest frames are not kept waiting."""

_DRIFT: Final = 2e-4
"""How much faster one clock may run than the other; quartz clocks are good to half of this."""


class StreamClock:
    """Map the stamps of one opening of a camera."""

    def __init__(self) -> None:
        """Begin without knowing the camera's clock."""
        self.faults = 0
        """Stamps that made no sense; those frames count as taken when they arrived."""
        self._offset_ns: float | None = None
        self._last_stream_ns: int | None = None
        self._last_arrival_ns = 0

    def captured_ns(self, stream_ns: int | None, arrival_ns: int) -> int:
        """Return when a frame was taken, on the monotonic clock.

        Args:
            stream_ns: The camera's stamp; None if it has none.
            arrival_ns: When the frame came, on the monotonic clock.

        Returns:
            ``arrival_ns`` or a moment shortly before it. If the stamps wrap or jump back, stand
            still, or the frame seems to be older than ``LONGEST_DELAY_NS``, it is ``arrival_ns``,
            a fault is counted, and the two clocks are compared anew.
        """
        if stream_ns is None:
            return arrival_ns
        if self._last_stream_ns is not None and stream_ns <= self._last_stream_ns:
            return self._start_again(stream_ns, arrival_ns)
        difference_ns = arrival_ns - stream_ns
        if self._offset_ns is None or difference_ns < self._offset_ns:
            # The least late frame so far. A jump forwards looks the same, and does no harm.
            self._offset_ns = difference_ns
        else:
            # Never above what this frame says: no frame comes before it was taken.
            drift_ns = _DRIFT * (arrival_ns - self._last_arrival_ns)
            self._offset_ns = min(self._offset_ns + drift_ns, difference_ns)
        captured_ns = round(stream_ns + self._offset_ns)
        if arrival_ns - captured_ns > LONGEST_DELAY_NS:
            return self._start_again(stream_ns, arrival_ns)
        self._last_stream_ns, self._last_arrival_ns = stream_ns, arrival_ns
        return min(captured_ns, arrival_ns)

    def _start_again(self, stream_ns: int, arrival_ns: int) -> int:
        """Count a stamp that made no sense, and compare the clocks from this frame on."""
        self.faults += 1
        self._offset_ns = arrival_ns - stream_ns
        self._last_stream_ns, self._last_arrival_ns = stream_ns, arrival_ns
        return arrival_ns
