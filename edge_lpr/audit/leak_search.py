"""Searches bytes for known plates, keys and pictures, in every form in which they could leak.

Pure: what is searched (logs, state folders, messages) is for the caller to collect. A finding says
where and in which form, never which plate or key, because findings are printed and pasted.
"""

import base64
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from edge_lpr.core.alphabet import PLATE_ALPHABET

_SEPARATOR: Final = " -._/"
"""What may stand between two characters of a printed plate."""

_ENCODINGS: Final = ("ascii", "utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be")
_ELEMENT_BYTES: Final = (1, 2, 4, 8)
"""Widths of the elements of an index array."""

_INDEX_BASES: Final = {"class indices": 0, "class indices + 1": 1}
"""Our own numbering, and that of the reader's network, whose class 0 is the blank."""

_BASE64_BITS: Final = 6
_BYTE_BITS: Final = 8

PICTURE_SIGNATURES: Final = {
    "JPEG": rb"\xff\xd8\xff[\xc0-\xfe]",
    "PNG": rb"\x89PNG\r\n\x1a\n",
    "GIF": rb"GIF8[79]a",
    "BMP": rb"BM.{4}\x00{4}.{2}\x00\x00[\x0c\x28\x34\x38\x40\x6c\x7c]\x00{3}",
    "TIFF": rb"II[*+]\x00|MM\x00[*+]",
    "WebP": rb"RIFF.{4}WEBP",
    "AVI": rb"RIFF.{4}AVI ",
    "MP4": rb"ftyp(?:isom|iso[2-6]|mp4[12]|avc1|M4V |qt  )",
    "Matroska": rb"\x1a\x45\xdf\xa3",
    "NumPy array": rb"\x93NUMPY",
    "Netpbm": rb"\AP[1-7]\s",
    "JPEG in base64": rb"[/_]9j[/_]4[A-Z]",
    "PNG in base64": rb"iVBORw0KGgo",
}
"""How pictures and videos begin, as regular expressions over bytes."""


@dataclass(frozen=True, slots=True)
class Leak:
    """Something that must not be there."""

    where: str
    """Name of what was searched: a file, a topic."""
    form: str
    """In which form a plate or a picture was found."""
    offset: int
    """Where it begins, in bytes."""


class LeakSearch:
    """A search for plates and keys, and for any picture. Its ``repr`` shows neither."""

    def __init__(self, plates: Iterable[str], keys: Iterable[bytes] = ()) -> None:
        """Prepare the search.

        Args:
            plates: Plates as A-Z and 0-9, at least five characters each: shorter ones turn up in
                random bytes.
            keys: Secret keys, at least eight bytes each, for the same reason.
        """
        patterns: dict[str, list[bytes]] = {}
        for plate in plates:
            for form, pattern in _plate_patterns(plate):
                patterns.setdefault(form, []).append(pattern)
        for key in keys:
            for form, pattern in _key_patterns(key):
                patterns.setdefault(form, []).append(pattern)
        self._searches = {
            form: re.compile(b"|".join(alternatives), re.DOTALL)
            for form, alternatives in patterns.items()
        }
        self._searches |= {
            form: re.compile(pattern, re.DOTALL) for form, pattern in PICTURE_SIGNATURES.items()
        }

    @property
    def forms(self) -> tuple[str, ...]:
        """Every form that is searched for."""
        return tuple(self._searches)

    def search(self, content: bytes, where: str) -> list[Leak]:
        """Search one piece of content.

        Args:
            content: Bytes of a file or a message. Not modified.
            where: What to call it in the findings.

        Returns:
            The first finding of each form; empty if there is nothing.
        """
        return [
            Leak(where, form, match.start())
            for form, pattern in self._searches.items()
            if (match := pattern.search(content)) is not None
        ]


def _plate_patterns(plate: str) -> Iterator[tuple[str, bytes]]:
    """Yield form and pattern of every form of one plate."""
    for encoding in _ENCODINGS:
        yield encoding, _text_pattern(plate, encoding)
    yield "hexadecimal", _separated((f"{octet:02x}" for octet in plate.encode()), rb"(?:[: ]|\\x)?")
    for name, content in (("text", plate.encode()), ("text", plate.lower().encode())):
        for pattern in _base64_patterns(content):
            yield f"{name} in base64", pattern
    for name, first in _INDEX_BASES.items():
        yield from _index_patterns([PLATE_ALPHABET.index(c.encode()) + first for c in plate], name)


def _key_patterns(key: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield form and pattern of every form of one key."""
    yield "key", re.escape(key)
    yield "key, repr of bytes", re.escape(repr(key)[2:-1].encode())
    yield "key, hexadecimal", _separated((f"{octet:02x}" for octet in key), rb"(?:[: ]|\\x)?")
    yield "key, as numbers", rb"[,\s]+".join(b"%d" % octet for octet in key)
    for pattern in _base64_patterns(key):
        yield "key in base64", pattern


def _index_patterns(indices: list[int], name: str) -> Iterator[tuple[str, bytes]]:
    """Yield form and pattern of every form of an array of indices."""
    for width in _ELEMENT_BYTES:
        for order in ("little", "big") if width > 1 else ("little",):
            array = b"".join(index.to_bytes(width, order) for index in indices)
            yield f"{name}, {8 * width} bits, {order}", re.escape(array)
    numbers = rb"[,\s]+".join(b"%d" % index for index in indices)
    yield f"{name}, as numbers", rb"(?<!\d)" + numbers + rb"(?!\d)"
    yield f"{name}, repr of bytes", re.escape(repr(bytes(indices))[2:-1].encode())
    for pattern in _base64_patterns(bytes(indices)):
        yield f"{name} in base64", pattern


def _text_pattern(plate: str, encoding: str) -> bytes:
    """Match a text in either case, with or without separators between its characters."""
    separator = b"|".join(re.escape(mark.encode(encoding)) for mark in _SEPARATOR)
    characters = (
        b"(?:%s|%s)"
        % (re.escape(character.encode(encoding)), re.escape(character.lower().encode(encoding)))
        for character in plate
    )
    return (b"(?:%s)?" % separator).join(characters)


def _separated(parts: Iterable[str], separator: bytes) -> bytes:
    """Match parts in either case with an optional separator between them."""
    return separator.join(b"(?:%s|%s)" % (part.encode(), part.upper().encode()) for part in parts)


def _base64_patterns(content: bytes) -> Iterator[bytes]:
    """Match content anywhere inside something encoded as base64 or base64url.

    Where the content starts within a group of three bytes decides how it is cut into characters;
    the characters at both ends that also hold a neighbour's bits are left out.
    """
    for lead in range(3):
        encoded = base64.b64encode(bytes(lead) + content)
        first = -(-lead * _BYTE_BITS // _BASE64_BITS)
        last = (lead + len(content)) * _BYTE_BITS // _BASE64_BITS
        pattern = re.escape(encoded[first:last])
        yield pattern.replace(rb"\+", b"[+-]").replace(b"/", b"[/_]")
