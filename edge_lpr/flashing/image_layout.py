"""Tells from the first megabyte of an image how long it is, and where its boot partition lies.

So the length of a compressed image is known before the whole of it has been unpacked. Both kinds of
partition table are read: GPT, and the older one (MBR) that Raspberry Pi OS has.
"""

import struct
import zlib
from dataclasses import dataclass
from typing import Final

from edge_lpr.core.errors import FlashError

SECTOR_BYTES: Final = 512
"""What our images count in; cards, and NVMe as it is sold, have no other."""

HEAD_BYTES: Final = 1024 * 1024
"""Holds the partition table, and lies before every partition: without it there is none."""

ROOM_TO_GROW_BYTES: Final = 2 * 1024**3
"""What a card must have beyond the image: a booth adds a second system and a partition of its own
at its first start (``firmware_config/image/repart.d``)."""

BOOT_LABEL: Final = "EDGE-LPR"
"""Label of the boot partition's file system."""

_SIGNATURE: Final = b"\x55\xaa"
_MBR_ENTRY: Final = struct.Struct("<B3sB3sII")
"""Status, first place (unused), type, last place (unused), first sector, count of sectors."""

_MBR_ENTRIES_AT: Final = 446
_MBR_ENTRIES: Final = 4
_MBR_PROTECTS_GPT: Final = 0xEE

_GPT_HEADER: Final = struct.Struct("<8sIIII QQQQ 16s QIII")
"""Source: UEFI Specification 2.10, table 5.5."""

_GPT_SIGNATURE: Final = b"EFI PART"
_GPT_ENTRY: Final = struct.Struct("<16s16sQQQ")
"""Type, name, first sector, last sector, attributes.

Source: UEFI Specification 2.10, table 5.6.
"""

_MAXIMUM_ENTRIES: Final = 128
_MAXIMUM_ENTRY_BYTES: Final = 4096


@dataclass(frozen=True, slots=True)
class Extent:
    """A run of sectors, in bytes."""

    offset_bytes: int
    """Where it begins."""
    size_bytes: int
    """How long it is."""

    @property
    def end_bytes(self) -> int:
        """Where it ends."""
        return self.offset_bytes + self.size_bytes


@dataclass(frozen=True, slots=True)
class ImageLayout:
    """What has to be known of an image to write it."""

    size_bytes: int
    """How long it is, unpacked."""
    boot: Extent
    """Its first partition: FAT, with what the installer adds."""

    @property
    def card_bytes(self) -> int:
        """How large a card must be, so that a booth can start from it."""
        return self.size_bytes + ROOM_TO_GROW_BYTES


def read_layout(untrusted_head: bytes) -> ImageLayout:
    """Return what the partition table of an image says.

    Args:
        untrusted_head: The first ``HEAD_BYTES`` of the image.

    Raises:
        FlashError: There is no partition table, it is damaged, or makes no sense.
    """
    if len(untrusted_head) < HEAD_BYTES or untrusted_head[510:512] != _SIGNATURE:
        raise FlashError("this is no image of a disk; take the file that scripts/build_image made")
    entries = [
        _MBR_ENTRY.unpack_from(untrusted_head, _MBR_ENTRIES_AT + number * _MBR_ENTRY.size)
        for number in range(_MBR_ENTRIES)
    ]
    if any(kind == _MBR_PROTECTS_GPT for _, _, kind, *_ in entries):
        layout = _read_gpt(untrusted_head)
    else:
        layout = _read_mbr([(first, count) for _, _, kind, _, first, count in entries if kind])
    if not HEAD_BYTES <= layout.boot.offset_bytes < layout.boot.end_bytes <= layout.size_bytes:
        raise FlashError("the image's first partition is not where a booth's image has it")
    return layout


def require_boot_file_system(untrusted_sector: bytes) -> None:
    """Refuse an image whose first partition is none of ours.

    Args:
        untrusted_sector: The first sector of the first partition.

    Raises:
        FlashError: It is no FAT file system, or has another label.
    """
    # The label stands at another place in FAT32 than in FAT12 and FAT16.
    # Source: Microsoft, FAT32 File System Specification 1.03, pages 10 to 12.
    labels = {untrusted_sector[at : at + 11].rstrip().decode("ascii", "replace") for at in (43, 71)}
    if untrusted_sector[510:] != _SIGNATURE or BOOT_LABEL not in labels:
        raise FlashError(
            f"the image's first partition is no FAT file system with the label {BOOT_LABEL}; take "
            "the file that scripts/build_image made"
        )


def _read_mbr(runs: list[tuple[int, int]]) -> ImageLayout:
    """Return what the older table says, from first sector and count of sectors of each entry."""
    if not runs:
        raise FlashError("the image has an empty partition table; it is no image of a booth")
    first, count = runs[0]
    return ImageLayout(
        size_bytes=max(first + count for first, count in runs) * SECTOR_BYTES,
        boot=Extent(first * SECTOR_BYTES, count * SECTOR_BYTES),
    )


def _read_gpt(untrusted_head: bytes) -> ImageLayout:
    """Return what a GPT says."""
    signature, _, header_bytes, checksum, _, _, backup_sector, _, _, _, table, count, size, sums = (
        _GPT_HEADER.unpack_from(untrusted_head, SECTOR_BYTES)
    )
    header = bytearray(untrusted_head[SECTOR_BYTES : SECTOR_BYTES + header_bytes])
    header[16:20] = bytes(4)
    entries = untrusted_head[table * SECTOR_BYTES : table * SECTOR_BYTES + count * size]
    if (
        signature != _GPT_SIGNATURE
        or not _GPT_HEADER.size <= header_bytes <= SECTOR_BYTES
        or zlib.crc32(header) != checksum
        or not (1 <= count <= _MAXIMUM_ENTRIES)
        or not (_GPT_ENTRY.size <= size <= _MAXIMUM_ENTRY_BYTES)
        or zlib.crc32(entries) != sums
    ):
        raise FlashError("the image's partition table is damaged; fetch the image again")
    _, _, first, last, _ = _GPT_ENTRY.unpack_from(entries)
    return ImageLayout(
        # The backup of the table is the last thing on the disk.
        size_bytes=(backup_sector + 1) * SECTOR_BYTES,
        boot=Extent(first * SECTOR_BYTES, (last + 1 - first) * SECTOR_BYTES),
    )
