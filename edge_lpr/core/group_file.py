"""Small files in memory by which a process tells the audit something: its group may read them.

Whoever reads believes neither what is in one nor what it is: the folder is the writer's own.
"""

import os
import stat
from pathlib import Path
from typing import Final

_READ_AND_NEVER_WAIT: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_GROUP_READS: Final = 0o640
"""The audit is root without any right over others' files; it is in the folder's group."""


def write_group_file(path: Path, content: bytes) -> None:
    """Write a file, whole or not at all.

    Args:
        path: The file; its folder is in memory, and the writer's own.
        content: All of it.

    Raises:
        OSError: The folder takes no file.
    """
    new = path.with_name(f"{path.name}.new")
    new.write_bytes(content)
    new.chmod(_GROUP_READS)
    new.replace(path)


def read_group_file(path: Path, maximum_bytes: int) -> bytes | None:
    """Return what a file says; ``None`` if there is none, or something else, or too much of it.

    Args:
        path: The file. A pipe, a link or a device is not waited for, followed or read.
        maximum_bytes: Longest content.
    """
    try:
        descriptor = os.open(path, _READ_AND_NEVER_WAIT)
        with os.fdopen(descriptor, "rb") as file:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                return None
            untrusted_content = file.read(maximum_bytes + 1)
    except OSError:
        return None
    return untrusted_content if len(untrusted_content) <= maximum_bytes else None
