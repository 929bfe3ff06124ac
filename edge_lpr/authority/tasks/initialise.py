"""``edge-lpr authority init``: a new authority and its deployment bundle."""

from pathlib import Path
from typing import Final

from edge_lpr.authority.authority import Authority, DeploymentPlan
from edge_lpr.authority.configuration import Configuration, FilesPlace, TokenPlace
from edge_lpr.authority.file_wrapping import FileWrappingKeys
from edge_lpr.authority.opening import Options, SubParsers, add_task
from edge_lpr.authority.places import CONFIGURATION_FILE, DATA_BASE_FILE, open_wrapping
from edge_lpr.authority.tasks.addresses import add_addresses, addresses_of
from edge_lpr.authority.terminal import ask_pin
from edge_lpr.authority.tls_records import BROKER_NAME
from edge_lpr.core.clock import Clock
from edge_lpr.core.errors import InputRefusedError, WireError
from edge_lpr.wire.bounds import require_match
from edge_lpr.wire.deployment import DEPLOYMENT_FILE_NAME
from edge_lpr.wire.topics import NAME_PATTERN

_PERSONS: Final = (
    "  5. Make two persons known, who must agree: edge-lpr authority person add NAME.",
)


def add_parser(subparsers: SubParsers) -> None:
    """Add the task to the command line."""
    parser = add_task(subparsers, "init", "make a new authority and its deployment bundle")
    parser.add_argument("--tenant", required=True, metavar="NAME", help="the agency, as in topics")
    parser.add_argument("--broker", required=True, metavar="HOST", help="the broker's name")
    parser.add_argument("--devices-port", type=int, default=8883, metavar="N", help="8883")
    parser.add_argument("--consumers-port", type=int, default=8884, metavar="N", help="8884")
    parser.add_argument(
        "--enrolment", metavar="URL", help="where booths enrol, https://HOST:PORT; else by files"
    )
    add_addresses(parser)
    parser.add_argument(
        "--no-technicians",
        action="store_true",
        help="nobody can log in at a booth; edge-lpr authority bundle changes it later",
    )
    parser.add_argument(
        "--pkcs11", type=Path, metavar="FILE", help="the PKCS#11 library of a token, for its keys"
    )
    parser.add_argument("--token", metavar="LABEL", help="the token's label, with --pkcs11")
    parser.add_argument(
        "--retention-days",
        type=int,
        default=30,
        metavar="R",
        help="for so many days plates can be looked up; then the keys are destroyed; 30",
    )
    parser.add_argument(
        "--epochs-ahead",
        type=int,
        default=4,
        metavar="N",
        help="days of keys a booth holds, today included; 4",
    )
    parser.add_argument(
        "--quota-factor",
        type=float,
        default=1.2,
        metavar="F",
        help="plates compiled a day, as a multiple of the registered list; 1.2",
    )
    parser.add_argument(
        "--registered", type=int, metavar="N", help="how many plates the watch-list has"
    )
    parser.add_argument(
        "--two-person",
        action="store_true",
        help="look-backs, destructions, approvals, changes of the bundle and a larger quota need "
        "two passphrases",
    )
    parser.set_defaults(run=run)


def run(options: Options, clock: Clock) -> str:
    """Make the authority, and say what to do next."""
    configuration = _configuration(options)
    try:
        require_match("--tenant", options.tenant, NAME_PATTERN)
    except WireError as error:
        raise InputRefusedError(str(error)) from error
    if isinstance(configuration.wrapping, FilesPlace):
        FileWrappingKeys.create(configuration.wrapping.folder)
    plan = DeploymentPlan(
        options.tenant,
        options.broker,
        options.devices_port,
        options.consumers_port,
        options.enrolment,
        addresses_of(options.address),
        admits_technicians=not options.no_technicians,
    )
    wrapping = open_wrapping(configuration, ask_pin)
    with Authority.create(options.folder, configuration, wrapping, plan, clock) as authority:
        if options.registered is not None:
            authority.quota.register(options.registered)
        return _report(authority)


def _configuration(options: Options) -> Configuration:
    """Return what the options decide."""
    if (options.pkcs11 is None) == (options.wrapping is None):
        raise InputRefusedError(
            "say where the wrapping keys go: --wrapping DIR for files, or --pkcs11 FILE and "
            "--token LABEL for a token"
        )
    if (options.pkcs11 is None) != (options.token is None):
        raise InputRefusedError("--pkcs11 and --token belong together")
    place: FilesPlace | TokenPlace
    if options.pkcs11 is None:
        place = FilesPlace(folder=options.wrapping.absolute())
        _require_apart(options.folder.absolute(), place.folder)
    else:
        place = TokenPlace(module=options.pkcs11, token=options.token)
    try:
        return Configuration(
            retention_days=options.retention_days,
            epochs_ahead=options.epochs_ahead,
            quota_factor=options.quota_factor,
            two_person=options.two_person,
            wrapping=place,
        )
    except ValueError as error:
        raise InputRefusedError(
            "--retention-days must lie in 1..366, --epochs-ahead in 1..8, --quota-factor in 1..100"
        ) from error


def _require_apart(folder: Path, wrapping: Path) -> None:
    """Refuse wrapping keys where the data base's backup would take them along."""
    if wrapping == folder or folder in wrapping.parents or wrapping in folder.parents:
        raise InputRefusedError(
            f"{wrapping}: must lie apart from {folder}, because the one is backed up and the other "
            "never; best on a medium of its own"
        )


def _report(authority: Authority) -> str:
    """Return what was made and what comes next."""
    folder = authority.folder
    return "\n".join(
        (
            f"The authority of {authority.deployment.tenant} is made.",
            "",
            f"  fingerprint      {authority.deployment.authority.kid}",
            f"  bundle           {folder / DEPLOYMENT_FILE_NAME}   for every booth and server",
            f"  data base        {folder / DATA_BASE_FILE}   back this folder up",
            f"  configuration    {folder / CONFIGURATION_FILE}",
            f"  wrapping keys    {authority.wrapping.place}   NEVER back these up",
            "",
            "Next:",
            "  1. Write the fingerprint down; who installs a booth compares it with the bundle's.",
            "  2. Certify the broker: edge-lpr authority certify-broker (docs/broker.md).",
            f"     Its list needs the line: authority {BROKER_NAME} {authority.deployment.tenant}",
            "  3. Switch edge-lpr-authority-rotate.timer on: keys come and go by themselves.",
            "  4. Enrol the booths: edge-lpr authority ticket (docs/enrolment.md).",
            *_PERSONS[: int(authority.configuration.two_person)],
        )
    )
