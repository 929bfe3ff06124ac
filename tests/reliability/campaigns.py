"""Starts the campaigns against the outbox, each in its own process, and reads what they found."""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, Final

from tests.reliability.shim import build_shim

_MEMORY_FOLDER: Final = Path("/dev/shm")  # noqa: S108 - in a new folder with a name of its own
"""A SIGKILL takes nothing from the kernel and a power cut is played; a disk would only wear."""


def kill_outbox(kills: int, *, seed: int, is_control: bool = False) -> dict[str, Any]:
    """Kill a process that works with the outbox; see ``outbox_kills.py``.

    Args:
        kills: How many times.
        seed: Decides when.
        is_control: Whether the outbox is one that confirms too early.

    Returns:
        What was found.
    """
    arguments = ["--kills", str(kills), "--seed", str(seed)]
    return _run("outbox_kills", arguments + ["--control"] * is_control)


def cut_power(cuts: int, *, seed: int, synchronous: str = "FULL") -> dict[str, Any]:
    """Cut the power of the outbox's disk; see ``power_cuts.py``.

    Args:
        cuts: How many times.
        seed: Decides when, and what the disk then holds.
        synchronous: SQLite's own word; the publisher's is ``FULL``.

    Returns:
        What was found.

    Raises:
        CompilerMissingError: There is no C compiler.
    """
    arguments = ["--cuts", str(cuts), "--seed", str(seed), "--synchronous", synchronous]
    return _run("power_cuts", arguments, shim="record_writes")


def cut_authority(
    *, cuts: int = 0, kills: int = 0, seed: int, careless: str = ""
) -> dict[str, Any]:
    """Cut the power of the authority's disk, or kill its processes; see ``authority_cuts.py``.

    Args:
        cuts: How many times the power goes; or
        kills: how many processes are killed.
        seed: Decides when, and what the disk then holds.
        careless: ``database`` or ``files`` for a control that waits for the disk less.

    Returns:
        What was found.

    Raises:
        CompilerMissingError: There is no C compiler.
    """
    arguments = ["--cuts", str(cuts), "--kills", str(kills), "--seed", str(seed)]
    shim = "record_writes" if cuts else None
    return _run("authority_cuts", [*arguments, "--careless", careless], shim=shim)


def _run(program: str, arguments: list[str], *, shim: str | None = None) -> dict[str, Any]:
    """Run a campaign in an empty folder and return its line of JSON."""
    in_memory = _MEMORY_FOLDER if os.access(_MEMORY_FOLDER, os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="edge-lpr-", dir=in_memory) as name:
        folder = Path(name)
        # Coverage would follow every process that is forked; the outbox has tests that it follows.
        environment = {
            name: value for name, value in os.environ.items() if not name.startswith("COVERAGE")
        }
        if shim is not None:
            environment["LD_PRELOAD"] = str(build_shim(shim, folder))
        work = folder / "work"
        work.mkdir()
        finished = subprocess.run(
            [sys.executable, "-m", f"tests.reliability.{program}", str(work), *arguments],
            env=environment,
            check=True,
            stdout=subprocess.PIPE,
            text=True,
        )
    found: dict[str, Any] = json.loads(finished.stdout)
    return found
