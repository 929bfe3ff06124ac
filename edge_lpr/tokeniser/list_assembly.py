"""One version of a watch-list while its chunks come in, in any order.

A chunk is opened when it comes and put into its place. What the finished list keeps of an entry and
what only the digest needs lie apart from the beginning, so that a new version takes 41 bytes an
entry, and nothing is copied when it is finished.
Where chunks come from, and what happens to the list before, is left to ``hit_list.py``.
"""

import hashlib
from typing import Final

from edge_lpr.core.errors import VerificationError, WireError
from edge_lpr.tokeniser.flat_list import KEPT_BYTES, ROW_BYTES, FlatList, wipe_large
from edge_lpr.tokens.suite1 import TOKEN_BYTES
from edge_lpr.wire.watch_list import (
    ENTRIES_PER_CHUNK,
    ENTRY_BYTES,
    WatchListManifest,
    open_chunk,
    unpack_entries,
)

_REST_BYTES: Final = TOKEN_BYTES - KEPT_BYTES
"""What the list does not keep of a token."""

_FOLD: Final = TOKEN_BYTES
_ENTRY_ID: Final = 2 * TOKEN_BYTES
"""Where they begin in an entry as it is packed."""


class ListAssembly:
    """What has come of a version. Its ``repr`` shows nothing."""

    __slots__ = ("_is_there", "_key", "_manifest", "_rests", "_rows")

    def __init__(self, manifest: WatchListManifest, key: bytes) -> None:
        """Take the memory for a version.

        Args:
            manifest: Verified.
            key: ``list_key`` of its site and epoch.
        """
        self._manifest = manifest
        self._key = key
        self._rows = bytearray(ROW_BYTES * manifest.entries)
        self._rests = bytearray(2 * _REST_BYTES * manifest.entries)
        self._is_there = bytearray(manifest.chunks)

    @property
    def is_complete(self) -> bool:
        """Whether every chunk is there."""
        return all(self._is_there)

    def has(self, index: int) -> bool:
        """Return whether a chunk is there.

        Args:
            index: Number of the chunk, from 0.
        """
        return index < len(self._is_there) and self._is_there[index] != 0

    def take(self, index: int, untrusted_chunk: bytes) -> None:
        """Put a chunk into its place.

        Args:
            index: Number of the chunk, from 0.
            untrusted_chunk: As it came.

        Raises:
            WireError: It is no chunk of this version for this place.
        """
        if index >= self._manifest.chunks:
            raise WireError(f"the watch-list has {self._manifest.chunks} chunks; this is none")
        plaintext = open_chunk(self._key, self._manifest.version, index, untrusted_chunk)
        first = ENTRIES_PER_CHUNK * index
        entries = list(unpack_entries(plaintext))
        if len(entries) != min(ENTRIES_PER_CHUNK, self._manifest.entries - first):
            raise WireError("a chunk of the watch-list has more or fewer entries than it must")
        for row in range(len(entries)):
            self._put(first + row, plaintext[ENTRY_BYTES * row : ENTRY_BYTES * (row + 1)])
        self._is_there[index] = 1

    def finish(self) -> FlatList:
        """Return the list, if it is what the authority has signed; what has come is gone then.

        Raises:
            VerificationError: It is not.
            WireError: Its entries do not ascend.
        """
        digest = hashlib.sha256()
        before = b""
        for row in range(self._manifest.entries):
            packed = self._packed(row)
            digest.update(packed)
            if packed[:TOKEN_BYTES] < before:
                raise WireError("the watch-list is not in the order of its exact tokens")
            before = packed[:TOKEN_BYTES]
        # ``list_digest`` of the chunks is that of all of them in one piece.
        if digest.digest() != self._manifest.digest:
            raise VerificationError("the watch-list is not the one that its manifest names")
        wipe_large(self._rests)
        rows, self._rows, self._rests = self._rows, bytearray(), bytearray()
        return FlatList(rows)

    def wipe(self) -> None:
        """Overwrite what has come."""
        wipe_large(self._rows)
        wipe_large(self._rests)

    def _put(self, row: int, packed: bytes) -> None:
        """Keep the parts of an entry, each in its place."""
        self._rows[ROW_BYTES * row : ROW_BYTES * (row + 1)] = (
            packed[:KEPT_BYTES] + packed[_FOLD : _FOLD + KEPT_BYTES] + packed[_ENTRY_ID:]
        )
        start = 2 * _REST_BYTES * row
        self._rests[start : start + 2 * _REST_BYTES] = (
            packed[KEPT_BYTES:_FOLD] + packed[_FOLD + KEPT_BYTES : _ENTRY_ID]
        )

    def _packed(self, row: int) -> bytes:
        """Return an entry as it came."""
        kept = self._rows[ROW_BYTES * row : ROW_BYTES * (row + 1)]
        rest = self._rests[2 * _REST_BYTES * row : 2 * _REST_BYTES * (row + 1)]
        tokens = (
            kept[:KEPT_BYTES],
            rest[:_REST_BYTES],
            kept[KEPT_BYTES : 2 * KEPT_BYTES],
            rest[_REST_BYTES:],
        )
        return b"".join(tokens) + kept[2 * KEPT_BYTES :]


def memory_of(manifest: WatchListManifest) -> int:
    """Return how many bytes a version takes while it comes in; as a list it takes fewer.

    Args:
        manifest: Of the version.
    """
    return ENTRY_BYTES * manifest.entries
