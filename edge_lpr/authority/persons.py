"""Persons with passphrases, for what two of them must agree to."""

import re
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from edge_lpr.authority.authority import Authority
from edge_lpr.authority.terminal import ask, ask_secret
from edge_lpr.core.errors import InputRefusedError, NotAllowedError

NAME_PATTERN: Final = re.compile(r"[a-z0-9][a-z0-9.-]{0,31}")
"""Names of persons."""

MINIMUM_PASSPHRASE: Final = 12
"""Characters; with Argon2id a stolen data base does not give the passphrases of sensible people."""

_TWO: Final = 2
_HASHER: Final = PasswordHasher()
"""Argon2id with the library's parameters (RFC 9106, second recommended option)."""


class Persons:
    """Who may agree to a look-back or a destruction."""

    def __init__(self, authority: Authority) -> None:
        """Use an authority's data base.

        Args:
            authority: Open.
        """
        self._authority = authority

    def names(self) -> tuple[str, ...]:
        """Return who there is, in the order of the alphabet."""
        rows = self._authority.store.rows("SELECT name FROM person ORDER BY name")
        return tuple(str(name) for (name,) in rows)

    def add(self, name: str, passphrase: str) -> None:
        """Add a person.

        Raises:
            InputRefusedError: The name is none or taken, or the passphrase is too short.
        """
        if not NAME_PATTERN.fullmatch(name):
            raise InputRefusedError(f"a person's name has the form {NAME_PATTERN.pattern}")
        if len(passphrase) < MINIMUM_PASSPHRASE:
            raise InputRefusedError(f"a passphrase has at least {MINIMUM_PASSPHRASE} characters")
        if name in self.names():
            raise InputRefusedError(f"{name} is there already; remove that person first")
        verifier = _HASHER.hash(passphrase)
        with self._authority.store.transaction() as session:
            session.execute(
                "INSERT INTO person VALUES (?, ?, ?)",
                (name, verifier, self._authority.clock.unix_s()),
            )
            self._authority.journal.record("person-added", person=name)

    def remove(self, name: str) -> None:
        """Remove a person.

        Raises:
            InputRefusedError: There is none of that name.
        """
        with self._authority.store.transaction() as session:
            if session.execute("DELETE FROM person WHERE name = ?", (name,)).rowcount != 1:
                raise InputRefusedError(f"there is no person {name}")
            self._authority.journal.record("person-removed", person=name)

    def verify(self, name: str, passphrase: str) -> None:
        """Check who somebody is.

        Raises:
            NotAllowedError: Name or passphrase is wrong.
        """
        rows = self._authority.store.rows("SELECT verifier FROM person WHERE name = ?", (name,))
        try:
            if rows:
                _HASHER.verify(rows[0][0], passphrase)
                return
        except (VerificationError, InvalidHashError) as error:
            raise NotAllowedError("name or passphrase is wrong, so nothing was done") from error
        raise NotAllowedError("name or passphrase is wrong, so nothing was done")

    def require_two(self) -> tuple[str, ...]:
        """Ask two persons for their passphrases, if the authority is set so.

        Returns:
            Who agreed; nobody where one person decides.

        Raises:
            NotAllowedError: There are no two persons, one is wrong, or both are the same.
        """
        if not self._authority.configuration.two_person:
            return ()
        if len(self.names()) < _TWO:
            raise NotAllowedError(
                "two persons must agree and fewer are known; edge-lpr authority person add NAME"
            )
        agreed: list[str] = []
        for word in ("first", "second"):
            name = ask(f"Name of the {word} person")
            if name in agreed:
                raise NotAllowedError("the second person must be another one; nothing was done")
            self.verify(name, ask_secret(f"Passphrase of {name}"))
            agreed.append(name)
        return tuple(agreed)
