"""``edge-lpr ingest find``: stored sightings of the plates whose tokens a file holds.

For the answer of ``edge-lpr authority lookup``, and for a watch-list that has changed: was this
vehicle here earlier? It reads, and writes nothing.
"""

import argparse
import datetime as dt
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Final

from edge_lpr.core.broken_pipe import leave_unheard
from edge_lpr.core.errors import EdgeLprError, SettingsError
from edge_lpr.core.service import EXIT_FAILURE, EXIT_MISCONFIGURED
from edge_lpr.store.arguments import add_database_arguments
from edge_lpr.store.database import Database, Row
from edge_lpr.store.opening import open_database
from edge_lpr.store.records import DAY_S
from edge_lpr.subscriber.watch_list import Match, WatchList, read_watch_list

FIND_WORD: Final = "find"
"""First word after ``edge-lpr ingest``."""

_AT_ONCE: Final = 200
"""Tokens of a statement."""

_USUAL_MOST: Final = 1_000
_LARGEST_MOST: Final = 100_000
"""Sightings that are held in memory to be put in order."""

_EDGE_S: Final = 3_600
"""Far more than a time that was coarsened can be away from the day of its tokens."""

_FIND: Final = """
SELECT sighting.at, booth.tenant, booth.site, booth.device, sighting.lane, sighting.dir,
    sighting.epoch, sighting.is_test, sighting.exact, sighting.fold, boot.boot, sighting.seq
FROM sighting JOIN boot ON boot.id = sighting.boot_id JOIN booth ON booth.id = boot.booth_id
WHERE sighting.fold IN ({marks}) AND sighting.epoch = %s AND sighting.at >= %s AND sighting.at < %s
ORDER BY sighting.at, sighting.boot_id, sighting.seq LIMIT %s
"""

_COLUMNS: Final = "{:<20}  {:<24}  {:>4}  {:<7}  {:<8}  {}"


@dataclass(frozen=True, slots=True)
class _FindOptions:
    """Everything that the command line decides."""

    list: Path
    database: str | None
    sqlite: Path | None
    most: int
    is_json: bool


@dataclass(frozen=True, slots=True)
class Found:
    """A stored sighting that matches."""

    at: int
    """When the vehicle was last seen, UTC in whole seconds since 1970."""
    tenant: str
    """The agency."""
    site: str
    """The crossing."""
    device: str
    """The booth."""
    lane: int
    """Its lane."""
    dir: str
    """Direction of travel."""
    is_test: bool
    """No real vehicle."""
    match: Match
    """How it matches."""
    entries: tuple[str, ...]
    """What it matches."""
    boot: str
    """Start of the booth that numbered it."""
    seq: int
    """Its number."""


def find(arguments: Sequence[str]) -> int:
    """Print the stored sightings that a file's tokens match.

    Args:
        arguments: The words after ``edge-lpr ingest find``.

    Returns:
        0, also if there is none; 2 if a setting or the file is wrong, 1 if the database refuses.
    """
    options = _parse(arguments)
    try:
        found = _find(options)
    except EdgeLprError as error:
        sys.stderr.write(f"edge-lpr ingest find: {error}\n")
        return EXIT_MISCONFIGURED if isinstance(error, SettingsError) else EXIT_FAILURE
    try:
        _print(found[: options.most], is_json=options.is_json)
        sys.stdout.flush()
    except BrokenPipeError:
        return leave_unheard()
    _say_how_many(len(found), options.most)
    return 0


def find_sightings(database: Database, listed: WatchList, most: int) -> list[Found]:
    """Return the stored sightings that a list matches, in the order of their time.

    Args:
        database: A session.
        listed: Tokens of any sites and days.
        most: How many are wanted; one more may come, as a sign that there are more.

    Returns:
        At most ``most + 1``: the earliest ones.

    Raises:
        StoreError: The database is away or refuses.
    """
    found: list[Found] = []
    for rows in _rows(database, listed, most + 1):
        found += [each for row in rows if (each := _found(listed, row)) is not None]
        if len(found) > most:
            break
    return sorted(found, key=lambda each: (each.at, each.site, each.device))[: most + 1]


def _rows(database: Database, listed: WatchList, limit: int) -> Iterator[list[Row]]:
    """Yield rows with a folded token of the list, day by day."""
    for epoch, pairs in groupby(listed.folds(), key=lambda pair: pair[0]):
        folds = [fold for _, fold in pairs]
        start, end = epoch * DAY_S - _EDGE_S, (epoch + 1) * DAY_S + _EDGE_S
        of_day: list[Row] = []
        for first in range(0, len(folds), _AT_ONCE):
            some = folds[first : first + _AT_ONCE]
            statement = _FIND.format(marks=", ".join(["%s"] * len(some)))
            of_day += database.rows(statement, (*some, epoch, start, end, limit))
        yield of_day


def _found(listed: WatchList, row: Row) -> Found | None:
    """Return what a row is, if the list is for its site too."""
    at, tenant, site, device, lane, direction, epoch, is_test, exact, fold, boot, seq = row
    hit = listed.match(site, epoch, bytes(exact), bytes(fold))
    if hit is None:
        return None
    return Found(
        at=at,
        tenant=tenant,
        site=site,
        device=device,
        lane=lane,
        dir=direction,
        is_test=bool(is_test),
        match=hit.match,
        entries=hit.entries,
        boot=boot,
        seq=seq,
    )


def _find(options: _FindOptions) -> list[Found]:
    """Read the list, and look for it."""
    listed = read_watch_list(options.list)
    if options.sqlite is not None and not options.sqlite.exists():
        # Opening it would make an empty one.
        raise SettingsError(f"{options.sqlite}: there is no such file")
    database = open_database(options)
    try:
        return find_sightings(database, listed, options.most)
    finally:
        database.close()


def _print(found: Sequence[Found], *, is_json: bool) -> None:
    """Print a line for each."""
    if is_json:
        for each in found:
            sys.stdout.write(json.dumps(_members(each)) + "\n")
        return
    if found:
        header = ("time UTC", "booth", "lane", "dir", "match", "entry")
        sys.stdout.write(_COLUMNS.format(*header).rstrip() + "\n")
    for each in found:
        when = dt.datetime.fromtimestamp(each.at, dt.timezone.utc)
        mark = " (test)" if each.is_test else ""
        row = _COLUMNS.format(
            when.strftime("%Y-%m-%d %H:%M:%S"),
            f"{each.site}/{each.device}",
            each.lane,
            each.dir,
            "exact" if each.match is Match.EXACT else "possible",
            f"{', '.join(each.entries)}{mark}",
        )
        sys.stdout.write(row + "\n")


def _members(found: Found) -> dict[str, object]:
    """Return the JSON form of what was found; ``match`` is as in a hit."""
    return {
        "at": found.at,
        "tenant": found.tenant,
        "site": found.site,
        "device": found.device,
        "boot": found.boot,
        "seq": found.seq,
        "lane": found.lane,
        "dir": found.dir,
        "test": found.is_test,
        "match": found.match.value,
        "entries": list(found.entries),
    }


def _say_how_many(count: int, most: int) -> None:
    """Say how many there were, where it spoils no output."""
    if count > most:
        text = f"more than {most} sightings match; these are the earliest, --most N shows more"
    else:
        text = "1 sighting matches" if count == 1 else f"{count} sightings match"
    sys.stderr.write(f"{text}\n")


def _parse(arguments: Sequence[str]) -> _FindOptions:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog="edge-lpr ingest find",
        description="Prints stored sightings that match the tokens of a file.",
        epilog='docs/ingest.md, "Looking back".',
    )
    parser.add_argument(
        "--list",
        type=Path,
        required=True,
        metavar="FILE",
        help="tokens: the output of edge-lpr authority lookup, or any watch-list for servers",
    )
    add_database_arguments(parser)
    parser.add_argument(
        "--most",
        type=_most,
        default=_USUAL_MOST,
        metavar="N",
        help=f"most sightings that are printed, the earliest first; {_USUAL_MOST} if left out",
    )
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    chosen = parser.parse_args(arguments)
    return _FindOptions(chosen.list, chosen.database, chosen.sqlite, chosen.most, chosen.json)


def _most(text: str) -> int:
    """Read how many."""
    if text.isascii() and text.isdecimal() and 1 <= int(text) <= _LARGEST_MOST:
        return int(text)
    raise argparse.ArgumentTypeError(f"must be a whole number from 1 to {_LARGEST_MOST}")
