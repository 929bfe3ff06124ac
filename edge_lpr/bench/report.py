"""Prints figures: a table for people, one JSON object for programs."""

import json
from collections.abc import Mapping, Sequence
from typing import Final, TypeAlias

from edge_lpr.bench.figures import Figure

Machine: TypeAlias = Mapping[str, str | int | float]
"""Facts about the machine, by name."""

_VERDICTS: Final = {True: "met", False: "MISSED", None: ""}
_SIGNS: Final = {"at_least": "≥", "at_most": "≤"}
_HEADER: Final = ("figure", "value", "unit", "goal", "", "")
_DECIMALS_BELOW: Final = 10


def as_table(machine: Machine, figures: Sequence[Figure]) -> str:
    """Lay figures out for people.

    Args:
        machine: What they are of.
        figures: In order.

    Returns:
        Lines of text, each ended.
    """
    facts = [f"{name:<24} {value}" for name, value in machine.items()]
    rows = [_HEADER, *(_row(figure) for figure in figures)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEADER) - 1)]
    lines = []
    for row in rows:
        name, value, unit, goal, verdict, remark = row
        cells = (
            name.ljust(widths[0]),
            value.rjust(widths[1]),
            unit.ljust(widths[2]),
            goal.ljust(widths[3]),
            verdict.ljust(widths[4]),
            remark,
        )
        lines.append("  ".join(cells).rstrip())
    return "\n".join(["edge-lpr bench", *facts, "", *lines, ""])


def as_json(machine: Machine, figures: Sequence[Figure]) -> str:
    """Write figures for programs.

    Args:
        machine: What they are of.
        figures: In order.

    Returns:
        One line with one JSON object: ``machine`` and ``figures``, each figure with ``row``,
        ``name``, ``value`` (null if not measured), ``unit``, ``goal`` (null without one),
        ``is_met`` and ``remark``.
    """
    return (
        json.dumps(
            {
                "machine": dict(machine),
                "figures": [
                    {
                        "row": figure.row,
                        "name": figure.name,
                        "value": figure.value,
                        "unit": figure.unit,
                        "goal": None
                        if figure.goal is None
                        else {figure.goal.kind: figure.goal.limit},
                        "is_met": figure.is_met,
                        "remark": figure.remark,
                    }
                    for figure in figures
                ],
            },
            allow_nan=False,
        )
        + "\n"
    )


def _row(figure: Figure) -> tuple[str, str, str, str, str, str]:
    """Return the cells of a figure."""
    goal = "" if figure.goal is None else f"{_SIGNS[figure.goal.kind]} {figure.goal.limit:g}"
    value = "-" if figure.value is None else _number(figure.value)
    return figure.name, value, figure.unit, goal, _VERDICTS[figure.is_met], figure.remark


def _number(value: float) -> str:
    """Write a number with as many places as it deserves."""
    return f"{value:.2f}" if abs(value) < _DECIMALS_BELOW else f"{value:.1f}"
