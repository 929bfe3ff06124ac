"""What a program does whose reader has left: ``edge-lpr subscribe --json | head -n 1``."""

import os
import signal
import sys
from typing import Final

_EXIT_UNHEARD: Final = 128 + signal.SIGPIPE
"""What a shell calls a program that wrote to nobody."""


def leave_unheard() -> int:
    """Let the rest of the output go nowhere.

    Returns:
        The exit status, 141.
    """
    # What is still in the buffer must go somewhere, or Python would complain about it at the end.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return _EXIT_UNHEARD
