"""What lies packed or written out inside of bytes: streams, base64, hexadecimal, numbers."""

import base64
import binascii
import bz2
import contextlib
import lzma
import re
import zlib
from collections.abc import Callable, Iterator
from typing import Final, Protocol

MAXIMUM_UNPACKED_BYTES: Final = 1 << 24
"""Of one stream; a picture of the lane has 3 MB."""

_DEPTH: Final = 3
"""A picture in base64 in a compressed file is two."""

_MOST_STREAMS: Final = 200_000
_SMALLEST_BYTES: Final = 5
_TRIAL_BYTES: Final = 1 << 12
"""How much is tried first: what is no stream mostly fails at once."""


_FAULTS: Final = (zlib.error, lzma.LZMAError, OSError, ValueError, EOFError)


class _Decompressor(Protocol):
    def decompress(self, data: bytes, max_length: int, /) -> bytes: ...


def _zlib() -> _Decompressor:
    return zlib.decompressobj()


def _gzip() -> _Decompressor:
    return zlib.decompressobj(16 + zlib.MAX_WBITS)


def _deflate() -> _Decompressor:
    return zlib.decompressobj(-zlib.MAX_WBITS)


_STREAMS: Final[tuple[tuple[str, bytes, Callable[[], _Decompressor]], ...]] = (
    ("gzip", rb"\x1f\x8b\x08[\x00-\x1f]", _gzip),
    ("zlib", rb"\x78[\x01\x5e\x9c\xda]", _zlib),
    ("xz", rb"\xfd7zXZ\x00", lzma.LZMADecompressor),
    ("bzip2", rb"BZh[1-9]1AY&SY", bz2.BZ2Decompressor),
)
_ZIP_ENTRY: Final = re.compile(rb"PK\x03\x04.{22}(..)(..)", re.DOTALL)
_BASE64: Final = re.compile(rb"[A-Za-z0-9+/_-]{8,}")
_HEXADECIMAL: Final = re.compile(rb"(?:(?:\\x|0x)?[0-9A-Fa-f]{2}[: ,]?){5,}")
_NUMBERS: Final = re.compile(rb"(?:[0-9]{1,3}[,\s]{1,2}){4,}[0-9]{1,3}")


def unpacked(content: bytes, depth: int = _DEPTH) -> Iterator[tuple[str, bytes]]:
    """Yield everything that is packed in some bytes, and what is packed in that in turn.

    Args:
        content: Anything.
        depth: How often to unpack what was unpacked.

    Yields:
        How it was packed, outermost last, and the bytes.
    """
    if not depth:
        return
    for way, inner in _once(content):
        if len(inner) < _SMALLEST_BYTES:
            continue
        yield way, inner
        for inside, innermost in unpacked(inner, depth - 1):
            yield f"{inside} in {way}", innermost


def _once(content: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield what is packed in some bytes; texts of one kind are put together."""
    for name, signature, decompressor in _STREAMS:
        for count, match in enumerate(re.finditer(signature, content, re.DOTALL)):
            if count == _MOST_STREAMS:
                break
            yield name, _stream(content, match.start(), decompressor)
    for match in _ZIP_ENTRY.finditer(content):
        skipped = int.from_bytes(match[1], "little") + int.from_bytes(match[2], "little")
        yield "zip", _stream(content, match.end() + skipped, _deflate)
    yield "base64", b"\n".join(_base64(content))
    yield "hexadecimal", b"\n".join(_hexadecimal(content))
    yield "numbers", b"\n\xff".join(_numbers(content))


def _stream(content: bytes, start: int, decompressor: Callable[[], _Decompressor]) -> bytes:
    """Return as much of a stream as comes out of it; a damaged one's beginning too."""
    found = _decompressed(content[start : start + _TRIAL_BYTES], decompressor)
    if found is None:
        return _before_the_break(content[start : start + _TRIAL_BYTES], decompressor)
    whole = _decompressed(content[start : start + MAXIMUM_UNPACKED_BYTES], decompressor)
    return found if whole is None else whole


def _decompressed(packed: bytes, decompressor: Callable[[], _Decompressor]) -> bytes | None:
    """Return what is packed; ``None`` if it is none or breaks off."""
    try:
        return decompressor().decompress(packed, MAXIMUM_UNPACKED_BYTES)
    except _FAULTS:
        return None


def _before_the_break(packed: bytes, decompressor: Callable[[], _Decompressor]) -> bytes:
    """Return what comes out of a stream before the byte at which it breaks."""
    machine, found = decompressor(), bytearray()
    with contextlib.suppress(*_FAULTS):
        for octet in packed:
            found += machine.decompress(bytes([octet]), _TRIAL_BYTES)
    return bytes(found)


def _base64(content: bytes) -> Iterator[bytes]:
    """Yield what texts in base64 or base64url say, wherever a group of four begins."""
    for match in _BASE64.finditer(content):
        text = match[0].replace(b"-", b"+").replace(b"_", b"/")
        for lead in range(4):
            part = text[lead:]
            yield base64.b64decode(part[: len(part) // 4 * 4])
            rest = part[len(part) // 4 * 4 :]
            if lead == 0 and len(rest) > 1:
                yield base64.b64decode(part + b"=" * (4 - len(rest)))


def _hexadecimal(content: bytes) -> Iterator[bytes]:
    """Yield what octets in hexadecimal say, whichever digit is a first one."""
    for match in _HEXADECIMAL.finditer(content):
        digits = re.sub(rb"\\x|0x|[: ,]", b"", match[0])
        for lead in range(2):
            part = digits[lead:]
            yield binascii.unhexlify(part[: len(part) // 2 * 2])


def _numbers(content: bytes) -> Iterator[bytes]:
    """Yield lists of numbers below 256 as bytes."""
    for match in _NUMBERS.finditer(content):
        numbers = [int(number) for number in re.findall(rb"[0-9]+", match[0])]
        if max(numbers) < 256:
            yield bytes(numbers)
