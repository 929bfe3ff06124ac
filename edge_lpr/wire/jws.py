"""Signed documents: JWS compact serialisation (RFC 7515) with Ed25519 and nothing else.

Written on top of ``cryptography`` directly, because a JOSE library's freedoms are what is not
wanted here: the header is exactly ``alg``, ``kid`` and ``typ``; the algorithm is never chosen by
the message; the base64url is strict, so that a signed document has one text only.
"""

import base64
import hashlib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from edge_lpr.core.errors import KeyFileError, VerificationError, WireError
from edge_lpr.core.wipe import wipe
from edge_lpr.tokens.sealing import SealingKey, read_sealed_file, write_sealed_file
from edge_lpr.wire import base64url
from edge_lpr.wire.claims import ClaimReader, encode_claims

PUBLIC_KEY_BYTES: Final = 32
"""Length of an Ed25519 public key (RFC 8032)."""

_ALGORITHM: Final = "EdDSA"
"""What this project writes: the name that every JOSE library knows (RFC 8037)."""

_ACCEPTED_ALGORITHMS: Final = frozenset({_ALGORITHM, "Ed25519"})
"""What it accepts: also the fully specified name of RFC 9864. Both mean Ed25519 here."""

_SIGNATURE_BYTES: Final = 64
_PRIVATE_KEY_BYTES: Final = 32
_MAXIMUM_KEY_FILE_BYTES: Final = 1024
"""A PEM file of an Ed25519 key has about 120 bytes."""

_LONGEST_USUAL_HEADER_CHARACTERS: Final = 128
"""This project's longest header has 91; longer ones would cost memory to remember."""

_KEY_ID_CHARACTERS: Final = 16
"""96 bits of the thumbprint: it only finds the key, the signature decides."""


class PublicKey:
    """An Ed25519 public key and its name."""

    __slots__ = ("_key", "kid", "octets")

    def __init__(self, octets: bytes) -> None:
        """Take the 32 bytes of a public key.

        Args:
            octets: The key as in RFC 8032.

        Raises:
            WireError: There are not 32 bytes.
        """
        try:
            self._key = Ed25519PublicKey.from_public_bytes(octets)
        except ValueError as error:
            raise WireError(f"an Ed25519 public key has {PUBLIC_KEY_BYTES} bytes") from error
        self.octets = octets
        self.kid = _key_id(octets)

    def is_signature(self, signature: bytes, signed: bytes) -> bool:
        """Return whether this key made a signature.

        Args:
            signature: 64 bytes.
            signed: What was signed.
        """
        try:
            self._key.verify(signature, signed)
        except InvalidSignature:
            return False
        return True


class SigningKey:
    """An Ed25519 key that signs documents. Its ``repr`` shows nothing."""

    __slots__ = ("_key", "public_key")

    def __init__(self, key: Ed25519PrivateKey) -> None:
        """Sign with a key.

        Args:
            key: The private key.
        """
        self._key = key
        self.public_key = PublicKey(key.public_key().public_bytes_raw())

    @classmethod
    def generate(cls) -> "SigningKey":
        """Return a new random key."""
        return cls(Ed25519PrivateKey.generate())

    @property
    def kid(self) -> str:
        """First 16 characters of the public key's thumbprint."""
        return self.public_key.kid

    def private_octets(self) -> bytes:
        """Return the 32 bytes of the private key, to be written to a secret file."""
        return self._key.private_bytes_raw()

    def sign(self, typ: str, payload: bytes) -> bytes:
        """Return a signed document.

        Args:
            typ: Kind of document, such as ``lpr-sighting+jws``; it is signed too, so that one
                kind can never pass for another.
            payload: What to sign.

        Returns:
            JWS compact serialisation, ASCII.
        """
        header = encode_claims({"alg": _ALGORITHM, "kid": self.kid, "typ": typ})
        signed = base64url.encode(header) + b"." + base64url.encode(payload)
        return signed + b"." + base64url.encode(self._key.sign(signed))

    def sign_note(self, text: bytes) -> bytes:
        """Return the bare signature over a text of several lines, 64 bytes.

        Args:
            text: What to sign; it ends with a line end, which no signed document has in it.

        Raises:
            WireError: It does not, and could pass for another document.
        """
        if not text.endswith(b"\n"):
            raise WireError("a note ends with a line end")
        return self._key.sign(text)


@dataclass(frozen=True, slots=True, repr=False)
class UntrustedDocument:
    """A well-formed signed document whose signature nobody has checked yet."""

    kid: str
    """Name of the key that is said to have signed it."""
    typ: str
    """Kind of document that it says it is."""
    untrusted_payload: bytes
    """What it says."""
    _signed: bytes
    _signature: bytes

    def verified(self, typ: str, public_key: PublicKey) -> bytes:
        """Return the payload once kind, key and signature hold.

        Args:
            typ: Kind of document that is expected.
            public_key: Key that must have signed it.

        Returns:
            The payload: what the owner of the key said.

        Raises:
            VerificationError: The document is of another kind, or the key has not signed it.
        """
        if self.typ != typ:
            raise VerificationError(f"the document is no {typ}")
        if self.kid != public_key.kid:
            raise VerificationError("another key than the expected one is named as the signer")
        if not public_key.is_signature(self._signature, self._signed):
            raise VerificationError("the signature does not hold")
        return self.untrusted_payload


def parse(untrusted_document: bytes, maximum_bytes: int) -> UntrustedDocument:
    """Take a signed document apart without believing it.

    Args:
        untrusted_document: JWS compact serialisation, of any length.
        maximum_bytes: Longest document of this kind; a longer one is refused unread.

    Returns:
        Its parts, still untrusted.

    Raises:
        WireError: The document is too long, or no JWS of the form that this project writes.
    """
    if len(untrusted_document) > maximum_bytes:
        raise WireError(f"a document of this kind has at most {maximum_bytes} bytes")
    signed, _, signature_text = untrusted_document.rpartition(b".")
    header_text, dot, payload_text = signed.partition(b".")
    signature = base64url.decode(signature_text)
    if not dot or len(signature) != _SIGNATURE_BYTES:
        raise WireError("this is no signed document: it needs header, payload and signature")
    if len(header_text) <= _LONGEST_USUAL_HEADER_CHARACTERS:
        kid, typ = _read_usual_header(header_text)
    else:
        kid, typ = _read_header(header_text)
    # Only now the payload: a second dot in it is a foreign character to base64url.
    return UntrustedDocument(kid, typ, base64url.decode(payload_text), signed, signature)


def _read_header(untrusted_text: bytes) -> tuple[str, str]:
    """Return the name of the key and the kind of document."""
    header = ClaimReader(base64url.decode(untrusted_text), "header")
    algorithm, kid, typ = header.text("alg"), header.text("kid"), header.text("typ")
    header.nothing_else()
    if algorithm not in _ACCEPTED_ALGORITHMS:
        raise WireError("the document names another algorithm than EdDSA")
    return kid, typ


# All documents of one kind from one device have the same header. Refusals are not remembered.
_read_usual_header: Final = lru_cache(maxsize=65_536)(_read_header)


def load_signing_key(path: Path, sealing_key: SealingKey | None = None) -> SigningKey:
    """Read a private key that only its owner can read.

    Args:
        path: File with the 32 raw bytes, or PKCS #8 in PEM as ``openssl genpkey -algorithm
            ed25519`` writes it, without a passphrase.
        sealing_key: Key that the file must be sealed under; ``None`` if it must be plain.

    Returns:
        The key.

    Raises:
        KeyFileError: The file is missing, readable by others, sealed otherwise, or holds no such
            key.
    """
    untrusted_content = read_sealed_file(path, sealing_key, _MAXIMUM_KEY_FILE_BYTES)
    try:
        return SigningKey(_private_key(untrusted_content))
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        # The library's messages speak about the encoding and never quote the key.
        raise KeyFileError(
            f"{path}: holds no Ed25519 private key (32 raw bytes, or PEM without a passphrase)"
        ) from error
    finally:
        wipe(untrusted_content)


def write_signing_key(path: Path, key: SigningKey, sealing_key: SealingKey | None = None) -> None:
    """Write a private key to a file that only its owner can read.

    Args:
        path: The file; replaced if it exists.
        key: The key.
        sealing_key: Key to seal the file under; ``None`` leaves it plain.

    Raises:
        KeyFileError: The file cannot be written.
    """
    write_sealed_file(path, key.private_octets(), sealing_key)


def _private_key(untrusted_content: bytearray) -> Ed25519PrivateKey:
    """Return the key in a file's content, or raise what the library raises."""
    if len(untrusted_content) == _PRIVATE_KEY_BYTES:
        return Ed25519PrivateKey.from_private_bytes(untrusted_content)
    key = load_pem_private_key(untrusted_content, password=None)
    if not isinstance(key, Ed25519PrivateKey):
        msg = "a key of another algorithm"
        raise TypeError(msg)
    return key


def _key_id(public_octets: bytes) -> str:
    """Return the first characters of a public key's thumbprint.

    Source:
        RFC 7638 with the members that RFC 8037, appendix A.3, names for Ed25519.
    """
    members = encode_claims({"crv": "Ed25519", "kty": "OKP", "x": public_octets})
    digest = hashlib.sha256(members).digest()
    return base64.urlsafe_b64encode(digest).decode()[:_KEY_ID_CHARACTERS]
