"""Draws a sheet of plates to look at: ``python -m edge_lpr.training.sheet --out SHEET.png``.

Whoever adds a country or a font looks here first: what a person does not take for a plate, a
reader learns nothing from.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import cv2
import numpy as np

from edge_lpr.core.errors import DataSetError
from edge_lpr.synthesis.formats import FORMATS, PlateFormat, draw_format
from edge_lpr.synthesis.hard_negatives import draw_thing
from edge_lpr.synthesis.overlays import draw_overlay
from edge_lpr.synthesis.pictures import BgrImage
from edge_lpr.synthesis.views import view_plate
from edge_lpr.training.drawn_plates import PlatePress, Press
from edge_lpr.training.pictures import read_picture
from edge_lpr.training.typefaces import load_typefaces

_COLUMNS: Final = 10
_CAPTION_PX: Final = 16
_GREY: Final = 90
_KINDS: Final = ("plates", "night", "flat", "negatives")


def main(arguments: Sequence[str] | None = None) -> None:
    """Draw a sheet as the command line says.

    Args:
        arguments: Command line without the program's name; ``None`` for the process's own.
    """
    parser = _parser()
    chosen = parser.parse_args(arguments)
    try:
        series = _series(chosen.country)
        typefaces = load_typefaces(*map(_existing, chosen.fonts))
        blanks = [read_picture(path) for path in _pictures_in(chosen.blanks)]
    except (DataSetError, ValueError, OSError) as error:
        parser.error(str(error))
    press = PlatePress(typefaces, blanks, Press({"us": 1.0}, 0.1, (72, 112)))
    rng = np.random.default_rng(chosen.seed)
    cells = [_cell(chosen, press, series, rng) for _ in range(chosen.count)]
    if not _write(chosen.out, _join(cells)):
        parser.error(
            f"{chosen.out} cannot be written: is its folder there, and does it end in .png?"
        )
    print(f"{chosen.out}: {chosen.count} {chosen.kind}, seed {chosen.seed}")


def _write(path: Path, sheet: BgrImage) -> bool:
    """Write a picture; an ending that OpenCV does not know is an error of its own there."""
    try:
        return cv2.imwrite(str(path), sheet)
    except cv2.error:
        return False


def _parser() -> argparse.ArgumentParser:
    """Say which arguments there are."""
    parser = argparse.ArgumentParser(prog="python -m edge_lpr.training.sheet", description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="picture to write")
    parser.add_argument("--seed", type=int, default=0, help="the same number draws the same sheet")
    parser.add_argument("--count", type=_positive, default=100, help="pictures on the sheet")
    parser.add_argument("--width", type=_positive, default=100, help="width of a plate in pixels")
    parser.add_argument(
        "--fonts", type=Path, action="append", default=[], help="folder of fonts; may be repeated"
    )
    parser.add_argument("--blanks", type=Path, help="folder of empty plates of the United States")
    parser.add_argument(
        "--country", default=",".join(FORMATS), help="groups or series, as us,de,br_mercosur"
    )
    parser.add_argument("--kind", choices=_KINDS, default="plates", help="what to draw")
    return parser


def _positive(text: str) -> int:
    """Read a number from 1 on."""
    number = int(text)
    if not 1 <= number <= 10_000:  # noqa: PLR2004 - a sheet that a viewer can open
        raise argparse.ArgumentTypeError("must be 1 to 10000")
    return number


def _existing(folder: Path) -> Path:
    """Refuse a folder that is not there: plates would be drawn without its fonts, and look so."""
    if not folder.is_dir():
        raise DataSetError(f"{folder} is no folder")
    return folder


def _pictures_in(folder: Path | None) -> list[Path]:
    """List the pictures of a folder."""
    if folder is None:
        return []
    return sorted(path for path in folder.iterdir() if path.suffix in {".jpg", ".png"})


def _series(listed: str) -> list[list[tuple[str, PlateFormat]]]:
    """Find what was asked for: for each name its group's series, or the one of that name."""
    found = []
    for name in listed.split(","):
        series = [
            (group, plate_format)
            for group, formats in FORMATS.items()
            for plate_format in formats
            if name in {group, plate_format.name}
        ]
        if not series:
            known = sorted({*FORMATS, *(f.name for formats in FORMATS.values() for f in formats)})
            raise ValueError(f"there is no series {name!r}; there are {', '.join(known)}")
        found.append(series)
    return found


def _cell(
    chosen: argparse.Namespace,
    press: PlatePress,
    series: list[list[tuple[str, PlateFormat]]],
    rng: np.random.Generator,
) -> BgrImage:
    """Draw one picture of the sheet with its truth below."""
    if chosen.kind == "negatives":
        thing = draw_thing(rng)
        height_px = max(1, round(thing.shape[0] * chosen.width / thing.shape[1]))
        small = cv2.resize(thing, (chosen.width, height_px), interpolation=cv2.INTER_AREA)
        cell = _framed(small.astype(np.uint8, copy=False), "", chosen.width)
        draw_overlay(cell, rng)
        return cell
    own = series[rng.integers(len(series))]
    plate_format = draw_format([one for _, one in own], rng)
    group = next(group for group, one in own if one is plate_format)
    plate = press.draw_one(group, plate_format, rng)
    if chosen.kind == "flat":
        (left, top), (right, bottom) = np.rint(plate.corners_px[[0, 2]]).astype(int)
        flat = plate.picture_bgr[top : bottom + 1, left : right + 1]
        height_px = max(1, round(flat.shape[0] * chosen.width / flat.shape[1]))
        picture = cv2.resize(flat, (chosen.width, height_px), interpolation=cv2.INTER_AREA)
    else:
        night = chosen.kind == "night"
        picture, _ = view_plate(plate, rng, width_px=chosen.width, night=night)
    return _framed(picture.astype(np.uint8, copy=False), plate.text, chosen.width)


def _framed(picture: BgrImage, caption: str, width_px: int) -> BgrImage:
    """Put a picture on a cell that all pictures of the sheet fit into."""
    cell_h, cell_w = round(1.15 * width_px), round(1.45 * width_px)
    cell = np.full((cell_h + _CAPTION_PX, cell_w, 3), _GREY, np.uint8)
    shown = picture[:cell_h, :cell_w]
    cell[: shown.shape[0], : shown.shape[1]] = shown
    place = (2, cell.shape[0] - 4)
    cv2.putText(cell, caption, place, cv2.FONT_HERSHEY_PLAIN, 0.8, (255, 255, 255), 1)
    return cell


def _join(cells: list[BgrImage]) -> BgrImage:
    """Lay cells out in rows."""
    missing = -len(cells) % _COLUMNS
    whole = cells + [np.full_like(cells[0], _GREY)] * missing
    rows = [np.hstack(whole[i : i + _COLUMNS]) for i in range(0, len(whole), _COLUMNS)]
    return np.vstack(rows)


if __name__ == "__main__":
    main()
