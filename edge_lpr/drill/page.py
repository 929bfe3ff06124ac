"""The page for a privacy officer, written from the figures of one drill. Plain words first."""

from collections.abc import Iterable
from importlib import resources
from pathlib import Path
from typing import Final

from edge_lpr.drill.crowd import BOOTHS, DAYS, SITES
from edge_lpr.drill.plate_shapes import SHAPES
from edge_lpr.drill.price import (
    ARGON2_A_SECOND,
    ASSUMPTIONS,
    HMAC_A_SECOND,
    SHA256_A_SECOND,
    day_price,
    price_of,
)
from edge_lpr.drill.result import DrillResult
from edge_lpr.drill.rows import HIT_ONLY_ROW, Row

_TEMPLATE: Final = "page_template.md"
_S_PER_YEAR: Final = 365 * 86_400
_S_PER_MINUTE: Final = 60

_HELD: Final = "The promise held."
_BROKEN: Final = "**The promise did NOT hold: {}.**"
_READ: Final = "read as root would read it"
_REFUSED: Final = "not read: the kernel lets nobody but root"
_HIT_ONLY: Final = (
    "- After the week two more booths ran in hit-only mode for a day, with a watch-list that\n"
    "  the authority compiled and published over the broker. Two of three vehicles were not on\n"
    "  it. Both booths were stolen while they ran, and cards, memory, logs, messages and the\n"
    "  central database were searched for plates and tokens of those vehicles.\n"
)
"""Left out for results of before that."""


def write_page(result: DrillResult, page: Path) -> None:
    """Write the page, and its plot beside it.

    Args:
        result: Of a drill.
        page: The Markdown file; the plot gets its name with ``.svg``.
    """
    # Only here: the words can be written, and tested, where matplotlib is not installed.
    from edge_lpr.drill.plot import write_plot  # noqa: PLC0415

    plot = page.with_suffix(".svg")
    write_plot(plot)
    page.write_text(page_text(result, plot.name), encoding="utf-8")


def page_text(result: DrillResult, plot_name: str) -> str:
    """Return the page as Markdown.

    Args:
        result: Of a drill.
        plot_name: File name of the plot.
    """
    facts = result.facts
    template = (resources.files("edge_lpr.drill") / _TEMPLATE).read_text(encoding="utf-8")
    seconds_here = SHAPES["us-state"].size / facts.tokens_a_second
    return template.format(
        verdict=_HELD if result.holds else _BROKEN.format("; ".join(result.faults())),
        passages=facts.cheap + facts.real,
        booths=len(BOOTHS),
        sites=len(SITES),
        days=DAYS,
        state_price=day_price(SHAPES["us-state"]).words(),
        rows=_rows(result),
        controls=_table(
            ("worse design", "at stake", "found"),
            [(each.name, f"{each.at_stake:,}", f"{each.found:,}") for each in result.controls],
        ),
        checks=_table(
            ("question", "must be", "is"),
            [(each.name, f"{each.expected:,}", f"{each.found:,}") for each in result.checks],
        ),
        plot=plot_name,
        prices=_prices(),
        assumptions="\n".join(
            f"| {each.name} | {each.value:,.10g} {each.unit} | {each.source} |"
            for each in ASSUMPTIONS
        ),
        here=f"{seconds_here / _S_PER_YEAR:.1f} years",
        tokens=facts.tokens_a_second,
        cores=facts.cores,
        version=facts.version,
        shape=SHAPES[facts.shape].words,
        seed=facts.seed,
        minutes=facts.seconds // _S_PER_MINUTE,
        real=facts.real,
        cheap=facts.cheap,
        tried=facts.tried,
        tried_real=facts.tried_real,
        store=facts.store,
        messages=facts.messages,
        deliveries=facts.deliveries,
        hit_only=_HIT_ONLY if any(row.name == HIT_ONLY_ROW for row in result.rows) else "",
        memory=_READ if facts.memory_read else _REFUSED,
        **_safe(result),
        **_timing(result),
    )


def _safe(result: DrillResult) -> dict[str, int]:
    """Return what was found where nothing may be."""
    rows = [row for row in result.rows if not row.expected.passages]
    later = [row for row in result.rows if "after R days" in row.name]
    return {
        "safe": sum(row.found.passages + row.surplus for row in rows),
        "pictures": sum(row.pictures for row in result.rows),
        "destroyed": sum(row.stolen for row in later),
        "destroyed_found": sum(row.found.passages + row.surplus for row in later),
    }


def _timing(result: DrillResult) -> dict[str, int | str]:
    """Return what time and lane have linked."""
    by_resolution = {each.resolution_s: each for each in result.timing}
    finest = by_resolution[1]
    possible = max(finest.possible, 1)
    return {
        "linked": finest.right,
        "possible": finest.possible,
        "share": f"{finest.right / possible:.0%}",
        "chance": f"{finest.by_chance / possible:.1%}",
        "linked_60": by_resolution[60].right,
        "linked_600": by_resolution[600].right,
    }


def _rows(result: DrillResult) -> str:
    """Return the table of thefts."""
    head = ("stolen", "promised", "records in his hands", "named", "joined", "pictures")
    return _table(head, [_row(row) for row in result.rows])


def _row(row: Row) -> tuple[str, ...]:
    """Return what the table says of one theft."""
    named = f"{row.found.passages:,}"
    if row.found.passages:
        named += f" ({row.found.plates:,} plates, {row.site_days} site-days)"
    if not row.holds:
        named = f"**{named}; expected {row.expected.passages:,}, too much {row.surplus:,}**"
    found = (named, f"{row.linked_across:,}", f"{row.pictures:,}")
    return row.name, row.promise, f"{row.stolen:,}", *found


def _prices() -> str:
    """Return the prices of every plate space."""
    return "\n".join(
        f"| {shape.size:.1e}: {shape.words} | "
        + " | ".join(
            price_of(shape.size, rate).words()
            for rate in (SHA256_A_SECOND, HMAC_A_SECOND, ARGON2_A_SECOND)
        )
        + " |"
        for shape in SHAPES.values()
    )


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Return a table in Markdown."""
    names = list(head)
    lines = [names, ["---"] * len(names), *rows]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)
