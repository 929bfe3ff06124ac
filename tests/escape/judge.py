"""Judges the walls from outside, as root in the booth: what gets through, and what could.

Runs the hostile program in vision's unit and, as the control, without any walls; looks for its
pictures where they would have to appear; and writes what came of each attempt.
"""

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path

from tests.escape import hostile_vision
from tests.escape.attempt import ATTEMPTS, SUITE_FOLDER
from tests.escape.helper import Helper
from tests.escape.unit import Outcome, run_in_unit, run_without_walls
from tests.escape.walls import walls_that_stop


def judge(arguments: list[str]) -> int:
    """Run the suite; 0 if nothing got out and the control shows that it could have."""
    parser = argparse.ArgumentParser(prog="judge")
    parser.add_argument("--results", type=Path, required=True, help="JSON file to write")
    parser.add_argument("--why", action="store_true", help="find what stops each; takes an hour")
    parser.add_argument("--no-control", action="store_true", help="only the unit")
    options = parser.parse_args(arguments)
    SUITE_FOLDER.mkdir(mode=0o755, exist_ok=True)
    helper = Helper()
    in_unit = run_in_unit(helper)
    control: dict[str, Outcome] = {} if options.no_control else run_without_walls(helper)
    why = walls_that_stop(helper) if options.why else {}
    rows = [
        {
            "attempt": name,
            "sentence": attempt.sentence,
            "unit": asdict(in_unit[name]) if name in in_unit else None,
            "control": asdict(control[name]) if name in control else None,
            **({"why": why[name]} if name in why else {}),
        }
        for name, attempt in ATTEMPTS.items()
    ]
    options.results.write_text(json.dumps({"rows": rows}, indent=1) + "\n")
    escaped = [name for name, outcome in in_unit.items() if outcome.succeeded]
    missing = [name for name in ATTEMPTS if name not in in_unit]
    impossible = [name for name, outcome in control.items() if not outcome.succeeded]
    sys.stdout.write(
        f"attempts {len(in_unit)}, got out {len(escaped)} {escaped}, not tried {missing}, "
        f"not possible for root either {impossible}\n"
    )
    return 1 if escaped or missing else 0


def main(words: list[str]) -> int:
    """Do what the first word says: ``hostile`` or ``judge``."""
    if words[:1] == ["hostile"]:
        return hostile_vision.main(words[1:])
    return judge(words[1:])
