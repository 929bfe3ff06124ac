"""Asks programs of the system, which may be missing, slow or talkative."""

import shutil
import subprocess
from collections.abc import Sequence
from typing import Final

_PATIENCE_S: Final = 15.0
_MAXIMUM_CHARACTERS: Final = 65_536


def said_by(*command: str) -> str:
    """Return what a program of the system writes, or nothing.

    Args:
        command: Its name, which is looked for on the path, and its words.
    """
    program = shutil.which(command[0])
    if program is None:
        return ""
    arguments: Sequence[str] = command[1:]
    try:
        done = subprocess.run(  # noqa: S603 - fixed programs, names of our own
            [program, *arguments], capture_output=True, check=False, timeout=_PATIENCE_S
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.decode("utf-8", "replace")[:_MAXIMUM_CHARACTERS]
