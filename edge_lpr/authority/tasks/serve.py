"""``edge-lpr authority serve``: enrol and renew booths over the network."""

from edge_lpr.authority.opening import Options, SubParsers, add_task, opened, say
from edge_lpr.core.clock import Clock
from edge_lpr.core.errors import AuthorityError


def add_parser(subparsers: SubParsers) -> None:
    """Add the task to the command line."""
    parser = add_task(subparsers, "serve", "enrol and renew booths over HTTPS, until stopped")
    parser.add_argument(
        "--listen",
        default="0.0.0.0",  # noqa: S104 - booths are on other machines
        metavar="ADDRESS",
        help="address of this machine to listen on; default: all. The port is the bundle's",
    )
    parser.set_defaults(run=run)


def run(options: Options, clock: Clock) -> str:
    """Serve until a signal stops it."""
    try:
        # Only here: whoever enrols by files needs no web server.
        from edge_lpr.authority.enrolment_service import EnrolmentService  # noqa: PLC0415
        from edge_lpr.authority.https_server import listening_place, run_https  # noqa: PLC0415
    except ImportError as error:
        raise AuthorityError(
            f"the library {error.name} is missing: pip install 'edge-lpr[authority]'"
        ) from error
    with opened(options, clock) as authority:
        place = listening_place(authority.deployment.enrolment_url, options.listen)
        service = EnrolmentService(authority, say)
        run_https(
            service.app(),
            authority,
            place,
            lambda: say(
                f"enrolment service of {authority.deployment.tenant}: {place.host}, port "
                f"{place.port}; stop with Ctrl-C"
            ),
        )
        authority.journal.record("serve-ended")
    return "stopped"
