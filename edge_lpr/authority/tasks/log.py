"""``edge-lpr authority log``: print the journal, and judge it."""

import datetime as dt

from edge_lpr.authority.journal import JournalEntry
from edge_lpr.authority.opening import (
    Options,
    Outcome,
    SubParsers,
    add_task,
    opened,
    opened_journal,
)
from edge_lpr.core.clock import Clock


def add_parser(subparsers: SubParsers) -> None:
    """Add the task to the command line."""
    parser = add_task(subparsers, "log", "print the journal of every call, or only judge it")
    parser.add_argument("--verify", action="store_true", help="only say whether it is whole")
    parser.add_argument("--last", type=int, metavar="N", help="print the newest N entries only")
    parser.add_argument(
        "--after-restore",
        metavar="REASON",
        help="go on after the data base was restored from a backup: keys are issued to all again",
    )
    parser.set_defaults(run=run)


def run(options: Options, clock: Clock) -> Outcome:
    """Print and judge; exit status 1 if the journal is not whole."""
    if options.after_restore is not None:
        return _after_restore(options, clock)
    with opened_journal(options, clock) as journal:
        verdict = journal.verify()
        after = 0 if options.last is None else max(0, verdict.entries - options.last)
        entries = [] if options.verify else list(journal.entries(after))
    end = (
        f"{verdict.entries} entries, the chain holds and nothing is missing at its end"
        if verdict.fault is None
        else f"NOT WHOLE: {verdict.fault}"
    )
    return Outcome("\n".join([*map(_line, entries), end]), 0 if verdict.fault is None else 1)


def _after_restore(options: Options, clock: Clock) -> Outcome:
    """Accept a restored data base."""
    with opened(options, clock) as authority:
        authority.journal.accept_restored(options.after_restore)
        authority.store.set_fact("reissue_from", str(clock.unix_s()))
    return Outcome(
        "The journal goes on from the backup, and says so. The next rotate issues keys to every "
        "device again. Do once more by hand what was done since the backup: enrol booths, revoke "
        "booths, add persons.",
        0,
    )


def _line(entry: JournalEntry) -> str:
    """Return one entry for people."""
    at = dt.datetime.fromtimestamp(entry.at, dt.timezone.utc).strftime("%Y-%m-%d %H:%M:%S")
    details = "  ".join(f"{name}={value}" for name, value in entry.details.items())
    return f"{entry.number:>6}  {at}  {entry.call:<20} {details}"
