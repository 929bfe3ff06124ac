"""Overwrite memory that held plate text or a key.

Only memory that the caller owns can be wiped: copies that Python or a library made stay, which
is why secrets live in ``bytearray`` and never in ``str`` on the device, and in ``bytes`` only where
a library returns nothing else.
"""

import ctypes
import sys
from typing import Final

_HEADER_BYTES: Final = sys.getsizeof(b"") - 1
"""What CPython keeps before the content of ``bytes``; behind it is one more byte, a zero."""

_SHARED_BYTES: Final = 1
"""CPython has one object only for each content up to this length."""


def wipe(buffer: bytearray | memoryview) -> None:
    """Overwrite every byte of a buffer with zero, in place.

    Args:
        buffer: Memory to overwrite; a ``memoryview`` must be writable, contiguous and of bytes.
    """
    # An assignment of equal length copies into the same memory; a shorter one would move it.
    buffer[:] = bytes(len(buffer))


def wipe_octets(octets: bytes) -> None:
    """Overwrite the content of ``bytes``, which Python itself has no way to do.

    For what a library has just made and returned, such as a digest, and for nothing that anybody
    else holds: it would be zeros for them too. Not for literals, and never twice.

    Args:
        octets: Longer than one byte; the caller forgets it.

    Raises:
        ValueError: It is so short that the interpreter shares it.
    """
    if len(octets) <= _SHARED_BYTES:
        msg = f"bytes of {len(octets)} are shared and cannot be overwritten"
        raise ValueError(msg)
    ctypes.memset(id(octets) + _HEADER_BYTES, 0, len(octets))
