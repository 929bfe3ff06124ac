"""The audit: what has come enters the ledger, and what has not come is noticed and asked for.

The rules are ``boot_book.py``'s; here is the way from the tables to them and back, in one
transaction that one session at a time has.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from edge_lpr.store.asking import Asking
from edge_lpr.store.boot_book import SETTLE_S, BootBook, Finding, Gap
from edge_lpr.store.database import Database
from edge_lpr.store.ledger import GivenUp, Run
from edge_lpr.store.records import DAY_S, AuditReport

_MAXIMUM_BATCHES: Final = 500
"""Batches entered at once; the rest is for the next audit, two seconds later."""

_MAXIMUM_STATEMENTS: Final = 20_000
"""Likewise for what devices say: the health records of ten thousand booths are a minute's."""

_STATE: Final = "said_last, said_link, end_last, judged_last, suspect_last, suspect_at"
_GAP: Final = "first, last, missing, noticed_at, attempts, request_at, closed_at, lost"


class Audit:
    """Judges what the workers have committed."""

    def __init__(self, database: Database, *, retention_days: int) -> None:
        """Audit a database.

        Args:
            database: The store's session.
            retention_days: What is missing for longer is given up.
        """
        self._database = database
        self._retention_s = retention_days * DAY_S
        self._asking = Asking(database)

    def run(self, now: int) -> AuditReport | None:
        """Audit once.

        Args:
            now: UTC in whole seconds since 1970.

        Returns:
            What was found; ``None`` if another session is at it.
        """
        with self._database.transaction():
            if not self._database.try_audit_lock():
                return None
            arrivals = self._database.take_arrivals(_MAXIMUM_BATCHES)
            statements = self._take_statements()
            books = self._load({*arrivals, *statements, *self._suspects(now)})
            before = {boot_id: _state(book) for boot_id, book in books.items()}
            known_runs = {boot_id: book.runs for boot_id, book in books.items()}
            known_given_up = {boot_id: book.given_up for boot_id, book in books.items()}
            known_gaps = {
                (boot_id, gap.first): replace(gap)
                for boot_id, book in books.items()
                for gap in book.gaps
            }
            for boot_id, book in books.items():
                book.receive(arrivals.get(boot_id, ()))
                self._hear(boot_id, book, statements.get(boot_id, ()), now)
                self._resolve_doubts(boot_id, book)
                book.judge(now)
            self._save_states(books, before)
            self._save_runs(books, known_runs)
            self._save_given_up(books, known_given_up)
            opened, closed = self._save_gaps(books, known_gaps, now)
            findings = self._save_findings(books, now)
            closed += self._give_up_old_gaps(now)
            requests = self._asking.due(now)
        return AuditReport(
            sum(len(each) for each in arrivals.values()), findings, opened, closed, requests
        )

    def _take_statements(self) -> dict[int, list[tuple[str, int, int, bytes | None]]]:
        """Take what devices have said off its queue, by boot."""
        rows = self._database.rows(
            "DELETE FROM statement WHERE id IN (SELECT id FROM statement ORDER BY id LIMIT %s) "
            "RETURNING id, boot_id, kind, first, last, link",
            (_MAXIMUM_STATEMENTS,),
        )
        statements = defaultdict(list)
        for _, boot_id, *statement in sorted(rows, key=lambda row: int(row[0])):
            statements[boot_id].append(tuple(statement))
        return dict(statements)

    def _suspects(self, now: int) -> set[int]:
        """Return the boots with holes that have been there long enough to be judged."""
        rows = self._database.rows("SELECT id FROM boot WHERE suspect_at <= %s", (now - SETTLE_S,))
        return {boot_id for (boot_id,) in rows}

    def _load(self, boot_ids: set[int]) -> dict[int, BootBook]:
        """Return what is known of boots."""
        database, wanted = self._database, self._database.list_of(sorted(boot_ids))
        books = {boot_id: BootBook() for boot_id in boot_ids}
        if not books:
            return books
        for boot_id, *state in database.rows(
            f"SELECT id, {_STATE} FROM boot WHERE id IN {database.listed}",  # noqa: S608 - constants
            (wanted,),
        ):
            book = books[boot_id]
            book.said_last, book.said_link, book.end_last = state[:3]
            book.judged_last, book.suspect_last, book.suspect_at = state[3:]
        for boot_id, *run in database.rows(
            "SELECT boot_id, first, last, first_prev, last_link FROM run "  # noqa: S608 - a constant
            f"WHERE boot_id IN {database.listed} ORDER BY boot_id, first",
            (wanted,),
        ):
            books[boot_id].runs += (Run(*run),)
        for boot_id, *given_up in database.rows(
            "SELECT boot_id, first, last, reason, heard_at FROM given_up "  # noqa: S608 - a constant
            f"WHERE boot_id IN {database.listed} ORDER BY boot_id, first, last",
            (wanted,),
        ):
            books[boot_id].given_up += (GivenUp(*given_up),)
        for boot_id, *gap in database.rows(
            f"SELECT boot_id, {_GAP} FROM gap "  # noqa: S608 - constants
            f"WHERE closed_at IS NULL AND boot_id IN {database.listed}",
            (wanted,),
        ):
            books[boot_id].gaps.append(Gap(*gap))
        return books

    def _hear(
        self,
        boot_id: int,
        book: BootBook,
        statements: Iterable[tuple[str, int, int, bytes | None]],
        now: int,
    ) -> None:
        """Let a book hear what a device has said about its boot."""
        for kind, first, last, link in statements:
            if kind == "health":
                book.hear_number(last, link or b"", now)
            elif kind == "end":
                book.hear_end(last, link or b"", now)
            elif kind == "first_start":
                self._check_first_start(boot_id, book)
            else:
                book.hear_given_up(GivenUp(first, last, kind, now))

    def _check_first_start(self, boot_id: int, book: BootBook) -> None:
        """Find out whether a device that remembers no boot had one."""
        earlier = self._database.rows(
            "SELECT 1 FROM boot AS earlier JOIN boot ON boot.booth_id = earlier.booth_id "
            "WHERE boot.id = %s AND earlier.id < boot.id LIMIT 1",
            (boot_id,),
        )
        if earlier:
            book.findings.add((0, Finding.FORGOTTEN))

    def _resolve_doubts(self, boot_id: int, book: BootBook) -> None:
        """Look at the sightings themselves where the ledger does not tell."""
        for seq, link in book.doubts:
            if self._links(boot_id, seq) - {link}:
                book.findings.add((seq, Finding.BROKEN_END))
        for seq in book.again:
            if len(self._links(boot_id, seq)) > 1:
                book.findings.add((seq, Finding.CONFLICT))

    def _links(self, boot_id: int, seq: int) -> set[bytes]:
        """Return the links of the sightings that are kept under a number: one, as a rule."""
        rows = self._database.rows(
            "SELECT link FROM sighting WHERE boot_id = %s AND seq = %s", (boot_id, seq)
        )
        return {bytes(link) for (link,) in rows}

    def _save_states(
        self, books: dict[int, BootBook], before: dict[int, tuple[object, ...]]
    ) -> None:
        """Write what has changed about boots."""
        self._database.change_each(
            "UPDATE boot SET said_last = %s, said_link = %s, end_last = %s, judged_last = %s, "
            "suspect_last = %s, suspect_at = %s WHERE id = %s",
            [
                (*_state(book), boot_id)
                for boot_id, book in sorted(books.items())
                if _state(book) != before[boot_id]
            ],
        )

    def _save_runs(self, books: dict[int, BootBook], before: dict[int, tuple[Run, ...]]) -> None:
        """Write the runs that have changed."""
        gone, kept = [], []
        for boot_id, book in sorted(books.items()):
            old, new = set(before[boot_id]), set(book.runs)
            firsts = {run.first for run in new}
            gone += [
                (boot_id, run.first)
                for run in sorted(old - new, key=_first)
                if run.first not in firsts
            ]
            kept += [
                (boot_id, run.first, run.last, run.first_prev, run.last_link)
                for run in sorted(new - old, key=_first)
            ]
        self._database.change_each("DELETE FROM run WHERE boot_id = %s AND first = %s", gone)
        self._database.change_each(
            "INSERT INTO run (boot_id, first, last, first_prev, last_link) "
            "VALUES (%s, %s, %s, %s, %s) ON CONFLICT (boot_id, first) DO UPDATE SET "
            "last = excluded.last, last_link = excluded.last_link",
            kept,
        )

    def _save_given_up(
        self, books: dict[int, BootBook], before: dict[int, tuple[GivenUp, ...]]
    ) -> None:
        """Write what devices have given up, where that has changed."""
        gone, kept = [], []
        for boot_id, book in sorted(books.items()):
            old, new = set(before[boot_id]), set(book.given_up)
            gone += [(boot_id, each.first, each.last) for each in old - new]
            kept += [
                (boot_id, each.first, each.last, each.reason, each.heard_at) for each in new - old
            ]
        self._database.change_each(
            "DELETE FROM given_up WHERE boot_id = %s AND first = %s AND last = %s", sorted(gone)
        )
        self._database.change_each(
            "INSERT INTO given_up (boot_id, first, last, reason, heard_at) "
            "VALUES (%s, %s, %s, %s, %s) ON CONFLICT DO NOTHING",
            sorted(kept),
        )

    def _save_gaps(
        self, books: dict[int, BootBook], before: dict[tuple[int, int], Gap], now: int
    ) -> tuple[int, int]:
        """Write the gaps that have changed; return how many were opened and how many closed."""
        gaps = [
            (boot_id, gap)
            for boot_id, book in sorted(books.items())
            for gap in book.gaps
            if gap != before.get((boot_id, gap.first))
        ]
        self._database.change_each(
            f"INSERT INTO gap (boot_id, {_GAP}) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s) "  # noqa: S608 - a constant
            "ON CONFLICT (boot_id, first) DO UPDATE SET missing = excluded.missing, "
            "attempts = excluded.attempts, request_at = excluded.request_at, "
            "closed_at = excluded.closed_at, lost = excluded.lost",
            [
                (
                    boot_id,
                    gap.first,
                    gap.last,
                    gap.missing,
                    gap.noticed_at,
                    gap.attempts,
                    gap.request_at,
                    gap.closed_at,
                    gap.lost,
                )
                for boot_id, gap in gaps
            ],
        )
        opened = sum(gap.noticed_at == now for _, gap in gaps)
        return opened, sum(gap.closed_at == now for _, gap in gaps)

    def _save_findings(self, books: dict[int, BootBook], now: int) -> int:
        """Write what does not fit; return how much of it is new."""
        return self._database.change_each(
            "INSERT INTO finding (boot_id, seq, kind, noticed_at) VALUES (%s, %s, %s, %s) "
            "ON CONFLICT DO NOTHING",
            sorted(
                (boot_id, seq, finding.value, now)
                for boot_id, book in books.items()
                for seq, finding in book.findings
            ),
        )

    def _give_up_old_gaps(self, now: int) -> int:
        """Close gaps whose sightings would be refused by now; return how many."""
        return self._database.change(
            "UPDATE gap SET closed_at = %s, lost = lost + missing, missing = 0 "
            "WHERE closed_at IS NULL AND noticed_at < %s",
            (now, now - self._retention_s),
        )


def _state(book: BootBook) -> tuple[object, ...]:
    """Return what the table ``boot`` has of a book, in the order of ``_STATE``."""
    return (
        book.said_last,
        book.said_link,
        book.end_last,
        book.judged_last,
        book.suspect_last,
        book.suspect_at,
    )


def _first(run: Run) -> int:
    """Return the smallest number of a run."""
    return run.first
