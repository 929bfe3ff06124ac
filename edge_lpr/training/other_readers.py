"""Reads the validation plates with other readers, whose weights come with their packages.

``python -m edge_lpr.training.other_readers --data DIR [--markdown]`` runs those that are installed:
the ``tesseract`` command and the Python package ``rapidocr-onnxruntime``; neither is a dependency.
They get what our reader gets: cut-out plates, and plates cut out of photographs by their labels.
"""

import argparse
import importlib.util
import shutil
import statistics
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final, TypeAlias

import cv2
import numpy as np

from edge_lpr.core.errors import DataSetError, EdgeLprError, ReaderError
from edge_lpr.synthesis.pictures import BgrImage
from edge_lpr.training.dataset import BoxXywh, load_known_plates
from edge_lpr.training.figure_tables import FigureTable
from edge_lpr.training.measures import PlateOutcome, reading_measures
from edge_lpr.training.pictures import read_picture

Read: TypeAlias = Callable[[BgrImage], str]
"""Reads a picture of one plate; the text as it comes."""

_WHITELIST: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

_TESSERACT_HEIGHT_PX: Final = 96
"""Tesseract asks for letters of 30 px and more; a plate's are about half its height."""

_SURROUNDINGS: Final = 0.04
"""Share of a labelled box that is kept around it, as our reader gets it."""

_TIMEOUT_S: Final = 60

_NANOSECONDS_PER_MS: Final = 1_000_000


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        argv: Arguments without the program's name; None takes those of the process.

    Returns:
        Exit status: 0, or 2 where something is missing or wrong.
    """
    parser = argparse.ArgumentParser(prog="python -m edge_lpr.training.other_readers")
    parser.add_argument("--data", type=Path, required=True, help="folder of labels and pictures")
    parser.add_argument("--only", nargs="+", choices=tuple(_READERS), help="readers to run")
    parser.add_argument("--markdown", action="store_true", help="print tables for the model card")
    arguments = parser.parse_args(argv)
    try:
        tables = compare(arguments.data, installed_readers(arguments.only))
    except (EdgeLprError, OSError) as error:
        print(f"other_readers: {error}", file=sys.stderr)
        return 2
    for table in tables:
        print(table.as_markdown() if arguments.markdown else table.as_text())
    return 0


def installed_readers(only: Sequence[str] | None = None) -> dict[str, Read]:
    """Open the other readers that this machine has.

    Args:
        only: Names of those to open; None opens every one.

    Returns:
        Readers by what to call them.

    Raises:
        DataSetError: There is none.
    """
    readers: dict[str, Read] = {}
    for name, (title, is_installed, opened) in _READERS.items():
        if is_installed() and (only is None or name in only):
            readers[title] = opened()
    if not readers:
        raise DataSetError("no other reader: install tesseract-ocr or rapidocr-onnxruntime")
    return readers


def compare(data: Path, readers: dict[str, Read]) -> list[FigureTable]:
    """Read every plate of the validation split with every reader.

    Args:
        data: Folder of ``scenes-val.jsonl``, ``crops.jsonl`` and the pictures.
        readers: Readers by name.

    Returns:
        A table for cut-out plates, and one for plates cut out of photographs.

    Raises:
        DataSetError: A label file or a picture cannot be read.
    """
    kinds = {
        "crops": ("cut-out plates", _plates(data / "crops.jsonl", data, "val")),
        "scenes": (
            "plates cut out of photographs by their labels",
            _plates(data / "scenes-val.jsonl", data, None),
        ),
    }
    columns = ("reader", "plates", "strict", "folded", "fold token", "median ms")
    tables = []
    for kind, (title, plates) in kinds.items():
        outcomes: dict[str, list[PlateOutcome]] = defaultdict(list)
        spent_ms: dict[str, list[float]] = defaultdict(list)
        for table, text, picture_bgr in plates:
            for name, read in readers.items():
                began_ns = time.monotonic_ns()
                reading = "".join(char for char in read(picture_bgr).upper() if char in _WHITELIST)
                spent_ms[name].append((time.monotonic_ns() - began_ns) / _NANOSECONDS_PER_MS)
                outcomes[name].append(
                    PlateOutcome(table, 0.0, text, is_detected=True, reading=reading)
                )
        rows = {}
        for name, read_outcomes in outcomes.items():
            m = reading_measures(read_outcomes)
            shares = (m["exact"], m["exact_folded"], m["fold_token"])
            ms = round(statistics.median(spent_ms[name]), 1)
            rows[name] = (len(read_outcomes), *shares, ms)
        tables.append(FigureTable(f"other_{kind}", f"Other readers, {title}", columns, rows))
    return tables


def _plates(labels: Path, pictures: Path, split: str | None) -> Iterator[tuple[str, str, BgrImage]]:
    """Yield collection, text and picture of every plate with a text."""
    for row in load_known_plates(labels, split=split):
        named = [(box, text) for box, text in row.plates if text is not None]
        picture_bgr = read_picture(pictures / row.image) if named else None
        for box, text in named:
            if picture_bgr is not None:
                yield row.table, text, _cut(picture_bgr, box)


def _cut(picture_bgr: BgrImage, box_xywh: BoxXywh | None) -> BgrImage:
    """Cut a plate out of a picture with a small margin."""
    if box_xywh is None:
        return picture_bgr
    left, top, width, height = box_xywh
    margin_x, margin_y = _SURROUNDINGS * width, _SURROUNDINGS * height
    rows = slice(max(0, round(top - margin_y)), round(top + height + margin_y))
    plate: BgrImage = picture_bgr[
        rows, max(0, round(left - margin_x)) : round(left + width + margin_x)
    ]
    return plate


def _has_tesseract() -> bool:
    """Tell whether the tesseract command is installed."""
    return shutil.which("tesseract") is not None


def _has_rapidocr() -> bool:
    """Tell whether RapidOCR is installed."""
    return importlib.util.find_spec("rapidocr_onnxruntime") is not None


def _open_tesseract() -> Read:
    """Read with the tesseract command, one line, grey and enlarged as its manual asks."""
    command = ["tesseract", "-", "-", "--psm", "7", "-l", "eng"]
    command += ["-c", f"tessedit_char_whitelist={_WHITELIST}"]

    def read(picture_bgr: BgrImage) -> str:
        grey = cv2.cvtColor(picture_bgr, cv2.COLOR_BGR2GRAY)
        scale = max(1.0, _TESSERACT_HEIGHT_PX / grey.shape[0])
        enlarged = cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
        _, png = cv2.imencode(".png", enlarged)
        try:
            done = subprocess.run(  # noqa: S603 - the arguments are this file's own
                command, input=png.tobytes(), capture_output=True, check=True, timeout=_TIMEOUT_S
            )
        except subprocess.SubprocessError as error:
            raise ReaderError(f"tesseract failed: {error}.") from error
        return done.stdout.decode("utf-8", "replace")

    return read


def _open_rapidocr() -> Read:
    """Read with RapidOCR as it comes: it finds lines of text, then reads them."""
    engine = _rapidocr()
    return lambda picture_bgr: _joined(engine(np.ascontiguousarray(picture_bgr))[0], 1)


def _open_rapidocr_recognition() -> Read:
    """Read with RapidOCR's recognition network alone, the whole picture one line."""
    engine = _rapidocr()

    def read(picture_bgr: BgrImage) -> str:
        picture = np.ascontiguousarray(picture_bgr)
        return _joined(engine(picture, use_det=False, use_cls=False, use_rec=True)[0], 0)

    return read


def _rapidocr() -> Callable[..., tuple[Sequence[Sequence[object]] | None, object]]:
    """Open RapidOCR on one thread; its wheel brings the PP-OCR networks."""
    import rapidocr_onnxruntime  # type: ignore[import-not-found] # noqa: PLC0415 - optional

    engine: Callable[..., tuple[Sequence[Sequence[object]] | None, object]]
    engine = rapidocr_onnxruntime.RapidOCR(intra_op_num_threads=1, inter_op_num_threads=1)
    return engine


def _joined(lines: Sequence[Sequence[object]] | None, place: int) -> str:
    """Join the texts of RapidOCR's lines; None is what it returns where it finds nothing."""
    return "".join(str(line[place]) for line in lines or ())


_READERS: Final[dict[str, tuple[str, Callable[[], bool], Callable[[], Read]]]] = {
    "tesseract": ("Tesseract, one line (--psm 7)", _has_tesseract, _open_tesseract),
    "rapidocr-line": (
        "RapidOCR, recognition alone",
        _has_rapidocr,
        _open_rapidocr_recognition,
    ),
    "rapidocr": ("RapidOCR, detection and recognition", _has_rapidocr, _open_rapidocr),
}
"""What to call each reader, whether it is there, and how it is opened."""


if __name__ == "__main__":
    sys.exit(main())
