"""What a hit-only booth's watch-list costs: memory, and time to search it."""

import secrets
import time
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from edge_lpr.bench.figures import MEBIBYTE, Figure, Goal
from edge_lpr.bench.progress import say
from edge_lpr.tokeniser.flat_list import BYTES_A_ROW, KEPT_BYTES, ROW_BYTES, FlatList
from edge_lpr.tokens.suite1 import TOKEN_BYTES, TokenPair

_SEARCHES: Final = 2_000
_ENTRIES: Final = 100_000
_FOUND_WITHIN: Final = Goal(1_000.0, "at_most")
_MEMORY: Final = Goal(16.0, "at_most")


@dataclass(frozen=True, slots=True)
class HitListFigures:
    """What was measured."""

    entries: int
    """Entries of the list, variants included."""
    list_bytes: int
    """What it takes in memory."""
    made_ready_s: float
    """To put it in the order of its folded tokens."""
    search_us_median: float
    """One search; half of them find something."""
    search_us_worst: float
    """The longest of all searches; on a machine that is not ours alone, mostly somebody else's."""


def measure_hit_list(entries: int = _ENTRIES) -> HitListFigures:
    """Make a list of random tokens, and search it.

    Args:
        entries: How many it has.

    Returns:
        The figures.
    """
    rows = sorted(secrets.token_bytes(ROW_BYTES - 1) + b"\0" for _ in range(entries))
    folds = [row[KEPT_BYTES : 2 * KEPT_BYTES] for row in rows]
    joined = bytearray().join(rows)
    begun = time.perf_counter()
    hit_list = FlatList(joined)
    made_ready_s = time.perf_counter() - begun
    moments = [time.perf_counter()]
    for _ in range(_SEARCHES // 2):
        # On the list by its fold, which is the longest way to a hit; and not on it.
        hit_list.find(TokenPair(secrets.token_bytes(TOKEN_BYTES), secrets.choice(folds)))
        moments.append(time.perf_counter())
        hit_list.find(TokenPair(*(secrets.token_bytes(TOKEN_BYTES) for _ in range(2))))
        moments.append(time.perf_counter())
    searches_us = sorted(1e6 * (end - start) for start, end in pairwise(moments))
    return HitListFigures(
        entries,
        BYTES_A_ROW * entries,
        made_ready_s,
        searches_us[len(searches_us) // 2],
        searches_us[-1],
    )


def hit_list_figures(entries: int = _ENTRIES) -> list[Figure]:
    """Measure a list as ``measure_hit_list`` does, for the bench's report.

    Args:
        entries: How many it has.

    Returns:
        The figures.
    """
    say(f"watch-list of {entries:,}")
    found = measure_hit_list(entries)
    remark = f"{entries:,} entries, half of the searches find one by its fold"
    return [
        Figure(
            "tokens", "search of a watch-list", found.search_us_median, "us", _FOUND_WITHIN, remark
        ),
        Figure("tokens", "watch-list in memory", found.list_bytes / MEBIBYTE, "MiB", _MEMORY),
        Figure("tokens", "watch-list made ready", found.made_ready_s, "s"),
    ]
