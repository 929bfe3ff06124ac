"""Secrets that live as long as the authority, wrapped under its root key."""

from edge_lpr.authority.store import Store
from edge_lpr.authority.wrapping import ROOT, WrappingKeys
from edge_lpr.core.errors import AuthorityError, DestroyedError


class SecretBox:
    """Named secrets in the data base."""

    def __init__(self, store: Store, wrapping: WrappingKeys) -> None:
        """Keep secrets in the store.

        Args:
            store: Of the rows.
            wrapping: Holds the root key.
        """
        self._store = store
        self._wrapping = wrapping

    def put(self, name: str, secret: bytes) -> None:
        """Keep a secret in place of the earlier one of that name."""
        wrapped = self._wrapping.wrap(ROOT, secret, _context(name))
        with self._store.transaction() as session:
            session.execute("INSERT OR REPLACE INTO secret VALUES (?, ?)", (name, wrapped))

    def has(self, name: str) -> bool:
        """Return whether there is a secret of that name, whether or not it can be opened."""
        return bool(self._store.rows("SELECT 1 FROM secret WHERE name = ?", (name,)))

    def get(self, name: str) -> bytes:
        """Return a secret.

        Raises:
            DestroyedError: The root key is gone.
            AuthorityError: There is no such secret, or the root key is another authority's.
        """
        rows = self._store.rows("SELECT wrapped FROM secret WHERE name = ?", (name,))
        if not rows and ROOT not in self._wrapping.names():
            raise DestroyedError(f"{self._wrapping.place}: the root key is gone")
        if not rows:
            raise AuthorityError(
                f"{self._store.file}: has no {name}; it is no authority's data base, or an empty "
                "one: restore the newest backup"
            )
        return self._wrapping.unwrap(ROOT, rows[0][0], _context(name))


def _context(name: str) -> bytes:
    """Return what binds a wrapped secret to its name."""
    return f"edge-lpr authority secret\0{name}".encode()
