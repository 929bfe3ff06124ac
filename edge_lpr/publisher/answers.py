"""What the publisher answers when root on the booth asks how it is: broker, queue, disk, budget.

Judged here, where the limits are known; put into words by ``diagnostics/``. In hit-only mode nobody
at the booth may learn that somebody passed who is looked for, so nothing is said of sightings.
"""

from collections import deque
from collections.abc import Iterator, Mapping
from typing import Final

from edge_lpr.core.check_words import BROKER_STANDINGS, NONE, Verdict
from edge_lpr.core.clock import Clock
from edge_lpr.core.errors import (
    BrokerError,
    BrokerNameError,
    BrokerRefusedError,
    BrokerTlsError,
    OutboxError,
)
from edge_lpr.core.lately import Lately
from edge_lpr.handoff.diagnosis_message import (
    CHECKS,
    Check,
    Question,
    bounded_check,
    pack_checks,
)
from edge_lpr.publisher.budget import BudgetState, DailyBudget
from edge_lpr.publisher.health import FILLING_SHARE, PublisherFigures
from edge_lpr.publisher.outbox import Outbox
from edge_lpr.publisher.session import BrokerSession
from edge_lpr.publisher.tls_renewal import ENDS_SOON_DAYS

LATE_S: Final = 120
"""A sighting is with the broker within seconds; after two minutes something holds it."""

GROWING: Final = 10
"""So many more wait than ten minutes ago: one a minute, and none goes."""

_NS: Final = 1_000_000_000
_SAMPLE_NS: Final = 30 * _NS
_SAMPLES: Final = 20
"""Ten minutes."""

_CONNECTING_NS: Final = 60 * _NS
"""A connection that is not there after a minute is not under way, but hindered."""


_LOSSES: Final[Mapping[type[BrokerError], str]] = {
    BrokerTlsError: "tls",
    BrokerRefusedError: "refused",
    BrokerNameError: "no_name",
    BrokerError: "no_answer",
}
"""How it stands after a loss; the first kind that it is."""


class PublisherAnswers:
    """Answers for the desk's thread; ``note`` is for the session's."""

    def __init__(
        self,
        session: BrokerSession,
        outbox: Outbox,
        figures: PublisherFigures,
        budget: DailyBudget,
        clock: Clock,
        *,
        is_hit_only: bool,
    ) -> None:
        """Know where to look.

        Args:
            session: With the broker.
            outbox: What waits.
            figures: Counters, and how long the oldest sighting waits.
            budget: What may be sent today.
            clock: Its monotonic time measures.
            is_hit_only: Whether nothing is told of sightings.
        """
        self._session = session
        self._outbox = outbox
        self._figures = figures
        self._budget = budget
        self._clock = clock
        self._is_hit_only = is_hit_only
        self._dropped = Lately(lambda: {"dropped": outbox.dropped}, clock)
        self._waiting: deque[int] = deque(maxlen=_SAMPLES)
        self._next_sample_ns = clock.monotonic_ns()
        self._published = 0
        self._puback_ns: int | None = None
        self._not_taken_since_ns: int | None = clock.monotonic_ns()

    def note(self) -> None:
        """Take note of what changes; called in every turn of the session."""
        self._dropped.note()
        now_ns = self._clock.monotonic_ns()
        published = self._session.counters.published
        if published != self._published:
            self._published, self._puback_ns = published, now_ns
        if self._session.is_taken:
            self._not_taken_since_ns = None
        elif self._not_taken_since_ns is None:
            self._not_taken_since_ns = now_ns
        if now_ns >= self._next_sample_ns:
            self._next_sample_ns = now_ns + _SAMPLE_NS
            self._waiting.append(self._outbox.unsent_count)

    def __call__(self, question: Question) -> bytes | None:
        """Answer.

        Args:
            question: Checked.
        """
        if question.kind != CHECKS:
            return None
        return pack_checks("publisher", tuple(self._checks()))

    def _checks(self) -> Iterator[Check]:
        """Say how everything is."""
        yield self._broker()
        yield self._tls()
        yield self._spent()
        yield self._disk()
        if not self._is_hit_only:
            yield self._queue()
            counters = self._figures.counters()
            said = (
                *("accepted", "duplicates", "published"),
                *("refused_by_broker", "resent", "bytes_sent"),
            )
            yield bounded_check("funnel_sent", "good", **{name: counters[name] for name in said})

    def _broker(self) -> Check:
        """Say how it stands with the broker."""
        loss, now_ns = self._session.last_loss, self._clock.monotonic_ns()
        standing, verdict = self._standing(now_ns)
        age_s = NONE
        if self._puback_ns is not None and not self._is_hit_only:
            age_s = (now_ns - self._puback_ns) // _NS
        return bounded_check(
            "broker",
            verdict,
            standing=BROKER_STANDINGS.index(standing),
            refusal_code=NONE if loss is None or standing == "taken" else loss.code,
            puback_age_s=age_s,
            connections=self._session.counters.connections,
        )

    def _standing(self, now_ns: int) -> tuple[str, Verdict]:
        """Return how it stands with the broker, and what to think of it."""
        if self._session.is_taken:
            return "taken", "good"
        loss = self._session.last_loss
        if loss is not None:
            kinds = (kind for kind in _LOSSES if isinstance(loss, kind))
            return _LOSSES[next(kinds)], "bad"
        since_ns = self._not_taken_since_ns
        is_late = since_ns is not None and now_ns - since_ns > _CONNECTING_NS
        verdict: Verdict = "warning" if is_late else "not_known"
        # Without a birth there is nothing to say to a broker, and none is called.
        return ("connecting" if self._session.is_connected else "waits"), verdict

    def _tls(self) -> Check:
        """Say how long the certificate lasts."""
        days = self._session.tls_certificate_days()
        verdict: Verdict = "good"
        if days is not None and days < ENDS_SOON_DAYS:
            verdict = "warning" if days else "bad"
        return bounded_check("tls_certificate", verdict, days_left=NONE if days is None else days)

    def _spent(self) -> Check:
        """Say what was sent today."""
        verdict: Verdict = "good" if self._budget.state is BudgetState.ENOUGH else "warning"
        spent_bytes, allowed_bytes = self._budget.spent_of()
        if allowed_bytes is None:
            # Nothing is counted by the day; since the start, then.
            spent_bytes = self._session.counters.bytes_sent
        if self._is_hit_only:
            # A hit is some kilobytes: whoever asks again and again would see one go.
            spent_bytes = 0
        return bounded_check(
            "budget",
            verdict,
            sent_kb=spent_bytes // 1000,
            allowed_kb=NONE if allowed_bytes is None else allowed_bytes // 1000,
        )

    def _disk(self) -> Check:
        """Say whether the outbox can be written."""
        filled, is_failing = 0.0, self._outbox.is_failing
        try:
            filled = self._outbox.share_filled()
        except OutboxError:
            is_failing = True
        verdict: Verdict = "bad" if is_failing else "good"
        if verdict == "good" and (filled > FILLING_SHARE or self._dropped.growth()["dropped"]):
            verdict = "warning"
        return bounded_check(
            "outbox",
            verdict,
            is_failing=int(is_failing),
            filled_permille=0 if self._is_hit_only else round(1000 * filled),
            dropped=0 if self._is_hit_only else self._outbox.dropped,
        )

    def _queue(self) -> Check:
        """Say what waits for the broker."""
        unsent = self._outbox.unsent_count
        try:
            oldest_s = self._figures.oldest_unsent_s()
        except OutboxError:
            oldest_s = 0
        growth = max(0, unsent - self._waiting[0]) if self._waiting else 0
        verdict: Verdict = "good"
        if unsent and oldest_s > LATE_S:
            verdict = "warning"
        if growth >= GROWING:
            verdict = "bad"
        return bounded_check(
            "queue",
            verdict,
            unsent=unsent,
            kept=self._outbox.kept_count,
            oldest_unsent_s=oldest_s,
            grows_by=growth,
        )
