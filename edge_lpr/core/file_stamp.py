"""Tells whether a file is another one than before, without reading it."""

from pathlib import Path
from typing import TypeAlias

FileStamp: TypeAlias = tuple[int, int, int, int]
"""Inode, length in bytes, time of the content and time of the inode in ns."""


def file_stamp(file: Path) -> FileStamp | None:
    """Return what changes when a file is replaced or written.

    The time of the inode as well: a program that writes a file in place may put its length and the
    time of its content back, but nobody puts back this one.

    Args:
        file: Need not exist.

    Returns:
        A stamp to compare with an earlier one; ``None`` if the file is not there.
    """
    try:
        status = file.stat()
    except OSError:
        return None
    return status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns
