"""What the publisher says about itself, for the health record that the tokeniser signs."""

from pathlib import Path
from typing import Final, Protocol

from edge_lpr.core.clock import Clock
from edge_lpr.core.errors import OutboxDamagedError, OutboxError, WireError
from edge_lpr.publisher.intake import Intake
from edge_lpr.publisher.outbox import Outbox
from edge_lpr.publisher.requests import RequestDesk
from edge_lpr.publisher.sending import SessionCounters
from edge_lpr.publisher.temperature import THERMAL_FOLDER, hottest_c
from edge_lpr.wire.bounds import MAXIMUM_UNIX_S
from edge_lpr.wire.health import Alarm, BoothFigures
from edge_lpr.wire.sighting import SightingClaims, parse_sighting

FILLING_SHARE: Final = 0.5
"""Half full of unsent sightings: at the default size, after five days without a broker."""

HOT_C: Final = 80
"""A Raspberry Pi slows down from here on (throttling, its documentation says 80 to 85)."""

DROPPED_FOR_NS: Final = 86_400 * 1_000_000_000
"""Sightings that had to go are an alarm for a day; the counter and the gaps stay."""


class SessionView(Protocol):
    """What is asked of the session with the broker, from another thread."""

    @property
    def counters(self) -> SessionCounters:
        """What it has done since its start."""
        ...

    def alarms(self) -> tuple[Alarm, ...]:
        """Return what somebody should look at."""
        ...

    def tls_certificate_days(self) -> int | None:
        """Return for how many whole days the client certificate is valid, ``None`` without one."""
        ...


class PublisherFigures:
    """Gathers the publisher's figures; for the relay's thread."""

    def __init__(
        self,
        outbox: Outbox,
        intake: Intake,
        desk: RequestDesk,
        session: SessionView,
        *,
        clock: Clock,
        thermal_folder: Path = THERMAL_FOLDER,
    ) -> None:
        """Know where to look.

        Args:
            outbox: What waits, what is kept, and whether it works.
            intake: What came.
            desk: What was asked for.
            session: What went.
            clock: Tells how long the oldest sighting waits.
            thermal_folder: Where the kernel shows its temperature sensors.
        """
        self._outbox = outbox
        self._intake = intake
        self._desk = desk
        self._session = session
        self._clock = clock
        self._thermal_folder = thermal_folder
        self._dropped = 0
        self._dropped_ns: int | None = None

    def counters(self) -> dict[str, int]:
        """Return all counters since the start, by the names of the contract."""
        session = self._session.counters
        return {
            "accepted": self._intake.accepted,
            "duplicates": self._intake.duplicates,
            "published": session.published,
            "refused_by_broker": session.refused_by_broker,
            "resent": self._outbox.resent,
            "requests_refused": self._desk.refused,
            "dropped": self._outbox.dropped,
            "connections": session.connections,
            "bytes_sent": session.bytes_sent,
        }

    def now(self) -> BoothFigures:
        """Return the figures of this moment; an outbox that cannot be read is one of them.

        Raises:
            OutboxDamagedError: The outbox must be opened again.
        """
        temperature_c = hottest_c(self._thermal_folder)
        alarms: list[Alarm] = list(self._session.alarms())
        oldest_unsent_s = 0
        try:
            oldest_unsent_s = self.oldest_unsent_s()
            if self._outbox.share_filled() > FILLING_SHARE:
                alarms.append("outbox_filling")
            # None is sent; but what was kept long enough goes, also where nothing is ever sent.
            self._outbox.mark_sent(())
        except OutboxDamagedError:
            raise
        except OutboxError:
            # The booth must be able to say that its disk fails; the outbox has noted it.
            oldest_unsent_s = 0
        if self._outbox.is_failing:
            alarms.append("outbox_failing")
        if self._has_dropped_lately():
            alarms.append("sightings_dropped")
        if temperature_c is not None and temperature_c >= HOT_C:
            alarms.append("hot")
        return BoothFigures(
            counters=self.counters(),
            unsent=self._outbox.unsent_count,
            oldest_unsent_s=oldest_unsent_s,
            kept=self._outbox.kept_count,
            tls_certificate_days=self._session.tls_certificate_days(),
            temperature_c=temperature_c,
            alarms=tuple(alarms),
        )

    def oldest_unsent_s(self) -> int:
        """Return how long ago the vehicle passed whose sighting has waited longest.

        Raises:
            OutboxError: The outbox cannot be read.
        """
        document = self._outbox.oldest_document()
        if document is None:
            return 0
        try:
            claims = SightingClaims.decode(parse_sighting(document).untrusted_payload)
        except WireError:
            # It was checked when it came; a later version may check more.
            return 0
        return min(max(self._clock.unix_s() - claims.at, 0), MAXIMUM_UNIX_S)

    def _has_dropped_lately(self) -> bool:
        """Return whether unsent sightings had to go within the last day."""
        now_ns = self._clock.monotonic_ns()
        if self._outbox.dropped > self._dropped:
            self._dropped, self._dropped_ns = self._outbox.dropped, now_ns
        return self._dropped_ns is not None and now_ns - self._dropped_ns < DROPPED_FOR_NS
