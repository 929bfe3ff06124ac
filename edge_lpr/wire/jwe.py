"""Sealed documents: JWE compact serialisation (RFC 7516) for one X25519 key and nothing else.

Written on top of ``cryptography`` directly, for the reason that ``jws`` gives. The header is
exactly ``alg``, ``enc``, ``epk``, ``kid`` and ``typ``; both algorithms are constants that the
message must repeat and cannot choose; nothing is compressed. The sender's key is made for one
document and forgotten, so that only the recipient's private key opens it, and nothing opens it once
that is gone.

Sealing says nothing about who sealed: whoever knows the public key can. What must come from
somebody is signed outside (``key_delivery``).
"""

import hashlib
import secrets
import struct
from dataclasses import dataclass
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import (
    X25519PrivateKey,
    X25519PublicKey,
)
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.concatkdf import ConcatKDFHash

from edge_lpr.core.errors import SealedToOtherKeyError, VerificationError, WireError
from edge_lpr.core.wipe import wipe
from edge_lpr.tokens.canonical import Octets
from edge_lpr.wire import base64url
from edge_lpr.wire.claims import ClaimReader, encode_claims

TRANSPORT_KEY_BYTES: Final = 32
"""Length of either half of an X25519 key (RFC 7748)."""

_AGREEMENT: Final = "ECDH-ES"
"""The agreed secret, through the key derivation, is the content key itself (RFC 7518, 4.6)."""

_ENCRYPTION: Final = "A256GCM"
_CURVE: Final = "X25519"
_KEY_TYPE: Final = "OKP"
_CONTENT_KEY_BYTES: Final = 32
_NONCE_BYTES: Final = 12
_TAG_BYTES: Final = 16
_PARTS: Final = 5
_KEY_ID_CHARACTERS: Final = 16
_FIELD_PRIME: Final = 2**255 - 19
"""Coordinates on the curve are smaller; X25519 itself would accept the same point twice."""

_PROBE: Final = X25519PrivateKey.from_private_bytes(bytes(range(TRANSPORT_KEY_BYTES)))
"""Any private key does: with a point of low order all of them agree on zero. No secret."""


class TransportPublicKey:
    """The public half of a transport key, and its name."""

    __slots__ = ("_key", "kid", "octets")

    def __init__(self, octets: bytes) -> None:
        """Take the 32 bytes of a public key.

        Args:
            octets: The u-coordinate as in RFC 7748, fully reduced: one text for every key.

        Raises:
            WireError: There are not 32 bytes, they are not reduced, or the point has a low order,
                so that everybody would know what is agreed with it.
        """
        if len(octets) != TRANSPORT_KEY_BYTES:
            raise WireError(f"a transport key has {TRANSPORT_KEY_BYTES} bytes")
        if int.from_bytes(octets, "little") >= _FIELD_PRIME:
            raise WireError("a transport key must be written in the one reduced way")
        self._key = X25519PublicKey.from_public_bytes(octets)
        _agree(_PROBE, self._key)
        self.octets = octets
        self.kid = _key_id(octets)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, TransportPublicKey):
            return NotImplemented
        return self.octets == other.octets

    def __hash__(self) -> int:
        return hash(self.octets)


class TransportKey:
    """An X25519 key that opens what is sealed to it. Its ``repr`` shows nothing."""

    __slots__ = ("_key", "public_key")

    def __init__(self, key: X25519PrivateKey) -> None:
        """Open with a key.

        Args:
            key: The private key.
        """
        self._key = key
        self.public_key = TransportPublicKey(key.public_key().public_bytes_raw())

    @classmethod
    def generate(cls) -> "TransportKey":
        """Return a new random key."""
        return cls(X25519PrivateKey.generate())

    @classmethod
    def from_octets(cls, octets: Octets) -> "TransportKey":
        """Return the key that was kept.

        Args:
            octets: 32 bytes of ``private_octets``. Not modified.

        Raises:
            WireError: There are not 32 bytes.
        """
        if len(octets) != TRANSPORT_KEY_BYTES:
            raise WireError(f"a transport key has {TRANSPORT_KEY_BYTES} bytes")
        return cls(X25519PrivateKey.from_private_bytes(octets))

    @property
    def kid(self) -> str:
        """First 16 characters of the public key's thumbprint."""
        return self.public_key.kid

    def private_octets(self) -> bytes:
        """Return the 32 bytes of the private key, to be written to a sealed file."""
        return self._key.private_bytes_raw()

    def agree(self, sender: TransportPublicKey) -> bytes:
        """Return the secret that this key and a sender's share.

        Args:
            sender: The sender's key of one document.
        """
        return _agree(self._key, sender._key)  # noqa: SLF001 (the other half of the same pair)


@dataclass(frozen=True, slots=True)
class _Sealed:
    """The parts of a well-formed sealed document, none of them believed."""

    header: bytes
    """As text: it is what the tag covers besides the content."""
    kid: str
    typ: str
    sender: TransportPublicKey
    nonce: bytes
    untrusted_content: bytes
    """Ciphertext, then tag."""


def seal(plaintext: Octets, recipient: TransportPublicKey, typ: str) -> bytes:
    """Return a document that only the recipient opens.

    Args:
        plaintext: What to seal. Not modified.
        recipient: The recipient's newest key.
        typ: Kind of document, such as ``lpr-keys+jwe``; the tag covers it too.

    Returns:
        JWE compact serialisation, ASCII.
    """
    sender = TransportKey.generate()
    sender_key: dict[str, str | bytes] = {
        "crv": _CURVE,
        "kty": _KEY_TYPE,
        "x": sender.public_key.octets,
    }
    header = encode_claims(
        {
            "alg": _AGREEMENT,
            "enc": _ENCRYPTION,
            "epk": sender_key,
            "kid": recipient.kid,
            "typ": typ,
        }
    )
    header_text = base64url.encode(header)
    nonce = secrets.token_bytes(_NONCE_BYTES)
    content_key = derive_content_key(sender.agree(recipient))
    try:
        content = AESGCM(content_key).encrypt(nonce, plaintext, header_text)
    finally:
        wipe(content_key)
    parts = (nonce, content[:-_TAG_BYTES], content[-_TAG_BYTES:])
    # The second of the five parts, the encrypted key, is empty where the key is agreed directly.
    return b".".join((header_text, b"", *map(base64url.encode, parts)))


def open_sealed(
    untrusted_document: bytes, key: TransportKey, typ: str, maximum_bytes: int
) -> bytearray:
    """Return what a sealed document says.

    Args:
        untrusted_document: JWE compact serialisation, of any length.
        key: The recipient's key.
        typ: Kind of document that is expected.
        maximum_bytes: Longest document of this kind; a longer one is refused unread.

    Returns:
        The plaintext, owned by the caller, who wipes it.

    Raises:
        WireError: It is too long, or no JWE of the form that this project writes.
        SealedToOtherKeyError: It is sealed to another key.
        VerificationError: It is of another kind, or was changed.
    """
    if len(untrusted_document) > maximum_bytes:
        raise WireError(f"a sealed document of this kind has at most {maximum_bytes} bytes")
    sealed = _parse(untrusted_document)
    if sealed.typ != typ:
        raise VerificationError(f"the sealed document is no {typ}")
    if sealed.kid != key.kid:
        raise SealedToOtherKeyError(
            "the document is sealed to another transport key; the sender must use the newest one"
        )
    content_key = derive_content_key(key.agree(sealed.sender))
    try:
        return decrypt_content(content_key, sealed.nonce, sealed.untrusted_content, sealed.header)
    finally:
        wipe(content_key)


def derive_content_key(
    agreed: bytes,
    algorithm: str = _ENCRYPTION,
    parties: tuple[bytes, bytes] = (b"", b""),
    key_bytes: int = _CONTENT_KEY_BYTES,
) -> bytearray:
    """Return the content key that follows from an agreed secret.

    The defaults are the only values in use; the parameters are there for the RFC's own example.

    Args:
        agreed: Shared secret of the two keys.
        algorithm: Name of the content encryption.
        parties: ``PartyUInfo`` and ``PartyVInfo``: this project's documents have none.
        key_bytes: Length of the key.

    Returns:
        The key, owned by the caller, who wipes it.

    Source:
        Concat KDF of NIST SP 800-56A as RFC 7518, section 4.6.2, applies it.
    """
    named = (algorithm.encode("ascii"), *parties)
    context = b"".join(struct.pack("> I", len(each)) + each for each in named)
    context += struct.pack("> I", key_bytes * 8)
    content_key = bytearray(key_bytes)
    ConcatKDFHash(SHA256(), key_bytes, context).derive_into(agreed, content_key)
    return content_key


def decrypt_content(
    content_key: Octets, nonce: bytes, untrusted_content: bytes, header: bytes
) -> bytearray:
    """Return the plaintext of a content that nobody has changed.

    Args:
        content_key: Key for AES-256-GCM, 32 bytes. Not modified.
        nonce: 12 bytes.
        untrusted_content: Ciphertext, then tag.
        header: What the tag covers besides.

    Returns:
        The plaintext, owned by the caller, who wipes it.

    Raises:
        VerificationError: Something was changed, or the key is another one.
    """
    plaintext = bytearray(len(untrusted_content) - _TAG_BYTES)
    try:
        AESGCM(content_key).decrypt_into(nonce, untrusted_content, header, plaintext)
    except InvalidTag as error:
        raise VerificationError("the sealed document was changed; it must be sent again") from error
    return plaintext


def _parse(untrusted_document: bytes) -> _Sealed:
    """Take a sealed document apart, refusing every form but the one that ``seal`` writes."""
    parts = untrusted_document.split(b".")
    if len(parts) != _PARTS or parts[1]:
        raise WireError("this is no sealed document: it needs five parts, the second one empty")
    header_text, _, *texts = parts
    kid, typ, sender = _read_header(header_text)
    nonce, content, tag = map(base64url.decode, texts)
    if len(nonce) != _NONCE_BYTES or len(tag) != _TAG_BYTES:
        raise WireError("a sealed document needs a nonce of 12 bytes and a tag of 16")
    return _Sealed(header_text, kid, typ, sender, nonce, content + tag)


def _read_header(untrusted_text: bytes) -> tuple[str, str, TransportPublicKey]:
    """Return the recipient's key by name, the kind of document and the sender's key."""
    header = ClaimReader(base64url.decode(untrusted_text), "header")
    header.constant("alg", _AGREEMENT)
    header.constant("enc", _ENCRYPTION)
    sender = header.inner("epk")
    sender.constant("crv", _CURVE)
    sender.constant("kty", _KEY_TYPE)
    octets = sender.octets("x")
    sender.nothing_else()
    kid, typ = header.text("kid"), header.text("typ")
    header.nothing_else()
    return kid, typ, TransportPublicKey(octets)


def _agree(private: X25519PrivateKey, public: X25519PublicKey) -> bytes:
    """Return the shared secret, refusing the one that everybody knows."""
    try:
        return private.exchange(public)
    except ValueError as error:
        # RFC 7748, section 6.1: an all-zero result means a point of low order.
        raise WireError("a transport key must not be a point of low order") from error


def _key_id(public_octets: bytes) -> str:
    """Return the first characters of a public key's thumbprint.

    Source:
        RFC 7638 with the members that RFC 8037, section 2, requires of a key.
    """
    members = encode_claims({"crv": _CURVE, "kty": _KEY_TYPE, "x": public_octets})
    thumbprint = base64url.encode(hashlib.sha256(members).digest())
    return thumbprint.decode()[:_KEY_ID_CHARACTERS]
