"""Measures the engine on labelled pictures or films, with 95 % intervals.

``python -m edge_lpr.training.evaluate --labels FILE.jsonl --images DIR [--crops]`` for pictures,
``--passes FILM --labels PASSES.json`` for a video or a folder of frames. For the laboratory: it
prints plate text into ``--predictions``, so it is not installed on a device. The ``onnx`` engine
needs no torch.
"""

import argparse
import json
import statistics
import sys
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any, Final

from edge_lpr.core.errors import EdgeLprError
from edge_lpr.training.dataset import load_known_plates, load_scenes
from edge_lpr.training.laboratory_engine import add_engine_arguments, open_engine
from edge_lpr.training.measures import Proportion
from edge_lpr.training.passage_evaluation import (
    FRAMES_OF_INVENTIONS,
    load_film_labels,
    passage_measures,
    sight_plates,
)
from edge_lpr.training.scene_evaluation import Tally, evaluate_known_plates, evaluate_scenes

LEGEND: Final = {
    "detection_recall": "plates with text that were detected (IoU 0.5)",
    "detection_recall_all": "all labelled plates of 12 px or more that were detected",
    "detection_precision": "detections that stand for a labelled plate",
    "exact": "plates with text read exactly",
    "exact_folded": "likewise, with O = 0 and I = 1",
    "fold_token": "likewise, with the six classes of the fold token",
    "character_error": "edit distances over label lengths",
    "read_rate": "passes with any sighting",
    "read_exactly": "passes with a right sighting",
    "misread_rate": "sightings that are wrong",
    "misread_rate_folded": "likewise, with O = 0 and I = 1",
    "duplicates": "sightings of a pass that had one already",
    "invented": "sightings where nothing passed",
    "invented_per_frame": "likewise, over frames",
}
"""What each measure says, in the order they are printed."""


def evaluate(arguments: argparse.Namespace) -> None:
    """Measure what the command line asks for, and print it.

    Args:
        arguments: Parsed command line.

    Raises:
        EdgeLprError: Labels, pictures or models are missing or wrong, or the engine failed.
    """
    if arguments.passes is not None:
        _evaluate_film(arguments)
    else:
        _evaluate_pictures(arguments)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        argv: Arguments without the program's name; None takes those of the process.

    Returns:
        Exit status: 0, or 2 where something is missing or wrong.
    """
    parser = argparse.ArgumentParser(prog="python -m edge_lpr.training.evaluate")
    parser.add_argument(
        "--labels", type=Path, required=True, help="labels: JSONL, or JSON of passes"
    )
    parser.add_argument("--images", type=Path, help="folder that the labels' pictures lie in")
    parser.add_argument("--passes", type=Path, help="video file or folder of frames to run")
    parser.add_argument("--crops", action="store_true", help="read labelled places, do not detect")
    parser.add_argument("--split", choices=("train", "val"), help="rows of this split, for crops")
    add_engine_arguments(parser)
    parser.add_argument("--predictions", type=Path, help="file for one line of JSON a picture")
    parser.add_argument("--json", action="store_true", help="print one JSON object last")
    arguments = parser.parse_args(argv)
    if arguments.passes is None and arguments.images is None:
        parser.error("give --images with labelled pictures, or --passes with a film")
    try:
        evaluate(arguments)
    except (EdgeLprError, OSError) as error:
        print(f"evaluate: {error}", file=sys.stderr)
        return 2
    return 0


def _evaluate_pictures(arguments: argparse.Namespace) -> None:
    """Measure on photographs or crops."""
    path: Path | None = arguments.predictions
    with path.open("w", encoding="utf-8") if path else nullcontext() as predictions:
        if arguments.crops:
            known = load_known_plates(arguments.labels, split=arguments.split)
            engine = open_engine(arguments)
            tally = evaluate_known_plates(known, arguments.images, engine, predictions)
        else:
            rows = load_scenes(arguments.labels)
            engine = open_engine(arguments)
            tally = evaluate_scenes(rows, arguments.images, engine, predictions)
    for table in tally.tables():
        print(f"{table}:")
        _print_measures(tally.measures(table))
    print("all:")
    measures = tally.measures()
    _print_measures(measures)
    median_ms = statistics.median(tally.spent_ms) if tally.spent_ms else 0.0
    print(f"  median {median_ms:.1f} ms a picture on {arguments.threads} thread(s)")
    if arguments.json:
        print(json.dumps(_picture_summary(tally, measures, median_ms)))


def _evaluate_film(arguments: argparse.Namespace) -> None:
    """Measure on a film."""
    film = load_film_labels(arguments.labels)
    sightings = sight_plates(arguments.passes, film, open_engine(arguments))
    measures = passage_measures(sightings, film)
    print(f"{len(film.passes)} passes in {film.frames} frames, {len(sightings)} sightings:")
    _print_measures(measures)
    invented = measures["invented_per_frame"].share * FRAMES_OF_INVENTIONS
    print(f"  invented plates per {FRAMES_OF_INVENTIONS} frames: {invented:.2f}")
    if arguments.json:
        print(json.dumps(_summary(measures)))


def _print_measures(measures: Mapping[str, Proportion]) -> None:
    """Print one line for each measure of anything."""
    for name, meaning in LEGEND.items():
        if name in measures and measures[name].total:
            measure = measures[name]
            low, high = measure.interval
            print(
                f"  {name:21} {measure.share:7.1%}  [{low:6.1%}, {high:6.1%}]"
                f"  {measure.hits:5d} / {measure.total:<5d}  {meaning}"
            )


def _summary(measures: Mapping[str, Proportion]) -> dict[str, Any]:
    """Sum up measures for a machine: shares by name, then counts and intervals."""
    shares: dict[str, Any] = {name: round(m.share, 6) for name, m in measures.items()}
    counts = {name: [m.hits, m.total] for name, m in measures.items()}
    intervals = {name: [round(end, 6) for end in m.interval] for name, m in measures.items()}
    return {**shares, "counts": counts, "intervals": intervals}


def _picture_summary(
    tally: Tally, measures: Mapping[str, Proportion], median_ms: float
) -> dict[str, Any]:
    """Sum up a measurement on pictures for a machine."""
    by_table = {table: _summary(tally.measures(table)) for table in tally.tables()}
    return {**_summary(measures), "median_ms": round(median_ms, 2), "tables": by_table}


if __name__ == "__main__":
    sys.exit(main())
