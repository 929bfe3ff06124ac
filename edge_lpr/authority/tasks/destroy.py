"""``edge-lpr authority destroy``: the keys of past days, or of any days, for ever."""

from edge_lpr.authority.authority import Authority
from edge_lpr.authority.condition import in_days
from edge_lpr.authority.opening import Options, SubParsers, add_task, opened, say
from edge_lpr.authority.persons import Persons
from edge_lpr.authority.tasks.days import add_days, epochs_in
from edge_lpr.authority.terminal import confirm
from edge_lpr.core.clock import Clock, epoch_of
from edge_lpr.core.errors import NotAllowedError


def add_parser(subparsers: SubParsers) -> None:
    """Add the task to the command line."""
    parser = add_task(subparsers, "destroy", "destroy keys for ever; nobody can undo it")
    add_days(parser, "destroy")
    parser.add_argument(
        "--yes", action="store_true", help="do not ask; only for days past their retention"
    )
    parser.set_defaults(run=run)


def run(options: Options, clock: Clock) -> str:
    """Destroy, once it is confirmed."""
    with opened(options, clock) as authority:
        there = authority.vault.destructible()
        wanted = epochs_in(options, there)
        if wanted is None:
            first_kept = epoch_of(clock.unix_s()) - authority.configuration.retention_days
            wanted = [epoch for epoch in there if epoch < first_kept]
        if not wanted:
            return "there are no keys of these days; nothing was destroyed"
        agreed = _agree(authority, options, wanted)
        authority.journal.record("destroy", count=len(wanted), agreed=" ".join(agreed) or "one")
        authority.vault.destroy(wanted)
    return (
        f"Destroyed the keys of {in_days(len(wanted))}. No token of those days can be made or "
        "looked up any more, by anybody, from any backup of the data base."
    )


def _agree(authority: Authority, options: Options, wanted: list[int]) -> tuple[str, ...]:
    """Have it confirmed by whom it takes."""
    today = epoch_of(authority.clock.unix_s())
    is_due = wanted[-1] < today - authority.configuration.retention_days
    if options.yes and not is_due:
        raise NotAllowedError(
            f"--yes is for days longer ago than {authority.configuration.retention_days}; leave it "
            "out and confirm"
        )
    if options.yes:
        return ()
    agreed = Persons(authority).require_two()
    if wanted[-1] >= today:
        say(
            "Days of today or later are among them: booths go on with the keys they hold, and the "
            "authority will make no others for these days."
        )
    confirm(
        f"This destroys the keys of {in_days(len(wanted))} for ever. Type {len(wanted)} to do it",
        str(len(wanted)),
    )
    return agreed
