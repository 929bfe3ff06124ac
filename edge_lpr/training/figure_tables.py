"""Tables of figures: what a cell can be, and how a table is printed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from edge_lpr.training.measures import Proportion

Cell: TypeAlias = Proportion | float | int | str
"""A share with its interval, a number, or words."""


@dataclass(frozen=True, slots=True)
class FigureTable:
    """One table of the figures."""

    name: str
    """For machines, such as ``scenes_by_source``."""
    title: str
    """For people."""
    columns: tuple[str, ...]
    """Headings; the first is that of the rows' names."""
    rows: Mapping[str, Sequence[Cell]]
    """Cells by row; one fewer than headings."""

    def as_markdown(self) -> str:
        """Print it as the model card has it.

        Returns:
            Lines of Markdown, the title first.
        """
        lines = [f"### {self.title}", "| " + " | ".join(self.columns) + " |"]
        lines.append("|" + "---|" * len(self.columns))
        lines += [
            "| " + " | ".join([name, *map(format_cell, cells)]) + " |"
            for name, cells in self.rows.items()
        ]
        return "\n".join(lines) + "\n"

    def as_text(self) -> str:
        """Print it for a screen.

        Returns:
            Lines, columns one below the other.
        """
        grid = [list(self.columns)]
        grid += [[name, *map(format_cell, cells)] for name, cells in self.rows.items()]
        widths = [max(len(row[place]) for row in grid) for place in range(len(self.columns))]
        lines = [
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
            for row in grid
        ]
        return "\n".join([f"{self.title}:", *(f"  {line}" for line in lines)]) + "\n"

    def as_json(self) -> dict[str, dict[str, Any]]:
        """Describe it for a machine.

        Returns:
            For each row its cells by heading; a share as hits, total, share and interval.
        """
        return {
            name: {
                heading: _json_cell(cell)
                for heading, cell in zip(self.columns[1:], cells, strict=True)
            }
            for name, cells in self.rows.items()
        }


def format_cell(cell: Cell) -> str:
    """Print a cell.

    Args:
        cell: A share, a number, or words.

    Returns:
        Percent with its 95 % interval and count for a share, a hyphen for nothing of nothing.
    """
    if isinstance(cell, Proportion):
        if not cell.total:
            return "-"
        low, high = cell.interval
        return f"{100 * cell.share:.1f} [{100 * low:.1f}, {100 * high:.1f}]"
    return f"{cell:.3g}" if isinstance(cell, float) else str(cell)


def _json_cell(cell: Cell) -> object:
    """Describe a cell for a machine."""
    if not isinstance(cell, Proportion):
        return cell
    interval = [round(end, 6) for end in cell.interval]
    return {
        "hits": cell.hits,
        "total": cell.total,
        "share": round(cell.share, 6),
        "interval": interval,
    }
