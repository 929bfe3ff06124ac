"""``edge-lpr authority ticket``: let one booth ask to be enrolled, once."""

import datetime as dt

from edge_lpr.authority.enrolment import EnrolmentDesk
from edge_lpr.authority.opening import Options, SubParsers, add_task, opened
from edge_lpr.authority.tickets import MAXIMUM_HOURS, Ticket
from edge_lpr.core.clock import Clock
from edge_lpr.core.errors import InputRefusedError, WireError
from edge_lpr.tokens.key_ring import KeyPurpose
from edge_lpr.wire.device_certificate import CustodyTier
from edge_lpr.wire.topics import DeviceAddress

_HOURS = 72


def add_parser(subparsers: SubParsers) -> None:
    """Add the task to the command line."""
    parser = add_task(subparsers, "ticket", "let one booth ask to be enrolled, once")
    parser.add_argument("--site", required=True, metavar="NAME", help="the crossing")
    parser.add_argument("--device", required=True, metavar="NAME", help="the booth")
    parser.add_argument(
        "--tier", required=True, choices=("A", "B", "C"), help="how the booth keeps its keys"
    )
    parser.add_argument(
        "--valid-hours",
        type=int,
        default=_HOURS,
        metavar="H",
        help=f"until it expires, at most {MAXIMUM_HOURS}; {_HOURS}",
    )
    parser.add_argument(
        "--test-keys",
        action="store_true",
        help="the booth gets test keys: for replays and laboratories, every sighting says so",
    )
    parser.add_argument(
        "--allow-tier-c", metavar="REASON", help="give a booth of tier C keys of live passages"
    )
    parser.set_defaults(run=run)


def run(options: Options, clock: Clock) -> str:
    """Make a ticket, and say it once."""
    with opened(options, clock) as authority:
        try:
            address = DeviceAddress(authority.deployment.tenant, options.site, options.device)
        except WireError as error:
            raise InputRefusedError(str(error)) from error
        ticket = Ticket(
            address,
            CustodyTier(options.tier),
            options.allow_tier_c,
            KeyPurpose.TEST if options.test_keys else KeyPurpose.LIVE,
        )
        now_s = clock.unix_s()
        with authority.store.transaction():
            code = EnrolmentDesk(authority).tickets.make(ticket, now_s, options.valid_hours)
            authority.journal.record(
                "ticket",
                device=f"{options.site}/{options.device}",
                tier=options.tier,
                purpose=ticket.purpose.name.lower(),
                tier_c_reason=options.allow_tier_c or "",
            )
    ends = dt.datetime.fromtimestamp(now_s + options.valid_hours * 3600, dt.timezone.utc)
    return (
        f"{code}\n\n"
        f"Ticket for {options.site}/{options.device}, tier {options.tier}, good for one request "
        f"until {ends:%Y-%m-%d %H:%M} UTC.\n"
        "It is shown this once: send all of it to the installer, for scripts/flash_booth, with\n"
        "deployment.lpr. On a booth set up by hand: edge-lpr enrol --deployment deployment.lpr"
    )
