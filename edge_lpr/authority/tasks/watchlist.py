"""``edge-lpr authority watchlist``: compile a list to tokens, add a plate now, publish to booths.

Plates are read from a file or asked at the terminal: never on the command line, where every user of
the machine could read them.
"""

import argparse
import os
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Final

from edge_lpr.authority.authority import Authority
from edge_lpr.authority.broker_link import link_of
from edge_lpr.authority.opening import Options, SubParsers, add_task, opened, say
from edge_lpr.authority.terminal import ask
from edge_lpr.authority.watchlist_add import Effort, add_plate
from edge_lpr.authority.watchlist_compile import (
    MAXIMUM_BOOTH_ROWS,
    CompiledDay,
    CompileOrder,
    compile_list,
    forget_past,
    with_likely_variants,
)
from edge_lpr.authority.watchlist_csv import ListedPlate, checked_entry, read_list
from edge_lpr.authority.watchlist_estimate import false_matches
from edge_lpr.authority.watchlist_files import SiteDay, site_days
from edge_lpr.authority.watchlist_progress import progress_for
from edge_lpr.authority.watchlist_publishing import publish_lists
from edge_lpr.core.clock import Clock, epoch_of
from edge_lpr.core.errors import BrokerError, InputRefusedError, PlateRefusedError
from edge_lpr.tokens.canonical import canonicalise
from edge_lpr.tokens.variants import MAXIMUM_VARIANTS

_MOST_WORKERS: Final = 64
_MOST_EPOCHS: Final = 8
_FOUR_DAYS_OF_ROWS: Final = 100_000
"""What a booth holds for four days at once."""


def add_parser(subparsers: SubParsers) -> None:
    """Add the task to the command line."""
    parser = subparsers.add_parser(
        "watchlist", help="compile a watch-list to tokens, add a plate, publish to booths"
    )
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    _add_compile(actions)
    _add_add(actions)
    publish = add_task(actions, "publish", "publish the booths' lists again (daily, by a timer)")
    publish.add_argument("lists", type=Path, metavar="DIR", help="where they were compiled to")
    publish.set_defaults(run=run_publish)


def run_compile(options: Options, clock: Clock) -> str:
    """Compile a list, and say what came of it."""
    with _opened(options, clock) as authority:
        # The whole list before anything else: neither quota nor output is touched for a bad one.
        plates = with_likely_variants(read_list(options.list), options.variants)
        today = epoch_of(clock.unix_s())
        days = options.epochs or authority.configuration.epochs_ahead
        order = CompileOrder(
            folder=options.out,
            epochs=tuple(range(today, today + days)),
            sites=_sites(authority, options.sites),
            workers=options.workers,
            over_quota=options.over_quota,
            is_for_booths=not options.servers_only,
        )
        _require_room(plates, order)
        compiled = compile_list(authority, plates, order, progress_for(clock))
        text = "\n".join([*_what_there_is(plates, order, compiled), _estimate(plates)])
        if options.publish:
            text += _publish_after(text, authority, [each.day for each in compiled])
    return text


def run_add(options: Options, clock: Clock) -> str:
    """Ask for a plate, put it on the running lists, and publish them."""
    with _opened(options, clock) as authority:
        try:
            canonical = canonicalise(ask("Plate"))
        except PlateRefusedError as error:
            raise InputRefusedError(str(error)) from error
        entry = checked_entry(options.entry.strip(), canonical)
        (plate,) = with_likely_variants([ListedPlate(entry, canonical)], options.variants)
        changed = add_plate(
            authority, options.lists, plate, options.over_quota, Effort(options.workers)
        )
        if not changed:
            return "it is on every list already; nothing was changed"
        text = (
            f"added to {len(changed)} lists in {options.lists}; give the changed servers.jsonl to "
            "your servers, and write the plate into your own list, from which the next is compiled"
        )
        if not options.without_broker:
            text += _publish_after(text, authority, changed)
    return text


def run_publish(options: Options, clock: Clock) -> str:
    """Publish every list for today and later."""
    with _opened(options, clock) as authority:
        forget_past(authority, options.lists)
        days = site_days(options.lists, epoch_of(clock.unix_s()))
        if not days:
            raise InputRefusedError(f"{options.lists}: has no list for today or later")
        return _publish(authority, days)


def _opened(options: Options, clock: Clock) -> AbstractContextManager[Authority]:
    """Open the authority, and journal which of the actions is called."""
    options.task = f"{options.task} {options.action}"
    return opened(options, clock)


def _add_compile(actions: SubParsers) -> None:
    """Add ``compile``."""
    parser = add_task(actions, "compile", "make the tokens of a list, for servers and booths")
    parser.add_argument(
        "list", type=Path, metavar="LIST.csv", help="columns plate,entry[,variants]"
    )
    parser.add_argument(
        "--out", type=Path, required=True, metavar="DIR", help="where the lists go; always the same"
    )
    parser.add_argument(
        "--epochs",
        type=_between(1, _MOST_EPOCHS),
        metavar="N",
        help="days from today on; as many as booths have keys for, if left out",
    )
    parser.add_argument("--sites", nargs="+", metavar="SITE", help="only these; else all")
    parser.add_argument(
        "--servers-only", action="store_true", help="make no lists for hit-only booths"
    )
    parser.add_argument("--publish", action="store_true", help="bring booths their lists, too")
    _add_effort(parser)
    parser.set_defaults(run=run_compile)


def _add_add(actions: SubParsers) -> None:
    """Add ``add``."""
    parser = add_task(actions, "add", "put one plate on the running lists, now")
    parser.add_argument("lists", type=Path, metavar="DIR", help="where they were compiled to")
    parser.add_argument(
        "--entry", required=True, metavar="NAME", help="your own name for it, never the plate"
    )
    parser.add_argument(
        "--without-broker", action="store_true", help="do not publish; booths learn of it later"
    )
    _add_effort(parser)
    parser.set_defaults(run=run_add)


def _add_effort(parser: argparse.ArgumentParser) -> None:
    """Add what ``compile`` and ``add`` have in common."""
    cores = min(os.cpu_count() or 1, _MOST_WORKERS)
    parser.add_argument(
        "--variants",
        type=_between(0, MAXIMUM_VARIANTS),
        default=0,
        metavar="N",
        help="add the N likeliest misreadings of each plate, as possible matches; 0 if left out",
    )
    parser.add_argument(
        "--workers",
        type=_between(1, _MOST_WORKERS),
        default=cores,
        metavar="N",
        help=f"plates at a time, 64 MiB each; {cores} if left out",
    )
    parser.add_argument(
        "--over-quota", metavar="REASON", help="go beyond the quota; the reason is journalled"
    )


def _sites(authority: Authority, wanted: Sequence[str] | None) -> tuple[str, ...]:
    """Return the sites to compile for."""
    known = authority.sites()
    if not known:
        raise InputRefusedError("there is no site yet: a site is there once a booth is enrolled")
    unknown = sorted(set(wanted or ()) - set(known))
    if unknown:
        raise InputRefusedError(
            f"--sites: there is no {', '.join(unknown)}; there are {', '.join(known)}"
        )
    return tuple(sorted(set(wanted))) if wanted else known


def _publish_after(text: str, authority: Authority, days: Sequence[SiteDay]) -> str:
    """Publish lists, saying what is done already if the broker is away."""
    try:
        return f"\n{_publish(authority, days)}"
    except BrokerError:
        say(f"{text}\nbut the lists are not published: edge-lpr authority watchlist publish")
        raise


def _publish(authority: Authority, days: Sequence[SiteDay]) -> str:
    """Publish lists, and say so."""
    with link_of(authority) as link:
        published = publish_lists(authority, days, link)
    if not published.lists:
        return "there is no list for booths, so nothing was published"
    return (
        f"published {published.lists} lists for booths; the broker keeps them for two days, so "
        "publish them daily"
    )


def _require_room(plates: Sequence[ListedPlate], order: CompileOrder) -> None:
    """Refuse a list that no hit-only booth can hold, where booths get one."""
    rows = _rows(plates)
    if order.is_for_booths and rows > MAXIMUM_BOOTH_ROWS:
        raise InputRefusedError(
            f"with its variants the list has {rows} plates, and a hit-only booth holds "
            f"{MAXIMUM_BOOTH_ROWS}; ask for fewer variants, or for --servers-only"
        )


def _what_there_is(
    plates: Sequence[ListedPlate], order: CompileOrder, compiled: Sequence[CompiledDay]
) -> list[str]:
    """Return what was compiled, and where it is."""
    new = [each.day for each in compiled if each.is_new]
    head = (
        f"{len(plates)} entries, {_rows(plates)} plates with their variants; "
        f"days: {len(order.epochs)}, sites: {len(order.sites)}; "
        f"{len(new)} lists written, {len(compiled) - len(new)} as they were"
    )
    lines = [head, *(f"  {day.servers_file}" for day in new)]
    if order.is_for_booths and _rows(plates) > _FOUR_DAYS_OF_ROWS:
        lines.append(
            f"a hit-only booth holds {_FOUR_DAYS_OF_ROWS} plates for four days, and more for fewer"
        )
    return lines


def _rows(plates: Sequence[ListedPlate]) -> int:
    """Return how many plates a list has with its variants."""
    return sum(len(each.plates) for each in plates)


def _estimate(plates: Sequence[ListedPlate]) -> str:
    """Return what the list will cost those who look at vehicles."""
    alone = false_matches(plates, with_variants=False)
    all_of_it = false_matches(plates, with_variants=True)
    text = (
        f"of 1,000,000 passages {_about(alone)} will look like an entry without being it "
        "(possible matches, for a person to look at)"
    )
    if any(each.variants for each in plates):
        text += f"; {_about(all_of_it)} with the variants"
    return text


def _about(number: float) -> str:
    """Return an expected number for people."""
    return "fewer than 1" if number < 1 else f"about {number:,.0f}"


def _between(least: int, most: int) -> Callable[[str], int]:
    """Return what reads a whole number between two others."""

    def read(text: str) -> int:
        if text.isascii() and text.isdecimal() and least <= int(text) <= most:
            return int(text)
        raise argparse.ArgumentTypeError(f"must be a whole number from {least} to {most}")

    return read
