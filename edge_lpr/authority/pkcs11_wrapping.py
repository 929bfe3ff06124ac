"""Wrapping keys in a PKCS#11 token: an HSM, a smart card, or SoftHSM.

Each is an AES-256 key object that cannot be read out and is destroyed with its object. The head of
the journal is a small data object beside them. ``python-pkcs11`` loads the vendor's library; one
session a process, opened with the PIN.
"""

import contextlib
import secrets
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

import pkcs11
from pkcs11 import Attribute, GCMParams, KeyType, Mechanism, ObjectClass
from pkcs11 import exceptions as faults

from edge_lpr.authority.folder_lock import FolderLock
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

_STUMBLES: Final = (
    faults.DeviceError,
    faults.FunctionFailed,
    faults.GeneralError,
    faults.KeyHandleInvalid,
    faults.ObjectHandleInvalid,
    faults.UserPinNotInitialized,
)
_ATTEMPTS: Final = 5
_PAUSE_S: Final = 0.02
_LOCK_WAIT_S: Final = 30.0

_Answer = TypeVar("_Answer")

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

    def __init__(
        self, address: TokenAddress, pin: Callable[[], str], lock: FolderLock | None = None
    ) -> None:
        """Open a session.

        Args:
            address: Library and label.
            pin: Called once; its answer is not kept.
            lock: Held while the session opens: SoftHSM misreads a token that another process is
                writing to.

        Raises:
            AuthorityError: The library or the token is not there.
            NotAllowedError: The token refuses the PIN, or is locked.
        """
        self._address = address
        self._patiently(lambda: _token_at(address))
        # Asked when the token is there; a wrong one is tried once.
        secret = pin()
        with contextlib.ExitStack() as stack:
            if lock is not None:
                lock.take(_LOCK_WAIT_S)
                stack.callback(lock.release)
            self._session: Any = self._patiently(
                lambda: _token_at(address).open(rw=True, user_pin=secret)
            )
        self._is_open = True

    @property
    def place(self) -> str:
        """Where the keys are, in words for people."""
        return f"token {self._address.label}"

    def make(self, name: str) -> None:
        """Make a key; one that is there is kept."""
        require_name(name)

        def act() -> None:
            if not self._find(name):
                self._session.generate_key(
                    KeyType.AES,
                    _KEY_BITS,
                    label=_LABEL_PREFIX + name,
                    store=True,
                    template=_KEY_TEMPLATE,
                )

        self._patiently(act)

    def wrap(self, name: str, plaintext: bytes, context: bytes) -> bytes:
        """Return a secret, encrypted inside the token."""
        require_name(name)
        nonce = secrets.token_bytes(NONCE_BYTES)

        def act() -> bytes:
            return bytes(self._key(name).encrypt(plaintext, **_galois(nonce, context)))

        return FORM + nonce + self._patiently(act)

    def unwrap(self, name: str, wrapped: bytes, context: bytes) -> bytes:
        """Return a secret, decrypted inside the token."""
        require_name(name)
        nonce, ciphertext = split(wrapped)

        def act() -> bytes:
            return bytes(self._key(name).decrypt(ciphertext, **_galois(nonce, context)))

        try:
            return self._patiently(act)
        except AuthorityError as error:
            # SoftHSM answers a wrong tag with a general error.
            if isinstance(error.__cause__, (faults.EncryptedDataInvalid, faults.GeneralError)):
                raise not_ours(self.place) from error
            raise

    def destroy(self, name: str) -> None:
        """Destroy a key's object."""
        require_name(name)

        def act() -> None:
            for key in self._find(name):
                key.destroy()

        self._patiently(act)

    def names(self) -> frozenset[str]:
        """Return the names of all keys there are."""

        def act() -> frozenset[str]:
            keys = self._session.get_objects({Attribute.CLASS: ObjectClass.SECRET_KEY})
            labels = (str(key[Attribute.LABEL]).removeprefix(_LABEL_PREFIX) for key in keys)
            return frozenset(label for label in labels if NAME_PATTERN.fullmatch(label))

        return self._patiently(act)

    def read_head(self) -> bytes | None:
        """Return the head of the journal, or ``None``."""

        def act() -> bytes | None:
            # Two of them only if the power failed in between; the newer one counts.
            return max((bytes(head[Attribute.VALUE]) for head in self._heads()), default=None)

        return self._patiently(act)

    def write_head(self, head: bytes) -> None:
        """Keep the head of the journal: the new object is there before the old one goes."""

        def act() -> None:
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

        self._patiently(act)

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
        found = self._find(name)
        if not found:
            raise DestroyedError(
                f"{self.place}: the wrapping key {name} is gone, and nobody can bring it back"
            )
        return found[0]

    def _patiently(self, act: Callable[[], _Answer], patience: int = _ATTEMPTS) -> _Answer:
        """Do something that can be done twice; again if the token stumbles.

        SoftHSM does when another process makes or destroys an object at that moment.
        """
        with self._sentences():
            try:
                return act()
            except _STUMBLES:
                if patience <= 1:
                    raise
        time.sleep(_PAUSE_S)
        return self._patiently(act, patience - 1)

    @contextlib.contextmanager
    def _sentences(self) -> Iterator[None]:
        """Turn the library's errors into ours; a PIN is in none of them."""
        try:
            yield
        except faults.PKCS11Error as error:
            raise sentence_for(self._address, error) from error


def _token_at(address: TokenAddress) -> Any:  # noqa: ANN401 - the library has no types
    """Return the token, looking a second time for one that was plugged in after the first."""
    library = pkcs11.lib(str(address.module))
    try:
        return library.get_token(token_label=address.label)
    except faults.NoSuchToken:
        # Ends every session of this process, which has none yet. SoftHSM also passes a token over
        # that another process is writing to while the library begins.
        time.sleep(_PAUSE_S)
        library.reinitialize()
        return library.get_token(token_label=address.label)


def _galois(nonce: bytes, context: bytes) -> dict[str, Any]:
    """Return the words for AES-GCM."""
    return {
        "mechanism": Mechanism.AES_GCM,
        "mechanism_param": GCMParams(nonce, context, _TAG_BITS),
    }


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
