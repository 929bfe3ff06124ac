"""The hash-chained record of every call, refused ones too.

Each entry's link is a hash over the entry before and itself, and the newest number and link are
kept apart beside the wrapping keys: so a changed entry, a missing one and a shortened journal all
show. Nothing in it is a plate, a token or a key.
"""

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from edge_lpr.authority.store import Store
from edge_lpr.authority.wrapping import WrappingKeys
from edge_lpr.core.clock import Clock
from edge_lpr.core.errors import AuthorityError

MAXIMUM_TEXT_CHARACTERS: Final = 300
"""Longest detail; longer ones are cut."""

_GENESIS: Final = b"edge-lpr authority journal v1"
_NAME: Final = re.compile(r"[a-z][a-z_]{0,31}")
_PRINTED: Final = re.compile(r"[^\x20-\x7e\u00a0-\U0010ffff]")
"""Control characters, which could forge lines on a screen."""


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """One call."""

    number: int
    """From 1, without gaps."""
    at: int
    """UTC in whole seconds since 1970."""
    call: str
    """What was asked, such as ``issue``."""
    details: dict[str, str | int]
    """About it."""


@dataclass(frozen=True, slots=True)
class JournalVerdict:
    """Whether the journal is whole."""

    entries: int
    """How many there are."""
    fault: str | None
    """What is wrong and from which entry on, or ``None``."""


class Journal:
    """Appends to the journal and judges it."""

    def __init__(self, store: Store, wrapping: WrappingKeys | None, clock: Clock) -> None:
        """Keep the entries in the store and the head beside the wrapping keys.

        Args:
            store: Of the entries.
            wrapping: Keeps the head; ``None`` while it does not let us in, then the head stays.
            clock: Tells when.
        """
        self._store = store
        self._wrapping = wrapping
        self._clock = clock

    def record(self, call: str, **details: str | int) -> int:
        """Append an entry; inside a transaction it stands or falls with that.

        Args:
            call: What was asked: a lower-case word, hyphens allowed.
            details: About it: never a plate, token, key or passphrase.

        Returns:
            The entry's number.

        Raises:
            AuthorityError: It cannot be written; then the call must not be done.
        """
        return self._append(call, details, is_restart=False)

    def begin(self, **details: str | int) -> None:
        """Write the first entry, whatever head an interrupted beginning may have left.

        Args:
            details: About the new authority.
        """
        self._append("init", details, is_restart=True)

    def accept_restored(self, reason: str) -> None:
        """Go on after the data base was restored from a backup, and say so in the journal.

        Args:
            reason: Why it was restored.
        """
        head = self._head()
        newest = head[0] if head else 0
        details: dict[str, str | int] = {"reason": reason, "newest_entry_before": newest}
        self._append("restored", details, is_restart=True)

    def require_newest(self) -> None:
        """Refuse to go on with a data base that is older than the head: a restored backup.

        It has forgotten who was revoked since. One whose wrapping keys do not let us in is not
        judged: without them nothing can be issued anyway.

        Raises:
            AuthorityError: It is older, or there is no head to compare it with.
        """
        if self._wrapping is None:
            return
        head = self._head()
        if head is None or not self._holds(*head):
            raise AuthorityError(
                "the data base was restored from a backup, or its journal was cut: nothing is "
                "issued or renewed. Do once more what was done since, above all revoke; then "
                "edge-lpr authority log --after-restore REASON (docs/authority.md)"
            )

    def _append(self, call: str, details: dict[str, str | int], *, is_restart: bool) -> int:
        """Append an entry, and move the head to it once it is on the disk."""
        kept = {
            name: printable(value) if isinstance(value, str) else value
            for name, value in details.items()
            if _NAME.fullmatch(name)
        }
        at = self._clock.unix_s()
        with self._store.transaction() as session:
            number, previous = _last(session.execute(_LAST).fetchone())
            text = json.dumps(kept, sort_keys=True, separators=(",", ":"))
            link = _link(previous, number + 1, at, call, text)
            session.execute(
                "INSERT INTO journal VALUES (?, ?, ?, ?, ?)", (number + 1, at, call, text, link)
            )
            self._store.after_commit(
                lambda: self._advance_head(number + 1, link, is_restart=is_restart)
            )
        return number + 1

    def entries(self, after: int = 0) -> Iterator[JournalEntry]:
        """Yield the entries that follow a number, in order.

        Args:
            after: 0 for all.
        """
        for number, at, call, text, _ in self._store.rows(_ALL, (after,)):
            yield JournalEntry(number, at, call, json.loads(text))

    def verify(self) -> JournalVerdict:
        """Follow the chain from its beginning to the head kept apart."""
        previous, count = _GENESIS, 0
        links = {0: _GENESIS}
        for number, at, call, text, link in self._store.rows(_ALL, (0,)):
            if number != count + 1:
                return JournalVerdict(count, f"entry {count + 1} is missing")
            if link != _link(previous, number, at, call, text):
                return JournalVerdict(count, f"entry {number} is not what was written")
            previous, count = link, number
            links[number] = link
        return JournalVerdict(count, self._head_fault(links))

    def _advance_head(self, number: int, link: bytes, *, is_restart: bool) -> None:
        """Keep a new head apart, unless the old one shows that entries are gone."""
        if self._wrapping is None:
            return
        head = None if is_restart else self._head()
        if head is None or self._holds(*head):
            self._wrapping.write_head(b"%016x" % number + link)

    def _head(self) -> tuple[int, bytes] | None:
        """Return number and link that are kept apart."""
        return None if self._wrapping is None else _parse_head(self._wrapping.read_head())

    def _holds(self, number: int, link: bytes) -> bool:
        """Return whether the journal has this very entry."""
        found = self._store.rows("SELECT link FROM journal WHERE number = ?", (number,))
        return found == [(link,)]

    def _head_fault(self, links: dict[int, bytes]) -> str | None:
        """Return what the head says about the journal."""
        head = self._head()
        if head is None:
            return "its head is missing beside the wrapping keys"
        number, link = head
        if number not in links:
            return (
                f"entries {len(links)} to {number} are missing: the data base was shortened, or "
                "restored from a backup"
            )
        if links[number] != link:
            return f"entry {number} or one before it was exchanged"
        return None


_LAST: Final = "SELECT number, link FROM journal ORDER BY number DESC LIMIT 1"
_ALL: Final = "SELECT number, at, call, details, link FROM journal WHERE number > ? ORDER BY number"
_NUMBER_DIGITS: Final = 16
_LINK_BYTES: Final = 32


def _last(row: tuple[int, bytes] | None) -> tuple[int, bytes]:
    """Return number and link of the newest entry."""
    return (0, _GENESIS) if row is None else row


def _link(previous: bytes, number: int, at: int, call: str, text: str) -> bytes:
    """Return the hash that binds an entry to all before it."""
    entry = json.dumps([number, at, call, text], separators=(",", ":")).encode()
    return hashlib.sha256(previous + entry).digest()


def _parse_head(head: bytes | None) -> tuple[int, bytes] | None:
    """Return number and link of a kept head; a damaged one fits no entry."""
    if head is None:
        return None
    try:
        return int(head[:_NUMBER_DIGITS], 16), head[_NUMBER_DIGITS:]
    except ValueError:
        return 0, b""


def printable(text: str) -> str:
    """Return a text that is fit for a screen and the journal: no control characters, and cut.

    Args:
        text: Of any length and origin.
    """
    return _PRINTED.sub("?", text)[:MAXIMUM_TEXT_CHARACTERS]
