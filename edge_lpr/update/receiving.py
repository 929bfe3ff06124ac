"""Takes a bundle from a pipe, such as an SSH session's, with bounds before and while it comes."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final

from edge_lpr.core.errors import UpdateError

MAXIMUM_BUNDLE_BYTES: Final = 1 << 30
"""A slot has 768 MiB (firmware_config/image/repart.d), a bundle little more than fits in there."""

RESERVE_BYTES: Final = 64 << 20
"""What stays free on the state partition: the outbox and the key ring write there too."""

_BLOCK_BYTES: Final = 1 << 20


def require_room(folder: Path, wanted_bytes: int, reserve_bytes: int = RESERVE_BYTES) -> None:
    """Refuse what would fill the state partition.

    Args:
        folder: On that partition.
        wanted_bytes: What is about to be written.
        reserve_bytes: What must stay free.

    Raises:
        UpdateError: There is no room.
    """
    free_bytes = shutil.disk_usage(folder).free
    if wanted_bytes > free_bytes - reserve_bytes:
        raise UpdateError(
            f"{folder}: has {_mb(free_bytes)} free, and {_mb(wanted_bytes + reserve_bytes)} are "
            "needed; nothing was changed"
        )


def receive(source: BinaryIO, target: Path, reserve_bytes: int = RESERVE_BYTES) -> None:
    """Write what comes into a file of root's, and wait until it is on the disk.

    Args:
        source: Ends where the bundle ends.
        target: Replaced; what an earlier attempt has left is removed first.
        reserve_bytes: What must stay free on its partition.

    Raises:
        UpdateError: It is too long, or the partition fills; then nothing of it is left.
    """
    is_whole = False
    try:
        target.unlink(missing_ok=True)
        with target.open("xb") as file:
            os.fchmod(file.fileno(), 0o600)
            for block in _bounded_blocks(source):
                require_room(target.parent, len(block), reserve_bytes)
                file.write(block)
            file.flush()
            os.fsync(file.fileno())
        is_whole = True
    except OSError as error:
        raise UpdateError(f"{target}: cannot be written ({error.strerror})") from error
    finally:
        if not is_whole:
            target.unlink(missing_ok=True)


def _bounded_blocks(source: BinaryIO) -> Iterator[bytes]:
    """Yield what comes, at least something and not too much."""
    received_bytes = 0
    while block := source.read(_BLOCK_BYTES):
        received_bytes += len(block)
        if received_bytes > MAXIMUM_BUNDLE_BYTES:
            raise UpdateError(f"longer than {_mb(MAXIMUM_BUNDLE_BYTES)}, so no bundle")
        yield block
    if not received_bytes:
        raise UpdateError("nothing came; send a bundle: ssh technician@booth update < FILE.raucb")


def _mb(size_bytes: int) -> str:
    """Return a size for people."""
    return f"{size_bytes / 1e6:.1f} MB"
