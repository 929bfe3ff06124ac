"""Which messages are on their way to the broker, and which sightings must wait.

Rules without I/O. A sighting passes through these states, and its row in the outbox counts as
unsent through all of them::

    unsent ── sent() ──> on its way ── accepted() ──> acknowledged ── settled() ──> sent
       ^                     │
       └── wait is over ── refused()

What is on its way survives a broken connection here, because the MQTT library sends it again
itself, marked as a duplicate and before anything new (MQTT 5, 4.4).
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from edge_lpr.core.clock import Clock

WINDOW: Final = 16
"""Sightings on their way at once. Mosquitto accepts 20 messages of a client at once unless told
otherwise; birth and status need room beside the sightings."""

_ROOM_FOR_OTHERS: Final = 4
_LONGEST_WAIT_S: Final = 60
_NS_PER_S: Final = 1_000_000_000


@dataclass(slots=True)
class _Refusals:
    """What the broker said no to."""

    count: int
    not_before_ns: int


class SendingWindow:
    """Keep account of what was published and not yet answered."""

    def __init__(self, clock: Clock) -> None:
        """Begin with nothing on its way.

        Args:
            clock: Tells how long answers and waits take.
        """
        self._clock = clock
        self._size = WINDOW
        self._since_ns: dict[int, int] = {}
        self._places: dict[int, int] = {}
        self._acknowledged: list[int] = []
        self._refused: dict[int, _Refusals] = {}
        self._paused_until_ns = clock.monotonic_ns()
        self._pause_s = 0

    def limit(self, receive_maximum: int) -> None:
        """Send no more at once than a broker accepts.

        Args:
            receive_maximum: Most unanswered messages that the broker takes, at least 1.
        """
        self._size = max(1, min(WINDOW, receive_maximum - _ROOM_FOR_OTHERS))

    def room(self) -> int:
        """Return how many sightings may be published now."""
        if self._clock.monotonic_ns() < self._paused_until_ns:
            return 0
        return max(0, self._size - len(self._places) - len(self._acknowledged))

    def held_places(self) -> set[int]:
        """Return the places in the outbox that are not to be taken now."""
        now_ns = self._clock.monotonic_ns()
        waiting = {
            place for place, refusals in self._refused.items() if now_ns < refusals.not_before_ns
        }
        return waiting | set(self._places.values()) | set(self._acknowledged)

    def sent(self, message_id: int, place: int | None = None) -> None:
        """Note a message that was published.

        Args:
            message_id: MQTT packet identifier.
            place: Place of the sighting in the outbox; ``None`` for birth and status.
        """
        self._since_ns[message_id] = self._clock.monotonic_ns()
        if place is not None:
            self._places[message_id] = place

    def accepted(self, message_id: int) -> None:
        """Note that the broker has taken a message.

        Args:
            message_id: Of any message; one that nobody waits for is no error.
        """
        self._since_ns.pop(message_id, None)
        place = self._places.pop(message_id, None)
        if place is not None:
            self._acknowledged.append(place)
            self._refused.pop(place, None)
            self._pause_s = 0

    def refused(self, message_id: int) -> bool:
        """Note that the broker has answered a message with a failure.

        The sighting waits, longer after each refusal. So do all others, until one is accepted:
        a broker that refuses one mostly refuses all (rights, quota). But one sighting that is
        never accepted does not hold back the rest.

        Args:
            message_id: Of any message.

        Returns:
            Whether it was a sighting.
        """
        self._since_ns.pop(message_id, None)
        place = self._places.pop(message_id, None)
        if place is None:
            return False
        now_ns = self._clock.monotonic_ns()
        if now_ns >= self._paused_until_ns:
            self._pause_s = min(_LONGEST_WAIT_S, max(1, 2 * self._pause_s))
        self._paused_until_ns = now_ns + self._pause_s * _NS_PER_S
        refusals = self._refused.setdefault(place, _Refusals(0, 0))
        wait_s = min(_LONGEST_WAIT_S, 2**refusals.count)
        refusals.count = min(refusals.count + 1, _LONGEST_WAIT_S)
        refusals.not_before_ns = now_ns + wait_s * _NS_PER_S
        return True

    def acknowledged(self) -> list[int]:
        """Return places of sightings that the broker has taken, for the outbox to mark."""
        return list(self._acknowledged)

    def settled(self, places: Collection[int]) -> None:
        """Note that the outbox has marked sightings as sent.

        Args:
            places: Some of what ``acknowledged`` returned.
        """
        self._acknowledged = [place for place in self._acknowledged if place not in places]

    def waits_for(self, message_id: int) -> bool:
        """Return whether a message was published and not answered."""
        return message_id in self._since_ns

    def oldest_age_s(self) -> float:
        """Return how long the longest wait for an answer has lasted; 0 if there is none."""
        if not self._since_ns:
            return 0.0
        return (self._clock.monotonic_ns() - min(self._since_ns.values())) / _NS_PER_S

    def resent(self) -> None:
        """Note that all that is on its way was sent again over a new connection."""
        now_ns = self._clock.monotonic_ns()
        self._since_ns = dict.fromkeys(self._since_ns, now_ns)
