"""Measures the whole vision process on simulated lanes, and on real films beside them.

``python -m edge_lpr.training.simulate --passages 60 [--data DATA] [--processes 2]``. The lane's
plates, vehicles and backdrops are drawn by ``synthesis/simulator``, which training never draws
with, in typefaces that it never letters in (``held_out_typefaces.py``). With ``--sheet FOLDER``
it writes sheets of the frames to look at, and measures nothing.
"""

import argparse
import json
import sys
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from edge_lpr.core.errors import DataSetError, EdgeLprError
from edge_lpr.synthesis.simulator.conditions import CONDITIONS
from edge_lpr.synthesis.simulator.plan import FRAME_RATE_HZ, WIDTH_PX, LaneSettings
from edge_lpr.synthesis.simulator.scenarios import CYCLE, SCENARIOS
from edge_lpr.training.figure_tables import FigureTable
from edge_lpr.training.held_out_typefaces import FACE_SETS, load_held_out, refuse_trained
from edge_lpr.training.laboratory_engine import (
    add_engine_arguments,
    open_engine,
    vision_settings,
)
from edge_lpr.training.lane_sheet import write_lane_sheets
from edge_lpr.training.passage_outcomes import COLUMNS, PassageTally, tally_passages
from edge_lpr.training.passage_runs import run_passages
from edge_lpr.training.real_sequences import load_real_sequences
from edge_lpr.training.simulated_shifts import ShiftOutcome, run_shifts

_ALL: Final = "all passages"


@dataclass(frozen=True, slots=True)
class Measured:
    """What was measured."""

    by_condition: Mapping[str, PassageTally]
    """Counts by light and weather, all of them last."""
    by_scenario: Mapping[str, PassageTally]
    """Counts by what vehicles do."""
    real: Mapping[str, PassageTally]
    """Counts of the films, by film and by whether training saw it."""
    render_hz: float
    """Frames a second that one core rendered."""

    def tables(self) -> tuple[FigureTable, ...]:
        """Return the tables, the films below the conditions in the first."""
        rows = {name: tally.cells() for name, tally in self.by_condition.items()}
        rows |= {name: tally.cells(knows_all=False) for name, tally in self.real.items()}
        scenarios = {name: tally.cells() for name, tally in self.by_scenario.items()}
        return (
            FigureTable(
                "by_condition", "Passages by condition, and films", ("condition", *COLUMNS), rows
            ),
            FigureTable(
                "by_scenario", "Passages by scenario", ("scenario", *COLUMNS), scenarios
            ),
        )  # fmt: skip

    def as_json(self) -> dict[str, Any]:
        """Describe it for a machine: tables, and the counts behind them."""
        counts = {**self.by_condition, **self.by_scenario, **self.real}
        return {
            **{table.name: table.as_json() for table in self.tables()},
            "counts": {name: asdict(tally) for name, tally in counts.items()},
            "render_hz": round(self.render_hz, 1),
        }


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        argv: Arguments without the program's name; None takes those of the process.

    Returns:
        Exit status: 0, or 2 where something is missing or wrong.
    """
    arguments = _parser().parse_args(argv)
    try:
        settings = _lane_settings(arguments)
        typefaces = load_held_out(arguments.typefaces)
        if arguments.data is not None:
            refuse_trained(typefaces, arguments.data)
        if arguments.sheet is not None:
            for path in write_lane_sheets(arguments.sheet, settings, typefaces):
                print(path)
            return 0
        measured = measure(settings, arguments)
    except (EdgeLprError, OSError) as error:
        print(f"simulate: {error}", file=sys.stderr)
        return 2
    print(f"Lettered in {', '.join(typefaces)}; seed {arguments.seed}.")
    for table in measured.tables():
        print(table.as_markdown() if arguments.markdown else table.as_text())
    print(f"One core rendered {measured.render_hz:.0f} frames a second.")
    if arguments.json:
        print(json.dumps(measured.as_json()))
    return 0


def measure(settings: LaneSettings, arguments: argparse.Namespace) -> Measured:
    """Run simulation and films.

    Args:
        settings: The simulation.
        arguments: Engine, typefaces, processes, and the folder of the films.

    Returns:
        What was measured.

    Raises:
        EdgeLprError: Models, labels or pictures are missing or wrong, or the engine failed.
    """
    by_condition: dict[str, PassageTally] = {}
    by_scenario: dict[str, PassageTally] = {}
    total, frames, render_s = PassageTally(), 0, 0.0
    for outcome in _with_progress(run_shifts(settings, arguments), settings.passages):
        frames, render_s = frames + outcome.frames, render_s + outcome.render_s
        for scenario, tally in outcome.tallies.items():
            by_condition.setdefault(outcome.condition, PassageTally()).add(tally)
            by_scenario.setdefault(scenario, PassageTally()).add(tally)
            total.add(tally)
    by_condition[_ALL] = total
    ordered = {name: by_scenario[name] for name in SCENARIOS if name in by_scenario}
    real = _measure_films(arguments) if arguments.data is not None else {}
    return Measured(by_condition, ordered, real, frames / max(render_s, 1e-9))


def _measure_films(arguments: argparse.Namespace) -> dict[str, PassageTally]:
    """Run the films of a data folder."""
    pictures = arguments.pictures or arguments.data
    engine, usual = open_engine(arguments), vision_settings(arguments)
    sums: dict[str, PassageTally] = defaultdict(PassageTally)
    for film in load_real_sequences(arguments.data):
        run = run_passages(film.frames(pictures), engine, film.settings(usual))
        tallies = tally_passages(
            film.passages,
            run.sightings,
            run.singles,
            rows_of_frames=film.rows_of_frames,
            frame_rate_hz=1.0,
        )
        for row, tally in tallies.items():
            sums[row].add(tally)
    return dict(sorted(sums.items()))


def _with_progress(outcomes: Iterator[ShiftOutcome], passages: int) -> Iterator[ShiftOutcome]:
    """Say after each shift how far it is and how long it will take."""
    began_s, done, frames = time.monotonic(), 0, 0
    for outcome in outcomes:
        done += sum(tally.passages for tally in outcome.tallies.values())
        frames += outcome.frames
        spent_s = time.monotonic() - began_s
        left_s = spent_s / done * max(0, passages - done)
        print(
            f"simulate  {min(done, passages)} of {passages} passages, {outcome.condition}: "
            f"{frames / spent_s:.1f} frames/s, {left_s / 60:.1f} min left",
            file=sys.stderr,
            flush=True,
        )
        yield outcome


def _lane_settings(arguments: argparse.Namespace) -> LaneSettings:
    """Turn the command line into a simulation."""
    conditions = tuple(each for each in CONDITIONS if each.name in _listed(arguments.conditions))
    cycle = tuple(each for each in CYCLE if each in _listed(arguments.scenarios))
    if not conditions or not set(cycle) - {"empty"}:
        known = ", ".join([*(each.name for each in CONDITIONS), *SCENARIOS])
        raise DataSetError(f"nothing drives through that lane; there are {known}.")
    return LaneSettings(
        passages=arguments.passages,
        seed=arguments.seed,
        width_px=arguments.width,
        frame_rate_hz=arguments.fps,
        stop_s=arguments.stop_seconds,
        empty_s=arguments.empty_seconds,
        passages_a_shift=arguments.shift_passages,
        conditions=conditions,
        cycle=cycle,
    )


def _listed(names: str) -> set[str]:
    """Split a list of names."""
    return {name.strip() for name in names.split(",")}


def _parser() -> argparse.ArgumentParser:
    """Say which arguments there are."""
    parser = argparse.ArgumentParser(
        prog="python -m edge_lpr.training.simulate", description=__doc__
    )
    add_engine_arguments(parser)
    number = parser.add_argument
    number("--passages", type=_positive, default=60, help="plates that pass (60)")
    number("--seed", type=int, default=0, help="the same number gives the same frames (0)")
    number("--width", type=int, choices=(640, 960, WIDTH_PX), default=WIDTH_PX, help="of a frame")
    number("--fps", type=float, default=FRAME_RATE_HZ, help="frames a second (15)")
    number("--stop-seconds", type=float, default=120.0, help="length of a long stop (120)")
    number("--empty-seconds", type=float, default=40.0, help="length of an empty lane (40)")
    number("--shift-passages", type=_positive, default=10, help="of one camera and light (10)")
    number("--conditions", default=",".join(each.name for each in CONDITIONS), help="by name")
    number("--scenarios", default=",".join(SCENARIOS), help="by name")
    number("--typefaces", choices=FACE_SETS, default="all", help="of the plates (all)")
    number("--processes", type=_positive, default=1, help="that run shifts side by side (1)")
    number("--data", type=Path, help="folder of label files, whose films are measured too")
    number("--pictures", type=Path, help="folder of their pictures (DATA)")
    number("--sheet", type=Path, help="write sheets of frames into this folder, do not measure")
    number("--markdown", action="store_true", help="print tables for the model card")
    number("--json", action="store_true", help="print one JSON object last")
    return parser


def _positive(text: str) -> int:
    """Read a number from 1 on."""
    number = int(text)
    if not 1 <= number <= 100_000:  # noqa: PLR2004 - a week of one machine
        raise argparse.ArgumentTypeError("must be 1 to 100000")
    return number


if __name__ == "__main__":
    sys.exit(main())
