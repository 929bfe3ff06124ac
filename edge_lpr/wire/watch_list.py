"""A site's watch-list for one epoch, as booths in hit-only mode receive it.

A manifest that the authority signs, and chunks that every booth of the site can open, because it
holds that epoch's site key; nobody else can. An entry is 41 bytes::

    exact token (16) | folded token (16) | entry id (8) | 1 if this is a variant, else 0

A chunk is a random nonce (12), up to 73 entries under AES-256-GCM and the tag (16); the tag also
covers version and index, so that no chunk passes for another one. Through all chunks the entries
ascend by their exact tokens: the order says nothing then. The key can be made by every
booth of the site: that a list is the authority's and whole, only the manifest's digest shows.
"""

import hashlib
import secrets
import struct
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from edge_lpr.core.errors import VerificationError, WireError
from edge_lpr.tokens.canonical import Octets
from edge_lpr.wire import jws
from edge_lpr.wire.bounds import (
    MAXIMUM_EPOCH,
    MAXIMUM_SEQUENCE,
    MAXIMUM_UNIX_S,
    require_length,
    require_match,
    require_range,
)
from edge_lpr.wire.claims import ClaimReader, encode_claims
from edge_lpr.wire.sighting import ENTRY_ID_BYTES
from edge_lpr.wire.topics import MAXIMUM_CHUNKS, NAME_PATTERN

WATCH_LIST_TYP: Final = "lpr-watchlist+jws"
"""Kind of the manifest, in its signed header."""

MAXIMUM_MANIFEST_BYTES: Final = 512
"""Longest signed manifest; the longest possible one has 490."""

MAXIMUM_CHUNK_BYTES: Final = 3072
"""Longest sealed chunk; the longest possible one has 3,021."""

ENTRY_BYTES: Final = 41
"""Length of a packed entry."""

ENTRIES_PER_CHUNK: Final = 73
"""Entries of every chunk but the last."""

MAXIMUM_ENTRIES: Final = MAXIMUM_CHUNKS * ENTRIES_PER_CHUNK
"""Most entries of a list: 299,008, variants included."""

_CONTRACT_VERSION: Final = 1
_TOKEN_BYTES: Final = 16
_DIGEST_BYTES: Final = 32
_NONCE_BYTES: Final = 12
_TAG_BYTES: Final = 16
_KEY_BYTES: Final = 32
_ENTRY: Final = struct.Struct(f"> {_TOKEN_BYTES}s {_TOKEN_BYTES}s {ENTRY_ID_BYTES}s B")
_KEY_USE: Final = b"alpr-watchlist/v1"
"""No other use of a site key, tokens included, begins like this."""


@dataclass(frozen=True, slots=True, repr=False)
class ListEntry:
    """One plate of the list, or one variant of it. No ``repr``: it holds tokens."""

    exact: bytes
    """Exact token, 16 bytes."""
    fold: bytes
    """Folded token, 16 bytes."""
    entry: bytes
    """Entry id, 8 bytes: random for every site and epoch; a plate and its variants share it."""
    is_variant: bool
    """Whether the authority added this plate as one that a listed plate may be misread as."""

    def __post_init__(self) -> None:
        """Refuse fields of another length.

        Raises:
            WireError: A field has another length.
        """
        require_length("exact", self.exact, _TOKEN_BYTES)
        require_length("fold", self.fold, _TOKEN_BYTES)
        require_length("entry", self.entry, ENTRY_ID_BYTES)


@dataclass(frozen=True, slots=True)
class WatchListManifest:
    """What the authority says about a list."""

    tenant: str
    """The agency."""
    site: str
    """The crossing that it is for."""
    epoch: int
    """Key epoch of its tokens."""
    version: int
    """From 1, rising with every change within site and epoch: an older one is a replay."""
    entries: int
    """How many entries there are, variants included."""
    chunks: int
    """How many chunks they take: as few as possible."""
    digest: bytes
    """``list_digest`` of the opened chunks, 32 bytes."""
    at: int
    """When this was signed, UTC in whole seconds since 1970."""

    def __post_init__(self) -> None:
        """Refuse claims out of bounds.

        Raises:
            WireError: A claim is out of bounds.
        """
        require_match("tenant", self.tenant, NAME_PATTERN)
        require_match("site", self.site, NAME_PATTERN)
        require_range("epoch", self.epoch, 0, MAXIMUM_EPOCH)
        require_range("version", self.version, 1, MAXIMUM_SEQUENCE)
        require_range("entries", self.entries, 0, MAXIMUM_ENTRIES)
        fewest = chunks_for(self.entries)
        require_range("chunks", self.chunks, fewest, fewest)
        require_length("digest", self.digest, _DIGEST_BYTES)
        require_range("at", self.at, 0, MAXIMUM_UNIX_S)

    def encode(self) -> bytes:
        """Return the claims as compact JSON."""
        return encode_claims(
            {
                "v": _CONTRACT_VERSION,
                "tenant": self.tenant,
                "site": self.site,
                "epoch": self.epoch,
                "version": self.version,
                "entries": self.entries,
                "chunks": self.chunks,
                "digest": self.digest,
                "at": self.at,
            }
        )

    @classmethod
    def decode(cls, untrusted_payload: bytes) -> "WatchListManifest":
        """Return what a payload says, every claim within its bounds.

        Args:
            untrusted_payload: Payload of a manifest, at most ``MAXIMUM_MANIFEST_BYTES`` long.

        Returns:
            The claims.

        Raises:
            WireError: The payload is none of this contract.
        """
        reader = ClaimReader(untrusted_payload, "manifest")
        reader.constant("v", _CONTRACT_VERSION)
        manifest = cls(
            tenant=reader.text("tenant"),
            site=reader.text("site"),
            epoch=reader.integer("epoch"),
            version=reader.integer("version"),
            entries=reader.integer("entries"),
            chunks=reader.integer("chunks"),
            digest=reader.octets("digest"),
            at=reader.integer("at"),
        )
        reader.nothing_else()
        return manifest


def sign_manifest(manifest: WatchListManifest, authority_key: jws.SigningKey) -> bytes:
    """Return a signed manifest.

    Args:
        manifest: What it says.
        authority_key: Key of the authority, which devices pin.

    Returns:
        JWS, ASCII, at most ``MAXIMUM_MANIFEST_BYTES`` long.
    """
    return authority_key.sign(WATCH_LIST_TYP, manifest.encode())


def verify_manifest(untrusted_document: bytes, authority: jws.PublicKey) -> WatchListManifest:
    """Return what a manifest says once the authority's signature holds.

    Args:
        untrusted_document: As received, of any length.
        authority: The pinned key of the authority.

    Returns:
        The manifest; that it is for this site and newer than the last is left to the caller.

    Raises:
        WireError: It is no manifest of this contract.
        VerificationError: The authority has not signed it.
    """
    document = jws.parse(untrusted_document, MAXIMUM_MANIFEST_BYTES)
    return WatchListManifest.decode(document.verified(WATCH_LIST_TYP, authority))


def list_key(site_key: Octets, *, tenant: str, site: str, epoch: int) -> bytes:
    """Return the key of a site's list for one epoch.

    Args:
        site_key: ``K_site`` of site and epoch, 32 bytes. Not modified.
        tenant: The agency.
        site: The crossing.
        epoch: Key epoch.

    Returns:
        32 bytes.

    Raises:
        WireError: A name or the epoch is out of bounds.

    Source:
        HKDF-SHA256 (RFC 5869) without salt: the site key is uniformly random already.
    """
    require_match("tenant", tenant, NAME_PATTERN)
    require_match("site", site, NAME_PATTERN)
    require_range("epoch", epoch, 0, MAXIMUM_EPOCH)
    names = b"".join(bytes([len(name)]) + name.encode("ascii") for name in (tenant, site))
    info = _KEY_USE + names + epoch.to_bytes(8, "big")
    return HKDF(SHA256(), _KEY_BYTES, salt=None, info=info).derive(site_key)


def chunks_for(entries: int) -> int:
    """Return how many chunks a number of entries takes.

    Args:
        entries: Not negative.
    """
    return -(-entries // ENTRIES_PER_CHUNK)


def pack_entries(entries: Sequence[ListEntry]) -> list[bytes]:
    """Return entries as the plaintexts of chunks, in their order.

    Args:
        entries: At most ``MAXIMUM_ENTRIES``, ascending by their exact tokens: a booth searches the
            list as it comes, and refuses one in another order.

    Returns:
        73 entries each, the last one the rest; none for no entries.

    Raises:
        WireError: There are more than a list can have.
    """
    require_range("number of entries", len(entries), 0, MAXIMUM_ENTRIES)
    packed = [_ENTRY.pack(each.exact, each.fold, each.entry, each.is_variant) for each in entries]
    return [
        b"".join(packed[start : start + ENTRIES_PER_CHUNK])
        for start in range(0, len(packed), ENTRIES_PER_CHUNK)
    ]


def unpack_entries(untrusted_plaintext: Octets) -> Iterator[ListEntry]:
    """Yield the entries of an opened chunk.

    Args:
        untrusted_plaintext: What ``open_chunk`` returned: any booth of the site could have
            sealed it.

    Yields:
        Its entries, in their order.

    Raises:
        WireError: It is no whole number of entries, or one of them is none.
    """
    if len(untrusted_plaintext) % ENTRY_BYTES:
        raise WireError(f"a chunk holds entries of {ENTRY_BYTES} bytes and nothing else")
    for exact, fold, entry, mark in _ENTRY.iter_unpack(untrusted_plaintext):
        require_range("last byte of an entry", mark, 0, 1)
        yield ListEntry(exact, fold, entry, mark == 1)


def list_digest(plaintexts: Iterable[Octets]) -> bytes:
    """Return the digest that the manifest carries.

    Args:
        plaintexts: Opened chunks, in their order.

    Returns:
        SHA-256 over all of them, 32 bytes.
    """
    digest = hashlib.sha256()
    for plaintext in plaintexts:
        digest.update(plaintext)
    return digest.digest()


def seal_chunk(key: Octets, version: int, index: int, plaintext: Octets) -> bytes:
    """Return a chunk that every booth of the site can open.

    Args:
        key: ``list_key`` of site and epoch.
        version: Version of the list.
        index: Number of the chunk, from 0.
        plaintext: One of ``pack_entries``.

    Returns:
        At most ``MAXIMUM_CHUNK_BYTES``.
    """
    nonce = secrets.token_bytes(_NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, plaintext, _chunk_name(version, index))


def open_chunk(key: Octets, version: int, index: int, untrusted_chunk: bytes) -> bytes:
    """Return the plaintext of a chunk.

    Args:
        key: ``list_key`` of site and epoch.
        version: Version that the manifest names.
        index: Number of the chunk, from its topic.
        untrusted_chunk: As received, of any length.

    Returns:
        The plaintext, for ``list_digest`` and ``unpack_entries``.

    Raises:
        WireError: It is too long or too short.
        VerificationError: It is sealed with another key, is of another version or place, or was
            changed.
    """
    least = _NONCE_BYTES + ENTRY_BYTES + _TAG_BYTES
    require_range("length of a chunk", len(untrusted_chunk), least, MAXIMUM_CHUNK_BYTES)
    nonce, content = untrusted_chunk[:_NONCE_BYTES], untrusted_chunk[_NONCE_BYTES:]
    try:
        return AESGCM(key).decrypt(nonce, content, _chunk_name(version, index))
    except InvalidTag as error:
        raise VerificationError(
            "the chunk is of another list, version or place, or was changed"
        ) from error


def _chunk_name(version: int, index: int) -> bytes:
    """Return what the tag of a chunk covers besides its entries.

    Raises:
        WireError: Version or index is out of bounds.
    """
    require_range("version", version, 1, MAXIMUM_SEQUENCE)
    require_range("index", index, 0, MAXIMUM_CHUNKS - 1)
    return struct.pack("> Q I", version, index)
