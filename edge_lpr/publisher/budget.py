"""How many bytes a day may be sent, because a booth's link is often paid by the megabyte.

Counted are the octets of MQTT packets, with their headers; what TLS, TCP and IP add is not: 22 and
40 to 60 bytes for each packet, so about a sixth more for a sighting. Live sightings are never held
back: first the alarm, then what can wait (see ``BudgetState``).

A day is a UTC day. A clock that is set forward begins a new one, at most once for each step; one
that is set back does not, and the day then ends after ``LONGEST_DAY_S`` by the monotonic clock. A
restart goes on with what was counted.
"""

import json
from enum import Enum
from pathlib import Path
from typing import Final

from edge_lpr.core.clock import Clock, TimeQuality
from edge_lpr.core.log import Log

NEAR_SHARE: Final = 0.8
"""From this share of the budget on there is an alarm."""

LONGEST_DAY_S: Final = 25 * 3600
"""More than a day, so that the monotonic clock never ends a day that the UTC clock would end."""

BYTES_PER_MEGABYTE: Final = 1_000_000

_DAY_S: Final = 86_400
_WRITE_SHARE: Final = 0.01
"""The count is written when so much of the budget was spent: a card has few writes."""

_MAXIMUM_FILE_BYTES: Final = 200
_NS_PER_S: Final = 1_000_000_000


class BudgetState(Enum):
    """What may be sent."""

    ENOUGH = "enough"
    """Everything."""
    NEAR = "near"
    """Nothing that was asked for again: it waits for the next day. Alarm."""
    SPENT = "spent"
    """Of health records one in ten minutes, so that servers still hear of the alarm. Sightings,
    gaps, birth and status go on."""


class DailyBudget:
    """Counts the bytes of a day. For one thread."""

    def __init__(self, megabytes: int | None, file: Path, clock: Clock, log: Log) -> None:
        """Go on with what an earlier process has counted today.

        Args:
            megabytes: Budget of a day, in megabytes of 10^6 bytes; ``None`` for no limit, and then
                nothing is counted or written.
            file: Where the count outlives the process; a damaged one counts as missing.
            clock: Tells when a day ends.
            log: Hears when the budget is nearly or wholly spent.
        """
        self._budget_bytes = None if megabytes is None else megabytes * BYTES_PER_MEGABYTE
        self._file = file
        self._clock = clock
        self._log = log
        self._counted_bytes = 0
        self._day = clock.unix_s() // _DAY_S
        self._spent_bytes = 0
        if self._budget_bytes is not None:
            self._go_on()
        self._written_bytes = self._spent_bytes
        self._day_began_ns = clock.monotonic_ns()
        self.state = self._judge()

    def count(self, bytes_sent: int) -> None:
        """Take note of what was sent.

        Args:
            bytes_sent: In all, since the process began.
        """
        new_bytes, self._counted_bytes = bytes_sent - self._counted_bytes, bytes_sent
        if self._budget_bytes is None:
            return
        if self._is_new_day():
            self._day = self._clock.unix_s() // _DAY_S
            self._day_began_ns = self._clock.monotonic_ns()
            self._spent_bytes = self._written_bytes = 0
        self._spent_bytes += new_bytes
        if self._spent_bytes - self._written_bytes >= _WRITE_SHARE * self._budget_bytes:
            self._write()
        state, self.state = self.state, self._judge()
        if state is not self.state and self.state is not BudgetState.ENOUGH:
            self._say()

    def spent_of(self) -> tuple[int, int | None]:
        """Return how many bytes of how many were sent today; of ``None`` where nothing is counted.

        For any thread.
        """
        return self._spent_bytes, self._budget_bytes

    def close(self) -> None:
        """Write the count for the next process; may be called twice."""
        if self._budget_bytes is not None and self._spent_bytes != self._written_bytes:
            self._write()

    def _judge(self) -> BudgetState:
        """Return the state that the count makes."""
        if self._budget_bytes is None or self._spent_bytes < NEAR_SHARE * self._budget_bytes:
            return BudgetState.ENOUGH
        return BudgetState.NEAR if self._spent_bytes < self._budget_bytes else BudgetState.SPENT

    def _is_new_day(self) -> bool:
        """Return whether the counted day is over."""
        lasted_s = (self._clock.monotonic_ns() - self._day_began_ns) / _NS_PER_S
        is_later = self._clock.unix_s() // _DAY_S > self._day
        return lasted_s >= LONGEST_DAY_S or (
            is_later and self._clock.quality() is not TimeQuality.NONE
        )

    def _say(self) -> None:
        """Write that the budget is nearly or wholly spent."""
        what = "health records come seldom" if self.state is BudgetState.SPENT else "alarm"
        self._log.warning(
            f"budget_{self.state.value}",
            bytes=self._spent_bytes,
            detail=(
                f"of publisher.daily_megabytes; {what}, and what was asked for again waits for "
                "the next UTC day; live sightings go on"
            ),
        )

    def _go_on(self) -> None:
        """Take the count of an earlier process, if it is of this day or the day is not known."""
        try:
            with self._file.open("rb") as file:
                untrusted_count = json.loads(file.read(_MAXIMUM_FILE_BYTES))
            day, spent_bytes = int(untrusted_count["day"]), int(untrusted_count["bytes"])
        except (OSError, ValueError, TypeError, KeyError, OverflowError):
            return
        if spent_bytes >= 0 and (day == self._day or self._clock.quality() is TimeQuality.NONE):
            self._day, self._spent_bytes = day, spent_bytes

    def _write(self) -> None:
        """Write the count, whole or not at all; a full disk is the outbox's to complain of."""
        self._written_bytes = self._spent_bytes
        temporary = self._file.with_suffix(".new")
        try:
            temporary.write_text(json.dumps({"day": self._day, "bytes": self._spent_bytes}))
            temporary.replace(self._file)
        except OSError as error:
            self._log.warning("budget_not_kept", file=str(self._file), reason=error.strerror or "")
