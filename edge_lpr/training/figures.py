"""Measures everything that the model card says of the validation split, by one command.

``python -m edge_lpr.training.figures --data DIR [--engine onnx|torch] [--json] [--markdown]``; DIR
holds ``scenes-val.jsonl``, ``crops.jsonl`` and the pictures or their archives. Readings are those
of single pictures, as the device reads them, without voting, after one look more than a frame
gets (``predictions.PHOTOGRAPH_LOOKS_PX``). Shares have 95 % Wilson intervals;
*folded* counts O = 0 and I = 1 as equal.
"""

import argparse
import json
import statistics
import sys
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from edge_lpr.core.errors import DataSetError, EdgeLprError
from edge_lpr.core.settings import VisionSection
from edge_lpr.training.calibration import Calibration, calibrate
from edge_lpr.training.dataset import SceneRow, load_known_plates, load_scenes
from edge_lpr.training.detection_figures import detection_table, plate_free_table
from edge_lpr.training.figure_tables import Cell, FigureTable
from edge_lpr.training.label_corrections import load_corrections
from edge_lpr.training.laboratory_engine import add_engine_arguments, open_engine, vision_settings
from edge_lpr.training.measures import PlateOutcome, reading_measures
from edge_lpr.training.scene_evaluation import Tally, evaluate_known_plates, evaluate_scenes
from edge_lpr.vision.engine import Engine

SOURCES: Final = {
    "argentina_crops": "Argentina",
    "bench_usocr": "United States",
    "brazil_crops": "Brazil",
    "cars433": "cars433 (street)",
    "eu2_crops": "Europe, two lines",
    "eu_crops": "Europe, one line",
    "openimages_plates": "Open Images (street, world)",
    "renan_rxg4e": "renan (street)",
    "romania_rl": "Romania (film)",
}
"""What the collections show; others go by the name of their folder."""

AUDITED: Final = "brazil_crops"
"""The collection whose validation labels a person has gone through."""

_WIDTHS: Final = ("< 60 px", "60 to 100 px", "> 100 px")
"""Plates are told apart by their width in the picture as stored."""

_NARROW_PX: Final = 60.0
_WIDE_PX: Final = 100.0

_FEWEST_OF_REGION: Final = 4
"""Regions with fewer plates share a row: their intervals span everything."""

_READING: Final = ("strict", "folded", "fold token")
_READING_NAMES: Final = ("exact", "exact_folded", "fold_token")


@dataclass(frozen=True, slots=True)
class Measured:
    """What was measured on the validation split."""

    scenes: Tally
    """Photographs, detected and read."""
    rows: list[SceneRow]
    """Their labels, in the same order."""
    crops: Tally
    """Cut-out plates, read."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        argv: Arguments without the program's name; None takes those of the process.

    Returns:
        Exit status: 0, or 2 where something is missing or wrong.
    """
    parser = argparse.ArgumentParser(prog="python -m edge_lpr.training.figures")
    parser.add_argument("--data", type=Path, required=True, help="folder of labels and pictures")
    parser.add_argument("--json", action="store_true", help="print one JSON object last")
    parser.add_argument("--markdown", action="store_true", help="print tables for the model card")
    add_engine_arguments(parser)
    arguments = parser.parse_args(argv)
    try:
        settings = vision_settings(arguments)
        measured = measure(arguments.data, open_engine(arguments))
    except (EdgeLprError, OSError) as error:
        print(f"figures: {error}", file=sys.stderr)
        return 2
    tables = all_tables(measured, settings)
    for table in tables:
        print(table.as_markdown() if arguments.markdown else table.as_text())
    if arguments.json:
        print(json.dumps({table.name: table.as_json() for table in tables}))
    return 0


def measure(data: Path, engine: Engine) -> Measured:
    """Run an engine over the validation split.

    Args:
        data: Folder of ``scenes-val.jsonl`` and ``crops.jsonl``, either of which may be missing,
            and of the pictures.
        engine: Detector and reader.

    Returns:
        What became of every plate.

    Raises:
        DataSetError: Both label files are missing, one is wrong, or a picture cannot be read.
        DetectorError: The detector failed.
        ReaderError: The reader failed.
    """
    scenes, crops = data / "scenes-val.jsonl", data / "crops.jsonl"
    if not (scenes.exists() or crops.exists()):
        raise DataSetError(f"{data} has neither {scenes.name} nor {crops.name}; name their folder")
    rows = load_scenes(scenes) if scenes.exists() else []
    known = load_known_plates(crops, split="val") if crops.exists() else []
    return Measured(
        evaluate_scenes(rows, data, engine), rows, evaluate_known_plates(known, data, engine)
    )


def all_tables(measured: Measured, settings: VisionSection) -> list[FigureTable]:
    """Put everything that was measured into tables.

    Args:
        measured: What became of every plate.
        settings: The device's limits.

    Returns:
        Tables in the order of the model card.
    """
    predictions = measured.scenes.predictions
    audited = [load_corrections().audit_boxes(row) for row in measured.rows]
    return [
        *_reading_tables("scenes", "Photographs", measured.scenes),
        *_reading_tables("crops", "Cut-out plates", measured.crops),
        _audited_table(measured.crops),
        detection_table("public", measured.rows, predictions, settings),
        detection_table("audited", audited, predictions, settings),
        plate_free_table(measured.rows, predictions, settings),
        *_calibration_tables(measured),
        _time_table(measured),
    ]


def _reading_tables(name_of: str, title: str, tally: Tally) -> list[FigureTable]:
    """Tabulate how plates with a text were read, told apart in three ways."""
    with_text = [outcome for outcome in tally.outcomes if outcome.label is not None]
    tables = []
    for way, groups in {
        "source": _by_source(with_text),
        "region": _by_region(with_text),
        "width": _by_width(with_text),
    }.items():
        rows = {"**all**": _reading_cells(with_text, tally)}
        rows |= {name: _reading_cells(group, tally) for name, group in groups.items()}
        found = ("detected",) if tally.detections else ()
        columns = (way, "plates", *found, *_READING)
        tables.append(FigureTable(f"{name_of}_by_{way}", f"{title}, by {way}", columns, rows))
    return tables


def _by_source(outcomes: Sequence[PlateOutcome]) -> dict[str, list[PlateOutcome]]:
    """Tell plates apart by their collection."""
    tables = sorted({outcome.table for outcome in outcomes})
    return {SOURCES.get(t, t): [o for o in outcomes if o.table == t] for t in tables}


def _by_region(outcomes: Sequence[PlateOutcome]) -> dict[str, list[PlateOutcome]]:
    """Tell plates apart by their country, countries with few plates together."""
    countries = [(outcome.region or "not known").split("-")[0] for outcome in outcomes]
    counts = Counter(countries)
    groups: dict[str, list[PlateOutcome]] = defaultdict(list)
    for country, outcome in zip(countries, outcomes, strict=True):
        groups[country if counts[country] >= _FEWEST_OF_REGION else "others"].append(outcome)
    return dict(sorted(groups.items()))


def _by_width(outcomes: Sequence[PlateOutcome]) -> dict[str, list[PlateOutcome]]:
    """Tell plates apart by their width, the narrow ones first."""
    groups: dict[str, list[PlateOutcome]] = {name: [] for name in _WIDTHS}
    narrow, middle, wide = _WIDTHS
    for o in outcomes:
        groups[
            narrow if o.width_px < _NARROW_PX else wide if o.width_px > _WIDE_PX else middle
        ].append(o)
    return groups


def _reading_cells(outcomes: Sequence[PlateOutcome], tally: Tally) -> list[Cell]:
    """Count one group of plates."""
    measures = reading_measures(outcomes)
    found = [measures["detection_recall"]] if tally.detections else []
    return [len(outcomes), *found, *(measures[name] for name in _READING_NAMES)]


def _audited_table(crops: Tally) -> FigureTable:
    """Tabulate the audited collection by its public and its audited labels."""
    public = [outcome for outcome in crops.outcomes if outcome.table == AUDITED]
    known = load_corrections().validation_texts
    audited = [
        replace(o, label=known.get(o.image, {}).get(o.label, o.label)) for o in public if o.label
    ]
    told = [outcome for outcome in audited if outcome.label is not None]
    rows = {
        "public labels": _reading_cells(public, crops),
        "audited labels": _reading_cells(told, crops),
    }
    title = f"{SOURCES[AUDITED]}, cut-out plates, by public and by audited labels"
    return FigureTable("audited", title, ("labels", "plates", *_READING), rows)


def _calibration_tables(measured: Measured) -> list[FigureTable]:
    """Tabulate how far the probabilities of characters can be believed."""
    kinds = {
        "scenes": calibrate(measured.scenes.outcomes),
        "crops": calibrate(measured.crops.outcomes),
    }
    errors: dict[str, Sequence[Cell]] = {
        kind: [
            sum(b.right.total for b in calibration.bins),
            f"{100 * calibration.expected_error:.2f} %",
        ]
        for kind, calibration in kinds.items()
    }
    columns = ("pictures", "characters", "expected calibration error")
    summary = FigureTable("calibration", "Calibration of the reader", columns, errors)
    return [summary, _reliability_table(kinds["crops"])]


def _reliability_table(calibration: Calibration) -> FigureTable:
    """Tabulate the bins of characters."""
    rows: dict[str, Sequence[Cell]] = {
        f"{inside.mean_confidence:.3f}": [inside.right.total, inside.right]
        for inside in calibration.bins
    }
    columns = ("mean probability", "characters", "right")
    return FigureTable("reliability", "Reliability of characters, cut-out plates", columns, rows)


def _time_table(measured: Measured) -> FigureTable:
    """Tabulate the time for a picture."""
    rows: dict[str, Sequence[Cell]] = {
        name: [len(tally.spent_ms), round(statistics.median(tally.spent_ms), 1)]
        for name, tally in (("photographs", measured.scenes), ("cut-out plates", measured.crops))
        if tally.spent_ms
    }
    columns = ("pictures", "number", "median ms")
    return FigureTable("time", "Time, decoding of the file not counted", columns, rows)


if __name__ == "__main__":
    sys.exit(main())
