"""Wrapping keys: what every secret in the data base is encrypted under, and what is destroyed.

They lie apart from the data base, so that a backup of the data base is worth nothing once they are
gone. Two adapters keep this contract: a folder of files, and a PKCS#11 token.
"""

import re
from typing import Final, Protocol

from edge_lpr.core.errors import AuthorityError

ROOT: Final = "root"
"""Wraps what lives as long as the authority: its signing key and its certificate authorities."""

NAME_PATTERN: Final = re.compile(r"root|epoch-[0-9]{1,9}")
"""Names of wrapping keys; an adapter may make file names of them."""

NONCE_BYTES: Final = 12
TAG_BYTES: Final = 16
FORM: Final = b"\x01"
"""First byte of everything wrapped: AES-256-GCM, nonce, ciphertext, tag."""


class WrappingKeys(Protocol):
    """A place for wrapping keys.

    Every method raises ``AuthorityError`` where the place is away or damaged, and
    ``NotAllowedError`` where it does not let us in.
    """

    @property
    def place(self) -> str:
        """Where the keys are, in words for people."""
        ...

    def make(self, name: str) -> None:
        """Make a key; it survives a power cut once this returns. One that is there is kept.

        Raises:
            DestroyedError: A key of this name is being destroyed.
        """
        ...

    def wrap(self, name: str, plaintext: bytes, context: bytes) -> bytes:
        """Return a secret, encrypted.

        Args:
            name: The wrapping key.
            plaintext: The secret.
            context: What it is; ``unwrap`` must be told the same.

        Raises:
            DestroyedError: There is no such key any more.
        """
        ...

    def unwrap(self, name: str, wrapped: bytes, context: bytes) -> bytes:
        """Return a secret.

        Raises:
            DestroyedError: There is no such key any more.
            AuthorityError: It was wrapped under another key or as something else.
        """
        ...

    def destroy(self, name: str) -> None:
        """Destroy a key for ever; nothing happens if there is none."""
        ...

    def names(self) -> frozenset[str]:
        """Return the names of all keys there are, also of those half destroyed."""
        ...

    def read_head(self) -> bytes | None:
        """Return what ``write_head`` kept, at most 64 bytes, or ``None``."""
        ...

    def write_head(self, head: bytes) -> None:
        """Keep the head of the journal in place of the earlier one; it must begin with its number.

        Args:
            head: At most 64 bytes, larger than the earlier one as text.
        """
        ...

    def close(self) -> None:
        """Let go of the place; may be called twice."""
        ...


def epoch_name(epoch: int) -> str:
    """Return the name of an epoch's wrapping key."""
    return f"epoch-{epoch}"


def require_name(name: str) -> None:
    """Refuse a name that is none of ours.

    Raises:
        ValueError: It does not match ``NAME_PATTERN``.
    """
    if not NAME_PATTERN.fullmatch(name):
        msg = "a wrapping key is called root or epoch-N"
        raise ValueError(msg)


def split(wrapped: bytes) -> tuple[bytes, bytes]:
    """Return nonce and ciphertext of something wrapped.

    Raises:
        AuthorityError: It has not the form.
    """
    if wrapped[:1] != FORM or len(wrapped) < len(FORM) + NONCE_BYTES + TAG_BYTES:
        raise AuthorityError(
            "a secret in the data base is damaged; restore the data base from a backup"
        )
    return wrapped[1 : 1 + NONCE_BYTES], wrapped[1 + NONCE_BYTES :]


def not_ours(place: str) -> AuthorityError:
    """Return the error for a secret that its wrapping key does not open."""
    return AuthorityError(
        f"{place}: these wrapping keys do not open this data base; name the folder or token that "
        "belongs to it, or restore the data base if it is damaged"
    )
