"""Write to the boot partition, which is mounted read-only but for moments.

It is FAT, because that is what firmware reads, and FAT has no journal: a file that is replaced
there can be lost with the power. So what must survive is one sector, overwritten where it lies. A
disk writes a sector whole or not at all (cards mostly do; who relies on more keeps a second copy).
"""

import contextlib
import fcntl
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Final

SECTOR_BYTES: Final = 512
"""What a disk writes in one piece: UEFI, GRUB and Linux's FAT all count in these here."""

_LOCK: Final = "/run/edge-lpr-boot.lock"
_MOUNT: Final = "/usr/bin/mount"


@contextlib.contextmanager
def writable(path: Path, lock: Path | None = None) -> Iterator[None]:
    """Hold the file system of a file writable; read-only again afterwards, if it was before.

    One at a time: another program's remount would close it under our hands.

    Args:
        path: A file or folder on the boot partition.
        lock: Whom programs wait at for each other.

    Yields:
        Nothing: write inside.

    Raises:
        OSError: It cannot be mounted for writing, or the lock cannot be opened.
    """
    descriptor = os.open(lock or _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        if not os.statvfs(path).f_flag & os.ST_RDONLY:
            yield
            return
        point = _mount_point(path)
        _remount(point, "rw")
        try:
            yield
        finally:
            _remount(point, "ro")
    finally:
        os.close(descriptor)


def overwrite_sector(path: Path, content: bytes) -> None:
    """Put other bytes into the first sector of a file, where it lies, and wait for the disk.

    Nothing else changes on the disk that anybody needs: no cluster is freed or taken, and the
    folder's entry differs in its time alone.

    Args:
        path: An existing file of at least one sector.
        content: Exactly ``SECTOR_BYTES`` bytes.

    Raises:
        OSError: It cannot be written.
        ValueError: The content, or the file, has another length.
    """
    descriptor = os.open(path, os.O_WRONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    try:
        if len(content) != SECTOR_BYTES or os.fstat(descriptor).st_size < SECTOR_BYTES:
            msg = f"{path}: a sector has {SECTOR_BYTES} bytes"
            raise ValueError(msg)
        os.pwrite(descriptor, content, 0)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _mount_point(path: Path) -> Path:
    """Return where the file system of a file is mounted."""
    point = path.resolve()
    while not point.is_mount():
        point = point.parent
    return point


def _remount(point: Path, how: str) -> None:
    """Mount a file system anew; mount(8) says itself what it thinks is wrong."""
    done = subprocess.run(  # noqa: S603 - fixed words, and a path of our own
        [_MOUNT, "-o", f"remount,{how}", str(point)], check=False, stdin=subprocess.DEVNULL
    )
    if done.returncode != 0:
        raise OSError(done.returncode, f"{point} could not be mounted {how}")
