"""What the first megabyte of an image says about all of it."""

import struct
import zlib

import pytest

from edge_lpr.core.errors import FlashError
from edge_lpr.flashing.image_layout import (
    HEAD_BYTES,
    Extent,
    ImageLayout,
    read_layout,
    require_boot_file_system,
)

SECTOR = 512


def head_with_gpt(first: int = 2048, last: int = 10239, backup: int = 49151) -> bytearray:
    """A table of one partition, made by hand from the UEFI specification."""
    head = bytearray(HEAD_BYTES)
    head[510:512] = b"\x55\xaa"
    struct.pack_into("<B3sB3sII", head, 446, 0, b"", 0xEE, b"", 1, backup)
    struct.pack_into("<16s16sQQQ", head, 2 * SECTOR, b"t" * 16, b"n" * 16, first, last, 0)
    entries = bytes(head[2 * SECTOR : 2 * SECTOR + 128 * 128])
    fields = [b"EFI PART", 0x10000, 92, 0, 0, 1, backup, 34, backup - 34, b"d" * 16, 2, 128, 128]
    header = struct.pack("<8sIIIIQQQQ16sQIII", *fields, zlib.crc32(entries))
    head[SECTOR : SECTOR + 92] = header
    struct.pack_into("<I", head, SECTOR + 16, zlib.crc32(header))
    return head


def head_with_mbr(*runs: tuple[int, int]) -> bytearray:
    head = bytearray(HEAD_BYTES)
    head[510:512] = b"\x55\xaa"
    for number, (first, count) in enumerate(runs):
        struct.pack_into("<B3sB3sII", head, 446 + 16 * number, 0, b"", 0x0C, b"", first, count)
    return head


def test_gpt_tells_length_and_boot_partition() -> None:
    assert read_layout(bytes(head_with_gpt())) == ImageLayout(
        size_bytes=49152 * SECTOR, boot=Extent(2048 * SECTOR, 8192 * SECTOR)
    )


def test_older_table_tells_length_and_boot_partition() -> None:
    # As Raspberry Pi OS has it: the second partition ends the image.
    assert read_layout(bytes(head_with_mbr((8192, 8192), (16384, 1000)))) == ImageLayout(
        size_bytes=17384 * SECTOR, boot=Extent(8192 * SECTOR, 8192 * SECTOR)
    )


@pytest.mark.parametrize("place", [SECTOR + 32, 2 * SECTOR + 32], ids=["header", "entry"])
def test_gpt_with_one_changed_bit_is_refused(place: int) -> None:
    head = head_with_gpt()
    head[place] ^= 1
    with pytest.raises(FlashError, match="damaged"):
        read_layout(bytes(head))


@pytest.mark.parametrize(
    "head",
    [
        pytest.param(bytes(HEAD_BYTES), id="nothing"),
        pytest.param(bytes(head_with_gpt()[:-1]), id="too short"),
        pytest.param(bytes(head_with_mbr()), id="empty table"),
        pytest.param(bytes(head_with_gpt(first=34)), id="partition where the head is"),
        pytest.param(bytes(head_with_gpt(last=60000)), id="partition beyond the end"),
        pytest.param(bytes(head_with_gpt(first=3000, last=2999)), id="partition of no length"),
    ],
)
def test_what_is_no_image_of_ours_is_refused(head: bytes) -> None:
    with pytest.raises(FlashError):
        read_layout(head)


@pytest.mark.parametrize("place", [43, 71], ids=["FAT16", "FAT32"])
def test_boot_partition_is_known_by_its_label(place: int) -> None:
    sector = bytearray(SECTOR)
    sector[510:] = b"\x55\xaa"
    sector[place : place + 11] = b"EDGE-LPR   "
    require_boot_file_system(bytes(sector))
    sector[place] = ord("X")
    with pytest.raises(FlashError, match="EDGE-LPR"):
        require_boot_file_system(bytes(sector))
