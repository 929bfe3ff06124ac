"""What the publisher wants signed: a health record every minute or at bad news, and each gap once.

The tokeniser asks about once a second; what it signs is checked for being what was wanted. A health
record is kept in memory only, because the next one is never far; a gap goes back to the outbox.
"""

from collections import deque
from collections.abc import Callable
from typing import Final

from edge_lpr.core.clock import Clock
from edge_lpr.core.errors import HandoffError, WireError
from edge_lpr.handoff.record_message import GapMessage, GapWish, HealthMessage, Wish
from edge_lpr.publisher.outbox import Outbox
from edge_lpr.publisher.outbox_gaps import UnsignedGap
from edge_lpr.wire.gap import GAP_TYP, GapClaims, parse_gap
from edge_lpr.wire.health import HEALTH_TYP, BoothFigures, HealthClaims, parse_health

NEWS_S: Final = 10.0
"""Time between two health records when the outbox has begun to fail, or works again: such news
does not wait for the next minute, but a disk that fails now and then floods nobody either."""

_NS: Final = 1_000_000_000


class SigningDesk:
    """Says what is to be signed, and takes it; all but ``take_health`` for the relay's thread."""

    def __init__(
        self,
        outbox: Outbox,
        figures: Callable[[], BoothFigures],
        *,
        health_interval_s: float,
        clock: Clock,
    ) -> None:
        """Want a health record at once.

        Args:
            outbox: Has the gaps, and keeps them when they are signed.
            figures: Returns what the publisher says about itself.
            health_interval_s: Time between two health records.
            clock: Tells when the next one is due.
        """
        self._outbox = outbox
        self._figures = figures
        self._interval_ns = round(health_interval_s * _NS)
        self._clock = clock
        self._last_health_ns = clock.monotonic_ns() - self._interval_ns
        self._wanted_is_failing = self._said_is_failing = False
        self._wants_health = False
        self._was_health = False
        self._wanted_gap: UnsignedGap | None = None
        # Two threads: one puts in, the other takes out, each in one step.
        self._health: deque[bytes] = deque(maxlen=1)

    def next_wish(self) -> Wish | None:
        """Return what is to be signed now, ``None`` for nothing.

        Health first: it is due once a minute, and an outbox that fails keeps gaps from being read.
        But not twice in a row, or a short interval would leave no turn to the gaps.

        Raises:
            OutboxError: The outbox cannot be read.
        """
        is_due = self._is_health_due()
        was_health, self._was_health = self._was_health, False
        if not is_due or was_health:
            self._wanted_gap = self._outbox.next_gap()
            if self._wanted_gap is not None:
                return self._wanted_gap.wish
        if not is_due:
            return None
        self._was_health = self._wants_health = True
        figures = self._figures()
        self._wanted_is_failing = self._outbox.is_failing
        return figures

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

    def take_health(self) -> bytes | None:
        """Return the newest health record, once; for the session's thread."""
        try:
            return self._health.pop()
        except IndexError:
            return None

    def _is_health_due(self) -> bool:
        """Return whether it is time for a health record, or there is news that cannot wait."""
        interval_ns = self._interval_ns
        if self._outbox.is_failing is not self._said_is_failing:
            interval_ns = min(interval_ns, round(NEWS_S * _NS))
        return self._clock.monotonic_ns() - self._last_health_ns >= interval_ns
