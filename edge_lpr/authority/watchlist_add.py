"""Put one plate on the running lists, now: today's and those of the days to come."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from edge_lpr.authority.authority import Authority
from edge_lpr.authority.watchlist_booths import BoothListMaker, packed_rows
from edge_lpr.authority.watchlist_cache import StretchCache
from edge_lpr.authority.watchlist_compile import (
    claim_plates,
    compiled_plates,
    folds_of,
    forget_past,
    lock_of,
    open_cache,
)
from edge_lpr.authority.watchlist_csv import ListedPlate
from edge_lpr.authority.watchlist_files import CompiledPlate, SiteDay, server_lines, site_days
from edge_lpr.authority.watchlist_stretching import Stretch, stretch_missing, with_key
from edge_lpr.core.clock import epoch_of
from edge_lpr.core.errors import InputRefusedError
from edge_lpr.tokens.suite1 import TokenScope, stretch_plate
from edge_lpr.wire import base64url


@dataclass(frozen=True, slots=True)
class Effort:
    """How the costly part is computed."""

    workers: int = 1
    """How many plates at a time; each takes 64 MiB."""
    stretch: Stretch = stretch_plate
    """For tests; the command line has no way to choose it."""


@dataclass(frozen=True, slots=True, repr=False)
class _Addition:
    """What is new for one site and day."""

    day: SiteDay
    rows: list[CompiledPlate]
    before: bytes


def add_plate(
    authority: Authority,
    folder: Path,
    plate: ListedPlate,
    over_quota: str | None,
    effort: Effort,
) -> list[SiteDay]:
    """Add a plate to every list in a folder for today and later.

    What an interrupted call has left undone, the same call does when it is made again.

    Args:
        authority: Open.
        folder: Of the compilation.
        plate: With its variants.
        over_quota: Why the quota may be exceeded, or ``None`` if it may not.
        effort: How it is computed.

    Returns:
        The lists that have changed.

    Raises:
        InputRefusedError: There is no list, or the plate or the entry is on one already.
        NotAllowedError: The quota does not allow it.
    """
    lock = lock_of(folder)
    try:
        forget_past(authority, folder)
        days = site_days(folder, epoch_of(authority.clock.unix_s()))
        if not days:
            raise InputRefusedError(
                f"{folder}: has no list for today or later; compile one first "
                "(edge-lpr authority watchlist compile)"
            )
        additions: list[_Addition] = []
        for epoch, of_epoch in groupby(days, key=lambda day: day.epoch):
            cache = open_cache(authority, folder, epoch)
            try:
                claim_plates(authority, cache, [plate], epoch, over_quota)
                additions += _additions(authority, list(of_epoch), plate, cache, effort)
            finally:
                cache.close()
        # Only now that nothing speaks against any of them.
        changed = [each for each in additions if each.rows]
        for each in changed:
            _write(authority, each)
        authority.journal.record("watchlist-added", lists=len(changed), plates=len(plate.plates))
    finally:
        lock.release()
    return [each.day for each in changed]


def _additions(
    authority: Authority,
    days: Sequence[SiteDay],
    plate: ListedPlate,
    cache: StretchCache,
    effort: Effort,
) -> list[_Addition]:
    """Stretch a plate for one day, and return what is new for its sites."""
    first = days[0]
    key = bytes(authority.epoch_keys(first.site, first.epoch).stretch)
    scope = TokenScope(authority.deployment.tenant, first.site, first.epoch)
    make = with_key(effort.stretch, key, scope)
    for _ in stretch_missing(folds_of([plate]), cache, make, effort.workers, authority.clock):
        pass
    return [_addition(authority, day, plate, cache) for day in days]


def _addition(
    authority: Authority, day: SiteDay, plate: ListedPlate, cache: StretchCache
) -> _Addition:
    """Return what is new for a site and day; nothing if it is there already."""
    site_key = bytes(authority.epoch_keys(day.site, day.epoch).site)
    scope = TokenScope(authority.deployment.tenant, day.site, day.epoch)
    rows = compiled_plates([plate], cache, site_key, scope)
    before = day.read_servers()
    if _is_there(before, rows):
        rows = []
    return _Addition(day, rows, before)


def _is_there(before: bytes, rows: Sequence[CompiledPlate]) -> bool:
    """Return whether a plate is on a list under its entry; refuse any other coincidence."""
    exact = base64url.encode(rows[0].tokens.exact)
    for line in _lines_with(before, exact):
        there = json.loads(line)
        if "variant" not in there and there["exact"] == exact.decode():
            if there["entry"] == rows[0].entry:
                return True
            raise InputRefusedError("this plate is on the list already, under another entry")
    if f'"entry": {json.dumps(rows[0].entry)}'.encode() in before:
        raise InputRefusedError(
            "this entry is on the list already, with another plate; choose another name"
        )
    return False


def _lines_with(content: bytes, text: bytes) -> list[bytes]:
    """Return the lines of a list that hold a text; far faster than to read them all."""
    lines: list[bytes] = []
    place = content.find(text)
    while place >= 0:
        end = content.index(b"\n", place)
        lines.append(content[content.rfind(b"\n", 0, place) + 1 : end])
        place = content.find(text, end)
    return lines


def _write(authority: Authority, addition: _Addition) -> None:
    """Write a list with what is new; the servers' file last, because it says what is there."""
    day, rows = addition.day, addition.rows
    booths = day.read_booths()
    if booths is not None:
        names = {rows[0].entry: day.name_of(rows[0].entry)}
        maker = BoothListMaker(authority, day.site, day.epoch)
        listed = maker.rows_of(booths)
        # An interrupted call may have got this far.
        listed += [row for row in packed_rows(rows, names) if row not in listed]
        day.write_booths(maker.make(listed, booths))
    day.write_servers(addition.before + server_lines(day.site, day.epoch, rows))
