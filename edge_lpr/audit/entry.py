"""One entry of the audit: its number, when, what happened, and a few words and numbers about it.

An entry is one line of JSON in ASCII; these bytes are the leaf of the tree.
"""

import datetime as dt
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

from edge_lpr.core.errors import AuditError

MAXIMUM_LINE_BYTES: Final = 2048
"""Longest line, with its end. The longest that a technician can cause has some 750."""

MAXIMUM_TEXT_CHARACTERS: Final = 120
"""A longer text is cut."""

Details: TypeAlias = Mapping[str, "str | int"]
"""Words and numbers by name."""

_OWN_NAMES: Final = frozenset({"number", "at", "event"})
_FIELD: Final = re.compile(r"[a-z][a-z0-9_]{0,31}")
_AT: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z")
_TEXT: Final = re.compile(r"[\x20-\x7e]*")
_EVENT: Final = re.compile(r"[a-z][a-z0-9_]{0,31}")


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry."""

    number: int
    """From 1, without gaps; the index of its leaf is one less."""
    at: str
    """When, by the booth's clock, UTC, such as ``2026-11-28T02:30:00Z``."""
    event: str
    """What happened, such as ``asked``."""
    details: Details
    """About it."""

    def line(self) -> bytes:
        """Return it as it stands in the log, without the end of the line.

        Raises:
            AuditError: It would be too long.
        """
        members = {"number": self.number, "at": self.at, "event": self.event, **self.details}
        line = json.dumps(members, separators=(",", ":")).encode("ascii")
        if len(line) >= MAXIMUM_LINE_BYTES:
            raise AuditError(
                f"an entry {self.event!r} has more than {MAXIMUM_LINE_BYTES} bytes; say less"
            )
        return line


def time_text(unix_s: int) -> str:
    """Return a time as an entry says it.

    Args:
        unix_s: UTC in whole seconds since 1970.
    """
    return f"{dt.datetime.fromtimestamp(unix_s, dt.timezone.utc):%Y-%m-%dT%H:%M:%SZ}"


def kept_details(details: Details) -> dict[str, str | int]:
    """Return details fit for an entry: foreign names are left out, texts cut and made printable.

    Args:
        details: As a caller gives them; texts may come from outside.
    """
    return {
        name: _printable(value) if isinstance(value, str) else value
        for name, value in details.items()
        if _FIELD.fullmatch(name) and name not in _OWN_NAMES
    }


def parse_entry(untrusted_line: bytes) -> Entry | None:
    """Return what a line says, or ``None`` if it is no entry.

    Its texts end on an auditor's screen, so none has a character that could steer a terminal.

    Args:
        untrusted_line: A line of any length, without its end.
    """
    if len(untrusted_line) >= MAXIMUM_LINE_BYTES:
        return None
    try:
        members = json.loads(untrusted_line.decode("ascii"))
        number, at, event = (members.pop(name) for name in ("number", "at", "event"))
    except (ValueError, KeyError, AttributeError, TypeError, RecursionError):
        return None
    is_entry = (
        type(number) is int
        and isinstance(at, str)
        and _AT.fullmatch(at) is not None
        and isinstance(event, str)
        and _EVENT.fullmatch(event) is not None
        and all(_FIELD.fullmatch(name) is not None for name in members)
        and all(
            type(value) is int or (type(value) is str and _TEXT.fullmatch(value) is not None)
            for value in members.values()
        )
    )
    return Entry(number, at, event, members) if is_entry else None


def _printable(text: str) -> str:
    """Return a text fit for a line and a screen."""
    return re.sub(r"[^\x20-\x7e]", "?", text)[:MAXIMUM_TEXT_CHARACTERS]
