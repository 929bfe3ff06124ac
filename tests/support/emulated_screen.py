"""What somebody reads who stands before an emulated booth's screen."""

import re
import time
from typing import Final

from edge_lpr.emulation.machine import EmulatedBooth

_FINGERPRINT: Final = (
    r"FINGERPRINT, for the key custodian:\s+((?:[0-9A-Z] ?){4}(?: +(?:[0-9A-Z] ?){4}){4})"
)


def fingerprint_on_screen(booth: EmulatedBooth, patience_s: float) -> str:
    """Wait for the fingerprint, and return it as it is typed: five groups of four."""
    groups = wait_for_screen(booth, _FINGERPRINT, patience_s).split("     ")
    return "-".join(group.replace(" ", "") for group in groups)


def wait_for_screen(booth: EmulatedBooth, pattern: str, patience_s: float) -> str:
    """Wait until something stands on the screen; return it, or its group."""
    deadline = time.monotonic() + patience_s
    while not (found := re.search(pattern, booth.console())):
        assert booth.is_on, "the booth has switched itself off"
        assert time.monotonic() < deadline, f"{pattern} is not on the screen"
        time.sleep(1)
    return found[found.lastindex or 0]
