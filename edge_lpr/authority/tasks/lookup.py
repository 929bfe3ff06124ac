"""``edge-lpr authority lookup``: the tokens of one plate on past days, for a stated reason.

The plate is asked at the terminal: not on the command line, where every user of the machine could
read it, and it is in no journal.
"""

import json
from pathlib import Path

from edge_lpr.authority.authority import Authority
from edge_lpr.authority.opening import Options, SubParsers, add_task, opened, say
from edge_lpr.authority.persons import Persons
from edge_lpr.authority.tasks.days import add_days, day_of, epochs_in
from edge_lpr.authority.terminal import ask
from edge_lpr.core.clock import Clock, epoch_of
from edge_lpr.core.errors import (
    DestroyedError,
    InputRefusedError,
    KeyFileError,
    NotAllowedError,
    NoValidKeyError,
)
from edge_lpr.core.secret_file import write_secret_file
from edge_lpr.tokens.canonical import canonicalise
from edge_lpr.tokens.key_ring import KeyPurpose
from edge_lpr.tokens.suite1 import TokenScope, finish_tokens, stretch_plate
from edge_lpr.wire import base64url

_MINIMUM_REASON = 8


def add_parser(subparsers: SubParsers) -> None:
    """Add the task to the command line."""
    parser = add_task(subparsers, "lookup", "make the tokens of one plate on past days (audited)")
    parser.add_argument("--reason", required=True, metavar="TEXT", help="why; for the journal")
    add_days(parser, "look back at")
    parser.add_argument("--site", metavar="NAME", help="only this site; else all")
    parser.add_argument(
        "--output", type=Path, required=True, metavar="FILE", help="the tokens, for ingest find"
    )
    parser.set_defaults(run=run)


def run(options: Options, clock: Clock) -> str:
    """Make the tokens."""
    if len(options.reason.strip()) < _MINIMUM_REASON:
        raise InputRefusedError("--reason: say in a few words why, such as a case number and court")
    with opened(options, clock) as authority:
        epochs = _epochs(authority, options)
        sites = _sites(authority, options)
        agreed = Persons(authority).require_two()
        canonical = canonicalise(ask("Plate"))
        entry = _announce(authority, options, epochs, sites, agreed)
        lines, skipped = _tokens(authority, canonical, epochs, sites, entry)
        _write(options.output, lines)
        days = f"{day_of(epochs[0])} to {day_of(epochs[-1])}"
        authority.journal.record("lookup-done", entry=entry, tokens=len(lines), skipped=skipped)
    return (
        f"{len(lines)} site-days from {days} in {options.output}, as {entry}"
        + (f"; {skipped} site-days have no keys" if skipped else "")
        + ".\nFind them with edge-lpr ingest find, then delete the file."
    )


def _epochs(authority: Authority, options: Options) -> list[int]:
    """Return the days to look at, within R."""
    today = epoch_of(authority.clock.unix_s())
    retention = authority.configuration.retention_days
    within = range(today - retention, today + 1)
    if options.first is not None and options.first not in within:
        raise NotAllowedError(
            f"--from lies outside the last {retention} days; the keys of earlier days are destroyed"
        )
    held = [epoch for epoch in authority.vault.held() if epoch in within]
    chosen = epochs_in(options, held)
    epochs = held if chosen is None else chosen
    if not epochs:
        raise InputRefusedError("there are no keys of these days")
    return epochs


def _sites(authority: Authority, options: Options) -> tuple[str, ...]:
    """Return the sites to look at."""
    sites = authority.sites()
    if options.site is None:
        return sites
    if options.site not in sites:
        raise InputRefusedError(f"no site is called {options.site}; there are {', '.join(sites)}")
    return (options.site,)


def _announce(
    authority: Authority,
    options: Options,
    epochs: list[int],
    sites: tuple[str, ...],
    agreed: tuple[str, ...],
) -> str:
    """Write down what will be done before it is done, and return its name."""
    with authority.store.transaction():
        number = authority.journal.record(
            "lookup",
            reason=options.reason,
            first=day_of(epochs[0]),
            last=day_of(epochs[-1]),
            sites=" ".join(sites),
            agreed=" ".join(agreed) or "one",
        )
        for epoch in epochs:
            authority.claim_quota(epoch, 1, options.reason)
    return f"lookup-{number}"


def _tokens(
    authority: Authority,
    canonical: bytes,
    epochs: list[int],
    sites: tuple[str, ...],
    entry: str,
) -> tuple[list[str], int]:
    """Return the lines of a watch-list, and how many site-days have no keys."""
    tenant = authority.deployment.tenant
    lines: list[str] = []
    skipped = 0
    for epoch in epochs:
        say(f"  {day_of(epoch)}")
        stretched: bytes | None = None
        for site in sites:
            try:
                keys = authority.vault.existing(site, epoch, KeyPurpose.LIVE)
            except (DestroyedError, NoValidKeyError):
                skipped += 1
                continue
            scope = TokenScope(tenant, site, epoch)
            if stretched is None:
                # Once a day for all sites: it is what costs.
                stretched = stretch_plate(canonical, bytes(keys.stretch), scope)
            pair = finish_tokens(stretched, canonical, bytes(keys.site), scope)
            line = {
                "site": site,
                "epoch": epoch,
                "exact": base64url.encode(pair.exact).decode(),
                "fold": base64url.encode(pair.fold).decode(),
                "entry": entry,
            }
            lines.append(json.dumps(line))
    return lines, skipped


def _write(file: Path, lines: list[str]) -> None:
    """Write the tokens for their owner alone."""
    try:
        write_secret_file(file, "".join(f"{line}\n" for line in lines).encode())
    except KeyFileError as error:
        raise InputRefusedError(str(error)) from error
