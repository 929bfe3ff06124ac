"""Reads ``installation.toml`` as people make it, and refuses what it cannot understand.

Windows writes carriage returns and a byte order mark, and hides that a file is called
``installation.toml.txt``. All of that is taken. A fault is told with the file, each key and what is
allowed, and never with the value, which may be a password.
"""

import json
from pathlib import Path
from typing import Final

import tomli
from pydantic import ValidationError

from edge_lpr.core.errors import InstallationError
from edge_lpr.core.settings_faults import sentences_about
from edge_lpr.installation.model import (
    INSTALLATION_FILE_NAME,
    MAXIMUM_INSTALLATION_BYTES,
    Installation,
)

_NAMES: Final = (INSTALLATION_FILE_NAME, f"{INSTALLATION_FILE_NAME}.txt")
_UTF_16: Final = (b"\xff\xfe", b"\xfe\xff")
_BEYOND: Final = (
    "has a number or a list within lists that is beyond every answer; docs/network.md shows all "
    "that there are"
)
"""What Python cannot hold: an integer of thousands of digits, a thousand lists in each other."""

_CURLY: Final = "\u201c\u201d\u201e\u00ab\u00bb"


def find_installation(folder: Path) -> Path | None:
    """Return the file that an installer has put into a folder, or ``None`` if there is none.

    Args:
        folder: The boot partition, whose names have no case.

    Raises:
        InstallationError: There are several, so that nobody knows which one is meant.
    """
    found = sorted(each for each in folder.iterdir() if each.name.lower() in _NAMES)
    if len(found) > 1:
        names = " and ".join(each.name for each in found)
        raise InstallationError(f"{folder}: there are {names}; leave one, the right one")
    return found[0] if found else None


def read_installation(path: Path) -> Installation:
    """Return the answers of a file, every value within its bounds.

    Args:
        path: The file, at most ``MAXIMUM_INSTALLATION_BYTES`` long.

    Raises:
        InstallationError: The file cannot be read, is no TOML, or holds an unknown key or a value
            that is not allowed; the message names the file, each key and what is allowed.
    """
    try:
        with path.open("rb") as file:
            untrusted_bytes = file.read(MAXIMUM_INSTALLATION_BYTES + 1)
    except OSError as error:
        raise InstallationError(f"{path}: cannot be read ({error.strerror})") from error
    return parse_installation(untrusted_bytes, str(path))


def parse_installation(untrusted_bytes: bytes, name: str) -> Installation:
    """Return the answers that a file's content gives.

    Args:
        untrusted_bytes: UTF-8, with or without a byte order mark and carriage returns.
        name: What errors call it.

    Raises:
        InstallationError: As ``read_installation``.
    """
    if len(untrusted_bytes) > MAXIMUM_INSTALLATION_BYTES:
        raise InstallationError(f"{name}: longer than {MAXIMUM_INSTALLATION_BYTES} bytes")
    if untrusted_bytes.startswith(_UTF_16):
        raise InstallationError(f"{name}: is UTF-16; save it again with the encoding UTF-8")
    try:
        untrusted_text = untrusted_bytes.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InstallationError(f"{name}: is no UTF-8; save it again with that encoding") from error
    try:
        untrusted_document = tomli.loads(untrusted_text)
    except tomli.TOMLDecodeError as error:
        is_curly = any(sign in untrusted_text for sign in _CURLY)
        hint = '; it has typographic quotes, and needs straight ones (")' if is_curly else ""
        raise InstallationError(f"{name}: is no TOML: {error}{hint}") from error
    except (ValueError, RecursionError) as error:
        raise InstallationError(f"{name}: {_BEYOND}") from error
    try:
        # By way of JSON, as in core/settings.py: strict, and a list may stand for a tuple.
        return Installation.model_validate_json(json.dumps(untrusted_document, default=str))
    except ValidationError as error:
        told = sentences_about(error, template="docs/network.md")
        raise InstallationError(f"{name}: {told}") from error
    except (ValueError, RecursionError) as error:
        raise InstallationError(f"{name}: {_BEYOND}") from error
