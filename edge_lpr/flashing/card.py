"""A card that is being written: read ``write_card`` to know the order of everything.

The first megabyte holds the partition table. It is taken away before anything is written, and put
back after everything else has been read back. In between, whatever happens, the card has no
partitions: no booth starts from it, and its first words say that it is not whole.
"""

import contextlib
import errno
import fcntl
import hashlib
import mmap
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from edge_lpr.core.errors import FlashError
from edge_lpr.core.folder_sync import sync_folder
from edge_lpr.flashing.boot_files import get_file, put_file
from edge_lpr.flashing.disk import size
from edge_lpr.flashing.image_file import CHUNK_BYTES, ImageStream
from edge_lpr.flashing.image_layout import HEAD_BYTES, Extent
from edge_lpr.flashing.progress import Progress

NOT_WHOLE: Final = b"edge-lpr: this card is not whole. Writing it was stopped; flash it again.\n"
"""The first words of a card that is being written."""

_SYNC_BYTES: Final = 16 * CHUNK_BYTES
"""So much may wait in memory: more, and the progress would tell of memory and not of the card."""

_BLKRRPART: Final = 0x125F
"""Asks the kernel to read the partition table anew.

Source: ``include/uapi/linux/fs.h``.
"""


@dataclass(frozen=True, slots=True)
class Card:
    """Where an image goes, open for writing and for nobody else."""

    descriptor: int
    """The open card or file."""
    path: Path
    """Its name, for messages and for reading back."""
    size_bytes: int
    """How much fits."""


@contextlib.contextmanager
def opened_disk(path: Path, size_bytes: int) -> Iterator[Card]:
    """Claim a disk: as long as it is open, nobody can mount it or build anything on it.

    Args:
        path: The block device.
        size_bytes: Its size, as it was shown.

    Yields:
        The card.

    Raises:
        FlashError: It is in use after all, or may not be written by this user.
    """
    try:
        # On a block device O_EXCL is the kernel's own word on whether anybody uses it.
        descriptor = os.open(path, os.O_RDWR | os.O_EXCL | os.O_CLOEXEC)
    except OSError as error:
        raise _refused(path, error) from error
    try:
        # Between the person's word and now a reader may have been given another card.
        if os.lseek(descriptor, 0, os.SEEK_END) != size_bytes:
            raise FlashError(f"{path}: another card is in than a moment ago; start again")
        yield Card(descriptor, path, size_bytes)
        # Not all readers can, and whoever takes the card out needs none of it.
        with contextlib.suppress(OSError):
            fcntl.ioctl(descriptor, _BLKRRPART)
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def opened_file(path: Path, size_bytes: int) -> Iterator[Card]:
    """Begin an image file; it gets its name once it is whole, and is removed otherwise.

    Args:
        path: What it will be called.
        size_bytes: How long it will be.

    Yields:
        The file.

    Raises:
        FlashError: There is a file of that name, or it cannot be written.
    """
    if path.exists() or path.is_symlink():
        raise FlashError(f"{path}: is there already; remove it, or name another file")
    part = path.with_name(f".{path.name}.part")
    try:
        part.unlink(missing_ok=True)
        # It will hold a ticket and perhaps passwords.
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        descriptor = os.open(part, flags, 0o600)
    except OSError as error:
        raise _refused(path, error) from error
    try:
        os.truncate(descriptor, size_bytes)
        yield Card(descriptor, part, size_bytes)
        _name(part, path)
    finally:
        os.close(descriptor)
        part.unlink(missing_ok=True)


def write_card(
    card: Card,
    image: ImageStream,
    files: Mapping[str, bytes],
    progress: Callable[[str, int], Progress],
) -> None:
    """Write an image and the installer's files, and see that the card holds them.

    Args:
        card: At least as large as the image.
        image: At its beginning.
        files: Names and contents for the root of the boot partition.
        progress: Makes what shows how far it is, from a word and a count of bytes.

    Raises:
        FlashError: The image is damaged, or the card does not keep what is written.
    """
    # 1. From here on the card says that it is not whole.
    _begin(card, image.layout.size_bytes)
    # 2. Everything but the head.
    digests = write_body(card, image, progress("writing", image.layout.size_bytes - HEAD_BYTES))
    # 3. Is it there? Before the files are added, so that it is the image that is compared.
    verify_body(
        card,
        image.layout.size_bytes,
        digests,
        progress("reading", image.layout.size_bytes - HEAD_BYTES),
    )
    # 4. The files, each read back.
    add_files(card, image.layout.boot, files)
    # 5. The head: now it is whole.
    _write(card, image.head, 0)
    _sync(card)
    (head,) = _read_back(card, 0, HEAD_BYTES)
    if head != image.head:
        raise _not_kept(card, 0)


def write_body(card: Card, image: ImageStream, progress: Progress) -> list[bytes]:
    """Write an image but for its head.

    Args:
        card: Where to.
        image: With its head taken off.
        progress: Told of every chunk.

    Returns:
        A digest of every chunk of ``CHUNK_BYTES``, the last one shorter.

    Raises:
        FlashError: The image is damaged, or the card cannot be written.
    """
    digests = []
    offset = unsynced = HEAD_BYTES
    for chunk in image.chunks():
        _write(card, chunk, offset)
        digests.append(hashlib.sha256(chunk).digest())
        offset += len(chunk)
        if offset - unsynced >= _SYNC_BYTES:
            _sync(card)
            unsynced = offset
        progress.advance(len(chunk))
    _sync(card)
    progress.finish()
    return digests


def verify_body(card: Card, size_bytes: int, digests: list[bytes], progress: Progress) -> None:
    """Read back what ``write_body`` has written, from the card and not from memory.

    Args:
        card: What was written.
        size_bytes: Length of the image.
        digests: What ``write_body`` returned.
        progress: Told of every chunk.

    Raises:
        FlashError: Something else is read than was written, or nothing.
    """
    _forget_what_is_cached(card)
    offset = HEAD_BYTES
    for chunk, digest in zip(_read_back(card, offset, size_bytes), digests, strict=True):
        if hashlib.sha256(chunk).digest() != digest:
            raise _not_kept(card, offset)
        offset += len(chunk)
        progress.advance(len(chunk))
    progress.finish()


def add_files(card: Card, boot: Extent, files: Mapping[str, bytes]) -> None:
    """Put files into the root of a card's boot partition, and see that the card holds them.

    Args:
        card: With a boot partition.
        boot: Where that is.
        files: Names and contents, in the order of writing.

    Raises:
        FlashError: There is no room, or the card does not keep what is written.
    """
    for name, content in files.items():
        put_file(card.descriptor, boot, name, content)
    _forget_what_is_cached(card)
    for name, content in files.items():
        if get_file(card.descriptor, boot, name) != content:
            raise _not_kept(card, boot.offset_bytes)


def _begin(card: Card, image_bytes: int) -> None:
    """Take the old partition table away, and its backup at the end of the card."""
    if card.size_bytes < image_bytes:
        raise FlashError(
            f"{card.path}: has {size(card.size_bytes)}, and the image needs {size(image_bytes)}; "
            "take a larger card"
        )
    _write(card, NOT_WHOLE.ljust(HEAD_BYTES, b"\0"), 0)
    _write(card, bytes(HEAD_BYTES), card.size_bytes - HEAD_BYTES)
    _sync(card)


def _write(card: Card, content: bytes, offset: int) -> None:
    """Write all of it."""
    rest = memoryview(content)
    try:
        while rest:
            written = os.pwrite(card.descriptor, rest, offset)
            rest, offset = rest[written:], offset + written
    except OSError as error:
        raise _failed(card, "written", offset, error) from error


def _sync(card: Card) -> None:
    """Wait until what was written is on the card."""
    try:
        os.fsync(card.descriptor)
    except OSError as error:
        raise FlashError(
            f"{card.path}: cannot be written ({error.strerror}); take another card"
        ) from error


def _forget_what_is_cached(card: Card) -> None:
    """Make sure that what is read next comes from the card."""
    _sync(card)
    os.posix_fadvise(card.descriptor, 0, 0, os.POSIX_FADV_DONTNEED)


def _read_back(card: Card, offset: int, end: int) -> Iterator[bytes]:
    """Yield what the card holds, in chunks of ``CHUNK_BYTES``, past the kernel's cache."""
    descriptor = _open_past_cache(card)
    try:
        # Reading past the cache needs memory that begins with a page.
        with mmap.mmap(-1, CHUNK_BYTES) as memory:
            while offset < end:
                wanted = min(CHUNK_BYTES, end - offset)
                taken = os.preadv(descriptor, [memory], offset)
                if taken < wanted:
                    raise _not_kept(card, offset + taken)
                yield memory[:wanted]
                offset += wanted
    except OSError as error:
        raise _failed(card, "read", offset, error) from error
    finally:
        os.close(descriptor)


def _open_past_cache(card: Card) -> int:
    """Open the card a second time, to read it past the cache where its file system can."""
    flags = os.O_RDONLY | os.O_CLOEXEC
    try:
        return os.open(card.path, flags | os.O_DIRECT)
    except OSError as error:
        # tmpfs can not; there is no card behind it either.
        if error.errno != errno.EINVAL:
            raise _failed(card, "read", 0, error) from error
        return os.open(card.path, flags)


def _name(part: Path, path: Path) -> None:
    """Give a whole file its name, and wait until that is on the disk."""
    try:
        part.rename(path)
        sync_folder(path.parent)
    except OSError as error:
        raise _refused(path, error) from error


def _refused(path: Path, error: OSError) -> FlashError:
    """Return the error that says why a card or file cannot be opened."""
    advice = {
        errno.EBUSY: "something on this computer uses it; eject it, and close what shows it",
        errno.EACCES: "run this with sudo",
        errno.EROFS: "slide the lock at the card's edge",
        errno.ENOMEDIUM: "put a card into the reader",
        errno.ENOSPC: "there is not enough room",
    }.get(error.errno or 0, "is the path right?")
    return FlashError(f"{path}: cannot be written ({error.strerror}); {advice}")


def _failed(card: Card, what: str, offset: int, error: OSError) -> FlashError:
    """Return the error for a card that does not answer."""
    return FlashError(
        f"{card.path}: cannot be {what} at {size(offset)} ({error.strerror}); take another card"
    )


def _not_kept(card: Card, offset: int) -> FlashError:
    """Return the error for a card that answers with something else."""
    return FlashError(
        f"{card.path}: what is read at {size(offset)} is not what was written; the card is damaged "
        "or smaller than it says. Take another, and throw this one away"
    )
