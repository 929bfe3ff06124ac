"""Opens what packs other files, so that a search sees them: gzip, xz, zstd, zip, an initramfs."""

import gzip
import io
import lzma
import re
import subprocess
import zipfile
import zlib
from collections.abc import Iterator
from typing import IO, Final

from edge_lpr.core.errors import ImageError

_MAXIMUM_BYTES: Final = 1 << 30
"""More of one file is no file of a booth's."""

_DEEPEST: Final = 2
"""A wheel within a compressed archive."""

_GZIP: Final = b"\x1f\x8b\x08"
_XZ: Final = b"\xfd7zXZ\0"
_ZIP: Final = b"PK\x03\x04"
_ZSTD: Final = b"\x28\xb5\x2f\xfd"
_CPIO: Final = b"070701"
_CPIO_THEN_ZSTD: Final = re.compile(b"TRAILER!!!" + rb"\0+(" + re.escape(_ZSTD) + rb")")
"""The first archive's last entry, filled up with zeros, and the second archive."""


def layers(where: str, content: bytes, depth: int = _DEEPEST) -> Iterator[tuple[str, bytes]]:
    """Yield a file's content and all that is packed in it, each with a name.

    Args:
        where: The file's path.
        content: All of it.
        depth: How often a packed file is opened again.

    Raises:
        ImageError: It begins like a packed file and cannot be opened.
    """
    yield where, content
    if depth:
        for name, part in _parts(where, content):
            yield from layers(f"{where}!{name}", part, depth - 1)


def _parts(where: str, content: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield what is packed in a file, if it is of a kind that packs."""
    try:
        if content.startswith(_GZIP):
            with gzip.open(io.BytesIO(content)) as file:
                yield "gzip", _bounded(file)
        elif content.startswith(_XZ):
            with lzma.open(io.BytesIO(content)) as file:
                yield "xz", _bounded(file)
        elif content.startswith(_ZIP):
            yield from _members(content)
        elif (start := _zstd_start(content)) is not None:
            yield "zstd", _unpack_zstd(content[start:])
    except (OSError, EOFError, ValueError, zlib.error, lzma.LZMAError, zipfile.BadZipFile) as error:
        raise ImageError(f"{where}: begins like a packed file and cannot be opened") from error


def _members(content: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield the files of a zip archive."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        for entry in archive.infolist():
            with archive.open(entry) as file:
                yield entry.filename, _bounded(file)


def _bounded(file: IO[bytes] | gzip.GzipFile) -> bytes:
    """Return what a packed file holds."""
    content = file.read(_MAXIMUM_BYTES + 1)
    if len(content) > _MAXIMUM_BYTES:
        raise ValueError("more than a gigabyte")
    return content


def _zstd_start(content: bytes) -> int | None:
    """Return where zstd's part begins: at once, or in an initramfs behind its first archive."""
    if content.startswith(_ZSTD):
        return 0
    match = _CPIO_THEN_ZSTD.search(content) if content.startswith(_CPIO) else None
    return match.start(1) if match else None


def _unpack_zstd(content: bytes) -> bytes:
    """Return what zstd packed, by its own program: Python knows it from 3.14 on."""
    try:
        return subprocess.run(
            ["zstd", "--decompress", "--stdout", "--quiet"],  # noqa: S607 - found by PATH
            input=content,
            capture_output=True,
            check=True,
        ).stdout
    except FileNotFoundError as error:
        raise ImageError("zstd is missing; apt install zstd") from error
    except subprocess.CalledProcessError as error:
        raise ValueError("zstd refuses it") from error
