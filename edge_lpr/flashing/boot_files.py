"""Puts files into the FAT file system of a card without mounting it, by mtools.

mtools works on a place within a block device or a plain file, needs no root for the latter, and is
decades old. Mounting would need root, and would have the desktop take an interest in the card.
"""

import errno
import os
import shutil
import subprocess
from typing import Final

from edge_lpr.core.errors import FlashError
from edge_lpr.flashing.image_layout import Extent

MAXIMUM_FILE_BYTES: Final = 65_536
"""Four times what the longest of our files has."""

_TIMEOUT_S: Final = 120
_FULL: Final = os.strerror(errno.ENOSPC).encode("ascii")
_SURROUNDINGS: Final = {"PATH": os.defpath, "LC_ALL": "C.UTF-8", "MTOOLSRC": os.devnull}
"""No settings but ours."""

_MISSING: Final = "needs mtools to reach the card's boot partition; sudo apt install mtools"


def require_mtools() -> None:
    """Refuse to begin without the programs that the end needs.

    Raises:
        FlashError: They are not installed.
    """
    if shutil.which("mcopy") is None or shutil.which("mtype") is None:
        raise FlashError(_MISSING)


def put_file(descriptor: int, boot: Extent, name: str, content: bytes) -> None:
    """Write a file into the root of a card's boot partition; one of that name is replaced.

    Args:
        descriptor: The open card or image.
        boot: The partition.
        name: The file's.
        content: What it shall hold.

    Raises:
        FlashError: There is no room, the file system is damaged, or mtools is missing.
    """
    command = _command(descriptor, boot, ("mcopy", "-D", "o"), ("-", f"::/{name}"))
    try:
        done = subprocess.run(  # noqa: S603
            command,
            input=content,
            capture_output=True,
            check=False,
            env=_SURROUNDINGS,
            pass_fds=(descriptor,),
            timeout=_TIMEOUT_S,
        )
    except subprocess.TimeoutExpired as error:
        raise FlashError("the card's boot partition does not answer; take another card") from error
    # Of a full disk mcopy only tells, and ends as if all were well.
    if done.returncode != 0 or _FULL in done.stderr:
        said = done.stderr.decode("utf-8", "replace").strip()
        raise FlashError(f"{name} cannot be written to the boot partition: {said}")


def get_file(descriptor: int, boot: Extent, name: str) -> bytes | None:
    """Return what a file in the root of a card's boot partition holds.

    Args:
        descriptor: The open card or image; whoever made it may mean harm.
        boot: The partition.
        name: The file's.

    Returns:
        The content, no more of it than ``MAXIMUM_FILE_BYTES``; ``None`` if there is no such file,
        or no file system.

    Raises:
        FlashError: mtools is missing.
    """
    command = _command(descriptor, boot, ("mtype",), (f"::/{name}",))
    with subprocess.Popen(  # noqa: S603
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=_SURROUNDINGS,
        pass_fds=(descriptor,),
    ) as process:
        if process.stdout is None:
            return None
        untrusted_content = process.stdout.read(MAXIMUM_FILE_BYTES)
        process.stdout.close()
    is_whole = process.returncode == 0 or len(untrusted_content) == MAXIMUM_FILE_BYTES
    return untrusted_content if is_whole else None


def _command(
    descriptor: int, boot: Extent, command: tuple[str, ...], names: tuple[str, ...]
) -> tuple[str, ...]:
    """Return the call of a program of mtools on a partition."""
    program = shutil.which(command[0])
    if program is None:
        raise FlashError(_MISSING)
    # By its descriptor: a path may hold the very signs that mtools parts the place from it with.
    place = f"/proc/self/fd/{descriptor}@@{boot.offset_bytes}"
    return (program, *command[1:], "-i", place, *names)
