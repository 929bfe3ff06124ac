"""Searches everything that is left of a day for plates and pictures, by every means there is."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_lpr.audit.leak_search import PICTURE_SIGNATURES
from tests.forensics.canary import is_in_picture, places_in
from tests.forensics.carvers import carve
from tests.forensics.plate_search import PlateSearch
from tests.forensics.unpacking import unpacked

OUR_SEARCH: Final = "our own search"
_PICTURE_BYTES: Final = 1 << 22
_SMALLEST_PX: Final = 8
_FILES: Final = ("JPEG", "PNG", "GIF", "BMP", "TIFF", "WebP", "Netpbm")
"""Kinds of files that OpenCV takes apart."""


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """Something that must not be there."""

    where: str
    """Which piece of evidence."""
    form: str
    """Plate or picture, and in which form; never which one."""
    by: str
    """Program that found it."""


@dataclass
class Searched:
    """What a search of one piece of evidence has come to."""

    findings: set[Finding]
    octets: int
    packed: int
    """Streams, base64 texts and so on that were unpacked and searched too."""
    carved: dict[str, int]
    """Files that each program brought back, of whatever kind."""
    there_before: int = 0
    """Plates that stood there before anything drove past, and were not looked for again."""
    decoys: int = 0
    """Plates found that never drove past: how many are found by chance."""


@dataclass(frozen=True, slots=True)
class Plates:
    """What is looked for besides pictures. Its ``repr`` shows none."""

    driven_past: Sequence[str] = field(repr=False)
    decoys: Sequence[str] = field(repr=False)
    """As many that never drove past: what is found of them stands there by chance."""


def search(
    where: str, file: Path, plates: Plates, scratch: Path, *, before: Path | None = None
) -> Searched:
    """Search one piece of evidence.

    Args:
        where: What to call it.
        file: Where it is.
        plates: What to look for besides pictures.
        scratch: A folder that does not exist yet, for what carvers find.
        before: The same evidence from before anything drove past. A plate that stands in there,
            in the name of a class say, is not looked for: what is found of it says nothing.
    """
    there_before = set() if before is None else _plates_in(before, PlateSearch(plates.driven_past))
    wanted = PlateSearch(plate for plate in plates.driven_past if plate not in there_before)
    decoys = PlateSearch(plates.decoys)
    content = file.read_bytes()
    searched = Searched(set(), len(content), 0, {}, there_before=len(there_before))
    chances = decoys.plates_in(content)
    for form in forms_in(content, wanted):
        searched.findings.add(Finding(where, form, OUR_SEARCH))
    for way, inner in unpacked(_without_gaps(content)):
        searched.packed += 1
        chances |= decoys.plates_in(inner)
        for form in forms_in(inner, wanted):
            searched.findings.add(Finding(where, f"{form}, in {way}", OUR_SEARCH))
    searched.decoys = len(chances)
    for program, carved in carve(file, scratch):
        searched.carved[program] = searched.carved.get(program, 0) + 1
        picture = _picture(carved.read_bytes())
        if picture is not None:
            searched.findings.add(Finding(where, picture, program))
    return searched


def forms_in(content: bytes, plates: PlateSearch) -> Iterator[str]:
    """Yield every form in which plates or pictures lie openly in some bytes."""
    for form, _ in plates.search(content):
        yield f"plate: {form}"
    for layout, _ in places_in(content):
        yield f"rows of a picture: {layout}"
    for name in _FILES:
        for match in re.finditer(PICTURE_SIGNATURES[name], content, re.DOTALL):
            picture = _picture(content[match.start() : match.start() + _PICTURE_BYTES])
            if picture is not None:
                yield picture


def _plates_in(file: Path, plates: PlateSearch) -> set[str]:
    """Return the plates that are in a file, openly or packed."""
    content = file.read_bytes()
    inner = (inner for _, inner in unpacked(_without_gaps(content)))
    return plates.plates_in(content).union(*map(plates.plates_in, inner))


def _picture(content: bytes) -> str | None:
    """Return what a file shows, if it is a picture."""
    if not content:
        return None
    try:
        picture = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED)
    except cv2.error:
        return None
    if picture is None or min(picture.shape[:2]) < _SMALLEST_PX:
        return None
    height, width = picture.shape[:2]
    code = "with our code" if is_in_picture(_as_bytes(picture)) else "without our code"
    return f"picture of {width} x {height}, {code}"


def _as_bytes(picture: NDArray[np.generic]) -> NDArray[np.uint8]:
    """Return a picture of any depth with eight bits a value."""
    if picture.dtype == np.uint8:
        return picture.astype(np.uint8, copy=False)
    low, high = float(np.min(picture)), float(np.max(picture))
    return ((picture.astype(np.float32) - low) * (255 / max(high - low, 1e-9))).astype(np.uint8)


def _without_gaps(content: bytes) -> bytes:
    """Return content without its long stretches of zeros: most of a disk."""
    return re.sub(rb"\x00{64,}", bytes(64), content)
