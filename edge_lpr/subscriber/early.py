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

_MAXIMUM_OF_ONE: Final = 100
"""Messages kept of one device for longer. What the broker had queued comes before the births of a
new subscription, and so may be many more, but not for long: then births have come, or never do."""

CROWDER_BANISHED_NS: Final = 3_600_000_000_000
"""How long a device whose birth had not come in that time is kept to its 100 at once."""

_MAXIMUM_CROWDERS: Final = 10_000
"""Bounds memory; a broker lets a device write under its own topics only."""

_CROWD: Final = 500
"""Half of what a broker delivers without an acknowledgement."""

_MAXIMUM_EARLY: Final = 2_000
"""Messages kept in all, about a megabyte."""


class EarlyMessages:
    """Messages by the device that their topic names, for a bounded time and in bounded number."""

    def __init__(self) -> None:
        """Begin empty."""
        self._waiting: dict[DeviceAddress, list[tuple[int, Message]]] = {}
        self._crowders: dict[DeviceAddress, int] = {}
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
        if self._count >= _MAXIMUM_EARLY or not self._may_wait(address, now_ns):
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
        overdue: list[Message] = []
        for address, waiting in list(self._waiting.items()):
            waited_ns = now_ns - waiting[0][0]
            if waited_ns >= patience_ns:
                self._mark_crowder(address, now_ns)
                overdue += self.take(address)
            elif waited_ns >= CROWDED_PATIENCE_NS and len(waiting) > _MAXIMUM_OF_ONE:
                self._mark_crowder(address, now_ns)
                overdue += [message for _, message in waiting[_MAXIMUM_OF_ONE:]]
                self._count -= len(waiting) - _MAXIMUM_OF_ONE
                del waiting[_MAXIMUM_OF_ONE:]
        return overdue

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

    def _may_wait(self, address: DeviceAddress, now_ns: int) -> bool:
        """Return whether one more message of a device may be kept."""
        is_crowder = now_ns < self._crowders.get(address, now_ns)
        return not is_crowder or len(self._waiting.get(address, ())) < _MAXIMUM_OF_ONE

    def _mark_crowder(self, address: DeviceAddress, now_ns: int) -> None:
        """Keep in mind that one device has held up the others, if it has."""
        if len(self._waiting[address]) <= _MAXIMUM_OF_ONE:
            return
        self._crowders.pop(address, None)
        self._crowders[address] = now_ns + CROWDER_BANISHED_NS
        if len(self._crowders) > _MAXIMUM_CROWDERS:
            del self._crowders[next(iter(self._crowders))]
