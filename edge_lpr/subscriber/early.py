"""Keeps what came before the birth that names its key: a broker may deliver that later."""

from typing import Final

from edge_lpr.subscriber.messages import Message
from edge_lpr.wire.topics import DeviceAddress

EARLY_PATIENCE_NS: Final = 60_000_000_000
"""A retained birth that is fetched again comes within seconds, if there is one."""

_MAXIMUM_EARLY: Final = 2_000
"""Messages kept in all, about a megabyte."""


class EarlyMessages:
    """Messages by the device that their topic names, for a bounded time and in bounded number."""

    def __init__(self) -> None:
        """Begin empty."""
        self._waiting: dict[DeviceAddress, list[tuple[int, Message]]] = {}
        self._count = 0

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
        overdue = [
            address
            for address, waiting in self._waiting.items()
            if now_ns - waiting[0][0] >= EARLY_PATIENCE_NS
        ]
        return [message for address in overdue for message in self.take(address)]

    def __bool__(self) -> bool:
        """Return whether anything waits."""
        return self._count > 0
