"""When a booth is asked for what is missing, and for which numbers.

A booth takes one request in ten seconds from a consumer, so the time of the last one is kept with
the booth and not in a worker.
"""

from collections.abc import Iterable, Iterator
from typing import Final

from edge_lpr.store.boot_book import FIRST_WAIT_S
from edge_lpr.store.database import Database
from edge_lpr.store.ledger import Run, holes
from edge_lpr.store.records import DueRequest
from edge_lpr.subscriber.request_span import first_request
from edge_lpr.subscriber.sequence import SequenceRange
from edge_lpr.wire.topics import DeviceAddress

_REQUEST_INTERVAL_S: Final = 10
"""What a booth allows (contract, 3.3)."""

_LONGEST_WAIT_S: Final = 3_600
"""A booth that is away gets its request when it is back, for an hour."""

_MAXIMUM_GAPS: Final = 1_000
"""Gaps of a boot that one request may cover."""

_MAXIMUM_BOOTHS: Final = 500
"""Booths asked in one audit."""

_DUE: Final = """
SELECT gap.boot_id, gap.attempts, booth.id, tenant, site, device, boot.boot
FROM gap JOIN boot ON boot.id = gap.boot_id JOIN booth ON booth.id = boot.booth_id
WHERE gap.closed_at IS NULL AND gap.request_at <= %s AND booth.asked_at <= %s
ORDER BY gap.request_at, gap.boot_id, gap.first LIMIT %s
"""


class Asking:
    """Chooses what to ask for."""

    def __init__(self, database: Database) -> None:
        """Read and write the gaps of a database.

        Args:
            database: The store's session.
        """
        self._database = database

    def due(self, now: int) -> tuple[DueRequest, ...]:
        """Choose requests to send now, and note that they were sent, within the transaction.

        One that gets lost after that is made again when its gap is due again.

        Args:
            now: UTC in whole seconds since 1970.

        Returns:
            At most one for each booth.
        """
        chosen: dict[int, DueRequest] = {}
        rows = self._database.rows(_DUE, (now, now - _REQUEST_INTERVAL_S, _MAXIMUM_BOOTHS))
        for boot_id, attempts, booth_id, *names, boot in rows:
            if booth_id in chosen:
                continue
            wanted = first_request(self._due_of(boot_id, now))
            chosen[booth_id] = DueRequest(DeviceAddress(*names), boot, wanted.first, wanted.last)
            wait_s = min(_LONGEST_WAIT_S, FIRST_WAIT_S * 2 ** min(attempts, 8))
            self._database.change(
                "UPDATE gap SET attempts = attempts + 1, request_at = %s "
                "WHERE boot_id = %s AND first <= %s AND closed_at IS NULL AND request_at <= %s",
                (now + wait_s, boot_id, wanted.last, now),
            )
        self._database.change_each(
            "UPDATE booth SET asked_at = %s WHERE id = %s",
            [(now, booth_id) for booth_id in sorted(chosen)],
        )
        return tuple(chosen.values())

    def _due_of(self, boot_id: int, now: int) -> Iterator[SequenceRange]:
        """Yield what is missing of a boot's gaps that are due, ascending; at least one is."""
        for gap in self._database.rows(
            "SELECT first, last FROM gap WHERE boot_id = %s AND closed_at IS NULL "
            "AND request_at <= %s ORDER BY first LIMIT %s",
            (boot_id, now, _MAXIMUM_GAPS),
        ):
            yield from self._missing(boot_id, SequenceRange(*gap))

    def _missing(self, boot_id: int, within: SequenceRange) -> Iterable[SequenceRange]:
        """Return what of a gap is still missing; not empty, because the gap is open."""
        runs = [
            Run(*row)
            for row in self._database.rows(
                "SELECT first, last, first_prev, last_link FROM run "
                "WHERE boot_id = %s AND first <= %s AND last >= %s",
                (boot_id, within.last, within.first),
            )
        ]
        given_up = [
            SequenceRange(*row)
            for row in self._database.rows(
                "SELECT first, last FROM given_up "
                "WHERE boot_id = %s AND first <= %s AND last >= %s",
                (boot_id, within.last, within.first),
            )
        ]
        return holes([*runs, *given_up], within)
