"""``edge-lpr authority quota``: how many plates may be compiled a day, and how many were."""

from edge_lpr.authority.opening import Options, SubParsers, add_task, opened
from edge_lpr.authority.persons import Persons
from edge_lpr.authority.tasks.days import day_of
from edge_lpr.core.clock import Clock, epoch_of
from edge_lpr.core.errors import InputRefusedError


def add_parser(subparsers: SubParsers) -> None:
    """Add the task to the command line."""
    parser = add_task(subparsers, "quota", "show the quota of plates a day, or register the list")
    parser.add_argument(
        "--register", type=int, metavar="N", help="how many plates the watch-list has, variants in"
    )
    parser.set_defaults(run=run)


def run(options: Options, clock: Clock) -> str:
    """Register, and return limit and use."""
    with opened(options, clock) as authority:
        quota = authority.quota
        if options.register is not None:
            if options.register < 0:
                raise InputRefusedError("--register must not be negative")
            # What may be compiled is what may be found.
            agreed = Persons(authority).require_two()
            if agreed:
                authority.journal.record("agreed", to="quota", persons=" ".join(agreed))
            quota.register(options.register)
        today = epoch_of(clock.unix_s())
        uses = quota.uses(today - authority.configuration.retention_days)
        registered, limit = quota.registered, quota.limit
    if registered is None:
        head = "no list is registered, so nothing may be compiled; --register N"
    else:
        head = f"registered {registered} plates, so at most {limit} a day"
    return "\n".join([head, *(f"  {day_of(use.epoch)}  {use.plates}" for use in uses)])
