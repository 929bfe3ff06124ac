"""Overwrite memory that held plate text or a key.

Only memory that the caller owns can be wiped: copies that Python or a library made stay, which
is why secrets live in ``bytearray`` and never in ``bytes`` or ``str`` on the device.
"""


def wipe(buffer: bytearray | memoryview) -> None:
    """Overwrite every byte of a buffer with zero, in place.

    Args:
        buffer: Memory to overwrite; a ``memoryview`` must be writable, contiguous and of bytes.
    """
    # An assignment of equal length copies into the same memory; a shorter one would move it.
    buffer[:] = bytes(len(buffer))
