"""Shows the plates that were not read, by cause: a contact sheet each, and a table.

``python -m edge_lpr.training.failures --labels FILE --images DIR --out FOLDER [--crops]``. Causes
are decided by rules; ``--reviewed FILE.json`` overrules them by what a person saw, as
``{"PICTURE#LABEL": "CAUSE"}``. For the laboratory: sheets show plates, and stay where they are.
"""

import argparse
import json
import sys
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import cv2
import numpy as np

from edge_lpr.core.errors import DataSetError, EdgeLprError
from edge_lpr.synthesis.pictures import BgrImage
from edge_lpr.training.dataset import load_known_plates, load_scenes
from edge_lpr.training.failure_causes import Cause, Failure, decide_cause
from edge_lpr.training.failure_search import Search, search_crops, search_scenes
from edge_lpr.training.laboratory_engine import add_engine_arguments, open_engine, vision_settings
from edge_lpr.training.measures import Proportion
from edge_lpr.training.pictures import contact_sheet, read_picture
from edge_lpr.training.predictions import load_predictions
from edge_lpr.vision.contracts import Quad
from edge_lpr.vision.geometry import box_around, quad_of_box

_TILE_PX: Final = (320, 250)
"""Width and height of one failure on a sheet, its two lines of text included."""

_TEXT_HEIGHT_PX: Final = 46
"""Height of the text below a failure."""

_COLUMNS: Final = 6
"""Failures in a row; with the width above a sheet still fits a screen."""

_SURROUNDINGS: Final = 0.6
"""Share of a plate's width that is shown around it."""

_LABELLED_COLOUR: Final = (0, 220, 0)
_FOUND_COLOUR: Final = (60, 60, 255)
_TEXT_COLOUR: Final = (255, 255, 255)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        argv: Arguments without the program's name; None takes those of the process.

    Returns:
        Exit status: 0, or 2 where something is missing or wrong.
    """
    parser = argparse.ArgumentParser(prog="python -m edge_lpr.training.failures")
    parser.add_argument("--labels", type=Path, required=True, help="label file, JSONL")
    parser.add_argument("--images", type=Path, required=True, help="folder of the pictures")
    parser.add_argument("--out", type=Path, required=True, help="folder for sheets and tables")
    parser.add_argument("--crops", action="store_true", help="read labelled places, do not detect")
    parser.add_argument("--split", choices=("train", "val"), help="rows of this split, for crops")
    parser.add_argument("--predictions", type=Path, help="what evaluate --predictions wrote")
    parser.add_argument("--reviewed", type=Path, help="JSON of causes that a person saw")
    add_engine_arguments(parser)
    arguments = parser.parse_args(argv)
    try:
        show_failures(arguments)
    except (EdgeLprError, OSError) as error:
        print(f"failures: {error}", file=sys.stderr)
        return 2
    return 0


def show_failures(arguments: argparse.Namespace) -> None:
    """Write the sheets and tables that the command line asks for.

    Args:
        arguments: Parsed command line.

    Raises:
        EdgeLprError: Labels, pictures or models are missing or wrong, or the engine failed.
    """
    reviewed = _load_reviewed(arguments.reviewed) if arguments.reviewed else {}
    search = _search(arguments)
    long_side_px = vision_settings(arguments).long_side_px
    by_cause: dict[Cause, list[Failure]] = defaultdict(list)
    for failure in search.failures:
        seen = reviewed.get(f"{failure.image}#{failure.label}")
        by_cause[seen or decide_cause(failure, long_side_px)].append(failure)
    arguments.out.mkdir(parents=True, exist_ok=True)
    for cause, failures in by_cause.items():
        tiles = [_tile(read_picture(arguments.images / f.image), f) for f in failures]
        sheet = contact_sheet(tiles, min(_COLUMNS, len(tiles)), _TILE_PX)
        cv2.imwrite(str(arguments.out / f"{cause.name.lower()}.png"), sheet)
    table = _table(by_cause, search.asked)
    (arguments.out / "causes.md").write_text(table, encoding="utf-8")
    listed = {
        cause.name.lower(): [_described(failure) for failure in by_cause.get(cause, ())]
        for cause in Cause
    }
    summary = {"plates": search.asked, "failures": len(search.failures), "causes": listed}
    (arguments.out / "causes.json").write_text(json.dumps(summary, indent=1), encoding="utf-8")
    print(table, end="")


def _search(arguments: argparse.Namespace) -> Search:
    """Find the failures in crops or photographs."""
    known = load_predictions(arguments.predictions) if arguments.predictions else {}
    if arguments.crops:
        plates = load_known_plates(arguments.labels, split=arguments.split)
        return search_crops(plates, arguments.images, open_engine(arguments), known)
    rows = load_scenes(arguments.labels)
    return search_scenes(rows, arguments.images, open_engine(arguments), known)


def _load_reviewed(path: Path) -> dict[str, Cause]:
    """Read what a person saw."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        return {str(key): Cause[str(name).upper()] for key, name in content.items()}
    except (OSError, ValueError, AttributeError) as error:
        raise DataSetError(f"{path} cannot be read as JSON of reviewed causes: {error}.") from error
    except KeyError as error:
        causes = ", ".join(cause.name.lower() for cause in Cause)
        raise DataSetError(f"{path}: {error} is no cause; causes are {causes}.") from error


def _tile(picture_bgr: BgrImage, failure: Failure) -> BgrImage:
    """Draw one failure: its surroundings, label green, detection red, and both texts."""
    width, height = _TILE_PX
    tile = np.full((height, width, 3), 40, np.uint8)
    room = height - _TEXT_HEIGHT_PX
    tile[:room] = contact_sheet([_surroundings(picture_bgr, failure)], 1, (width, room))
    read = failure.found.text if failure.found else "(not found)"
    for line, text in enumerate((f"{failure.label} > {read}", failure.image[-44:])):
        place = (4, room + 18 + 20 * line)
        cv2.putText(tile, text, place, cv2.FONT_HERSHEY_SIMPLEX, 0.5 - 0.12 * line, _TEXT_COLOUR)
    return tile


def _surroundings(picture_bgr: BgrImage, failure: Failure) -> BgrImage:
    """Cut a plate out of its picture, with the labelled and the found place drawn in."""
    if failure.box_xyxy is None:
        return picture_bgr
    drawn = picture_bgr.copy()
    _outline(drawn, quad_of_box(failure.box_xyxy), _LABELLED_COLOUR)
    for plate in failure.picture.plates:
        _outline(drawn, plate.quad_px, _FOUND_COLOUR)
    left, top, right, bottom = box_around(quad_of_box(failure.box_xyxy)).tolist()
    margin = _SURROUNDINGS * (right - left)
    rows = slice(max(0, int(top - margin)), int(bottom + margin))
    surroundings: BgrImage = drawn[rows, max(0, int(left - margin)) : int(right + margin)]
    return surroundings


def _outline(picture_bgr: BgrImage, quad_px: Quad, colour: tuple[int, int, int]) -> None:
    """Draw a quad, one pixel wide."""
    cv2.polylines(picture_bgr, [np.round(quad_px).astype(np.int32)], isClosed=True, color=colour)


def _table(by_cause: Mapping[Cause, Sequence[Failure]], asked: int) -> str:
    """Count the causes, as a Markdown table."""
    failed = sum(len(failures) for failures in by_cause.values())
    lines = [
        f"{failed} of {asked} plates with text",
        "",
        "| cause | plates | share |",
        "|---|---|---|",
    ]
    for cause in Cause:
        count = len(by_cause.get(cause, ()))
        lines.append(f"| {cause.value} | {count} | {Proportion(count, failed).share:.0%} |")
    return "\n".join(lines) + "\n"


def _described(failure: Failure) -> dict[str, str | None]:
    """Describe a failure for the JSON file."""
    return {
        "image": failure.image,
        "label": failure.label,
        "read": failure.found.text if failure.found else None,
        "read_at_label": failure.read_at_label,
    }


if __name__ == "__main__":
    sys.exit(main())
