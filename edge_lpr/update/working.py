"""What works at this moment: what the health gate asks a new system, and noted of the old one.

The processes say themselves how they are, in the fixed words of ``core/status_words.py``, by way of
the service manager. That tokens come out right is tried here, with a vector of the published suite:
the library that makes them is one of the things that an update changes.
"""

import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from edge_lpr.core.status_words import Saying, read_status
from edge_lpr.tokens.suite1 import TokenKeys, TokenScope, make_tokens
from edge_lpr.update.records import Demand

UNITS: Final[Mapping[Demand, str]] = {
    "frames": "edge-lpr-vision.service",
    "keys": "edge-lpr-tokeniser.service",
    "broker": "edge-lpr-publisher.service",
}
"""Whose word each thing is."""

_MEANS: Final[Mapping[Demand, frozenset[Saying]]] = {
    # A dark lane is no fault of the system.
    "frames": frozenset({"camera_delivers", "camera_works", "camera_dark", "replay"}),
    "keys": frozenset({"keys_until", "keys_for_tests"}),
    "broker": frozenset({"broker_reached"}),
}
"""Any one of these sentences says that the thing works."""

LACKS: Final[Mapping[Demand, str]] = {
    "frames": "no camera",
    "keys": "no keys",
    "broker": "no broker",
}
"""What is said where it does not."""

_SYSTEMCTL: Final = "/usr/bin/systemctl"
_WAIT_S: Final = 20
_LOOKS: Final = 10
_LOOK_S: Final = 2.0
_VECTOR_EXACT: Final = "29faa094d5592e6faa5a579f9772a523"
_VECTOR_FOLD: Final = "8ab69e1b8926654d8fd52fa591b66da0"
"""Of tests/assets/token-vectors-v1.json, the first one; its keys are the bytes 0 to 63."""


@dataclass(frozen=True, slots=True)
class Condition:
    """How the three processes are at one moment."""

    works: frozenset[Demand]
    """What works."""
    starts: Mapping[Demand, str]
    """Which start of its process it is; another start is another value, and empty where it does not
    run."""


def condition(show: Callable[[str], Mapping[str, str]]) -> Condition:
    """Return how the three processes are.

    Args:
        show: Returns ``StatusText`` and ``InvocationID`` of a unit.
    """
    shown = {demand: show(unit) for demand, unit in UNITS.items()}
    works = {
        demand
        for demand, each in shown.items()
        if _MEANS[demand] & read_status(each.get("StatusText", "")).keys()
    }
    starts = {demand: each.get("InvocationID", "") for demand, each in shown.items()}
    return Condition(frozenset(works), starts)


def works_lately(
    look: Callable[[], Condition], sleep: Callable[[float], None]
) -> frozenset[Demand]:
    """Return what works at some moment within a short time.

    A broker that is just being connected again, or a camera that is just opened anew, works: a new
    system must not be let off because it was installed at that moment.

    Args:
        look: As ``condition``.
        sleep: Waits so many seconds.
    """
    works = look().works
    for _ in range(_LOOKS):
        if works == UNITS.keys():
            break
        sleep(_LOOK_S)
        works |= look().works
    return works


def show_unit(unit: str) -> Mapping[str, str]:
    """Ask the service manager about a unit; a unit that does not run says nothing.

    Args:
        unit: Its name.
    """
    try:
        done = subprocess.run(  # noqa: S603 - fixed words
            [_SYSTEMCTL, "show", unit, "--property=ActiveState,StatusText,InvocationID"],
            capture_output=True,
            text=True,
            check=True,
            timeout=_WAIT_S,
        )
    except (OSError, subprocess.SubprocessError):
        return {}
    values = dict(line.split("=", 1) for line in done.stdout.splitlines() if "=" in line)
    # What has ended keeps its last words for a while.
    return values if values.get("ActiveState") == "active" else {}


def tokens_come_out_right() -> bool:
    """Return whether this system makes the tokens that every other one makes."""
    keys = TokenKeys(bytes(range(32)), bytes(range(32, 64)))
    pair = make_tokens(b"ABC1234", keys, TokenScope("tenant-a", "lane-07", 20_454))
    return (pair.exact.hex(), pair.fold.hex()) == (_VECTOR_EXACT, _VECTOR_FOLD)
