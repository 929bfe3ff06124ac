"""What the command line of ``edge-lpr update`` says."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from edge_lpr.update.running import SLOTS

STANDARD_INPUT: Final = Path("-")
"""In place of a file's name."""

_EPILOG: Final = "docs/updates.md shows the whole way, from a key to the new system at a booth."


def parse_arguments(arguments: Sequence[str]) -> argparse.Namespace:
    """Read the command line; ends the program with a sentence where it makes no sense.

    Args:
        arguments: The words after ``edge-lpr update``.

    Returns:
        The options, with ``task``.
    """
    parser = argparse.ArgumentParser(
        prog="edge-lpr update",
        description="A booth's next system: signed, newer, tried once, and kept only if it works.",
        epilog=_EPILOG,
    )
    tasks = parser.add_subparsers(dest="task", required=True, metavar="TASK")

    install = tasks.add_parser("install", help="install a bundle and restart into it")
    what = install.add_mutually_exclusive_group(required=True)
    what.add_argument("bundle", type=Path, nargs="?", help="a file, or - for standard input")
    what.add_argument("--fetched", action="store_true", help="what `fetch` has fetched, if any")
    install.add_argument(
        "--no-restart", action="store_true", help="leave the restart, and so the trial, for later"
    )

    status = tasks.add_parser("status", help="which system runs, and how the last update went")
    status.add_argument("--json", action="store_true", help="for programs")

    keys = tasks.add_parser("make-key", help="for whoever makes images: keys that sign updates")
    keys.add_argument("--out", type=Path, required=True, metavar="DIR", help="a new folder")
    keys.add_argument("--owner", default="edge-lpr", help="who signs; default: edge-lpr")

    source = tasks.add_parser("source", help="(unit) write down where to fetch; 1 if nowhere")
    source.add_argument("--out", type=Path, required=True, metavar="FILE")
    fetch = tasks.add_parser("fetch", help="(unit) fetch the next system, if there is one")
    fetch.add_argument("--source", type=Path, required=True, metavar="FILE")

    check = tasks.add_parser("check", help="(RAUC) may this bundle be written?")
    check.add_argument("--mounted", type=Path, required=True, metavar="DIR")
    check.add_argument("--slot", choices=SLOTS, required=True)
    backend = tasks.add_parser("boot-slot", help="(RAUC) which slot is started")
    backend.add_argument("words", nargs="+")

    tasks.add_parser("gate", help="(unit) keep the system on trial if it works, else fail")
    tasks.add_parser("settle", help="(unit) write down how the last update ended")
    return parser.parse_args(arguments)
