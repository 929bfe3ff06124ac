"""The rows about the outbox alone."""

from typing import Any

from tests.reliability.campaigns import cut_power, kill_outbox
from tests.reliability.row import Row, counted

_SEED = 20_454
_GOAL = "0 lost, 0 doubled, 0 out of order"


def outbox_kills(scale: float) -> Row:
    """Return the row about SIGKILLs of the process that holds the outbox."""
    found = kill_outbox(_scaled(10_000, scale), seed=_SEED)
    return Row(
        name="outbox-kills",
        tried=f"{counted(found['kills'], 'SIGKILLs')} of the outbox's process at random moments "
        f"({_moments(found)})",
        goal=_GOAL,
        found=f"{_faults(found)} of {found['promised']:,} committed",
        is_reached=not found["faults"],
        figures=found,
    )


def power_cuts(scale: float) -> Row:
    """Return the row about power cuts, with the two controls that must lose something."""
    found = cut_power(_scaled(10_000, scale), seed=_SEED)
    controls = {
        synchronous: cut_power(_scaled(1_000, scale), seed=_SEED, synchronous=synchronous)
        for synchronous in ("NORMAL", "OFF")
    }
    losses = {name: control["faults"].get("lost", 0) for name, control in controls.items()}
    return Row(
        name="power-cuts",
        tried=f"{counted(found['cuts'], 'power cuts')} of the outbox's disk ({_moments(found)}); "
        "un-synced sectors gone, kept or torn",
        goal=_GOAL,
        found=f"{_faults(found)}; controls that sync less lose "
        + " and ".join(f"{lost:,} ({name})" for name, lost in losses.items()),
        is_reached=not found["faults"] and all(losses.values()),
        figures=found | {"controls": controls},
    )


def _scaled(count: int, scale: float) -> int:
    """Return a count for a run of another length, never too few to meet each step."""
    return max(100, round(count * scale))


def _moments(found: dict[str, Any]) -> str:
    """Return how many came at which step."""
    return ", ".join(f"{count:,} {moment}" for moment, count in sorted(found["moments"].items()))


def _faults(found: dict[str, Any]) -> str:
    """Return the faults as words."""
    faults = {"lost": 0, "doubled": 0, "reordered": 0} | found["faults"]
    return ", ".join(f"{count:,} {fault}" for fault, count in faults.items())
