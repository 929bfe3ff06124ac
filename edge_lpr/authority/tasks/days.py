"""Days on the command line, the same for every task that takes some."""

import argparse
import datetime as dt
from collections.abc import Iterable

from edge_lpr.authority.opening import Options
from edge_lpr.core.clock import EPOCH_LENGTH_S


def add_days(parser: argparse.ArgumentParser, verb: str) -> None:
    """Add the arguments that name days.

    Args:
        parser: Of the task.
        verb: What is done with the days, for the help.
    """
    parser.add_argument(
        "--from", dest="first", type=_epoch, metavar="YYYY-MM-DD", help=f"first day to {verb}"
    )
    parser.add_argument(
        "--until", dest="last", type=_epoch, metavar="YYYY-MM-DD", help=f"last day to {verb}"
    )


def epochs_in(options: Options, available: Iterable[int]) -> list[int] | None:
    """Return the available epochs between the days named, ascending; ``None`` if none is named.

    Args:
        options: With ``first`` and ``last``.
        available: Which to choose from.
    """
    if options.first is None and options.last is None:
        return None
    first = options.first or 0
    return sorted(
        epoch
        for epoch in available
        if first <= epoch and (options.last is None or epoch <= options.last)
    )


def day_of(epoch: int) -> str:
    """Return an epoch as people write days."""
    return str(dt.datetime.fromtimestamp(epoch * EPOCH_LENGTH_S, dt.timezone.utc).date())


def _epoch(text: str) -> int:
    """Return the epoch of a day."""
    try:
        day = dt.date.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError("a day is written YYYY-MM-DD, in UTC") from error
    epoch = (day - dt.date(1970, 1, 1)).days
    if epoch < 0:
        raise argparse.ArgumentTypeError("keys are not that old")
    return epoch
