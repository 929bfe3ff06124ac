"""Keeps what came before the birth that names its key: a broker may deliver that later."""

from typing import Final

from edge_lpr.subscriber.messages import Message
from edge_lpr.wire.topics import DeviceAddress

EARLY_PATIENCE_NS: Final = 60_000_000_000
"""A retained birth that is fetched again comes within seconds, if there is one."""

CROWDED_PATIENCE_NS: Final = 10_000_000_000
"""Where much waits, mostly for births that nobody certifies: it holds up what others have sent."""

FIRST_FETCH_NS: Final = 5_000_000_000
"""The births come with the subscription; only where one did not they are fetched again."""

LONGEST_FETCH_NS: Final = 60_000_000_000
"""Between two fetches: all births of a fleet are megabytes."""

_CROWD: Final = 500
"""Half of what a broker delivers without an acknowledgement."""

_MAXIMUM_EARLY: Final = 2_000
"""Messages kept in all, about a megabyte."""


class EarlyMessages:
    """Messages by the device that their topic names, for a bounded time and in bounded number."""

    def __init__(self) -> None:
        """Begin empty."""
        self._waiting: dict[DeviceAddress, list[tuple[int, Message]]] = {}
        self._count = 0
        self._next_fetch_ns = 0
        self._fetch_pause_ns = FIRST_FETCH_NS

    def keep(self, address: DeviceAddress, message: Message, now_ns: int) -> bool:
        """Keep a message.

        Args:
            address: The device that its topic names.
            message: As delivered.
            now_ns: Monotonic.

        Returns:
            Whether there was room.
        """
        if self._count >= _MAXIMUM_EARLY:
            return False
        if self._count == 0:
            self._fetch_pause_ns = FIRST_FETCH_NS
            self._next_fetch_ns = now_ns + FIRST_FETCH_NS
        self._waiting.setdefault(address, []).append((now_ns, message))
        self._count += 1
        return True

    def take(self, address: DeviceAddress) -> list[Message]:
        """Return what waits for a device's birth, in order of arrival, and forget it."""
        waiting = self._waiting.pop(address, [])
        self._count -= len(waiting)
        return [message for _, message in waiting]

    def take_overdue(self, now_ns: int) -> list[Message]:
        """Return what has waited too long, and forget it.

        Args:
            now_ns: Monotonic.
        """
        patience_ns = EARLY_PATIENCE_NS if self._count < _CROWD else CROWDED_PATIENCE_NS
        overdue = [
            address
            for address, waiting in self._waiting.items()
            if now_ns - waiting[0][0] >= patience_ns
        ]
        return [message for address in overdue for message in self.take(address)]

    def is_fetch_due(self, now_ns: int) -> bool:
        """Return whether the retained births should be fetched now; then not again for a while.

        Args:
            now_ns: Monotonic.
        """
        if self._count == 0 or now_ns < self._next_fetch_ns:
            return False
        self._fetch_pause_ns = min(LONGEST_FETCH_NS, 2 * self._fetch_pause_ns)
        self._next_fetch_ns = now_ns + self._fetch_pause_ns
        return True
