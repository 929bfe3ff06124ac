"""``edge-lpr progress``: how far a booth has got, once, or for ever on its screen and its LED."""

import argparse
import contextlib
import json
import signal
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Final

from edge_lpr.core.clock import Clock, SystemClock
from edge_lpr.first_boot.consoles import Console
from edge_lpr.first_boot.facts import Facts, gather
from edge_lpr.first_boot.screen import draw, is_well
from edge_lpr.first_boot.status_led import StatusLed, find_led
from edge_lpr.first_boot.steps import Step, judge

_LOOK_EVERY_S: Final = 2.0
_CALM_LOOK_EVERY_S: Final = 10.0


def main(arguments: Sequence[str] | None = None) -> int:
    """Show how far this booth has got.

    Args:
        arguments: The words after ``edge-lpr progress``; those of the process if left out.

    Returns:
        0; with ``--once`` or ``--json`` 1 where something is missing.
    """
    chosen = _parser().parse_args(sys.argv[1:] if arguments is None else arguments)
    clock = SystemClock()
    if chosen.once or chosen.json:
        facts, steps = _look(chosen.root, clock)
        sys.stdout.write(as_json(facts, steps) if chosen.json else draw(facts, steps))
        return 0 if is_well(steps) else 1
    # A service is stopped so; nothing needs to be put in order but the LED.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    led = find_led(chosen.led) if chosen.led else None
    consoles = [Console(device) for device in chosen.console]
    with contextlib.suppress(KeyboardInterrupt), contextlib.ExitStack() as resources:
        for console in consoles:
            resources.callback(console.close)
        status_led = None if led is None else StatusLed(led)
        if status_led is not None:
            resources.enter_context(status_led.blinking())
        _follow(chosen.root, clock, consoles, status_led)
    return 0


def as_json(facts: Facts, steps: Sequence[Step]) -> str:
    """Return the same for a program.

    Args:
        facts: What was seen of the machine.
        steps: How far each step is.
    """
    standing = facts.standing
    document = {
        "version": facts.version,
        "booth": facts.booth,
        "addresses": facts.addresses,
        "fingerprint": "" if standing is None else standing.fingerprint,
        "authority": "" if standing is None else standing.authority,
        "steps": [asdict(step) for step in steps],
    }
    return json.dumps(document, indent=2) + "\n"


def _follow(root: Path, clock: Clock, consoles: Sequence[Console], led: StatusLed | None) -> None:
    """Look, and draw, for ever."""
    printed = ""
    while True:
        facts, steps = _look(root, clock)
        if led is not None:
            led.show(steps)
        text = draw(facts, steps)
        for console in consoles:
            console.show(text)
        if not consoles and text != printed:
            printed = text
            sys.stdout.write(f"{text}\n")
            sys.stdout.flush()
        time.sleep(_CALM_LOOK_EVERY_S if is_well(steps) else _LOOK_EVERY_S)


def _look(root: Path, clock: Clock) -> tuple[Facts, tuple[Step, ...]]:
    """Look at the machine, and judge."""
    facts = gather(root, clock)
    return facts, judge(facts)


def _parser() -> argparse.ArgumentParser:
    """Return what knows the options."""
    parser = argparse.ArgumentParser(
        prog="edge-lpr progress",
        description="Show how far this booth has got, from its disk to its first sighting "
        "(docs/first-boot.md).",
    )
    parser.add_argument("--once", action="store_true", help="show it once, and end")
    parser.add_argument("--json", action="store_true", help="the same, for a program")
    parser.add_argument(
        "--console",
        type=Path,
        action="append",
        default=[],
        metavar="TTY",
        help="draw there instead, such as /dev/tty1; may be given again, and need not exist",
    )
    parser.add_argument(
        "--led",
        metavar="NAME",
        help="blink there too: a name below /sys/class/leds, or auto (docs/first-boot.md)",
    )
    parser.add_argument(
        "--root", type=Path, default=Path("/"), help="look for files below this folder"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
