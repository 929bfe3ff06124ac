"""Takes an image apart: each partition's files into a folder, by programs that need no mounting."""

import json
import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from edge_lpr.core.errors import ImageError

UNKNOWN: Final = "unknown"
"""Kind of a partition without a file system, such as a slot that waits for its first update."""

_SECTOR_BYTES: Final = 512
_SQUASHFS: Final = b"hsqs"
_EXT_MAGIC: Final = b"\x53\xef"
_EXT_MAGIC_OFFSET: Final = 1080
_FAT_TYPES: Final = (b"FAT12   ", b"FAT16   ", b"FAT32   ")
_FAT_TYPE_OFFSETS: Final = (54, 82)
_HEAD_BYTES: Final = 2048


@dataclass(frozen=True, slots=True)
class Partition:
    """One partition of an image."""

    number: int
    """As the partition table counts, from 1."""
    offset: int
    """Where it begins, in bytes."""
    size_bytes: int
    """How long it is."""
    kind: str
    """File system: ``vfat``, ``squashfs``, ``ext4``, or ``UNKNOWN``."""


def partitions_of(image: Path) -> list[Partition]:
    """Return an image's partitions.

    Args:
        image: Image of a whole disk.

    Raises:
        ImageError: It has no partition table that ``sfdisk`` knows, or ``sfdisk`` is missing.
    """
    table = json.loads(_run(["sfdisk", "--json", str(image)]))["partitiontable"]
    return [
        Partition(
            number,
            entry["start"] * _SECTOR_BYTES,
            entry["size"] * _SECTOR_BYTES,
            _kind(image, entry["start"] * _SECTOR_BYTES),
        )
        for number, entry in enumerate(table["partitions"], start=1)
    ]


def _kind(image: Path, offset: int) -> str:
    """Return the file system that begins at an offset."""
    with image.open("rb") as file:
        file.seek(offset)
        head = file.read(_HEAD_BYTES)
    if head.startswith(_SQUASHFS):
        return "squashfs"
    if head[_EXT_MAGIC_OFFSET : _EXT_MAGIC_OFFSET + 2] == _EXT_MAGIC:
        return "ext4"
    if any(head[start : start + 8] in _FAT_TYPES for start in _FAT_TYPE_OFFSETS):
        return "vfat"
    return UNKNOWN


def unpack(image: Path, partition: Partition, folder: Path) -> None:
    """Write a partition's files into a new folder; owners and modes are kept where root does it.

    Args:
        image: Image of a whole disk.
        partition: One of its.
        folder: Must not exist.

    Raises:
        ImageError: The file system is none of ours, or the program that reads it failed.
    """
    if partition.kind == "squashfs":
        place = ["-no-progress", "-offset", str(partition.offset), "-dest", str(folder)]
        _run(["unsquashfs", *place, str(image)])
    elif partition.kind == "vfat":
        folder.mkdir()
        _run(["mcopy", "-s", "-n", "-i", f"{image}@@{partition.offset}", "::*", str(folder)])
    elif partition.kind == "ext4":
        folder.mkdir()
        _run(["debugfs", "-R", f"rdump / {folder}", f"{image}?offset={partition.offset}"])
    else:
        raise ImageError(f"{image}: partition {partition.number} holds no file system of a booth's")


def _run(command: Sequence[str]) -> str:
    """Return what a program printed."""
    # Not every user's search path has the folders of the programs for disks.
    search = f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin"
    try:
        return subprocess.run(  # noqa: S603 - programs named above, no shell
            command,
            check=True,
            capture_output=True,
            text=True,
            env={**os.environ, "PATH": search},
        ).stdout
    except FileNotFoundError as error:
        raise ImageError(
            f"{command[0]} is missing; apt install fdisk squashfs-tools mtools e2fsprogs"
        ) from error
    except subprocess.CalledProcessError as error:
        last = error.stderr.strip().rpartition("\n")[2]
        raise ImageError(f"{command[0]} failed: {last}") from error
