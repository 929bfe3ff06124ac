"""Says what is on a card before it is overwritten, so that nobody overwrites the wrong one."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from edge_lpr.core.errors import FlashError, InstallationError
from edge_lpr.flashing.boot_files import get_file
from edge_lpr.flashing.card import NOT_WHOLE
from edge_lpr.flashing.image_layout import (
    HEAD_BYTES,
    SECTOR_BYTES,
    Extent,
    read_layout,
    require_boot_file_system,
)
from edge_lpr.installation.model import INSTALLATION_FILE_NAME
from edge_lpr.installation.reading import parse_installation

_TABLE_SIGNATURE: Final = b"\x55\xaa"


@dataclass(frozen=True, slots=True)
class CardContents:
    """What is on a card."""

    text: str
    """For people."""
    booth: tuple[str, str] | None
    """Site and device, if it is a card that no booth has started from yet."""


def look_at(path: Path) -> CardContents:
    """Return what is on a card.

    Args:
        path: The block device.

    Raises:
        FlashError: It cannot be read.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        raise FlashError(
            f"{path}: cannot be read ({error.strerror}); run this with sudo, and is the card in?"
        ) from error
    try:
        return _contents(descriptor)
    except OSError as error:
        raise FlashError(f"{path}: cannot be read ({error.strerror}); take another card") from error
    finally:
        os.close(descriptor)


def find_boot(descriptor: int) -> Extent:
    """Return where the boot partition of a booth's card is.

    Args:
        descriptor: The open card.

    Raises:
        FlashError: It is no card of a booth, or was not written to its end.
    """
    untrusted_head = os.pread(descriptor, HEAD_BYTES, 0)
    if untrusted_head.startswith(NOT_WHOLE):
        raise FlashError("writing this card was stopped; flash it anew")
    try:
        boot = read_layout(untrusted_head).boot
        require_boot_file_system(os.pread(descriptor, SECTOR_BYTES, boot.offset_bytes))
    except FlashError as error:
        raise FlashError("this is no card of a booth; flash it first") from error
    return boot


def _contents(descriptor: int) -> CardContents:
    """Return what is on an open card."""
    untrusted_head = os.pread(descriptor, HEAD_BYTES, 0)
    if untrusted_head.startswith(NOT_WHOLE):
        return CardContents("a booth's card of which writing was stopped", None)
    try:
        boot = find_boot(descriptor)
    except FlashError:
        has_table = untrusted_head[SECTOR_BYTES - 2 : SECTOR_BYTES] == _TABLE_SIGNATURE
        return CardContents(
            "partitions or files of something else" if has_table else "nothing known", None
        )
    untrusted_answers = get_file(descriptor, boot, INSTALLATION_FILE_NAME)
    try:
        if untrusted_answers is not None:
            found = parse_installation(untrusted_answers, INSTALLATION_FILE_NAME)
            text = f"the card of {found.site}/{found.device}, which has not started from it yet"
            return CardContents(text, (found.site, found.device))
    except InstallationError:
        pass
    return CardContents("the card of a booth that has started from it", None)
