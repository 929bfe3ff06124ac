"""The emulated booth's card: a copy of the image, and what is written onto its boot partition."""

import subprocess
from pathlib import Path
from typing import Final

from edge_lpr.core.errors import EmulationError

_BOOT_OFFSET: Final = "1M"
"""Where the boot partition begins, see ``scripts/build_image``."""

_SPARE_BYTES: Final = 4 << 30
"""What a card holds beyond the image: the second system and the state."""


def copy_image(image: Path, disk: Path) -> None:
    """Make a card that holds an image, with room behind it.

    Args:
        image: What ``scripts/build_image`` made, or a whole card.
        disk: The card's file; replaced.

    Raises:
        EmulationError: There is no such image.
    """
    if not image.is_file():
        raise EmulationError(f"{image} is not there; scripts/build_image makes one")
    run_tool("cp", "--sparse=always", str(image), str(disk))
    size = image.stat().st_size
    # What is so large is a card already, and a card does not grow.
    if size < _SPARE_BYTES:
        with disk.open("r+b") as card:
            card.truncate(size + _SPARE_BYTES)


def write_to_boot_partition(disk: Path, source: Path, name: str) -> None:
    """Drop a file on the boot partition, as an installer does; the booth must be off.

    Args:
        disk: The card's file.
        source: What is copied.
        name: Where it goes, as ``installation.toml`` or ``grub/grub.cfg``.

    Raises:
        EmulationError: It could not be written.
    """
    run_tool("mcopy", "-o", "-i", f"{disk}@@{_BOOT_OFFSET}", str(source), f"::{name}")


def read_from_boot_partition(disk: Path, name: str) -> bytes:
    """Return what is on the boot partition; the booth should be off.

    Args:
        disk: The card's file.
        name: Which file.

    Returns:
        Its content.

    Raises:
        EmulationError: There is no such file.
    """
    return run_tool("mtype", "-i", f"{disk}@@{_BOOT_OFFSET}", f"::{name}")


def make_folder_disk(folder: Path, disk: Path, megabytes: int = 64) -> None:
    """Make a disk with a file system that holds a folder.

    Args:
        folder: What it holds.
        disk: The disk's file; replaced.
        megabytes: Its size.

    Raises:
        EmulationError: It could not be made.
    """
    disk.unlink(missing_ok=True)
    with disk.open("wb") as file:
        file.truncate(megabytes << 20)
    run_tool("mkfs.ext4", "-q", "-F", "-d", str(folder), str(disk))


def run_tool(program: str, *arguments: str) -> bytes:
    """Run one of the tools that know file systems.

    Args:
        program: Its name.
        arguments: Its arguments.

    Returns:
        What it wrote to its standard output.

    Raises:
        EmulationError: It is missing, or failed; the message is its own.
    """
    path = "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"
    try:
        done = subprocess.run(  # noqa: S603 - tools named in this package
            [program, *arguments],
            capture_output=True,
            check=False,
            env={"PATH": path, "MTOOLS_SKIP_CHECK": "1"},
        )
    except FileNotFoundError as error:
        raise EmulationError(
            f"{program} is missing: apt-get install mtools e2fsprogs dosfstools"
        ) from error
    if done.returncode != 0:
        sentence = done.stderr.decode(errors="replace").strip()
        raise EmulationError(f"{program} failed: {sentence}")
    return done.stdout
