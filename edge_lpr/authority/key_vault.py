"""The epochs' token keys: made, kept wrapped, and destroyed.

The order of writes is what makes this safe. Making: the wrapping key is durable before a row that
needs it. Destroying: the intent is durable first, then the wrapping key goes, then the rows; what a
power cut interrupts, ``finish_destruction`` completes, and nothing that is being destroyed is ever
given out again.
"""

import secrets
import sqlite3
from collections.abc import Iterable
from typing import Final

from edge_lpr.authority.journal import Journal
from edge_lpr.authority.store import Store
from edge_lpr.authority.wrapping import WrappingKeys, epoch_name
from edge_lpr.core.clock import Clock, epoch_of
from edge_lpr.core.errors import DestroyedError, NoValidKeyError
from edge_lpr.tokens.key_ring import KeyPurpose
from edge_lpr.tokens.suite1 import KEY_BYTES
from edge_lpr.wire.key_delivery import EpochKeys

FURTHEST_AHEAD: Final = 31
"""Days ahead for which keys can be made; a clock that is wrong by years makes none."""

_DEPLOYMENT: Final = ""
"""Stands for a site in the row of ``K_stretch``, which all sites share."""


class KeyVault:
    """Token keys by epoch, site and purpose."""

    def __init__(
        self, store: Store, wrapping: WrappingKeys, journal: Journal, clock: Clock
    ) -> None:
        """Keep wrapped keys in the store.

        Args:
            store: Of the rows.
            wrapping: Of the wrapping keys.
            journal: Told what is made and destroyed.
            clock: Tells which epochs are past.
        """
        self._store = store
        self._wrapping = wrapping
        self._journal = journal
        self._clock = clock

    def keys(self, site: str, epoch: int, purpose: KeyPurpose) -> EpochKeys:
        """Return the keys of a site and epoch; made now if there are none and it is not past.

        Args:
            site: Name of the site.
            epoch: Days since 1970.
            purpose: Live and test keys have nothing in common.

        Raises:
            DestroyedError: They were destroyed.
            NoValidKeyError: They were never made and it is too late, or the epoch is further
                ahead than ``FURTHEST_AHEAD``.
        """
        self._require_alive(epoch)
        if not self._has(epoch, purpose, site):
            self._make(site, epoch, purpose)
        return self.existing(site, epoch, purpose)

    def existing(self, site: str, epoch: int, purpose: KeyPurpose) -> EpochKeys:
        """Return the keys of a site and epoch, and make none.

        Raises:
            DestroyedError: They were destroyed.
            NoValidKeyError: They were never made.
        """
        self._require_alive(epoch)
        if not self._has(epoch, purpose, site):
            raise NoValidKeyError(f"site {site} has no key of epoch {epoch}")
        return EpochKeys(
            epoch,
            self._unwrap(epoch, purpose, _DEPLOYMENT),
            self._unwrap(epoch, purpose, site),
        )

    def held(self) -> tuple[int, ...]:
        """Return the epochs whose keys exist, ascending."""
        rows = self._store.rows("SELECT epoch FROM epoch WHERE state = 'held' ORDER BY epoch")
        names = self._wrapping.names()
        return tuple(int(epoch) for (epoch,) in rows if epoch_name(epoch) in names)

    def gone(self) -> frozenset[int]:
        """Return the epochs that had keys and have them no more: destroyed, or lost."""
        rows = self._store.rows("SELECT epoch FROM epoch")
        return frozenset(int(epoch) for (epoch,) in rows) - frozenset(self.held())

    def destructible(self) -> tuple[int, ...]:
        """Return the epochs of which there is still anything, ascending."""
        wrapped = {
            int(name.removeprefix("epoch-"))
            for name in self._wrapping.names()
            if name.startswith("epoch-")
        }
        rows = self._store.rows("SELECT epoch FROM epoch WHERE state != 'destroyed'")
        return tuple(sorted(wrapped | {int(epoch) for (epoch,) in rows}))

    def destroy(self, epochs: Iterable[int]) -> None:
        """Destroy the keys of epochs for ever.

        Args:
            epochs: Which; those that are gone already change nothing.
        """
        now = self._clock.unix_s()
        wanted = sorted(set(epochs))
        with self._store.transaction() as session:
            for epoch in wanted:
                session.execute(
                    "INSERT INTO epoch VALUES (?, 'destroying', ?, NULL) "
                    "ON CONFLICT (epoch) DO UPDATE SET state = 'destroying'",
                    (epoch, now),
                )
            self._journal.record("destroying", epochs=_words(wanted))
        self.finish_destruction()

    def finish_destruction(self) -> tuple[int, ...]:
        """Complete what a power cut may have interrupted, and return the epochs concerned."""
        rows = self._store.rows("SELECT epoch FROM epoch WHERE state = 'destroying' ORDER BY epoch")
        epochs = tuple(int(epoch) for (epoch,) in rows)
        if not epochs:
            return ()
        for epoch in epochs:
            self._wrapping.destroy(epoch_name(epoch))
        now = self._clock.unix_s()
        with self._store.transaction() as session:
            for epoch in epochs:
                session.execute("DELETE FROM epoch_key WHERE epoch = ?", (epoch,))
                session.execute(
                    "UPDATE epoch SET state = 'destroyed', destroyed_at = ? WHERE epoch = ?",
                    (now, epoch),
                )
            self._journal.record("destroyed", epochs=_words(epochs))
        self._store.scrub()
        return epochs

    def _require_alive(self, epoch: int) -> None:
        """Refuse an epoch that is destroyed or being destroyed."""
        rows = self._store.rows("SELECT state FROM epoch WHERE epoch = ?", (epoch,))
        if rows and rows[0][0] != "held":
            raise _destroyed(epoch)

    def _has(self, epoch: int, purpose: KeyPurpose, site: str) -> bool:
        """Return whether a key was made."""
        return bool(
            self._store.rows(
                "SELECT 1 FROM epoch_key WHERE epoch = ? AND purpose = ? AND site = ?",
                (epoch, purpose.value, site),
            )
        )

    def _make(self, site: str, epoch: int, purpose: KeyPurpose) -> None:
        """Make what is missing of a site and epoch."""
        today = epoch_of(self._clock.unix_s())
        if epoch < today:
            raise NoValidKeyError(
                f"site {site} has no key of epoch {epoch}, and for a past day none is made"
            )
        if epoch > today + FURTHEST_AHEAD:
            raise NoValidKeyError(
                f"epoch {epoch} is more than {FURTHEST_AHEAD} days ahead; check this machine's date"
            )
        with self._store.transaction() as session:
            # Again, now that no other process can be doing the same.
            self._require_alive(epoch)
            is_new = not self._store.rows("SELECT 1 FROM epoch WHERE epoch = ?", (epoch,))
            if is_new:
                self._wrapping.make(epoch_name(epoch))
                session.execute(
                    "INSERT INTO epoch VALUES (?, 'held', ?, NULL)", (epoch, self._clock.unix_s())
                )
            if self._has(epoch, purpose, site):
                return
            for owner in (_DEPLOYMENT, site):
                if not self._has(epoch, purpose, owner):
                    self._insert(session, epoch, purpose, owner)
            self._journal.record("keys-made", epoch=epoch, site=site, purpose=purpose.name.lower())

    def _insert(
        self, session: sqlite3.Connection, epoch: int, purpose: KeyPurpose, site: str
    ) -> None:
        """Make one key."""
        wrapped = self._wrapping.wrap(
            epoch_name(epoch), secrets.token_bytes(KEY_BYTES), _context(epoch, purpose, site)
        )
        session.execute(
            "INSERT INTO epoch_key VALUES (?, ?, ?, ?)", (epoch, purpose.value, site, wrapped)
        )

    def _unwrap(self, epoch: int, purpose: KeyPurpose, site: str) -> bytes:
        """Return one key."""
        rows = self._store.rows(
            "SELECT wrapped FROM epoch_key WHERE epoch = ? AND purpose = ? AND site = ?",
            (epoch, purpose.value, site),
        )
        if not rows:
            raise _destroyed(epoch)
        try:
            return self._wrapping.unwrap(
                epoch_name(epoch), rows[0][0], _context(epoch, purpose, site)
            )
        except DestroyedError as error:
            raise _destroyed(epoch) from error


def _context(epoch: int, purpose: KeyPurpose, site: str) -> bytes:
    """Return what binds a wrapped key to its row, so that rows cannot be exchanged."""
    return f"edge-lpr epoch key\0{epoch}\0{purpose.value}\0{site}".encode("ascii")


def _destroyed(epoch: int) -> DestroyedError:
    """Return the error for keys that are gone."""
    return DestroyedError(
        f"the keys of epoch {epoch} are destroyed; its tokens cannot be made any more, by anybody"
    )


def _words(epochs: Iterable[int]) -> str:
    """Return epochs for the journal."""
    return " ".join(map(str, epochs))
