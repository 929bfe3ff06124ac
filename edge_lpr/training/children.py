"""Runs the trainings as processes on cores of their own, and ends them together."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from edge_lpr.core.errors import DataSetError

_LOOK_EVERY_S: Final = 0.5
_PATIENCE_S: Final = 20.0
"""Time a child has to end by itself; its work is saved every two minutes in any case."""


@dataclass(frozen=True, slots=True)
class Child:
    """A running training."""

    name: str
    """What it trains."""
    process: subprocess.Popen[bytes]
    """The process; it writes to our screen."""


def start_child(
    name: str, module: str, options: Sequence[str], cores: Sequence[int], threads: int
) -> Child:
    """Start a training.

    Args:
        name: What it trains.
        module: Module to run.
        options: Its command line.
        cores: Cores that it and processes of its own may use.
        threads: Threads that it computes with.

    Returns:
        The running child. It is killed if this process dies, so that a resumed run does not meet
        it again.
    """
    setpriv = shutil.which("setpriv")
    tied = [setpriv, "--pdeathsig", "KILL"] if setpriv else []
    environment = os.environ | {"OMP_NUM_THREADS": str(threads), "PYTHONWARNINGS": "ignore"}
    process = subprocess.Popen(  # noqa: S603 - our own module
        [*tied, sys.executable, "-m", module, *options], env=environment
    )
    os.sched_setaffinity(process.pid, cores)
    return Child(name, process)


def wait_for_all(children: Sequence[Child]) -> None:
    """Wait until all have ended well.

    Args:
        children: Running or ended.

    Raises:
        DataSetError: One has failed; it said why on the screen.
    """
    while True:
        statuses = {child.name: child.process.poll() for child in children}
        failed = [name for name, status in statuses.items() if status]
        if failed:
            raise DataSetError(
                f"the training of the {failed[0]} ended with status {statuses[failed[0]]}, see "
                "above; once that is put right, --resume goes on."
            )
        if None not in statuses.values():
            return
        time.sleep(_LOOK_EVERY_S)


def stop(children: Sequence[Child]) -> None:
    """End those that still run.

    Args:
        children: Running or ended.
    """
    for child in children:
        child.process.terminate()
    for child in children:
        with suppress(subprocess.TimeoutExpired):
            child.process.wait(_PATIENCE_S)
        child.process.kill()
        child.process.wait()
