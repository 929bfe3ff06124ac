"""For the health gate's unit: keep the system on trial if it works; an error restarts all."""

import sys
import time
from argparse import Namespace
from typing import Final

from edge_lpr.core.clock import SystemClock
from edge_lpr.core.errors import InstallationError
from edge_lpr.core.notify import ServiceNotifier
from edge_lpr.installation.reading import read_installation
from edge_lpr.update.booth import INSTALLATION_FILE, say, this_booth
from edge_lpr.update.gate import GateEyes, HealthGate
from edge_lpr.update.working import condition, show_unit, tokens_come_out_right

_DEFAULT_S: Final = 600
_HANG_S: Final = 120
"""A look takes a second or two, and some more where all processes start at the same time."""


def run(_: Namespace) -> int:
    """Judge.

    Returns:
        0 if the system is kept.
    """
    notifier = ServiceNotifier()
    eyes = GateEyes(
        clock=SystemClock(),
        look=lambda: condition(show_unit),
        tokens_work=tokens_come_out_right,
        sleep=time.sleep,
        is_alive=lambda: notifier.take_longer(_HANG_S),
    )
    booth = this_booth()
    say(HealthGate(booth, eyes).judge(_limit_s()).sentence())
    return 0


def _limit_s() -> float:
    """Return how long the gate waits: the installer's answer."""
    try:
        return read_installation(INSTALLATION_FILE).update_gate_s
    except InstallationError as error:
        # Answers that no system understands must not keep every update out.
        sys.stderr.write(f"edge-lpr update: {error}; the gate waits {_DEFAULT_S} s\n")
        return _DEFAULT_S
