"""Wrapping keys in a PKCS#11 token: an HSM, a smart card, or SoftHSM.

Each is an AES-256 key object that cannot be read out and is destroyed with its object. The head of
the journal is a small data object beside them. ``python-pkcs11`` loads the vendor's library; one
session a process, opened with the PIN.
"""

import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pkcs11
from pkcs11 import Attribute, GCMParams, KeyType, Mechanism, ObjectClass
from pkcs11 import exceptions as faults

from edge_lpr.authority.wrapping import (
    FORM,
    NAME_PATTERN,
    NONCE_BYTES,
    TAG_BYTES,
    not_ours,
    require_name,
    split,
)
from edge_lpr.core.errors import AuthorityError, DestroyedError, NotAllowedError

_LABEL_PREFIX: Final = "edge-lpr "
_HEAD_LABEL: Final = "edge-lpr journal head"
_KEY_BITS: Final = 256
_TAG_BITS: Final = TAG_BYTES * 8

_KEY_TEMPLATE: Final = {
    Attribute.SENSITIVE: True,
    Attribute.EXTRACTABLE: False,
    Attribute.PRIVATE: True,
    Attribute.MODIFIABLE: False,
}
"""Nobody reads the key out, also not wrapped under another one."""


@dataclass(frozen=True, slots=True)
class TokenAddress:
    """Where the token is."""

    module: Path
    """The vendor's PKCS#11 library."""
    label: str
    """The token's label."""


class Pkcs11WrappingKeys:
    """Key objects of one token."""

    def __init__(self, address: TokenAddress, pin: Callable[[], str]) -> None:
        """Open a session.

        Args:
            address: Library and label.
            pin: Called once; its answer is not kept.

        Raises:
            AuthorityError: The library or the token is not there.
            NotAllowedError: The token refuses the PIN, or is locked.
        """
        self._address = address
        with self._sentences():
            library = pkcs11.lib(str(address.module))
            token = library.get_token(token_label=address.label)
            self._session: Any = token.open(rw=True, user_pin=pin())
        self._is_open = True

    @property
    def place(self) -> str:
        """Where the keys are, in words for people."""
        return f"token {self._address.label}"

    def make(self, name: str) -> None:
        """Make a key; one that is there is kept."""
        require_name(name)
        with self._sentences():
            if not self._find(name):
                self._session.generate_key(
                    KeyType.AES,
                    _KEY_BITS,
                    label=_LABEL_PREFIX + name,
                    store=True,
                    template=_KEY_TEMPLATE,
                )

    def wrap(self, name: str, plaintext: bytes, context: bytes) -> bytes:
        """Return a secret, encrypted inside the token."""
        nonce = secrets.token_bytes(NONCE_BYTES)
        with self._sentences():
            ciphertext = self._key(name).encrypt(
                plaintext,
                mechanism=Mechanism.AES_GCM,
                mechanism_param=GCMParams(nonce, context, _TAG_BITS),
            )
        return FORM + nonce + bytes(ciphertext)

    def unwrap(self, name: str, wrapped: bytes, context: bytes) -> bytes:
        """Return a secret, decrypted inside the token."""
        nonce, ciphertext = split(wrapped)
        with self._sentences():
            key = self._key(name)
            try:
                return bytes(
                    key.decrypt(
                        ciphertext,
                        mechanism=Mechanism.AES_GCM,
                        mechanism_param=GCMParams(nonce, context, _TAG_BITS),
                    )
                )
            # SoftHSM answers a wrong tag with a general error.
            except (faults.EncryptedDataInvalid, faults.GeneralError) as error:
                raise not_ours(self.place) from error

    def destroy(self, name: str) -> None:
        """Destroy a key's object."""
        require_name(name)
        with self._sentences():
            for key in self._find(name):
                key.destroy()

    def names(self) -> frozenset[str]:
        """Return the names of all keys there are."""
        with self._sentences():
            labels = [
                str(key[Attribute.LABEL])
                for key in self._session.get_objects({Attribute.CLASS: ObjectClass.SECRET_KEY})
            ]
        names = {label.removeprefix(_LABEL_PREFIX) for label in labels}
        return frozenset(name for name in names if NAME_PATTERN.fullmatch(name))

    def read_head(self) -> bytes | None:
        """Return the head of the journal, or ``None``."""
        with self._sentences():
            # Two of them only if the power failed in between; the newer one counts.
            return max((bytes(head[Attribute.VALUE]) for head in self._heads()), default=None)

    def write_head(self, head: bytes) -> None:
        """Keep the head of the journal: the new object is there before the old one goes."""
        with self._sentences():
            old = self._heads()
            self._session.create_object(
                {
                    Attribute.CLASS: ObjectClass.DATA,
                    Attribute.LABEL: _HEAD_LABEL,
                    Attribute.TOKEN: True,
                    Attribute.PRIVATE: True,
                    Attribute.VALUE: head,
                }
            )
            for earlier in old:
                earlier.destroy()

    def close(self) -> None:
        """End the session; may be called twice."""
        if self._is_open:
            self._is_open = False
            with self._sentences():
                self._session.close()

    def _find(self, name: str) -> list[Any]:
        """Return the objects of a key: none, or one."""
        return list(
            self._session.get_objects(
                {
                    Attribute.CLASS: ObjectClass.SECRET_KEY,
                    Attribute.LABEL: _LABEL_PREFIX + name,
                }
            )
        )

    def _heads(self) -> list[Any]:
        """Return the objects that hold a head of the journal."""
        return list(
            self._session.get_objects(
                {Attribute.CLASS: ObjectClass.DATA, Attribute.LABEL: _HEAD_LABEL}
            )
        )

    def _key(self, name: str) -> Any:  # noqa: ANN401 - the library has no types
        """Return a key's object."""
        require_name(name)
        found = self._find(name)
        if not found:
            raise DestroyedError(
                f"{self.place}: the wrapping key {name} is gone, and nobody can bring it back"
            )
        return found[0]

    @contextmanager
    def _sentences(self) -> Iterator[None]:
        """Turn the library's errors into ours; a PIN is in none of them."""
        try:
            yield
        except faults.PKCS11Error as error:
            raise sentence_for(self._address, error) from error


def sentence_for(address: TokenAddress, error: faults.PKCS11Error) -> AuthorityError:
    """Return the sentence for an error of the library."""
    if isinstance(error, (faults.PinIncorrect, faults.PinInvalid, faults.PinLenRange)):
        return NotAllowedError(
            f"token {address.label} refuses the PIN; a few more wrong ones lock it, so look the "
            "PIN up before trying again"
        )
    if isinstance(error, (faults.PinLocked, faults.PinExpired)):
        return NotAllowedError(
            f"token {address.label} is locked after wrong PINs; its security officer must set a "
            "new PIN with the vendor's tool"
        )
    if isinstance(error, (faults.NoSuchToken, faults.TokenNotPresent, faults.DeviceRemoved)):
        return AuthorityError(
            f"no token is called {address.label} at {address.module}; plug it in, or see its "
            "label with the vendor's tool"
        )
    if "loading" in str(error):
        return AuthorityError(
            f"{address.module}: is no PKCS#11 library that can be loaded; install the vendor's "
            "package, and name its .so file with --pkcs11"
        )
    return AuthorityError(
        f"token {address.label} answered {type(error).__name__}; look at it with the vendor's tool"
    )
