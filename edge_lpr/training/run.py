"""From labelled photographs to weights, ONNX files, manifest and figures: ``scripts/train``.

Detector, reader and corner network are trained by a process each, side by side where there are
cores for them, one after the other on a GPU. This file plans, waits and collects; how each learns
is its own business.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any, Final

from edge_lpr.core.errors import DataSetError, EdgeLprError
from edge_lpr.training.children import Child, start_child, stop, wait_for_all
from edge_lpr.training.collect import EXPORTS, collect_models, install
from edge_lpr.training.loaders import loader_count
from edge_lpr.training.options import (
    DEFAULT_MINUTES,
    SHIPPED,
    add_run_options,
    check_numbers,
    default_device,
    start_weights,
)

DEFAULT_WORK: Final = Path("edge-lpr-training")
"""Folder of the run where none is named, in the current one."""

_PLAN_NAME: Final = "run.json"
"""What a run was asked to do, so that ``--resume`` need not be told again."""

PARTS: Final = {part: weights for part, (_, weights) in EXPORTS.items()}
"""What is trained, in this order, and the name of its weights."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run is asked to do."""

    start: str
    """``shipped``, ``none``, or weights."""
    minutes: float
    """Length of each training."""
    parts: tuple[str, ...]
    """What to train."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        argv: Arguments without the program's name; None takes those of the process.

    Returns:
        Exit status: 0, 2 where something is missing or wrong, 130 when it was interrupted.
    """
    parser = argparse.ArgumentParser(
        prog="scripts/train",
        description="Trains detector, reader and corner network, exports and measures them.",
    )
    add_run_options(parser, work=DEFAULT_WORK)
    parser.add_argument("--only", choices=tuple(PARTS), help="train just one of them")
    parser.add_argument(
        "--install", action="store_true", help="copy the models into the package at the end"
    )
    # A terminal's hang-up or a system's shutdown ends the run as Ctrl-C does.
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    try:
        _run(parser.parse_args(argv))
    except KeyboardInterrupt:
        print("train: stopped; the same command with --resume goes on", file=sys.stderr)
        return 130
    except (EdgeLprError, OSError) as error:
        print(f"train: {error}", file=sys.stderr)
        return 2
    return 0


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    """Leave as if the user had pressed Ctrl-C."""
    raise KeyboardInterrupt


def _run(arguments: argparse.Namespace) -> None:
    """Train, export, measure, and install if asked to."""
    work: Path = arguments.work
    check_numbers(arguments)
    plan = make_plan(arguments)
    _train_all(plan, arguments)
    base = Path(plan.start) if Path(plan.start).is_dir() else None
    models = collect_models(work, plan.parts, base)
    print(f"Models and manifest are in {models}; what they are worth:", flush=True)
    command = ["-m", "edge_lpr.training.figures", "--data", str(arguments.data)]
    measured = subprocess.run(  # noqa: S603 - our own module
        [sys.executable, *command, "--models", str(models)], check=False
    )
    if measured.returncode:
        raise DataSetError(f"the models in {models} are not measured; see above.")
    if arguments.install:
        install(models)
        print("Installed into the package; scripts/test says whether it still works")
    else:
        print("The package is as it was; --resume --install copies the models into it")


def make_plan(arguments: argparse.Namespace) -> Plan:
    """Decide what to do: anew, or as the run in the folder was asked to.

    Args:
        arguments: Parsed command line.

    Returns:
        The plan, which is also written into the folder of the run.

    Raises:
        DataSetError: There is a run without ``--resume``, or none with it.
    """
    path: Path = arguments.work / _PLAN_NAME
    if arguments.resume:
        known = _read_plan(path)
        minutes = arguments.minutes or known.minutes
        if arguments.only not in {None, *known.parts} or (arguments.only and len(known.parts) > 1):
            raise DataSetError(
                f"the run in {arguments.work} trains {' and '.join(known.parts)}; leave --only "
                "out, or choose another --work."
            )
        plan = Plan(known.start, minutes, known.parts)
    else:
        if path.exists():
            raise DataSetError(f"{path} exists; pass --resume or choose another --work.")
        parts = (arguments.only,) if arguments.only else tuple(PARTS)
        start: str = arguments.start
        if start not in {SHIPPED, "none"}:
            start = str(Path(start).resolve())
            if Path(start).is_file() and len(parts) > 1:
                raise DataSetError(f"{start} is one file; say what it is with --only.")
        plan = Plan(start, arguments.minutes or DEFAULT_MINUTES, parts)
    for part in plan.parts:
        start_weights(plan.start, PARTS[part])
    arguments.work.mkdir(parents=True, exist_ok=True)
    path.write_text(
        json.dumps({"start": plan.start, "minutes": plan.minutes, "parts": plan.parts}),
        encoding="utf-8",
    )
    return plan


def _read_plan(path: Path) -> Plan:
    """Read what an earlier start was asked to do."""
    try:
        known: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        plan = Plan(str(known["start"]), float(known["minutes"]), tuple(known["parts"]))
    except FileNotFoundError as error:
        raise DataSetError(f"{path} does not exist; start without --resume.") from error
    except (ValueError, KeyError, TypeError) as error:
        raise DataSetError(f"{path} is damaged; choose another --work.") from error
    if not set(plan.parts) <= set(PARTS):
        raise DataSetError(f"{path} names something that is not trained here.")
    return plan


def _train_all(plan: Plan, arguments: argparse.Namespace) -> None:
    """Train everything: as many side by side as there are cores, one by one on a GPU."""
    cores = sorted(os.sched_getaffinity(0))
    at_once = 1 if default_device() == "cuda" else len(cores)
    for first in range(0, len(plan.parts), at_once):
        parts = plan.parts[first : first + at_once]
        running: list[Child] = []
        try:
            for number, part in enumerate(parts):
                running.append(_start(part, plan, arguments, cores[number :: len(parts)]))
            wait_for_all(running)
        finally:
            stop(running)


def _start(part: str, plan: Plan, arguments: argparse.Namespace, cores: Sequence[int]) -> Child:
    """Start the training of one part."""
    work: Path = arguments.work
    loaders = loader_count(len(cores), has_gpu=default_device() == "cuda")
    options = ["--data", str(arguments.data), "--work", str(work), "--start", plan.start]
    options += ["--minutes", f"{plan.minutes:g}", "--loaders", str(loaders)]
    if (work / f"{part}-state.pt").exists():
        options.append("--resume")
    module = f"edge_lpr.training.train_{part}"
    return start_child(part, module, options, cores, threads=max(1, len(cores) - loaders))
