"""The audit log of a booth: what happened, in entries that are only ever added.

An entry is on the disk before ``append`` returns: what it announces happens after that, or not at
all. All entries are the leaves of one Merkle tree; its root, signed and sent away every few
minutes, fixes them for ever (``wire/checkpoint.py``). Whoever is root can write another log, but
none that has a root which left the booth before.
"""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from edge_lpr.audit.entry import Entry, kept_details, parse_entry, time_text
from edge_lpr.audit.segments import Segments, Shape, locked
from edge_lpr.core.clock import Clock
from edge_lpr.core.errors import AuditError

RECORD_FOLDER: Final = Path("/var/lib/edge-lpr/audit")
"""Where a booth keeps it: root's alone, on the encrypted state partition."""

TOO_MANY: Final = "too_many"
"""Event that stands once for all that ``append_at_most`` did not add."""

TORN_LINE: Final = "torn_line"
"""Event that says that a power cut had left half an entry."""

_DAY_CHARACTERS: Final = len("2026-01-01")


class AuditLog:
    """Adds entries; several processes may do so at once."""

    def __init__(self, folder: Path, clock: Clock, shape: Shape | None = None) -> None:
        """Write into a folder.

        Args:
            folder: Root's alone; must exist.
            clock: Tells when.
            shape: For tests alone.
        """
        self._folder = folder
        self._clock = clock
        self._segments = Segments(folder, shape or Shape())

    def append(self, event: str, **details: str | int) -> Entry:
        """Add an entry, and wait until it is on the disk.

        Args:
            event: What happens: a lower-case word.
            details: About it; texts are cut, and characters that could forge a line replaced.

        Returns:
            The entry.

        Raises:
            AuditError: It cannot be written; then what it announces must not be done.
        """
        with self._alone():
            return self._add(event, details)

    def append_at_most(self, most: int, of: str, event: str, **details: str | int) -> Entry | None:
        """Add an entry like ``append``, unless there are enough like it of this day (UTC).

        The first one too many is noted by an entry ``TOO_MANY`` in its place, the ones after it are
        not: so nobody pushes old entries out by asking again and again.

        Args:
            most: How many a day.
            of: The detail that makes entries alike, such as ``serial``, together with the event.
            event: What happens: a lower-case word.
            details: About it, as for ``append``.

        Returns:
            The entry, or ``None`` for one too many: then what it announces must not be done.

        Raises:
            AuditError: It cannot be written.
        """
        with self._alone():
            alike = [
                entry.event
                for entry in self._of_today()
                if entry.details.get(of) == kept_details(details)[of]
            ]
            if alike.count(event) < most:
                return self._add(event, details)
            if TOO_MANY not in alike:
                self._add(TOO_MANY, details)
            return None

    def newest(self, event: str) -> Entry | None:
        """Return the newest entry of an event in the two newest segments, ``None`` for none.

        Args:
            event: Its word.

        Raises:
            AuditError: The files cannot be read.
        """
        word = f'"event":"{event}"'.encode("ascii")
        with self._alone():
            for first in reversed(self._segments.firsts()[-2:]):
                for line in reversed(self._segments.lines_of(first)):
                    entry = parse_entry(line) if word in line else None
                    if entry is not None and entry.event == event:
                        return entry
        return None

    def head(self) -> tuple[int, bytes]:
        """Return size and root of the tree over all entries that there ever were.

        Raises:
            AuditError: The files cannot be read.
        """
        with self._alone():
            return self._segments.head()

    def _of_today(self) -> Iterator[Entry]:
        """Yield the entries of this day that are in the two newest segments."""
        day = time_text(self._clock.unix_s())[:_DAY_CHARACTERS]
        for first in self._segments.firsts()[-2:]:
            for line in self._segments.lines_of(first):
                entry = parse_entry(line) if day.encode("ascii") in line else None
                if entry is not None and entry.at.startswith(day):
                    yield entry

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """Keep others from adding entries meanwhile, and say what the disk complains about."""
        try:
            with locked(self._folder):
                yield
        except OSError as error:
            raise AuditError(
                f"{self._folder}: the audit cannot be written ({error.strerror}); "
                "the disk is full or broken, or this is not root"
            ) from error

    def _add(self, event: str, details: dict[str, str | int]) -> Entry:
        """Add an entry; nobody else does meanwhile."""
        torn_bytes = self._segments.heal()
        if torn_bytes:
            self._write(TORN_LINE, {"octets": torn_bytes})
        return self._write(event, details)

    def _write(self, event: str, details: dict[str, str | int]) -> Entry:
        """Write the next entry."""
        first, count = self._segments.newest()
        at = time_text(self._clock.unix_s())
        entry = Entry(first + count, at, event, kept_details(details))
        self._segments.add(entry.line())
        return entry


def verify_log(folder: Path, shape: Shape | None = None) -> tuple[int, str | None]:
    """Look whether a log is what was written, as far as it can tell by itself.

    Args:
        folder: Of the log.
        shape: For tests alone.

    Returns:
        How many of its entries hold, from the oldest that is kept on, and what is wrong with the
        next one, or ``None``.

    Raises:
        AuditError: The files cannot be read.
    """
    shape = shape or Shape()
    segments = Segments(folder, shape)
    try:
        with locked(folder):
            return _verified(segments, shape)
    except OSError as error:
        raise AuditError(f"{folder}: cannot be read ({error.strerror})") from error


def _verified(segments: Segments, shape: Shape) -> tuple[int, str | None]:
    """Follow the entries by their numbers, and compare each full segment with its hash."""
    count = 0
    expected: int | None = None
    subtrees = segments.subtrees()
    firsts = segments.firsts()
    for first in firsts:
        if expected is not None and first != expected:
            return count, f"entry {expected} is missing"
        expected = first
        for line in segments.lines_of(first):
            entry = parse_entry(line)
            if entry is None:
                return count, f"entry {expected} cannot be read"
            if entry.number != expected:
                return count, f"entry {expected} is missing"
            expected, count = expected + 1, count + 1
        index = (first - 1) >> shape.level
        if first != firsts[-1] and subtrees[index : index + 1] != [segments.full_hash(index)]:
            return count, f"entries {first} to {expected - 1} are not what was written"
    return count, None
