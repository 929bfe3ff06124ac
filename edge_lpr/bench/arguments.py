"""What the bench's command line says."""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from edge_lpr.bench.figures import RowName

EngineName: TypeAlias = Literal["onnx", "torch"]

ROWS: Final[tuple[RowName, ...]] = ("speed", "stages", "decoding", "booth", "empty", "tokens")
"""Rows of a run without options, in order."""

DEFAULT_FRAMES: Final = 48
"""Frames with a plate: 130 MB of memory, and a second's work for two fast cores."""

_MAXIMUM_FRAMES: Final = 1_000
_MAXIMUM_SOAK: Final = 100_000_000
_MAXIMUM_THREADS: Final = 64
_LEAST_SOAK: Final = 100
"""Ten measurements, of ten frames each."""


@dataclass(frozen=True, slots=True)
class BenchOptions:
    """Everything that the command line decides."""

    engine: EngineName
    """``torch``: the stock libraries run beside ONNX Runtime, and the ratio is given."""
    frames: int
    """Frames with a plate."""
    threads: int | None
    """Threads of the inference library, as ``vision.threads`` of the settings; None for as many
    as the settings give by default."""
    rows: tuple[RowName, ...]
    """What is measured, in order."""
    soak_frames: int
    """Frames of the soak; 0 for none."""
    is_json: bool
    """One JSON object instead of a table."""


def parse_arguments(arguments: Sequence[str]) -> BenchOptions:
    """Read the command line; ends the program with a sentence where it makes no sense.

    Args:
        arguments: The words after ``edge-lpr bench``.

    Returns:
        The options.
    """
    chosen = _parser().parse_args(arguments)
    rows: tuple[RowName, ...] = chosen.only
    return BenchOptions(
        engine=chosen.engine,
        frames=chosen.frames,
        threads=chosen.threads,
        rows=(*rows, "soak") if chosen.soak else rows,
        soak_frames=chosen.soak,
        is_json=chosen.json,
    )


def _parser() -> argparse.ArgumentParser:
    """Describe the command line."""
    parser = argparse.ArgumentParser(
        prog="edge-lpr bench",
        description=(
            "Measure how fast a booth is on this machine: frames a second with a plate in every "
            "frame, time a stage, memory, start to first sighting, cost of an empty lane and of a "
            "token. Progress goes to standard error."
        ),
        epilog="What the figures mean, and how far they are from the limit: docs/performance.md.",
    )
    parser.add_argument(
        "--engine",
        choices=("onnx", "torch"),
        default="onnx",
        help="torch: measure the stock ultralytics and EasyOCR too, in the same run, and give the "
        "ratio; needs the extra [torch]",
    )
    parser.add_argument(
        "--frames",
        type=_whole(2, _MAXIMUM_FRAMES),
        default=DEFAULT_FRAMES,
        metavar="N",
        help=f"frames with a plate that are rendered and measured ({DEFAULT_FRAMES})",
    )
    parser.add_argument(
        "--threads",
        type=_whole(1, _MAXIMUM_THREADS),
        metavar="N",
        help="threads of the inference library and of OpenCV, as vision.threads of the settings "
        "(as many as the board has, up to 4)",
    )
    parser.add_argument(
        "--only",
        type=_rows,
        default=ROWS,
        metavar="ROWS",
        help=f"measure only these, separated by commas: {', '.join(ROWS)}",
    )
    parser.add_argument(
        "--soak",
        type=_whole(_LEAST_SOAK, _MAXIMUM_SOAK),
        default=0,
        metavar="FRAMES",
        help="push so many frames through the pipeline as well, and say whether memory grows",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    return parser


class _whole:  # noqa: N801 - used like a function, and argparse prints its name
    """Check a whole number in a range."""

    def __init__(self, least: int, most: int) -> None:
        self._least = least
        self._most = most

    def __call__(self, text: str) -> int:
        """Return the number."""
        if text.isascii() and text.isdecimal() and self._least <= int(text) <= self._most:
            return int(text)
        raise argparse.ArgumentTypeError(
            f"must be a whole number from {self._least} to {self._most}"
        )


def _rows(text: str) -> tuple[RowName, ...]:
    """Check names of rows; they are measured in their own order."""
    wanted = {word.strip() for word in text.split(",")}
    if not wanted or not wanted <= set(ROWS):
        raise argparse.ArgumentTypeError(f"must be some of {', '.join(ROWS)}")
    return tuple(row for row in ROWS if row in wanted)
