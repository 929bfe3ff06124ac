"""What the authority sends to this booth by way of the broker, until the tokeniser has it.

Deliveries of keys and, in hit-only mode, the site's watch-lists. Neither is opened here: the
publisher has the network, so it has no key that could. Both are kept in memory only. A delivery
that is lost with the process is issued again, because the booth's announcement of its transport key
still names the one before; watch-lists are retained at the broker.

Whoever has the broker can send anything here, any number of times. So there is a bound for how
much is kept, and one for how much a second is handed on to the tokeniser, which has to check it.
"""

import threading
from collections import deque
from typing import Final

from edge_lpr.core.clock import Clock, TimeQuality, epoch_of
from edge_lpr.core.errors import WireError
from edge_lpr.handoff.record_message import (
    MAXIMUM_DELIVERY_BYTES,
    MAXIMUM_PART_BYTES,
    KeysMessage,
    WatchListMessage,
)
from edge_lpr.publisher.list_shelf import MOST_EPOCHS, ListShelf
from edge_lpr.wire.topics import (
    DeviceAddress,
    TopicKind,
    parse_watch_list_topic,
    topic,
    watch_list_filter,
)

MOST_DELIVERIES: Final = 8
"""Deliveries that wait; a booth gets one a day, so further ones push the oldest out."""

MOST_ATTEMPTS: Final = 3
"""A delivery is handed on so often when the connection breaks before the tokeniser asks on; what
ends a tokeniser again and again must not come a fourth time."""

DELIVERIES_A_S: Final = 1.0
"""A tokeniser checks a signature for each: less than a thousandth of its time."""

PARTS_A_S: Final = 100.0
"""Above a whole list at once, parts are handed on so fast: a fiftieth of the tokeniser's time."""

PARTS_AT_ONCE: Final = 8192
"""The longest list, twice."""

PAST_EPOCH_S: Final = 900
"""The past day's list is kept for the passages in flight, like its key (tokens and keys, 2.4)."""

_NS_PER_S: Final = 1_000_000_000


class Mailbox:
    """Takes from the session's thread and gives to the relay's."""

    def __init__(self, booth: DeviceAddress, *, with_watch_lists: bool, clock: Clock) -> None:
        """Begin with nothing in it.

        Args:
            booth: Whose deliveries, and whose site's watch-lists, are taken.
            with_watch_lists: Whether the booth needs them.
            clock: Tells which days are over, and spaces what is handed on.
        """
        self.deliveries_dropped = 0
        """Deliveries that were pushed out, or handed on too often."""
        self.watch_list_filter = (
            watch_list_filter(booth.tenant, booth.site) if with_watch_lists else None
        )
        """What to subscribe to; ``None`` if no watch-lists are needed."""
        self._booth = booth
        self._keys_topic = topic(booth, TopicKind.KEYS)
        self._clock = clock
        self._lock = threading.Lock()
        self._deliveries: deque[_Pending] = deque(maxlen=MOST_DELIVERIES)
        self._shelf = ListShelf()
        self._wants_all_lists = False
        self._delivery_allowance = _Allowance(MOST_DELIVERIES, DELIVERIES_A_S, clock)
        self._part_allowance = _Allowance(PARTS_AT_ONCE, PARTS_A_S, clock)

    @property
    def parts_dropped(self) -> int:
        """Parts of watch-lists for which there was no room."""
        return self._shelf.dropped

    def take(self, untrusted_topic: str, untrusted_payload: bytes) -> None:
        """Keep a message, unless it is none of ours or can be none; from the session's thread.

        Args:
            untrusted_topic: As received.
            untrusted_payload: As received, of any length.
        """
        with self._lock:
            if untrusted_topic == self._keys_topic:
                self._take_keys(untrusted_payload)
            elif self.watch_list_filter is not None:
                self._take_part(untrusted_topic, untrusted_payload)

    def takes_all_lists(self) -> bool:
        """Return, once, whether the broker is to be asked for all that it retains of lists."""
        with self._lock:
            self._forget_past()
            wants, self._wants_all_lists = self._wants_all_lists, False
            return wants

    def begin(self) -> None:
        """Note that a tokeniser has connected, which may know no watch-list; for the relay."""
        with self._lock:
            self._shelf.hand_again()
            self._part_allowance.fill()

    def next_keys(self) -> KeysMessage | None:
        """Return the delivery that has waited longest; it stays until ``handed``."""
        with self._lock:
            while self._deliveries and self._deliveries[0].attempts >= MOST_ATTEMPTS:
                self._deliveries.popleft()
                self.deliveries_dropped += 1
            if not self._deliveries or not self._delivery_allowance.take():
                return None
            self._deliveries[0].attempts += 1
            return self._deliveries[0].message

    def next_part(self) -> WatchListMessage | None:
        """Return the next part of a watch-list, manifests first; it stays until ``handed``."""
        with self._lock:
            self._forget_past()
            part = self._shelf.next_part()
            return part if part is not None and self._part_allowance.take() else None

    def handed(self, message: KeysMessage | WatchListMessage) -> None:
        """Note that the tokeniser has a message, because it asks for the next.

        Args:
            message: The last one that ``next_keys`` or ``next_part`` returned.
        """
        with self._lock:
            if isinstance(message, WatchListMessage):
                self._shelf.handed()
            elif self._deliveries and self._deliveries[0].message is message:
                self._deliveries.popleft()

    def _take_keys(self, untrusted_payload: bytes) -> None:
        """Keep a delivery, the newest one last."""
        if not 1 <= len(untrusted_payload) <= MAXIMUM_DELIVERY_BYTES:
            return
        message = KeysMessage(untrusted_payload)
        if any(pending.message == message for pending in self._deliveries):
            return
        self.deliveries_dropped += len(self._deliveries) == MOST_DELIVERIES
        self._deliveries.append(_Pending(message))

    def _take_part(self, untrusted_topic: str, untrusted_payload: bytes) -> None:
        """Keep a part of a watch-list of this site, for a day that a booth can have keys for."""
        try:
            place = parse_watch_list_topic(untrusted_topic)
        except WireError:
            return
        if (
            (place.tenant, place.site) != (self._booth.tenant, self._booth.site)
            or len(untrusted_payload) > MAXIMUM_PART_BYTES
            or not self._is_of_our_days(place.epoch)
        ):
            return
        if not untrusted_payload:
            # So a retained message is taken back (MQTT 5, 3.3.1.3).
            self._shelf.remove(place.epoch, place.index)
            return
        self._shelf.put(WatchListMessage(place.epoch, place.index, untrusted_payload))

    def _first_epoch(self) -> int | None:
        """Return the first day that is still needed; ``None`` if the clock cannot say."""
        if self._clock.quality() is TimeQuality.NONE:
            return None
        return epoch_of(max(0, self._clock.unix_s() - PAST_EPOCH_S))

    def _is_of_our_days(self, epoch: int) -> bool:
        """Return whether a booth can have keys for a day."""
        first = self._first_epoch()
        return first is None or first <= epoch <= first + MOST_EPOCHS

    def _forget_past(self) -> None:
        """Drop the lists of days that are over."""
        first = self._first_epoch()
        if first is not None and self._shelf.forget_before(first):
            self._wants_all_lists = True


class _Pending:
    """A delivery that waits. No ``repr``."""

    __slots__ = ("attempts", "message")

    def __init__(self, message: KeysMessage) -> None:
        """Begin without an attempt."""
        self.message = message
        self.attempts = 0


class _Allowance:
    """So many at once, and so many a second after that."""

    def __init__(self, at_once: int, a_s: float, clock: Clock) -> None:
        """Begin with all that is allowed at once."""
        self._at_once, self._a_s, self._clock = at_once, a_s, clock
        self._left = float(at_once)
        self._since_ns = clock.monotonic_ns()

    def fill(self) -> None:
        """Allow all at once again."""
        self._left = float(self._at_once)

    def take(self) -> bool:
        """Return whether one more is allowed, and count it."""
        now_ns = self._clock.monotonic_ns()
        more = (now_ns - self._since_ns) * self._a_s / _NS_PER_S
        self._left, self._since_ns = min(self._at_once, self._left + more), now_ns
        if self._left < 1:
            return False
        self._left -= 1
        return True
