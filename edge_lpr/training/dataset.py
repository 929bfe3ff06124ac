"""Reads the label files (one JSON object a line) of labelled photographs and plate crops.

Pictures themselves are read by whoever trains or measures; nothing here opens one.
"""

import json
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Final, TypeAlias, TypeVar

from edge_lpr.core.errors import DataSetError

MAX_LABEL_FILE_BYTES: Final = 256 * 1024 * 1024
"""Longest label file that is read; the largest known one has 2.5 MB."""

MAX_PLATES_PER_SCENE: Final = 500
"""Most plates in one row; the fullest known photograph shows 26."""

MAX_PICTURE_SIDE_PX: Final = 20_000
"""Longest side a row may claim."""

MAX_TEXT_LENGTH: Final = 32
"""Longest plate text in a row, before canonical form shortens it."""

FRAMES_PER_CAR: Final = 6
"""Most frames of one car that are kept from a film: more teach its background by heart."""

LOW_GRADE_WEIGHT: Final = 0.3
"""Weight of rows graded low (stretched exports) beside 1 for the others; chosen by eye."""

Row = TypeVar("Row")

BoxXywh: TypeAlias = tuple[float, float, float, float]
"""Left, top, width, height in pixels of the picture as stored."""


@dataclass(frozen=True, slots=True)
class PlateLabel:
    """One plate in a photograph."""

    box_xywh: BoxXywh
    """Where it is."""
    text: str | None
    """A-Z0-9, upper case; None where nobody could read it."""
    region: str | None
    """Country, with a state where known: ``gb``, ``us-ca``."""


@dataclass(frozen=True, slots=True)
class SceneRow:
    """One labelled photograph."""

    image: str
    """Path relative to the picture folder, with forward slashes."""
    width_px: int | None
    """Width of the stored picture; None where the row does not say."""
    height_px: int | None
    """Height of the stored picture; None where the row does not say."""
    plates: tuple[PlateLabel, ...]
    """Every labelled plate; empty for a photograph without any."""
    is_low_grade: bool
    """True for stretched or recompressed exports."""
    source: str
    """Where the picture comes from, for the record."""
    group: int | None
    """Rows of one vehicle share this number; None is a group of its own."""

    @property
    def table(self) -> str:
        """Name the collection the row comes from: the first folder of its path."""
        return self.image.split("/", 1)[0]


@dataclass(frozen=True, slots=True)
class CropRow:
    """One picture of a single plate."""

    image: str
    """Path relative to the picture folder, with forward slashes."""
    width_px: int | None
    """Width of the stored picture; None where the row does not say."""
    height_px: int | None
    """Height of the stored picture; None where the row does not say."""
    text: str
    """A-Z0-9, upper case."""
    region: str | None
    """Country, with a state where known."""
    split: str
    """``train`` or ``val``."""
    source: str
    """Where the picture comes from, for the record."""
    group: int | None
    """Rows of one vehicle share this number; None is a group of its own."""

    @property
    def table(self) -> str:
        """Name the collection the row comes from: the first folder of its path."""
        return self.image.split("/", 1)[0]


@dataclass(frozen=True, slots=True)
class KnownPlates:
    """Plates of one picture whose places are given, to be read without detection."""

    image: str
    """Path relative to the picture folder, with forward slashes."""
    split: str | None
    """``train``, ``val`` or None."""
    plates: tuple[tuple[BoxXywh | None, str | None], ...]
    """Box (left, top, width, height; None for the whole picture) and text of each plate."""
    region: str | None = None
    """Country of a crop, with a state where known; None for a photograph of several plates."""

    @property
    def table(self) -> str:
        """Name the collection the row comes from: the first folder of its path."""
        return self.image.split("/", 1)[0]


def load_scenes(path: Path) -> list[SceneRow]:
    """Read a label file of photographs.

    Args:
        path: File with one JSON object a line, at most ``MAX_LABEL_FILE_BYTES`` long.

    Returns:
        Rows in the order of the file.

    Raises:
        DataSetError: The file cannot be read or a row is wrong; the message names the line.
    """
    return _load(path, _scene_from)


def load_crops(path: Path) -> list[CropRow]:
    """Read a label file of plate crops.

    Args:
        path: File with one JSON object a line, at most ``MAX_LABEL_FILE_BYTES`` long.

    Returns:
        Rows of both splits in the order of the file.

    Raises:
        DataSetError: The file cannot be read or a row is wrong; the message names the line.
    """
    return _load(path, _crop_from)


def load_known_plates(path: Path, *, split: str | None = None) -> list[KnownPlates]:
    """Read where plates are from a label file of crops, of photographs, or of both.

    Args:
        path: File with one JSON object a line, at most ``MAX_LABEL_FILE_BYTES`` long.
        split: Keep rows of this split alone; None keeps all.

    Returns:
        Rows in the order of the file.

    Raises:
        DataSetError: The file cannot be read or a row is wrong; the message names the line.
    """
    known = _load(path, _known_plates_from)
    return [row for row in known if split is None or row.split == split]


def cap_films(rows: Sequence[SceneRow], *, frames_per_car: int = FRAMES_PER_CAR) -> list[SceneRow]:
    """Keep few frames of each car that was filmed, spread evenly over its time in view.

    Args:
        rows: Scene rows; those of films have a ``source`` that ends in ``#t=`` and a time, and
            lie in time order. Not modified.
        frames_per_car: Most frames of one ``group`` that are kept, at least 1.

    Returns:
        The kept rows, in order.
    """
    films: dict[int, list[int]] = defaultdict(list)
    for index, row in enumerate(rows):
        if "#t=" in row.source and row.group is not None:
            films[row.group].append(index)
    dropped: set[int] = set()
    for indices in films.values():
        count = len(indices)
        kept = {indices[i * count // frames_per_car] for i in range(frames_per_car)}
        dropped.update(set(indices) - kept if count > frames_per_car else ())
    return [row for index, row in enumerate(rows) if index not in dropped]


def row_weight(row: SceneRow) -> float:
    """Say how often a row should be drawn, relative to a plain photograph with plates.

    Args:
        row: A scene row.

    Returns:
        A positive weight: less for low grades and for photographs without a plate.
    """
    if not row.plates:
        return 0.5
    return LOW_GRADE_WEIGHT if row.is_low_grade else 1.0


def _load(path: Path, row_from: Callable[[dict[str, Any]], Row]) -> list[Row]:
    """Read and check every line of a label file."""
    return [_checked(path, number, line, row_from) for number, line in _lines(path)]


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the numbered non-empty lines of a label file of bounded size."""
    try:
        size_bytes = path.stat().st_size
        if size_bytes > MAX_LABEL_FILE_BYTES:
            raise DataSetError(f"{path} has {size_bytes} bytes; at most {MAX_LABEL_FILE_BYTES}.")
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise DataSetError(f"{path} cannot be read as a label file: {error}.") from error
    for number, line in enumerate(text.splitlines(), start=1):
        if line.strip():
            yield number, line


def _checked(
    path: Path, number: int, untrusted_line: str, row_from: Callable[[dict[str, Any]], Row]
) -> Row:
    """Turn one line into a row, or say which line is wrong and why."""
    try:
        return row_from(json.loads(untrusted_line))
    except (ValueError, KeyError, TypeError) as error:
        raise DataSetError(f"{path}, line {number}: {error!r}; correct the row.") from error


def _scene_from(untrusted: dict[str, Any]) -> SceneRow:
    """Check one scene row."""
    if "plates" not in untrusted:
        raise ValueError("there is no list of plates; rows of crops are another format (--crops)")
    plates = untrusted["plates"]
    if len(plates) > MAX_PLATES_PER_SCENE:
        raise ValueError(f"{len(plates)} plates, at most {MAX_PLATES_PER_SCENE}")
    return SceneRow(
        image=_relative_path(untrusted["image"]),
        width_px=_side(untrusted.get("width")),
        height_px=_side(untrusted.get("height")),
        plates=tuple(_plate_from(plate) for plate in plates),
        is_low_grade=untrusted.get("grade") == "low",
        source=str(untrusted.get("source", "")),
        group=_group(untrusted.get("group")),
    )


def _crop_from(untrusted: dict[str, Any]) -> CropRow:
    """Check one crop row."""
    text = _text(untrusted["text"])
    if text is None:
        raise ValueError("a crop needs a text")
    if untrusted["split"] not in {"train", "val"}:
        raise ValueError("split is neither train nor val")
    return CropRow(
        image=_relative_path(untrusted["image"]),
        width_px=_side(untrusted.get("width")),
        height_px=_side(untrusted.get("height")),
        text=text,
        region=_optional_text(untrusted.get("region")),
        split=untrusted["split"],
        source=str(untrusted.get("source", "")),
        group=_group(untrusted.get("group")),
    )


def _known_plates_from(untrusted: dict[str, Any]) -> KnownPlates:
    """Check a row of either kind for where its plates are and what they say."""
    listed = untrusted.get("plates", [{"text": untrusted.get("text")}])
    if len(listed) > MAX_PLATES_PER_SCENE:
        raise ValueError(f"{len(listed)} plates, at most {MAX_PLATES_PER_SCENE}")
    return KnownPlates(
        image=_relative_path(untrusted["image"]),
        split=_optional_text(untrusted.get("split")),
        plates=tuple(
            (_box(plate["box"]) if plate.get("box") else None, _text(plate.get("text")))
            for plate in listed
        ),
        region=_optional_text(untrusted.get("region")),
    )


def _plate_from(untrusted: dict[str, Any]) -> PlateLabel:
    """Check one plate of a scene row."""
    return PlateLabel(
        box_xywh=_box(untrusted["box"]),
        text=_text(untrusted.get("text")),
        region=_optional_text(untrusted.get("region")),
    )


def _box(untrusted: Any) -> BoxXywh:  # noqa: ANN401 - JSON
    """Check a box."""
    left, top, width, height = (float(value) for value in untrusted)
    limit = float(MAX_PICTURE_SIDE_PX)
    if not (-limit < left < limit and -limit < top < limit):
        raise ValueError("a box lies outside any picture")
    if not (0 < width < limit and 0 < height < limit):
        raise ValueError("a box has no positive size")
    return left, top, width, height


def _relative_path(untrusted: object) -> str:
    """Check that a picture's path stays inside the picture folder."""
    if not isinstance(untrusted, str):
        raise TypeError("image is not a string")
    path = PurePosixPath(untrusted)
    if path.is_absolute() or ".." in path.parts or not path.parts:
        raise ValueError("image is not a path inside the picture folder")
    return str(path)


def _side(untrusted: object) -> int | None:
    """Check a width or height."""
    if untrusted is None:
        return None
    if not isinstance(untrusted, int) or not 0 < untrusted <= MAX_PICTURE_SIDE_PX:
        raise ValueError(f"a side is not a whole number of 1 to {MAX_PICTURE_SIDE_PX} pixels")
    return untrusted


def _group(untrusted: object) -> int | None:
    """Check a group number."""
    if untrusted is None or isinstance(untrusted, int):
        return untrusted
    raise ValueError("group is not a whole number")


def _text(untrusted: object) -> str | None:
    """Bring a plate text to A-Z0-9, upper case."""
    if untrusted is None:
        return None
    if not isinstance(untrusted, str) or len(untrusted) > MAX_TEXT_LENGTH:
        raise ValueError(f"a text is not a string of at most {MAX_TEXT_LENGTH} characters")
    # As in the canonical form, an accented letter counts as the plain one.
    plain = unicodedata.normalize("NFKD", untrusted).upper()
    kept = "".join(char for char in plain if char.isascii() and char.isalnum())
    return kept or None


def _optional_text(untrusted: object) -> str | None:
    """Check an optional short string."""
    if untrusted is None:
        return None
    if not isinstance(untrusted, str) or len(untrusted) > MAX_TEXT_LENGTH:
        raise ValueError(f"region is not a string of at most {MAX_TEXT_LENGTH} characters")
    return untrusted
