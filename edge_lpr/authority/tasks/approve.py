"""``edge-lpr authority approve``: enrol the booth whose fingerprint was compared."""

from edge_lpr.authority.enrolment import EnrolmentDesk
from edge_lpr.authority.opening import Options, SubParsers, add_task, opened
from edge_lpr.authority.persons import Persons
from edge_lpr.core.clock import Clock


def add_parser(subparsers: SubParsers) -> None:
    """Add the task to the command line."""
    parser = add_task(subparsers, "approve", "enrol the booth that shows a fingerprint")
    parser.add_argument(
        "fingerprint", metavar="FINGERPRINT", help="as the booth shows it, not as the list does"
    )
    parser.set_defaults(run=run)


def run(options: Options, clock: Clock) -> str:
    """Approve a request, and say whose it was."""
    with opened(options, clock) as authority:
        # Whoever can enrol a booth of his own invention holds the keys of every day to come.
        agreed = Persons(authority).require_two()
        if agreed:
            authority.journal.record("agreed", to="approve", persons=" ".join(agreed))
        request = EnrolmentDesk(authority).approve(options.fingerprint)
    address = request.ticket.address
    return (
        f"{address.site}/{address.device} is enrolled, tier {request.ticket.tier.value}; the booth "
        "fetches its answer by itself (by files: edge-lpr authority enrol-file)"
    )
