"""What the publisher tells the service manager: how it stands with the broker, and what was taken.

Nobody but who stands at the booth reads it. In hit-only mode he must not learn from it that
somebody passed who is looked for, so there it says nothing of sightings.
"""

import datetime as dt
from collections.abc import Mapping
from typing import Final

from edge_lpr.core.clock import Clock
from edge_lpr.core.errors import BrokerRefusedError, BrokerTlsError
from edge_lpr.core.status_words import Saying
from edge_lpr.publisher.outbox import Outbox
from edge_lpr.publisher.session import BrokerSession

_MOST: Final = 999_999_999


class PublisherStatus:
    """How it stands with the broker; for one thread beside the session's."""

    def __init__(
        self, session: BrokerSession, outbox: Outbox, clock: Clock, *, is_hit_only: bool
    ) -> None:
        """Know where to look.

        Args:
            session: With the broker.
            outbox: What waits, and whether anything was sent before.
            clock: Tells when a sighting was taken.
            is_hit_only: Whether nothing is told of sightings.
        """
        self._session = session
        self._outbox = outbox
        self._clock = clock
        self._is_hit_only = is_hit_only
        self._published = 0
        self._published_at: str | None = None

    def __call__(self) -> Mapping[Saying, str]:
        """Return how it stands now."""
        return {self._broker(): "", **self._sightings()}

    def _broker(self) -> Saying:
        """Return how it stands with the broker."""
        loss = self._session.last_loss
        if self._session.is_taken:
            return "broker_reached"
        if isinstance(loss, BrokerTlsError):
            return "broker_tls"
        if isinstance(loss, BrokerRefusedError):
            return "broker_refuses"
        if loss is not None:
            return "broker_unreachable"
        # Without a birth there is nothing to say to a broker, and none is called.
        return "broker_connecting" if self._session.is_connected else "broker_waits"

    def _sightings(self) -> Mapping[Saying, str]:
        """Return what the broker has taken, and what waits for it."""
        if self._is_hit_only:
            return {"sightings_untold": ""}
        published = self._session.counters.published
        if published != self._published:
            self._published = published
            now = dt.datetime.fromtimestamp(max(self._clock.unix_s(), 0), dt.timezone.utc)
            self._published_at = now.strftime("%H:%M:%S")
        said: dict[Saying, str] = {}
        if self._published_at is not None:
            said["sighting_at"] = self._published_at
        elif self._outbox.kept_count:
            said["sighting_before"] = ""
        unsent = self._outbox.unsent_count
        if unsent:
            said["unsent"] = str(min(unsent, _MOST))
        return said
