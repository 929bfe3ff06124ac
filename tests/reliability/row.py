"""One row of the table of reliability figures."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What was tried, what was wanted and what was found."""

    name: str
    """By which ``--only`` finds it."""
    tried: str
    """What was done, with the numbers of this run."""
    goal: str
    """What was wanted."""
    found: str
    """What came out, in the terms of the goal."""
    is_reached: bool
    """Whether the goal was reached."""
    seconds: float = 0.0
    """How long it took."""
    figures: Mapping[str, Any] = field(default_factory=dict)
    """Everything that was counted."""


def markdown(rows: list[Row]) -> str:
    """Return the table as Markdown."""
    lines = [
        "| row | tried | goal | found | reached | took |",
        "|---|---|---|---|---|---|",
    ]
    lines += [
        f"| `{row.name}` | {row.tried} | {row.goal} | {row.found} "
        f"| {'yes' if row.is_reached else '**no**'} | {_time(row.seconds)} |"
        for row in rows
    ]
    return "\n".join(lines) + "\n"


def as_json(row: Row) -> dict[str, Any]:
    """Return a row for a file."""
    return {each.name: getattr(row, each.name) for each in fields(row)}


def counted(count: int, what: str) -> str:
    """Return ``10,000 kills``, and ``1 kill`` for one."""
    return f"{count:,} {what if count != 1 else what.removesuffix('s')}"


def _time(seconds: float) -> str:
    """Return a time as a person says it."""
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"
