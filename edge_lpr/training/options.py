"""The command line that the trainings share, and how a run is begun or continued."""

import argparse
import fcntl
from collections.abc import Callable
from pathlib import Path
from pickle import UnpicklingError
from typing import Any, BinaryIO, Final, TypeVar

import torch

from edge_lpr.core.errors import DataSetError
from edge_lpr.training.export import SHIPPED_MODELS
from edge_lpr.training.learner import Learner
from edge_lpr.training.loaders import loader_count
from edge_lpr.training.progress import Progress

DEFAULT_MINUTES: Final = 60.0
"""Length of a training that does not say."""

RATE_FROM_NOTHING: Final = 2e-3
"""Highest learning rate for random weights (measured earlier to work for both networks)."""

RATE_FROM_WEIGHTS: Final = 6e-4
"""Highest learning rate for trained weights: more would first undo what they know."""

SHIPPED: Final = "shipped"
NOTHING: Final = "none"

AnyLearner = TypeVar("AnyLearner", bound=Learner[Any])


def training_parser(program: str, description: str) -> argparse.ArgumentParser:
    """Make the parser of one training.

    Args:
        program: Module that is run.
        description: What it does.

    Returns:
        The parser with all options.
    """
    parser = argparse.ArgumentParser(prog=f"python -m {program}", description=description)
    add_run_options(parser, work=None)
    parser.add_argument("--pictures", type=Path, help="folder of the pictures (DATA)")
    parser.add_argument("--batch-size", type=int, help="pictures in a step (by device)")
    parser.add_argument("--rate", type=float, help="highest learning rate (by --start)")
    parser.add_argument(
        "--save-seconds", type=float, default=120.0, help="between checkpoints (120)"
    )
    parser.add_argument(
        "--loaders",
        type=int,
        default=loader_count(has_gpu=default_device() == "cuda"),
        help="processes that draw pictures (by cores)",
    )
    return parser


def add_run_options(parser: argparse.ArgumentParser, *, work: Path | None) -> None:
    """Add the options that one training and both together have.

    Args:
        parser: Parser to add them to.
        work: Folder of the run where none is named; None asks for one.
    """
    parser.add_argument(
        "--data", type=Path, required=True, help="folder of label files, fonts and blank plates"
    )
    parser.add_argument(
        "--work", type=Path, required=work is None, default=work, help="folder for the run's state"
    )
    parser.add_argument(
        "--start",
        default=SHIPPED,
        help="weights to begin with: shipped, none, a file, or a folder of models (shipped)",
    )
    parser.add_argument("--resume", action="store_true", help="go on with the run in WORK")
    parser.add_argument(
        "--minutes",
        type=float,
        help=f"length of each training, earlier starts included ({DEFAULT_MINUTES:g})",
    )


def default_device() -> str:
    """Name the kind of processor that trains here.

    Returns:
        ``cuda`` or ``cpu``.
    """
    return "cuda" if torch.cuda.is_available() else "cpu"


def check_numbers(arguments: argparse.Namespace) -> None:
    """Refuse numbers that no training can use.

    Args:
        arguments: Parsed command line.

    Raises:
        DataSetError: A number is not positive; the message names the option.
    """
    for name in ("minutes", "batch_size", "rate", "save_seconds"):
        value = getattr(arguments, name, None)
        if value is not None and not value > 0:
            raise DataSetError(f"--{name.replace('_', '-')} is {value:g}; give more than 0.")
    if getattr(arguments, "loaders", 0) < 0:
        raise DataSetError(f"--loaders is {arguments.loaders}; give 0 or more.")


def start_weights(start: str, shipped_name: str) -> Path | None:
    """Find the weights to begin with.

    Args:
        start: ``shipped``, ``none``, a file, or a folder of models.
        shipped_name: Name of this network's weights in a folder of models.

    Returns:
        The file; None for random weights.

    Raises:
        DataSetError: There is no such file.
    """
    if start == NOTHING:
        return None
    given = SHIPPED_MODELS if start == SHIPPED else Path(start)
    path = given / shipped_name if given.is_dir() else given
    if not path.is_file():
        raise DataSetError(f"{path} is not a file; give --start shipped, none, or weights.")
    return path


def claim(work: Path, name: str) -> BinaryIO:
    """Make sure that no other process trains the same network in the same folder.

    Args:
        work: Folder of the run; made if it is not there.
        name: What is trained.

    Returns:
        A file; the claim holds until it is closed or this process ends, however it ends.

    Raises:
        DataSetError: Somebody else trains here.
    """
    work.mkdir(parents=True, exist_ok=True)
    lock = (work / f"{name}.lock").open("wb")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        lock.close()
        raise DataSetError(
            f"another process trains the {name} in {work}; wait for it, or choose another --work."
        ) from error
    return lock


def start_or_resume(
    arguments: argparse.Namespace,
    state_path: Path,
    weights: Path | None,
    make: Callable[[Progress, Path | None], AnyLearner],
) -> AnyLearner:
    """Set up a run, new or continued, and refuse to overwrite one.

    Args:
        arguments: Parsed command line.
        state_path: File of the run's checkpoint.
        weights: Weights to begin with.
        make: Makes the learner from its progress and its first weights.

    Returns:
        The learner, ready to go on.

    Raises:
        DataSetError: There is a run without ``--resume``, or none with it, or it is damaged.
    """
    if not arguments.resume:
        if state_path.exists():
            raise DataSetError(f"{state_path} exists; pass --resume or choose another --work.")
        rate = arguments.rate or (RATE_FROM_NOTHING if weights is None else RATE_FROM_WEIGHTS)
        minutes = arguments.minutes or DEFAULT_MINUTES
        return make(Progress(budget_s=minutes * 60, peak_rate=rate), weights)
    if not state_path.exists():
        raise DataSetError(f"{state_path} does not exist; start without --resume.")
    try:
        state = torch.load(state_path, map_location="cpu", weights_only=True)
        progress = Progress(**state["progress"])
        if arguments.minutes is not None:
            progress.budget_s = arguments.minutes * 60
        learner = make(progress, None)
        learner.load(state)
    except (RuntimeError, EOFError, LookupError, TypeError, ValueError, UnpicklingError) as error:
        raise DataSetError(
            f"{state_path} is no checkpoint of this network ({type(error).__name__}); "
            "choose another --work."
        ) from error
    return learner
