"""Looks for pictures in everything that was stolen.

Signatures of a few bytes turn up by chance in megabytes of random tokens, so a JPEG counts only if
a second marker stands where the first one says. The others are long enough.
"""

import base64
import binascii
import re
from collections.abc import Iterable
from typing import Final

from edge_lpr.audit.leak_search import PICTURE_SIGNATURES

_JPEG: Final = "JPEG"
_JPEG_IN_BASE64: Final = "JPEG in base64"
_ENCODED_BYTES: Final = 1 << 18
"""How much of a text is decoded to see whether it is a picture: a segment has at most 64 kB."""

_MARKER: Final = 0xFF
_SEGMENT_START: Final = 4
"""Where the length of the first segment stands, behind two markers."""

_SEARCHES: Final = {
    name: re.compile(pattern, re.DOTALL) for name, pattern in PICTURE_SIGNATURES.items()
}


def find_pictures(contents: Iterable[tuple[str, bytes]]) -> list[str]:
    """Return where pictures were found, and of what kind.

    Args:
        contents: Name and bytes of everything stolen.
    """
    return [
        f"{name}: {kind}"
        for name, content in contents
        for kind, search in _SEARCHES.items()
        if any(_is_picture(kind, content, match.start()) for match in search.finditer(content))
    ]


def _is_picture(kind: str, content: bytes, start: int) -> bool:
    """Return whether a signature is more than a chance."""
    if kind == _JPEG:
        return _has_second_segment(content[start : start + 0x10000 + _SEGMENT_START])
    if kind == _JPEG_IN_BASE64:
        return _has_second_segment(_decoded(content[start : start + _ENCODED_BYTES]))
    return True


def _has_second_segment(picture: bytes) -> bool:
    """Return whether a marker stands behind the first segment."""
    length = int.from_bytes(picture[_SEGMENT_START : _SEGMENT_START + 2], "big")
    follows = _SEGMENT_START + length
    return length >= 2 and len(picture) > follows and picture[follows] == _MARKER  # noqa: PLR2004


def _decoded(text: bytes) -> bytes:
    """Return as much of a text as is base64, decoded."""
    match = re.match(rb"[A-Za-z0-9+/_-]+", text)
    encoded = match.group() if match else b""
    encoded = encoded[: len(encoded) // 4 * 4].replace(b"-", b"+").replace(b"_", b"/")
    try:
        return base64.b64decode(encoded)
    except binascii.Error:
        return b""
