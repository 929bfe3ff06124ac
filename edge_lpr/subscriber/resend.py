"""Asks booths again for what is missing: not at once, not too often, and until it is settled.

What is missing may only be late: a booth that was cut off sends its newest health record before
the sightings that wait in its outbox, and health records pass by the sightings that a broker has
queued for a consumer that is behind. So numbers are asked for only once they have been missing for
a whole wait in which nothing of their gap came, and the wait doubles while no answer does.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, TypeAlias

from edge_lpr.core.clock import Clock
from edge_lpr.subscriber.continuity import BootRecord
from edge_lpr.subscriber.request_span import first_request
from edge_lpr.subscriber.sequence import SequenceRange
from edge_lpr.wire.jws import SigningKey
from edge_lpr.wire.request import RequestClaims, sign_request
from edge_lpr.wire.topics import DeviceAddress, TopicKind, topic

FIRST_WAIT_NS: Final = 20_000_000_000
"""Before the first request for a gap."""

LONGEST_WAIT_NS: Final = 3_600_000_000_000
"""Between two requests for the same gap."""

_DEVICE_PAUSE_NS: Final = 10_000_000_000
"""Between two requests to one device: it takes no more of them from one consumer."""

_MAXIMUM_PLACES: Final = 50_000
"""Boots with something missing at one time; the health record says it again for those beyond."""

_Place: TypeAlias = tuple[DeviceAddress, str]


@dataclass(slots=True)
class _Case:
    """What is missing of one boot, and when to ask for it."""

    record: BootRecord
    next_ns: int
    seen: tuple[SequenceRange, ...]
    """What was missing at the last look."""
    wait_ns: int = FIRST_WAIT_NS
    asked: int = 0
    """First number of the last request, 0 before it."""


class ResendDesk:
    """Decides whom to ask for what, and when; publishing is left to the caller."""

    def __init__(self, key: SigningKey, clock: Clock) -> None:
        """Begin with nothing missing.

        Args:
            key: Signs the requests; booths have its public half in their settings.
            clock: For the time in a request, and for the pauses.
        """
        self._key = key
        self._clock = clock
        self._cases: dict[_Place, _Case] = {}
        self._not_before_ns: dict[DeviceAddress, int] = {}

    def notice(self, address: DeviceAddress, boot: str, record: BootRecord) -> None:
        """Keep in mind that something of a boot is missing.

        Args:
            address: The device.
            boot: Boot id.
            record: Tells later what is still missing.
        """
        if len(self._cases) < _MAXIMUM_PLACES:
            soon_ns = self._clock.monotonic_ns() + FIRST_WAIT_NS
            self._cases.setdefault((address, boot), _Case(record, soon_ns, record.gaps()))

    def due(self) -> Iterator[tuple[str, bytes]]:
        """Yield the requests that are to be published now: topic and document."""
        now_ns = self._clock.monotonic_ns()
        for place, case in list(self._cases.items()):
            gaps = case.record.gaps()
            if not gaps:
                del self._cases[place]
            elif case.next_ns <= now_ns and self._not_before_ns.get(place[0], 0) <= now_ns:
                wanted = _look(case, gaps)
                case.next_ns = now_ns + case.wait_ns
                if wanted is not None:
                    self._not_before_ns[place[0]] = now_ns + _DEVICE_PAUSE_NS
                    yield self._request(place, wanted)
        self._not_before_ns = {
            address: pause_ns
            for address, pause_ns in self._not_before_ns.items()
            if pause_ns > now_ns
        }

    def _request(self, place: _Place, wanted: SequenceRange) -> tuple[str, bytes]:
        """Return a signed request and its topic."""
        address, boot = place
        claims = RequestClaims(address, boot, wanted.first, wanted.last, self._clock.unix_s())
        return topic(address, TopicKind.REQUEST), sign_request(claims, self._key)


def _look(case: _Case, gaps: tuple[SequenceRange, ...]) -> SequenceRange | None:
    """Return what is to be asked for, if anything, and set how long to wait after that."""
    stalled = _unchanged(case.seen, gaps)
    case.seen = gaps
    if not stalled:
        # Everything that was missing is on its way.
        case.wait_ns = FIRST_WAIT_NS
        return None
    wanted = first_request(stalled)
    is_unanswered = wanted.first == case.asked
    case.wait_ns = min(LONGEST_WAIT_NS, 2 * case.wait_ns) if is_unanswered else FIRST_WAIT_NS
    case.asked = wanted.first
    return wanted


def _unchanged(
    before: tuple[SequenceRange, ...], now: tuple[SequenceRange, ...]
) -> tuple[SequenceRange, ...]:
    """Return the ranges of which nothing has come; they may have grown or been joined."""
    return tuple(
        old for old in before if any(new.first <= old.first and old.last <= new.last for new in now)
    )
