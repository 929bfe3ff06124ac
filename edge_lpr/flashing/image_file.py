"""Reads an image, raw or packed with xz or zstd, and holds it against its checksum first."""

import contextlib
import hashlib
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from edge_lpr.core.errors import FlashError
from edge_lpr.flashing.image_layout import (
    HEAD_BYTES,
    SECTOR_BYTES,
    ImageLayout,
    read_layout,
    require_boot_file_system,
)

CHUNK_BYTES: Final = 4 * 1024 * 1024
"""How much is read, written and held against its checksum at a time."""

_UNPACKERS: Final = {".xz": ("xz", "xz-utils"), ".zst": ("zstd", "zstd")}
"""Ending to program and Debian's package with it. Programs, because Python 3.10 to 3.13 cannot read
zstd, and because they work on another core while we write."""

_MAXIMUM_BEFORE_BOOT: Final = 64 * 1024 * 1024
"""Raspberry Pi OS has its boot partition at 4 or 8 MiB, we at 1 MiB."""

_CHECKSUM_LINE: Final = re.compile(r"([0-9a-fA-F]{64})(?:[ \t]+\*?(?P<name>[^\r\n]+))?")
_MAXIMUM_CHECKSUM_BYTES: Final = 4096


@dataclass(frozen=True, slots=True)
class Image:
    """An image that has been held against its checksum."""

    path: Path
    """The file."""
    sha256: str
    """Of the file as it is, packed or not; 64 hexadecimal digits."""
    layout: ImageLayout
    """What its partition table says."""


class ImageStream:
    """The unpacked content of an image, from its beginning to its end."""

    def __init__(self, file: IO[bytes], unpacker: "subprocess.Popen[bytes] | None") -> None:
        """Take the first megabyte off, and read the partition table from it.

        Args:
            file: Gives the content.
            unpacker: Writes it, if it is packed.

        Raises:
            FlashError: It is no image.
        """
        self._file = file
        self._unpacker = unpacker
        self.head = self._read(HEAD_BYTES)
        """The first ``HEAD_BYTES``."""
        self.layout: ImageLayout = read_layout(self.head)
        """What stands in it."""

    def chunks(self) -> Iterator[bytes]:
        """Yield what follows the head, in chunks of ``CHUNK_BYTES``, the last one shorter.

        Raises:
            FlashError: The image is shorter or longer than its partition table says, or damaged.
        """
        rest = self.layout.size_bytes - len(self.head)
        while rest:
            chunk = self._read(min(CHUNK_BYTES, rest))
            if not chunk:
                raise FlashError("the image ends too early; fetch it again")
            rest -= len(chunk)
            yield chunk
        if self._read(1):
            raise FlashError("the image is longer than its partition table says; fetch it again")
        if self._unpacker is not None and self._unpacker.wait() != 0:
            raise FlashError("the image cannot be unpacked; fetch it again")

    def require_ours(self) -> None:
        """Read up to the boot partition, and refuse an image that has none of ours.

        Raises:
            FlashError: It is no image of a booth.
        """
        rest = self.layout.boot.offset_bytes - len(self.head)
        if rest > _MAXIMUM_BEFORE_BOOT:
            raise FlashError("the image's first partition is not where a booth's image has it")
        self._read(rest)
        require_boot_file_system(self._read(SECTOR_BYTES))

    def _read(self, size: int) -> bytes:
        """Return so many bytes, fewer at the end."""
        try:
            return self._file.read(size)
        except OSError as error:
            raise FlashError(f"the image cannot be read ({error.strerror})") from error


def check_image(path: Path) -> Image:
    """Hold an image against the checksum beside it, and see that it is one of ours.

    This finds a download that went wrong. Whoever can exchange the image can exchange the checksum
    too: both must come from where you trust them to.

    Args:
        path: ``NAME``; the checksum is in ``NAME.sha256``, as ``sha256sum`` writes it.

    Raises:
        FlashError: A file is missing, they do not fit, or it is no image of a booth.
    """
    beside = path.with_name(f"{path.name}.sha256")
    try:
        with path.open("rb") as file:
            found = hashlib.sha256()
            while chunk := file.read(CHUNK_BYTES):
                found.update(chunk)
    except OSError as error:
        raise FlashError(f"{path}: cannot be read ({error.strerror})") from error
    if found.hexdigest() != _expected(beside, path.name):
        raise FlashError(f"{path}: is not what {beside.name} says; fetch both again")
    with opened_image(path) as stream:
        stream.require_ours()
        return Image(path, found.hexdigest(), stream.layout)


@contextlib.contextmanager
def opened_image(path: Path) -> Iterator[ImageStream]:
    """Open an image for reading once.

    Args:
        path: Raw, or packed if its name ends in ``.xz`` or ``.zst``.

    Yields:
        What it holds.

    Raises:
        FlashError: It cannot be read or unpacked, or is no image.
    """
    try:
        file = path.open("rb")
    except OSError as error:
        raise FlashError(f"{path}: cannot be read ({error.strerror})") from error
    with file:
        if path.suffix not in _UNPACKERS:
            yield ImageStream(file, None)
            return
        with _unpacked(path, file) as stream:
            yield stream


@contextlib.contextmanager
def _unpacked(path: Path, file: IO[bytes]) -> Iterator[ImageStream]:
    """Unpack a file with the program for it."""
    name, package = _UNPACKERS[path.suffix]
    program = shutil.which(name)
    if program is None:
        raise FlashError(f"{path}: needs {name} to unpack it; sudo apt install {package}")
    command = (program, "--decompress", "--stdout", "--quiet")
    with subprocess.Popen(command, stdin=file, stdout=subprocess.PIPE) as unpacker:  # noqa: S603
        # Popen without text gives one; the type does not say so.
        if unpacker.stdout is None:
            raise FlashError(f"{path}: {name} did not start")
        try:
            yield ImageStream(unpacker.stdout, unpacker)
        finally:
            # Whoever stops in the middle must not wait for the rest.
            unpacker.kill()


def _expected(beside: Path, name: str) -> str:
    """Return the checksum that stands in a file beside the image."""
    try:
        with beside.open("rb") as file:
            untrusted_text = file.read(_MAXIMUM_CHECKSUM_BYTES).decode("utf-8", "replace")
    except FileNotFoundError as error:
        raise FlashError(
            f"{beside}: is missing; fetch it with the image, from whoever gave you that"
        ) from error
    except OSError as error:
        raise FlashError(f"{beside}: cannot be read ({error.strerror})") from error
    for line in untrusted_text.splitlines():
        found = _CHECKSUM_LINE.fullmatch(line.strip())
        if found and (found["name"] is None or found["name"].rpartition("/")[2] == name):
            return found[1].lower()
    raise FlashError(f"{beside}: has no line for {name}; fetch it again")
