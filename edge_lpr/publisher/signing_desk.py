"""What the publisher wants signed, or has for the tokeniser; and what comes back from it.

Wanted are a health record every minute or at bad news, and each gap once; what is signed is checked
for being what was wanted. A health record is kept in memory only, because the next one is never
far; a gap goes back to the outbox. What is handed on is in the mailbox. The tokeniser asks about
once a second, and at once after all but a health record: so nobody's turn may come twice while
another waits.
"""

from collections import deque
from collections.abc import Callable
from typing import Final

from edge_lpr.core.clock import Clock
from edge_lpr.core.errors import HandoffError, WireError
from edge_lpr.handoff.record_message import (
    CheckpointMessage,
    GapMessage,
    GapWish,
    HealthMessage,
    KeysMessage,
    TransportMessage,
    WatchListMessage,
    Wish,
)
from edge_lpr.publisher.mailbox import Mailbox
from edge_lpr.publisher.outbox import Outbox
from edge_lpr.publisher.outbox_gaps import UnsignedGap
from edge_lpr.wire import jws
from edge_lpr.wire.checkpoint import parse_checkpoint
from edge_lpr.wire.gap import GAP_TYP, GapClaims, parse_gap
from edge_lpr.wire.health import HEALTH_TYP, BoothFigures, HealthClaims, parse_health
from edge_lpr.wire.transport import MAXIMUM_TRANSPORT_BYTES, TRANSPORT_TYP, TransportClaims

NEWS_S: Final = 10.0
"""Time between two health records when the outbox has begun to fail, or works again: such news
does not wait for the next minute, but a disk that fails now and then floods nobody either."""

_NS: Final = 1_000_000_000


class SigningDesk:
    """Says what is wanted, and takes it; for the relay's thread, but for what says otherwise."""

    def __init__(
        self,
        outbox: Outbox,
        figures: Callable[[], BoothFigures],
        mailbox: Mailbox,
        *,
        health_interval_s: float,
        clock: Clock,
    ) -> None:
        """Want a health record at once.

        Args:
            outbox: Has the gaps, and keeps them when they are signed.
            figures: Returns what the publisher says about itself.
            mailbox: Has what is to be handed on.
            health_interval_s: Time between two health records.
            clock: Tells when the next one is due.
        """
        self._outbox = outbox
        self._figures = figures
        self._mailbox = mailbox
        self._interval_ns = round(health_interval_s * _NS)
        self._clock = clock
        self._last_health_ns = clock.monotonic_ns() - self._interval_ns
        self._wanted_is_failing = self._said_is_failing = False
        self._wants_health = False
        self._wanted_gap: UnsignedGap | None = None
        # Health before gaps: an outbox that fails keeps gaps from being read.
        self._takers = (self._keys, self._health_wish, self._part, self._gap_wish)
        self._next_taker = 0
        self._in_hand: KeysMessage | WatchListMessage | None = None
        self._transport: bytes | None = None
        self._checkpoint: bytes | None = None
        # Two threads: one puts in, the other takes out, each in one step.
        self._health: deque[bytes] = deque(maxlen=1)

    def begin(self) -> None:
        """Note that a tokeniser has connected: whatever was in hand must be handed on again."""
        self._in_hand = None
        self._next_taker = 0
        self._mailbox.begin()

    def next_wish(self) -> Wish | None:
        """Return what is to be signed or taken now, ``None`` for nothing.

        Keys first, after a moment in which nothing waited; then one after the other.

        Raises:
            OutboxError: The outbox cannot be read.
        """
        if self._in_hand is not None:
            # It asks on, so it has it.
            self._mailbox.handed(self._in_hand)
            self._in_hand = None
        first, self._next_taker = self._next_taker, 0
        for number in (*range(first, len(self._takers)), *range(first)):
            wish = self._takers[number]()
            if wish is not None:
                self._next_taker = (number + 1) % len(self._takers)
                return wish
        return None

    def accept_health(self, message: HealthMessage) -> None:
        """Keep a health record for the session, in place of the one before.

        Args:
            message: From the tokeniser.

        Raises:
            WireError: It is no health record of this contract.
            HandoffError: Nobody wanted one.
        """
        document = parse_health(message.untrusted_jws)
        if document.typ != HEALTH_TYP:
            raise WireError("a document handed over as a health record is none; update both")
        HealthClaims.decode(document.untrusted_payload)
        if not self._wants_health:
            raise HandoffError("nobody wanted this health record; update both processes")
        self._wants_health = False
        self._last_health_ns = self._clock.monotonic_ns()
        self._said_is_failing = self._wanted_is_failing
        self._health.append(message.untrusted_jws)

    def accept_gap(self, message: GapMessage) -> None:
        """Commit a signed gap.

        Args:
            message: From the tokeniser.

        Raises:
            WireError: It is no gap of this contract.
            HandoffError: It is not the one that was wanted.
            OutboxError: It could not be committed; it will be wanted again.
        """
        document = parse_gap(message.untrusted_jws)
        if document.typ != GAP_TYP:
            raise WireError("a document handed over as a gap is none; update both processes")
        claims = GapClaims.decode(document.untrusted_payload)
        wanted = self._wanted_gap
        signed = GapWish(claims.boot, claims.first, claims.last, claims.reason)
        if wanted is None or signed != wanted.wish:
            raise HandoffError("nobody wanted this gap; update both processes")
        self._outbox.store_gap(wanted.place, message.untrusted_jws)
        self._wanted_gap = None

    def accept_transport(self, message: TransportMessage) -> None:
        """Keep the announcement of a transport key, in place of the one before.

        Args:
            message: From the tokeniser.

        Raises:
            WireError: It is no announcement of this contract.
        """
        document = jws.parse(message.untrusted_jws, MAXIMUM_TRANSPORT_BYTES)
        if document.typ != TRANSPORT_TYP:
            raise WireError("a document handed over as a transport key is none; update both")
        TransportClaims.decode(document.untrusted_payload)
        self._transport = message.untrusted_jws

    def newest_transport(self) -> bytes | None:
        """Return the announcement that came last, ``None`` before; for the session's thread."""
        return self._transport

    def accept_checkpoint(self, message: CheckpointMessage) -> None:
        """Keep a checkpoint of the audit log, in place of the one before.

        Args:
            message: From the tokeniser.

        Raises:
            WireError: It is no checkpoint of this contract.
        """
        parse_checkpoint(message.untrusted_note)
        self._checkpoint = message.untrusted_note

    def newest_checkpoint(self) -> bytes | None:
        """Return the checkpoint that came last, ``None`` before; for the session's thread."""
        return self._checkpoint

    def take_health(self) -> bytes | None:
        """Return the newest health record, once; for the session's thread."""
        try:
            return self._health.pop()
        except IndexError:
            return None

    def _keys(self) -> Wish | None:
        """Return a delivery, if one waits."""
        self._in_hand = self._mailbox.next_keys()
        return self._in_hand

    def _part(self) -> Wish | None:
        """Return a part of a watch-list, if one waits."""
        self._in_hand = self._mailbox.next_part()
        return self._in_hand

    def _health_wish(self) -> Wish | None:
        """Return the figures for a health record, if one is due."""
        if not self._is_health_due():
            return None
        self._wants_health = True
        figures = self._figures()
        self._wanted_is_failing = self._outbox.is_failing
        return figures

    def _gap_wish(self) -> Wish | None:
        """Return a gap that is not signed yet."""
        self._wanted_gap = self._outbox.next_gap()
        return None if self._wanted_gap is None else self._wanted_gap.wish

    def _is_health_due(self) -> bool:
        """Return whether it is time for a health record, or there is news that cannot wait."""
        interval_ns = self._interval_ns
        if self._outbox.is_failing is not self._said_is_failing:
            interval_ns = min(interval_ns, round(NEWS_S * _NS))
        return self._clock.monotonic_ns() - self._last_health_ns >= interval_ns
