"""From what a broker delivers to what a consumer is given: verified, once, in order.

Every rule and no I/O. The way of a message:

1. It is verified. One whose birth has not come waits for it, and is verified again.
2. A sighting that was received before is acknowledged and goes no further.
3. A new one waits, for a bounded time, until those before it have come.
4. It is compared with the watch-list, and handed out.
5. It is acknowledged when the consumer is done with it; a copy that the broker sends meanwhile,
   after a broken connection, is acknowledged together with it.

Beside that, what is missing is asked for again, and the state of the fleet is kept.
"""

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Final, TypeAlias

from edge_lpr.core.clock import Clock
from edge_lpr.subscriber.continuity import BootRecord, BootSummary
from edge_lpr.subscriber.early import EarlyMessages
from edge_lpr.subscriber.fleet_state import FleetState
from edge_lpr.subscriber.messages import Message
from edge_lpr.subscriber.ordering import OrderWindow
from edge_lpr.subscriber.resend import ResendDesk
from edge_lpr.subscriber.verdicts import (
    Refusal,
    RefusalReason,
    Verdict,
    VerifiedBirth,
    VerifiedCheckpoint,
    VerifiedGap,
    VerifiedHealth,
    VerifiedSighting,
)
from edge_lpr.subscriber.verify import FleetVerifier
from edge_lpr.subscriber.watch_list_file import Search
from edge_lpr.wire.birth import BirthClaims
from edge_lpr.wire.topics import DeviceAddress

_MAXIMUM_HELD: Final = 1_000
"""Sightings held for those before them, about half a megabyte."""

_NS_PER_S: Final = 1_000_000_000

_Key: TypeAlias = tuple[DeviceAddress, str, int]


@dataclass(frozen=True, slots=True)
class ReceptionRules:
    """How messages are handed out."""

    order_s: float
    """Longest time that a sighting is held for those before it, in seconds; 0 for none."""
    watch_list: Search | None
    """What is looked for."""


class Reception:
    """The state of one consumer. Not for several threads at a time."""

    def __init__(
        self,
        verifier: FleetVerifier,
        clock: Clock,
        rules: ReceptionRules,
        resend_desk: ResendDesk | None,
    ) -> None:
        """Begin with nothing received.

        Args:
            verifier: Used by this alone.
            clock: For patience, and for the fleet's state.
            rules: How messages are handed out.
            resend_desk: Asks for what is missing; ``None`` if that is only to be said.
        """
        self._verifier = verifier
        self._clock = clock
        self._rules = rules
        self._resend_desk = resend_desk
        self._early = EarlyMessages()
        self._window = OrderWindow(int(rules.order_s * _NS_PER_S), _MAXIMUM_HELD)
        self._ready: deque[Verdict] = deque()
        # Bounded by what the broker has under way without an acknowledgement, and what it repeats.
        self._acknowledgements: dict[_Key, list[Callable[[], None]]] = {}
        # Bounded by the number of devices that the authority has certified.
        self._births: dict[DeviceAddress, BirthClaims] = {}
        self.fleet = FleetState(verifier.device)

    def is_fetch_due(self) -> bool:
        """Return whether the retained births should be fetched now, because something waits."""
        return self._early.is_fetch_due(self._clock.monotonic_ns())

    def receive(self, message: Message) -> None:
        """Take in what the broker delivered; ``take`` hands out what comes of it.

        Args:
            message: As delivered.
        """
        verdict = self._verifier.receive(
            message.untrusted_topic, message.untrusted_payload, joins_late=message.is_retained
        )
        is_waiting = (
            isinstance(verdict, Refusal)
            and verdict.reason is RefusalReason.NO_BIRTH
            and verdict.address is not None
            and self._early.keep(verdict.address, message, self._clock.monotonic_ns())
        )
        if not is_waiting:
            self._accept(verdict, message)

    def take(self) -> Verdict | None:
        """Return what is to be handed out next, ``None`` if nothing is at the moment."""
        if not self._ready:
            now_ns = self._clock.monotonic_ns()
            for message in self._early.take_overdue(now_ns):
                self._accept(
                    self._verifier.receive(message.untrusted_topic, message.untrusted_payload),
                    message,
                )
            self._release(now_ns)
        return self._ready.popleft() if self._ready else None

    def due_in_s(self) -> float | None:
        """Return when ``take`` may have more without another message; ``None`` for never."""
        due_ns = self._window.due_ns()
        if due_ns is None:
            return None
        return max(0.0, (due_ns - self._clock.monotonic_ns()) / _NS_PER_S)

    def requests(self) -> Iterator[tuple[str, bytes]]:
        """Yield the requests that are to be published now: topic and document."""
        if self._resend_desk is not None:
            yield from self._resend_desk.due()

    def resume(self, address: DeviceAddress, boot: str, summary: BootSummary) -> None:
        """Go on with a boot that was kept, and ask again for what was missing of it.

        Args:
            address: The device.
            boot: Boot id.
            summary: What had been received and done with.
        """
        record = BootRecord.resume(summary)
        self._verifier.resume(address, boot, record)
        if self._resend_desk is not None and summary.missing:
            self._resend_desk.notice(address, boot, record)

    def summaries(self) -> Iterator[tuple[DeviceAddress, str, BootSummary]]:
        """Yield what is worth keeping of every boot: what was received and done with."""
        undone: dict[tuple[DeviceAddress, str], list[int]] = {}
        for address, boot, seq in self._acknowledgements:
            undone.setdefault((address, boot), []).append(seq)
        for address, device in self._verifier.devices():
            for boot, record in device.boots():
                yield address, boot, record.summarise(undone.get((address, boot), ()))

    def _accept(self, verdict: Verdict, message: Message) -> None:
        """Go on with a message that need not wait for a birth."""
        is_live = not message.is_retained
        self.fleet.note(verdict, self._clock.unix_s(), is_live=is_live)
        if isinstance(verdict, VerifiedSighting):
            self._accept_sighting(verdict, message)
            return
        if isinstance(verdict, VerifiedBirth):
            self._accept_birth(verdict, message)
            return
        self._notice_missing(verdict)
        if _says_nothing_new(verdict):
            message.acknowledge()
        else:
            self._hand_out(verdict, message.acknowledge)
        # A gap may have settled what others waited for.
        self._release(self._clock.monotonic_ns())

    def _accept_birth(self, birth: VerifiedBirth, message: Message) -> None:
        """Hand out a birth that says something new, and judge what waited for it."""
        self._notice_missing(birth)
        # Retained births come again whenever they are fetched.
        if self._births.get(birth.address) == birth.claims:
            message.acknowledge()
        else:
            self._births[birth.address] = birth.claims
            self._hand_out(birth, message.acknowledge)
        for early in self._early.take(birth.address):
            self.receive(early)

    def _accept_sighting(self, sighting: VerifiedSighting, message: Message) -> None:
        """Hold a new sighting until it is its turn."""
        key = sighting.address, sighting.claims.boot, sighting.claims.seq
        if key in self._acknowledgements:
            self._acknowledgements[key].append(message.acknowledge)
        elif sighting.is_duplicate:
            message.acknowledge()
        else:
            self._acknowledgements[key] = [message.acknowledge]
            self._notice_missing(sighting)
            record = self._verifier.device(sighting.address).boot(sighting.claims.boot)
            now_ns = self._clock.monotonic_ns()
            self._window.hold(sighting, record, now_ns)
            self._release(now_ns)

    def _release(self, now_ns: int) -> None:
        """Hand out the sightings whose turn it is."""
        for sighting in self._window.release(now_ns):
            claims = sighting.claims
            key = sighting.address, claims.boot, claims.seq
            hit = None
            if self._rules.watch_list is not None:
                hit = self._rules.watch_list.find(sighting.address.site, claims)
            self._hand_out(
                replace(sighting, hit=hit) if hit else sighting,
                partial(self._settle, key),
            )

    def _hand_out(self, verdict: Verdict, acknowledge: Callable[[], None]) -> None:
        """Queue something for the consumer."""
        verdict.to_acknowledge(acknowledge)
        self._ready.append(verdict)

    def _settle(self, key: _Key) -> None:
        """Acknowledge a sighting, and its copies."""
        for acknowledge in self._acknowledgements.pop(key, ()):
            acknowledge()

    def _notice_missing(self, verdict: Verdict) -> None:
        """Have what is missing asked for again, sooner or later."""
        if self._resend_desk is None or isinstance(verdict, Refusal | VerifiedCheckpoint):
            return
        boot = verdict.claims.boot
        if isinstance(verdict, VerifiedBirth) and verdict.claims.previous is not None:
            boot = verdict.claims.previous.boot
        record = self._verifier.device(verdict.address).find(boot)
        if record is not None and record.gaps():
            self._resend_desk.notice(verdict.address, boot, record)


def _says_nothing_new(verdict: Verdict) -> bool:
    """Return whether a health record, a checkpoint or a gap was received before."""
    return (isinstance(verdict, VerifiedHealth | VerifiedCheckpoint) and verdict.is_duplicate) or (
        isinstance(verdict, VerifiedGap) and verdict.lost == 0
    )
