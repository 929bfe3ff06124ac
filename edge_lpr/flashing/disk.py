"""Tells a card that may be overwritten from a disk that somebody uses, and says whose it is.

Two walls. This file reads what the kernel shows below ``/sys`` and ``/proc``, so that a refusal can
say why; what is built upon a disk (LUKS, LVM, RAID, loop devices) counts as the disk. The second is
the kernel's: ``card.py`` opens the disk exclusively, which fails while anything has claimed it, in
whatever name space, and keeps everything else off while we write.
"""

import json
import os
import re
import stat
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from edge_lpr.core.errors import FlashError
from edge_lpr.flashing.image_layout import SECTOR_BYTES

SYS: Final = Path("/sys")
PROC: Final = Path("/proc")

_MOUNT_POINT: Final = 4
_DEVICE: Final = 2
"""Fields of a line of ``mountinfo``.

Source: proc(5).
"""

_SYSTEM_FOLDERS: Final = frozenset({"/", "/boot", "/boot/efi", "/home", "/nix", "/usr", "/var"})
"""Whatever is mounted there is no card: nobody shall be told to eject it."""

_ESCAPE: Final = re.compile(r"\\([0-7]{3})")
"""How the kernel writes a space in a path."""

_EXTERNAL: Final = frozenset({"usb", "mmc"})
"""Of these kinds is what one puts in; an NVMe in a USB case too, which the kernel does not call
removable."""

_NOT_CARDS: Final = ("dm-", "md", "zram", "ram", "sr", "nbd")
"""Kernel's names of what is no disk that one could put into a booth."""


@dataclass(frozen=True, slots=True)
class Disk:
    """A whole disk, as somebody recognises it who holds it in his hand."""

    path: Path
    """Such as ``/dev/sdb``."""
    size_bytes: int
    """How much fits."""
    model: str
    """Maker and model; of a card in a reader, often the reader's. May be empty."""
    serial: str
    """Serial number; likewise. May be empty."""
    is_external: bool
    """Whether it is removable, or hangs on USB, or is a card (MMC)."""

    @property
    def name(self) -> str:
        """Its name without the folder, which a person types to confirm."""
        return self.path.name

    def describe(self) -> str:
        """Return one line that tells it from others."""
        serial = f"serial {self.serial}" if self.serial else "no serial number"
        kind = "removable" if self.is_external else "BUILT INTO this computer"
        model = self.model or "unknown model"
        return f"{self.path}, {model}, {serial}, {size(self.size_bytes)}, {kind}"


def size(count_bytes: int) -> str:
    """Return a size as it is printed on cards, in powers of ten.

    Args:
        count_bytes: How many.
    """
    return f"{count_bytes / 1e9:.1f} GB" if count_bytes >= 1e9 else f"{count_bytes / 1e6:.0f} MB"  # noqa: PLR2004 - a thousand million


def is_block_device(path: Path) -> bool:
    """Return whether a path names a block device.

    Args:
        path: Anything, also nothing.
    """
    try:
        return stat.S_ISBLK(path.stat().st_mode)
    except OSError:
        return False


def find_disk(path: Path, sys: Path = SYS) -> Disk:
    """Return the disk that a device file stands for.

    Args:
        path: Such as ``/dev/sdb``, or a link below ``/dev/disk``.
        sys: Where the kernel shows its devices.

    Raises:
        FlashError: It is a partition, or no disk; or there is nothing in the card reader.
    """
    path = path.resolve()
    number = path.stat().st_rdev
    folder = (sys / "dev" / "block" / f"{os.major(number)}:{os.minor(number)}").resolve()
    if (folder / "partition").exists():
        raise FlashError(f"{path}: is a partition; name the whole disk, /dev/{folder.parent.name}")
    if folder.name.startswith(_NOT_CARDS):
        raise FlashError(f"{path}: is no card and no NVMe; name the disk itself")
    size_bytes = int(_read(folder / "size") or 0) * SECTOR_BYTES
    if size_bytes == 0:
        raise FlashError(f"{path}: is empty; put a card into the reader")
    if _read(folder / "ro") == "1":
        raise FlashError(f"{path}: is write-protected; slide the lock at the card's edge")
    if _read(folder / "queue" / "logical_block_size") not in ("", str(SECTOR_BYTES)):
        raise FlashError(f"{path}: has sectors of another size than {SECTOR_BYTES} bytes")
    model, serial, transport = _identity(path)
    is_external = _read(folder / "removable") == "1" or transport in _EXTERNAL
    return Disk(path, size_bytes, model, serial, is_external)


def require_unused(disk: Disk, sys: Path = SYS, proc: Path = PROC) -> None:
    """Refuse a disk that anything on this computer uses.

    Args:
        disk: The disk.
        sys: Where the kernel shows its devices.
        proc: Where it shows mounts and swap.

    Raises:
        FlashError: This system runs from it, it is mounted, has swap, or something is built on it.
    """
    upon = dict(_built_upon(sys / "class" / "block" / disk.name, sys))
    mounted = [mount_point for device, mount_point in _mounts(proc) if device in upon]
    if not _SYSTEM_FOLDERS.isdisjoint(mounted):
        raise FlashError(f"{disk.path}: this computer's own system is on it")
    for device, name in _swaps(proc):
        if device in upon:
            raise FlashError(f"{disk.path}: this computer's swap, {name}, is on it")
    if mounted:
        raise FlashError(
            f"{disk.path}: is mounted, at {mounted[0]}; eject it in the file manager, or: "
            f"sudo umount '{mounted[0]}'"
        )
    built = sorted(name for name in upon.values() if not name.startswith(disk.name))
    if built:
        raise FlashError(
            f"{disk.path}: {', '.join(built)} is built upon it (encryption, LVM, RAID or a loop "
            "device); close that first, if it is yours"
        )


def candidates(minimum_bytes: int, sys: Path = SYS, proc: Path = PROC) -> list[Disk]:
    """Return the cards that could be written, in the order of their names.

    No disk that is built in, though nothing may be mounted from it: it is another system's. Who
    means it can name it.

    Args:
        minimum_bytes: How much must fit.
        sys: Where the kernel shows its devices.
        proc: Where it shows mounts and swap.
    """
    found = []
    for folder in sorted((sys / "block").iterdir()):
        try:
            disk = find_disk(Path("/dev") / folder.name, sys)
            require_unused(disk, sys, proc)
        except (FlashError, OSError):
            continue
        if disk.is_external and disk.size_bytes >= minimum_bytes:
            found.append(disk)
    return found


def _built_upon(folder: Path, sys: Path) -> Iterator[tuple[str, str]]:
    """Yield number and name of a device, of its partitions, and of what is built upon any."""
    folder = folder.resolve()
    yield _read(folder / "dev"), folder.name
    for partition in folder.glob(f"{folder.name}*/partition"):
        yield from _built_upon(partition.parent, sys)
    for holder in folder.glob("holders/*"):
        yield from _built_upon(holder, sys)
    # The kernel lists no holder for a loop device that reads a disk.
    for loop in sys.glob("block/loop*/loop/backing_file"):
        if _read(loop) == f"/dev/{folder.name}":
            yield from _built_upon(loop.parent.parent, sys)


def _mounts(proc: Path) -> Iterator[tuple[str, str]]:
    """Yield the number of a mounted device and where it is mounted."""
    for line in (proc / "self" / "mountinfo").read_text().splitlines():
        before, _, after = line.partition(" - ")
        fields = before.split()
        mount_point = _unescaped(fields[_MOUNT_POINT])
        yield fields[_DEVICE], mount_point
        # btrfs shows a number of its own; where it is from, its source says.
        source = Path(after.split()[1]) if len(after.split()) > 1 else Path()
        if source.is_absolute() and is_block_device(source):
            yield _number(source.stat().st_rdev), mount_point


def _swaps(proc: Path) -> Iterator[tuple[str, str]]:
    """Yield the number of a device with swap in use, and the name of the swap."""
    for line in (proc / "swaps").read_text().splitlines()[1:]:
        name = _unescaped(line.split()[0])
        try:
            status = Path(name).stat()
        except OSError:
            continue
        is_device = stat.S_ISBLK(status.st_mode)
        yield _number(status.st_rdev if is_device else status.st_dev), name


def _unescaped(text: str) -> str:
    """Return a path as it is."""
    return _ESCAPE.sub(lambda found: chr(int(found[1], 8)), text)


def _number(device: int) -> str:
    """Return a device's number as the kernel writes it."""
    return f"{os.major(device)}:{os.minor(device)}"


def _read(path: Path) -> str:
    """Return what a file of the kernel says, nothing if there is none."""
    try:
        return path.read_text().strip()
    except OSError:
        return ""


def _identity(path: Path) -> tuple[str, str, str]:
    """Return model, serial number and the way it hangs on this computer, as udev knows them."""
    columns = "VENDOR,MODEL,SERIAL,TRAN"
    command = ("lsblk", "--nodeps", "--json", "--output", columns, str(path))
    found = subprocess.run(command, capture_output=True, check=False)  # noqa: S603
    try:
        (row,) = json.loads(found.stdout)["blockdevices"]
    except (ValueError, KeyError):
        return "", "", ""
    words = {key: str(value or "").strip() for key, value in row.items()}
    return f"{words['vendor']} {words['model']}".strip(), words["serial"], words["tran"]
