"""Typefaces that training has never seen, for plates that measure instead of teach.

Held out by name: training letters in OpenCV's Hershey strokes and in the fonts of a data folder,
which are Barlow, D-DIN, GL-Nummernschild, Liberation, FreeSans, OSP-DIN, National Park, Jura,
Osifont, and families of @fontsource, whose names the model card lists since 2026-11-27 (those of
the weights before were not kept). So the
faces here are of other families, all but one of them not in @fontsource: Debian's packages of road
signs (Roadgeek), engraved signs (Routed Gothic) and Helvetica's free relative (Nimbus Sans), and
DejaVu, which comes with matplotlib and so with ``edge-lpr[train]`` (it is in @fontsource: whether
older weights saw it is not known). ``refuse_trained`` compares them, letter by letter, with the
fonts of a data folder before anything is measured with them.
"""

import importlib.util
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Literal

import numpy as np

from edge_lpr.core.errors import DataSetError
from edge_lpr.synthesis.glyphs import Typeface
from edge_lpr.training.drawn_plates import FONT_FOLDERS
from edge_lpr.training.typefaces import FontFileTypeface, load_typefaces

FaceSet = Literal["all", "bundled"]
"""``bundled`` faces come with ``edge-lpr[train]``; ``all`` need Debian packages too."""

FACE_SETS: Final[tuple[FaceSet, ...]] = ("all", "bundled")

_DEBIAN: Final = Path("/usr/share/fonts")

_PACKAGED: Final = {
    "fonts-roadgeek": tuple(f"truetype/roadgeek/RG2014{series}.ttf" for series in "CDE"),
    "fonts-routed-gothic": ("truetype/routed-gothic/routed-gothic-wide.ttf",),
    "fonts-urw-base35": (
        "opentype/urw-base35/NimbusSansNarrow-Bold.otf",
        "opentype/urw-base35/NimbusSans-Bold.otf",
    ),
}
"""Font files by Debian package."""

_BUNDLED: Final = ("DejaVuSans-Bold.ttf", "DejaVuSansMono-Bold.ttf")

_TELLING: Final = "ABGJKMQRSW123456790"
"""Characters that tell families apart; faces equal in all of them are one face."""


def load_held_out(faces: FaceSet = "all") -> dict[str, Typeface]:
    """Load the held-out typefaces.

    Args:
        faces: Which.

    Returns:
        Typefaces by name, always in the same order.

    Raises:
        DataSetError: One is missing; the message says what to install.
    """
    paths = [_matplotlib_fonts() / name for name in _BUNDLED]
    if faces == "all":
        paths += [_DEBIAN / name for names in _PACKAGED.values() for name in names]
    if not all(path.is_file() for path in paths):
        packages = " ".join(_PACKAGED)
        raise DataSetError(
            f"typefaces are missing: apt-get install {packages}, and pip install matplotlib; "
            "or take those that come with matplotlib alone with --typefaces bundled."
        )
    return {path.stem: FontFileTypeface(path) for path in paths}


def refuse_trained(held_out: Mapping[str, Typeface], data: Path) -> None:
    """Make sure that no held-out typeface is one that training letters in.

    Args:
        held_out: Typefaces by name.
        data: Folder of a data set, with the fonts that training takes.

    Raises:
        DataSetError: One is among them.
    """
    trained = load_typefaces(*(data / name for name in FONT_FOLDERS))
    for name, face in held_out.items():
        for trained_name, other in trained.items():
            if _is_same(face, other):
                raise DataSetError(f"{name} is held out, but training has it as {trained_name}.")


def _is_same(one: Typeface, other: Typeface) -> bool:
    """Compare two faces letter by letter."""
    return all(np.array_equal(one.glyph(char), other.glyph(char)) for char in _TELLING)


def _matplotlib_fonts() -> Path:
    """Return the folder of fonts that matplotlib brings, without importing it."""
    found = importlib.util.find_spec("matplotlib")
    root = Path(found.origin).parent if found and found.origin else Path("matplotlib")
    return root / "mpl-data" / "fonts" / "ttf"
