"""``edge-lpr diagnose``: what is wrong with this booth, what comes first, and what to do."""

import argparse
import contextlib
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from edge_lpr.audit.record import record
from edge_lpr.core.check_words import Verdict
from edge_lpr.core.clock import SystemClock
from edge_lpr.core.errors import AuditError
from edge_lpr.diagnostics.card import WAIT_S
from edge_lpr.diagnostics.card_main import run_card
from edge_lpr.diagnostics.diagnosis import Place, diagnose
from edge_lpr.diagnostics.finding import Finding, worst
from edge_lpr.diagnostics.report import as_json, as_text
from edge_lpr.diagnostics.units import ask_units, process_lines

EXIT_STATUS: Final[dict[Verdict, int]] = {"good": 0, "not_known": 0, "warning": 1, "bad": 3}
"""2 is argparse's: the command line makes no sense."""

_LOOK_EVERY_S: Final = 2.0
_CLEAR: Final = "\x1b[H\x1b[2J"
_SETTINGS: Final = Path("etc/edge-lpr/booth.toml")


def main(arguments: Sequence[str] | None = None) -> int:
    """Diagnose this booth.

    Args:
        arguments: The words after ``edge-lpr diagnose``; those of the process if left out.

    Returns:
        0 where nothing is wrong, 1 with warnings alone, 3 where something is bad.
    """
    chosen = _parser().parse_args(sys.argv[1:] if arguments is None else arguments)
    place = Place(chosen.root, chosen.settings or chosen.root / _SETTINGS)
    clock = SystemClock()
    if chosen.processes:
        sys.stdout.writelines(f"{line}\n" for line in process_lines(ask_units()))
        return 0
    if chosen.card:
        passed = run_card(place, clock, wait_s=chosen.wait, is_json=chosen.json)
        return EXIT_STATUS["good" if passed else "bad"]
    more = _recorded(chosen.root, is_watched=chosen.watch)
    shown = as_json if chosen.json else as_text
    diagnosis = diagnose(place, clock, more)
    with contextlib.suppress(KeyboardInterrupt):
        while chosen.watch:
            clear = "" if chosen.json or not sys.stdout.isatty() else _CLEAR
            sys.stdout.write(clear + shown(diagnosis))
            sys.stdout.flush()
            time.sleep(_LOOK_EVERY_S)
            diagnosis = diagnose(place, clock, more)
    if not chosen.watch:
        sys.stdout.write(shown(diagnosis))
    return EXIT_STATUS[worst(diagnosis.findings)]


def _recorded(root: Path, *, is_watched: bool) -> tuple[Finding, ...]:
    """Say in the audit log that somebody looks; a disk that is full must not keep him from it."""
    if root != Path("/") or os.geteuid() != 0:
        # A trial, or somebody whom no process answers.
        return ()
    try:
        record("diagnosis_began", watched=int(is_watched))
    except AuditError as error:
        return (Finding("sandbox", "record", "warning", str(error), "LPR-A01"),)
    return ()


def _parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    parser = argparse.ArgumentParser(
        prog="edge-lpr diagnose",
        description=(
            "What is wrong with this booth, what comes first, and what to do. Run it as root: only "
            "root may ask the processes. Exit status: 0 nothing, 1 warnings, 3 something is bad."
        ),
    )
    parser.add_argument("--json", action="store_true", help="for programs, on one line")
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--watch", action="store_true", help="again every two seconds")
    how.add_argument("--processes", action="store_true", help="whether each runs, and no more")
    how.add_argument("--card", action="store_true", help="show the printed card: pass or fail")
    parser.add_argument("--wait", type=float, default=WAIT_S, help="seconds to wait for the card")
    parser.add_argument("--settings", type=Path, help="the booth's settings file")
    parser.add_argument("--root", type=Path, default=Path("/"), help="another machine's files")
    return parser


if __name__ == "__main__":
    sys.exit(main())
