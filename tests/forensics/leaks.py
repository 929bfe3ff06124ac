"""What the leaking build leaks, by name, and how each shows."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from tests.forensics.bundle import LEAKED_JPEG
from tests.forensics.searching import OUR_SEARCH, Finding
from tests.support.leaking_booth import (
    DELETED_JPEG,
    DELETED_PNG,
    KEPT_JPEG,
    MEMORY_JPEG,
    PAYLOAD_JPEG,
)

_TOKENISER: Final = "memory of the tokeniser"
_PUBLISHER: Final = "memory of the publisher"
_PAYLOADS: Final = "MQTT payloads"
_CAPTURE: Final = "capture of loopback"
_BUNDLE: Final = "diagnostics bundle"


@dataclass(frozen=True, slots=True)
class Leak:
    """One way in which the leaking build leaks."""

    name: str
    where: str
    form: str
    """Regular expression over the forms of findings."""
    by: tuple[str, ...] = (OUR_SEARCH,)
    """Programs that must find it."""


def _file(size_px: tuple[int, int]) -> str:
    return rf"picture of {size_px[0]} x {size_px[1]}, with our code"


_ON_A_DISK: Final = (OUR_SEARCH, "foremost", "scalpel", "photorec")
_ANYWHERE: Final = (OUR_SEARCH, "foremost", "scalpel")
"""photorec looks for files where sectors begin, so in memory it finds one by chance only."""

LEAKS: Final = (
    Leak("frame as a JPEG file", "disk", _file(KEPT_JPEG), _ON_A_DISK),
    Leak("deleted JPEG file", "disk", _file(DELETED_JPEG), _ON_A_DISK),
    Leak("smaller PNG file, deleted", "disk", _file(DELETED_PNG), _ON_A_DISK),
    Leak("raw frame, three bytes a pixel", "disk", "rows of a picture: one byte.*, 42 a module"),
    Leak("half frame in YUV in shared memory", "disk", "rows .*: one byte.*, 7 a module"),
    Leak("deleted frame as 32-bit floats", "disk", "rows .*: 32-bit floats to 1, 42 a module"),
    Leak("half grey frame in a gzip file", "disk", "rows .*: one byte.*, 7 a module, in gzip"),
    Leak("plate in a log", "disk", "plate: text"),
    Leak("plate with a dash, half in lower case", "disk", "plate: text, whatever stands between"),
    Leak("plate of 16-bit characters", "disk", "plate: text, 16 bits, little"),
    Leak("plate as 32-bit class indices", "disk", "plate: class indices, 32 bits, little"),
    Leak("plate from behind", "disk", "plate: text, reversed"),
    Leak("plate in hexadecimal", "disk", "plate: text, in hexadecimal"),
    Leak("plate in a gzip file", "disk", "plate: text, in gzip"),
    Leak("plate in base64", "disk", "plate: text, in base64"),
    Leak("plate kept by the tokeniser", _TOKENISER, "plate: text"),
    Leak("crop kept by the tokeniser", _TOKENISER, "rows of a picture: one byte.*"),
    Leak("JPEG kept by the publisher", _PUBLISHER, _file(MEMORY_JPEG), _ANYWHERE),
    Leak("JPEG in a payload", _PAYLOADS, _file(PAYLOAD_JPEG), _ANYWHERE),
    Leak("rows of a picture in base64 in a payload", _PAYLOADS, "rows .* a module, in base64"),
    Leak("the same JPEG in packets", _CAPTURE, rf"picture of {PAYLOAD_JPEG[0]} .*"),
    Leak("JPEG in the bundle", _BUNDLE, _file(LEAKED_JPEG) + ", in base64"),
)


def not_found(findings: Iterable[Finding]) -> list[str]:
    """Return the leaks that something was expected to find and did not."""
    found = list(findings)
    return [
        f"{leak.name}, by {program}"
        for leak in LEAKS
        for program in leak.by
        if not any(
            each.where == leak.where
            and each.by == program
            and re.fullmatch(leak.form, each.form) is not None
            for each in found
        )
    ]
