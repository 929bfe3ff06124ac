"""``edge-lpr authority refuse``: turn a booth away."""

from edge_lpr.authority.enrolment import EnrolmentDesk
from edge_lpr.authority.opening import Options, SubParsers, add_task, opened
from edge_lpr.core.clock import Clock


def add_parser(subparsers: SubParsers) -> None:
    """Add the task to the command line."""
    parser = add_task(subparsers, "refuse", "turn a booth away for good")
    parser.add_argument("fingerprint", metavar="FINGERPRINT", help="as the list shows it")
    parser.add_argument(
        "--reason",
        default="the fingerprint was not the one the booth shows",
        help="for the installer and the journal",
    )
    parser.set_defaults(run=run)


def run(options: Options, clock: Clock) -> str:
    """Refuse a request, and say whose it was."""
    with opened(options, clock) as authority:
        request = EnrolmentDesk(authority).refuse(options.fingerprint, options.reason)
    address = request.ticket.address
    return (
        f"{address.site}/{address.device} was refused; its ticket is used up, a new request needs "
        "a new one"
    )
