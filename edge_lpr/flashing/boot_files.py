"""Puts files into the FAT file system of a card without mounting it, by mtools.

mtools works on a place within a block device or a plain file, needs no root for the latter, and is
decades old. Mounting would need root, and would have the desktop take an interest in the card.
"""

import os
import shutil
import subprocess
from pathlib import Path
from typing import Final

from edge_lpr.core.errors import FlashError
from edge_lpr.flashing.image_layout import Extent

_TIMEOUT_S: Final = 120
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
    done = _run(descriptor, boot, ("mcopy", "-D", "o"), ("-", f"::/{name}"), content)
    if done.returncode != 0:
        said = done.stderr.decode("utf-8", "replace").strip()
        raise FlashError(f"{name} cannot be written to the boot partition: {said}")


def get_file(descriptor: int, boot: Extent, name: str) -> bytes | None:
    """Return what a file in the root of a card's boot partition holds.

    Args:
        descriptor: The open card or image.
        boot: The partition.
        name: The file's.

    Returns:
        The content; ``None`` if there is no such file, or no file system.

    Raises:
        FlashError: mtools is missing.
    """
    done = _run(descriptor, boot, ("mtype",), (f"::/{name}",), b"")
    return done.stdout if done.returncode == 0 else None


def _run(
    descriptor: int, boot: Extent, command: tuple[str, ...], names: tuple[str, ...], content: bytes
) -> "subprocess.CompletedProcess[bytes]":
    """Run a program of mtools on a partition."""
    program = shutil.which(command[0])
    if program is None:
        raise FlashError(_MISSING)
    # By its descriptor: a path may hold the very signs that mtools parts the place from it with.
    place = f"/proc/self/fd/{descriptor}@@{boot.offset_bytes}"
    surroundings = {"PATH": os.defpath, "LC_ALL": "C.UTF-8", "MTOOLSRC": os.devnull}
    try:
        return subprocess.run(  # noqa: S603
            (program, *command[1:], "-i", place, *names),
            input=content,
            capture_output=True,
            check=False,
            env=surroundings,
            cwd=Path("/"),
            pass_fds=(descriptor,),
            timeout=_TIMEOUT_S,
        )
    except subprocess.TimeoutExpired as error:
        raise FlashError("the card's boot partition does not answer; take another card") from error
