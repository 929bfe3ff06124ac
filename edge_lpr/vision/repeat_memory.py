"""Remembers which plates a lane has just handed over, without remembering the plates.

A plate may not stay in memory after its passage, so what is kept is a digest under a key that
this process invents at its start and never shows. Whoever holds both can still try every plate
there is, and this hash is a fast one: so a digest is forgotten as soon as its window is over.
It has nothing to do with the tokens.
"""

import hashlib
import secrets
from typing import Final

import numpy as np
from numpy.typing import NDArray

_DIGEST_BYTES: Final = 16
_MAXIMUM_REMEMBERED: Final = 4096
"""More passages than one lane can have within the longest window of an hour."""

_DECIDED_LATE_NS: Final = 10_000_000_000
"""A passage that began within the window may be decided this much later: it has to end first."""


class RepeatMemory:
    """Tell a passage from a repetition of the one before."""

    def __init__(self, window_ns: int) -> None:
        """Start without a memory.

        Args:
            window_ns: The same plate within this time is the same passage; 0 remembers nothing.
        """
        self._window_ns = window_ns
        self._key = secrets.token_bytes(hashlib.blake2b.MAX_KEY_SIZE)
        self._last_seen_ns: dict[bytes, int] = {}

    def digest(self, class_indices: NDArray[np.uint8]) -> bytes:
        """Return what a plate is remembered by.

        Args:
            class_indices: The plate, shape (n,), contiguous. Not modified.

        Returns:
            16 bytes, equal for equal plates within this run alone.
        """
        keyed = hashlib.blake2b(class_indices.data, digest_size=_DIGEST_BYTES, key=self._key)
        return keyed.digest()

    def remember(self, digest: bytes, seen_ns: int) -> None:
        """Note that a plate was seen.

        Args:
            digest: Of the plate.
            seen_ns: When, on the timeline of the source.
        """
        # Taken out first, so that the dictionary stays sorted by the time of the last mention.
        earlier_ns = self._last_seen_ns.pop(digest, seen_ns)
        self._last_seen_ns[digest] = max(earlier_ns, seen_ns)
        if len(self._last_seen_ns) > _MAXIMUM_REMEMBERED:
            del self._last_seen_ns[next(iter(self._last_seen_ns))]

    def forget_past(self, now_ns: int) -> None:
        """Forget the plates whose window is over.

        Args:
            now_ns: Time of the newest frame, on the timeline of the source.
        """
        oldest_ns = now_ns - self._window_ns - _DECIDED_LATE_NS
        past = [each for each, seen_ns in self._last_seen_ns.items() if seen_ns < oldest_ns]
        for digest in past:
            del self._last_seen_ns[digest]

    def is_repeat(self, digest: bytes, first_seen_ns: int) -> bool:
        """Return whether a plate was seen within the window before.

        Args:
            digest: Of the plate.
            first_seen_ns: When the passage in question began, on the timeline of the source.
        """
        last_seen_ns = self._last_seen_ns.get(digest)
        return last_seen_ns is not None and first_seen_ns - last_seen_ns < self._window_ns
