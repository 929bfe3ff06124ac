"""Small images of disks with a boot partition, made by the tools that make the real one."""

import hashlib
import lzma
import os
import random
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tests.support.disks import without_disks

MIB: Final = 1024 * 1024
SBIN: Final = "/usr/sbin:/sbin"

GPT: Final = (
    "label: gpt\nstart=2048, size=8192, type=U, name=boot\nstart=10240, type=L, name=system-a\n"
)
MBR: Final = "label: dos\nstart=8192, size=8192, type=c\nstart=16384, type=83\n"


def tool(name: str) -> str:
    """A program that Debian keeps off an ordinary user's path; without it the test is skipped."""
    found = shutil.which(name) or shutil.which(name, path=SBIN)
    if found is None:
        without_disks(f"needs {name}")
    return found


def make_image(path: Path, table: str = GPT, size_mib: int = 24, label: str = "EDGE-LPR") -> Path:
    """Make an image of which no two sectors of different blocks are the same, and its checksum."""
    blocks = random.Random(7)  # noqa: S311 - no secret
    content = bytearray().join(blocks.randbytes(512) * 128 for _ in range(size_mib * 16))
    content[:MIB] = bytes(MIB)
    path.write_bytes(content)
    subprocess.run(
        [tool("sfdisk"), "--quiet", str(path)],
        input=table.encode(),
        check=True,
        capture_output=True,
    )
    first = table.partition("start=")[2].partition(",")[0]
    command = [tool("mkfs.vfat"), "-n", label, "--offset", first, str(path), "4096"]
    subprocess.run(command, check=True, capture_output=True)
    return with_checksum(path)


def packed(image: Path, ending: str) -> Path:
    """Pack an image beside it, with a checksum of its own."""
    path = image.with_name(f"{image.name}{ending}")
    if ending == ".xz":
        path.write_bytes(lzma.compress(image.read_bytes(), preset=0))
    else:
        command = [tool("zstd"), "--quiet", "-1", "-o", str(path), str(image)]
        subprocess.run(command, check=True)
    return with_checksum(path)


def with_checksum(path: Path) -> Path:
    """Write the checksum of a file beside it, as ``sha256sum`` does."""
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    path.with_name(f"{path.name}.sha256").write_text(f"{digest}  {path.name}\n")
    return path


def blank_card(path: Path, beginning: bytes = b"") -> Path:
    """Make what stands for a card of 3 GiB; it takes no room until it is written."""
    path.write_bytes(beginning)
    os.truncate(path, 3 * 1024 * MIB)
    return path


def ends_of(path: Path) -> tuple[bytes, bytes]:
    """Return the first and the last megabyte of a card."""
    with path.open("rb") as file:
        first = file.read(MIB)
        file.seek(-MIB, os.SEEK_END)
        return first, file.read()


@contextmanager
def loop_device(backing: Path) -> Iterator[Path]:
    """A real block device whose content is a file; without root the test is skipped."""
    command = [tool("losetup"), "--find", "--show", "--partscan", str(backing)]
    made = subprocess.run(command, capture_output=True, text=True, check=False)
    if made.returncode != 0:
        without_disks(f"needs loop devices: {made.stderr.strip()}")
    device = Path(made.stdout.strip())
    try:
        yield device
    finally:
        subprocess.run([tool("losetup"), "--detach", str(device)], check=True)
