"""What the command line of ``edge-lpr drill`` says."""

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from edge_lpr.drill.plate_shapes import SHAPES
from edge_lpr.drill.run import DrillPlan

PASSAGES: Final = 100_000
REAL_PASSAGES: Final = 2_000
REAL_GUESSES: Final = 200
SEED: Final = 20_260


@dataclass(frozen=True, slots=True)
class DrillOptions:
    """Everything that the command line decides."""

    plan: DrillPlan
    """How large a drill."""
    json_file: Path | None
    """Where the result goes."""
    page: Path | None
    """Where the page for a privacy officer goes."""
    source: Path | None
    """A result to make the page of, instead of a drill."""


def parse_arguments(arguments: Sequence[str]) -> DrillOptions:
    """Read the command line; ends the program with a sentence where it makes no sense.

    Args:
        arguments: The words after ``edge-lpr drill``.

    Returns:
        What to do.
    """
    parser = _parser()
    chosen = parser.parse_args(arguments)
    if chosen.from_json is not None and chosen.page is None:
        parser.error("--from-json needs --page: it only writes the page of a drill again")
    plan = DrillPlan(
        shape=SHAPES[chosen.plates],
        passages=chosen.passages,
        real=chosen.real,
        real_guesses=chosen.real_guesses,
        seed=chosen.seed,
        dsn=chosen.database,
    )
    return DrillOptions(plan, chosen.json, chosen.page, chosen.from_json)


def _parser() -> argparse.ArgumentParser:
    """Return what knows the options."""
    parser = argparse.ArgumentParser(
        prog="edge-lpr drill",
        description=(
            "Replays the breach: ten booths for five days, then a thief of everything in turn. "
            "Ends with 1 when the thief gets anything that the design does not say. A laboratory's "
            "program: it makes its own authority, broker, database and keys, and removes them."
        ),
        epilog="The whole drill takes about an hour; a small one: --passages 1000 --real 20 "
        "--real-guesses 5.",
    )
    for option, default, least, text in (
        ("--passages", PASSAGES, 100, "vehicles at the laboratory cost of a token"),
        ("--real", REAL_PASSAGES, 1, "vehicles through the real tokeniser at the real cost"),
        ("--real-guesses", REAL_GUESSES, 1, "plates that the thief tries a day at that cost"),
        ("--seed", SEED, 0, "of the people; keys are random every time"),
    ):
        parser.add_argument(
            option,
            type=_at_least(least),
            default=default,
            metavar="N",
            help=f"{text}; default {default}",
        )
    parser.add_argument(
        "--plates", choices=sorted(SHAPES), default="us-state", help="plate space; default us-state"
    )
    parser.add_argument(
        "--database",
        metavar="DSN",
        help="an empty PostgreSQL database for the central server; else it has a SQLite file",
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the result there")
    parser.add_argument(
        "--page", type=Path, metavar="FILE", help="write the page there, and its plot beside it"
    )
    parser.add_argument(
        "--from-json", type=Path, metavar="FILE", help="no drill: write the page of this result"
    )
    return parser


def _at_least(least: int) -> Callable[[str], int]:
    """Return what reads a whole number from a least one on."""

    def read(text: str) -> int:
        if text.isascii() and text.isdecimal() and least <= int(text) <= 10_000_000:  # noqa: PLR2004
            return int(text)
        raise argparse.ArgumentTypeError(f"must be a whole number from {least} to 10000000")

    return read
