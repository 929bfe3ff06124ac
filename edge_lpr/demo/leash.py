"""``python leash.py PARENT PROGRAM ...``: becomes a program that ends when its parent dies.

Without it a demo that is killed leaves its broker and three processes running. A script of its
own, because a demo has threads, and between fork and exec such a process may do next to nothing.
It is run as a file and without site-packages, so that it costs a few milliseconds.
"""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1
"""prctl(2): the signal to get when the parent dies; it outlives exec."""


def main() -> None:
    """Put the leash on, and become the program."""
    parent, program = int(sys.argv[1]), sys.argv[2:]
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:
        # It died before the leash was on.
        sys.exit(1)
    os.execv(program[0], program)  # noqa: S606 - the demo's own fixed commands


if __name__ == "__main__":
    main()
