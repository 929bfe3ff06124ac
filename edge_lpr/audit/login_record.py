"""Who logged in at a booth and what he did there: lines that are only ever added.

Each line carries a hash over the line before and itself, so a changed, missing or exchanged line
shows. A line is on the disk before ``append`` returns: what it announces happens after that, or not
at all. Whoever is root can write another chain; that the newest hash is kept elsewhere is left to
the agency's audit.
"""

import contextlib
import datetime as dt
import fcntl
import hashlib
import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from edge_lpr.core.clock import Clock
from edge_lpr.core.errors import AuditError

RECORD_FOLDER: Final = Path("/var/lib/edge-lpr/audit")
"""Where a booth keeps it: root's alone, on the encrypted state partition."""

MAXIMUM_FILE_BYTES: Final = 524_288
"""Some 1,500 lines. When the file is full it becomes the older one of two, and the one that was
older goes: no more than this twice is ever on the disk, and a line stays until at least this much
was written after it."""

TOO_MANY: Final = "too_many"
"""Event that stands once for all that ``append_at_most`` did not add."""

_NEWEST_NAME: Final = "technicians.log"
_OLDER_NAME: Final = "technicians.log.1"
_GENESIS: Final = "edge-lpr login record v1"
_MAXIMUM_TEXT_CHARACTERS: Final = 120
_OWN_NAMES: Final = frozenset({"number", "at", "event", "link"})
_FIELD: Final = re.compile(r"[a-z][a-z_]{0,15}")
_OWNER_ONLY: Final = 0o600
_DAY_CHARACTERS: Final = len("2026-01-01")


@dataclass(frozen=True, slots=True)
class RecordedLine:
    """One line."""

    number: int
    """From 1, without gaps."""
    at: str
    """When, by the booth's clock, UTC."""
    event: str
    """What happened, such as ``asked``."""
    details: dict[str, str | int]
    """About it."""
    link: str
    """Hash over the line before and this one."""


class LoginRecord:
    """Adds lines; several processes may do so at once."""

    def __init__(
        self, folder: Path, clock: Clock, maximum_file_bytes: int = MAXIMUM_FILE_BYTES
    ) -> None:
        """Write into a folder.

        Args:
            folder: Root's alone; must exist.
            clock: Tells when.
            maximum_file_bytes: Of each of the two files.
        """
        self._folder = folder
        self._clock = clock
        self._maximum_file_bytes = maximum_file_bytes

    def append(self, event: str, **details: str | int) -> RecordedLine:
        """Add a line, and wait until it is on the disk.

        Args:
            event: What happens: a lower-case word.
            details: About it; texts are cut, and characters that could forge a line replaced.

        Returns:
            The line.

        Raises:
            AuditError: It cannot be written; then what it announces must not be done.
        """
        with self._alone():
            return self._add(event, details)

    def append_at_most(
        self, most: int, of: str, event: str, **details: str | int
    ) -> RecordedLine | None:
        """Add a line like ``append``, unless there are enough like it of this day (UTC).

        The first one too many is noted by a line ``TOO_MANY`` in its place, the ones after it are
        not: so nobody pushes old lines out by asking again and again.

        Args:
            most: How many a day.
            of: The detail that makes lines alike, such as ``serial``, together with the event.
            event: What happens: a lower-case word.
            details: About it, as for ``append``.

        Returns:
            The line, or ``None`` for one too many: then what it announces must not be done.

        Raises:
            AuditError: It cannot be written.
        """
        with self._alone():
            day = self._now()[:_DAY_CHARACTERS]
            alike = [
                line.event
                for name in (_OLDER_NAME, _NEWEST_NAME)
                for line in _lines(self._folder / name)
                if line is not None
                and line.at.startswith(day)
                and line.details.get(of) == details[of]
            ]
            if alike.count(event) < most:
                return self._add(event, details)
            if TOO_MANY not in alike:
                self._add(TOO_MANY, details)
            return None

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """Keep others from adding lines meanwhile, and say what the disk complains about."""
        try:
            with _locked(self._folder):
                yield
        except OSError as error:
            raise AuditError(
                f"{self._folder / _NEWEST_NAME}: cannot be written ({error.strerror})"
            ) from error

    def _add(self, event: str, details: dict[str, str | int]) -> RecordedLine:
        """Add a line; nobody else does meanwhile."""
        self._make_room()
        line = self._next(event, details)
        self._write(f"{_text(line)}\n".encode("ascii"))
        return line

    def _now(self) -> str:
        """Return the time as a line says it."""
        return (
            f"{dt.datetime.fromtimestamp(self._clock.unix_s(), dt.timezone.utc):%Y-%m-%dT%H:%M:%SZ}"
        )

    def _next(self, event: str, details: dict[str, str | int]) -> RecordedLine:
        """Return the line that follows the newest one that can be read."""
        newest = next(
            (
                line
                for name in (_NEWEST_NAME, _OLDER_NAME)
                for line in reversed(_lines(self._folder / name))
                if line is not None
            ),
            None,
        )
        number, previous = (1, _GENESIS) if newest is None else (newest.number + 1, newest.link)
        kept = {
            name: _printable(value) if isinstance(value, str) else value
            for name, value in details.items()
            if _FIELD.fullmatch(name) and name not in _OWN_NAMES
        }
        unlinked = RecordedLine(number, self._now(), event, kept, "")
        return _linked(unlinked, previous)

    def _make_room(self) -> None:
        """Let the newest file be the older one, if it is full."""
        newest = self._folder / _NEWEST_NAME
        if newest.exists() and newest.stat().st_size >= self._maximum_file_bytes:
            newest.replace(self._folder / _OLDER_NAME)

    def _write(self, octets: bytes) -> None:
        """Put octets at the end of the newest file, where a power cut may have left half a line."""
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW
        descriptor = os.open(self._folder / _NEWEST_NAME, flags, _OWNER_ONLY)
        try:
            # What has no end was never announced as written: nothing was done because of it.
            content = os.pread(descriptor, os.fstat(descriptor).st_size, 0)
            os.ftruncate(descriptor, content.rfind(b"\n") + 1)
            if os.write(descriptor, octets) != len(octets):
                raise OSError(0, "the disk is full")
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        _sync_folder(self._folder)


def verify_login_record(folder: Path) -> tuple[int, str | None]:
    """Follow the chain from its oldest line that is kept to its newest.

    Args:
        folder: Of the record.

    Returns:
        How many lines hold, and what is wrong with the next one, or ``None``.

    Raises:
        AuditError: The files cannot be read.
    """
    try:
        lines = [*_lines(folder / _OLDER_NAME), *_lines(folder / _NEWEST_NAME)]
    except OSError as error:
        raise AuditError(f"{folder}: cannot be read ({error.strerror})") from error
    before: RecordedLine | None = None
    for count, line in enumerate(lines):
        if line is None:
            return count, f"the line after {count} cannot be read"
        if before is None and line.number == 1:
            expected = _linked(line, _GENESIS)
        elif before is None:
            # What came before it was given up for room.
            expected = line
        else:
            expected = _linked(line, before.link)
        if before is not None and line.number != before.number + 1:
            return count, f"line {before.number + 1} is missing"
        if line != expected:
            return count, f"line {line.number} is not what was written"
        before = line
    return len(lines), None


def _linked(line: RecordedLine, previous: str) -> RecordedLine:
    """Return a line with the link that follows another."""
    unlinked = RecordedLine(line.number, line.at, line.event, line.details, "")
    digest = hashlib.sha256(f"{previous}\n{_text(unlinked)}".encode("ascii")).hexdigest()
    return RecordedLine(line.number, line.at, line.event, line.details, digest)


def _text(line: RecordedLine) -> str:
    """Return a line as it stands in the file, without its end."""
    members = {"number": line.number, "at": line.at, "event": line.event, **line.details}
    if line.link:
        members["link"] = line.link
    return json.dumps(members, separators=(",", ":"))


def _lines(path: Path) -> list[RecordedLine | None]:
    """Return the lines of a file, ``None`` for one that cannot be read; no file has none."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return []
    # The last piece is empty, or what a power cut has left.
    return [_parsed(line) for line in content.split(b"\n")[:-1]]


def _parsed(untrusted_line: bytes) -> RecordedLine | None:
    """Return what a line says, or ``None``."""
    try:
        members = json.loads(untrusted_line)
        number, at, event, link = (members.pop(name) for name in ("number", "at", "event", "link"))
    except (ValueError, KeyError, AttributeError, TypeError):
        return None
    is_line = type(number) is int and all(isinstance(text, str) for text in (at, event, link))
    return RecordedLine(number, at, event, members, link) if is_line else None


def _printable(text: str) -> str:
    """Return a text fit for a line and a screen."""
    return re.sub(r"[^\x20-\x7e]", "?", text)[:_MAXIMUM_TEXT_CHARACTERS]


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Keep other processes from adding lines meanwhile."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _sync_folder(folder: Path) -> None:
    """Wait until the names in a folder are on the disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
