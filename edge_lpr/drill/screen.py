"""What a drill prints: how far it is, and the table at the end."""

import time

from rich.console import Console
from rich.table import Table

from edge_lpr.drill.plate_shapes import SHAPES
from edge_lpr.drill.price import day_price
from edge_lpr.drill.result import DrillResult


class Screen:
    """The terminal."""

    def __init__(self) -> None:
        """Begin to count seconds."""
        self._console = Console(soft_wrap=False)
        self._begin_s = time.monotonic()

    def tell(self, sentence: str) -> None:
        """Say how far it is."""
        self._console.print(
            f"{time.monotonic() - self._begin_s:6.0f} s  {sentence}", highlight=False, markup=False
        )

    def show(self, result: DrillResult) -> None:
        """Show everything that was found."""
        self._show_rows(result)
        self._show_rest(result)
        price = day_price(SHAPES[result.facts.shape]).words()
        self._console.print(f"The price of one day of data: {price}.", highlight=False)
        for timing in result.timing:
            self._console.print(
                f"Times at {timing.resolution_s} s: {timing.right:,} of {timing.possible:,} "
                f"commuter days linked by time and lane alone ({timing.made:,} links made, "
                f"{timing.by_chance:.0f} right by chance).",
                highlight=False,
            )
        if result.holds:
            self._console.print("The table holds, and every control succeeded.")
        else:
            self._console.print("The table does NOT hold: " + "; ".join(result.faults()))

    def _show_rows(self, result: DrillResult) -> None:
        """Show the table."""
        table = Table(title="What each theft yields")
        table.add_column("stolen")
        table.add_column("promised")
        for name in ("sightings", "expected", "named", "too much", "linked", "pictures", ""):
            table.add_column(name, justify="right")
        for row in result.rows:
            table.add_row(
                row.name,
                row.promise,
                f"{row.stolen:,}",
                f"{row.expected.passages:,}",
                f"{row.found.passages:,}",
                f"{row.surplus:,}",
                f"{row.linked_across:,}",
                f"{row.pictures:,}",
                "holds" if row.holds else "DIFFERS",
            )
        self._console.print(table)

    def _show_rest(self, result: DrillResult) -> None:
        """Show controls and further questions."""
        table = Table(title="Controls, which must succeed, and further questions")
        table.add_column("what")
        for name in ("expected", "found", ""):
            table.add_column(name, justify="right")
        for control in result.controls:
            table.add_row(
                f"control: {control.name}",
                f"{control.at_stake:,}",
                f"{control.found:,}",
                "holds" if control.holds else "FAILS",
            )
        for check in result.checks:
            table.add_row(
                check.name,
                f"{check.expected:,}",
                f"{check.found:,}",
                "holds" if check.holds else "DIFFERS",
            )
        self._console.print(table)
