"""What the command line of ``edge-lpr enrol`` says."""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from edge_lpr.core.settings import DEFAULT_SETTINGS_FILE
from edge_lpr.provisioning.custody import CUSTODY_KINDS

_EPILOG: Final = (
    "docs/enrolment.md shows the whole way, from an empty machine to the first verified sighting. "
    "Interrupted or without power, run the same words again: it goes on where it stopped."
)


@dataclass(frozen=True, slots=True, repr=False)
class EnrolOptions:
    """Everything that the command line decides. No ``repr``: it may hold a ticket."""

    settings: Path
    """The booth's settings."""
    deployment: Path | None
    """The bundle; not needed to go on, or to renew."""
    ticket: str | None
    """The code; asked for if left out."""
    custody: str | None
    """One of ``CUSTODY_KINDS``; ``None`` leaves it to the settings."""
    renew: bool
    """Renew the certificates of an enrolled booth, if they are due."""
    again: bool
    """Give an enrolled booth a new identity, or begin anew."""
    request_file: Path | None
    """Write the request there instead of asking the service."""
    answer_file: Path | None
    """Take the answer from there instead of asking the service."""
    wait_s: float | None
    """Longest wait for the custodian; ``None`` for any time."""


def parse_arguments(arguments: Sequence[str]) -> EnrolOptions:
    """Read the command line; ends the program with a sentence where it makes no sense.

    Args:
        arguments: The words after ``edge-lpr enrol``.

    Returns:
        What to do.
    """
    parser = _parser()
    chosen = parser.parse_args(arguments)
    if chosen.renew and (chosen.again or chosen.ticket is not None):
        parser.error("--renew needs neither a ticket nor --again")
    return EnrolOptions(
        settings=chosen.settings,
        deployment=chosen.deployment,
        ticket=chosen.ticket,
        custody=chosen.custody,
        renew=chosen.renew,
        again=chosen.again,
        request_file=chosen.request_file,
        answer_file=chosen.answer_file,
        wait_s=chosen.wait,
    )


def _parser() -> argparse.ArgumentParser:
    """Return what knows the options."""
    parser = argparse.ArgumentParser(
        prog="edge-lpr enrol",
        description="Make this booth one of a deployment: keys, approval, certificates.",
        epilog=_EPILOG,
    )
    parser.add_argument(
        "--settings", type=Path, default=DEFAULT_SETTINGS_FILE, help="the booth's settings file"
    )
    parser.add_argument(
        "--deployment", type=Path, metavar="FILE", help="deployment.lpr, from the key custodian"
    )
    parser.add_argument(
        "--ticket", metavar="CODE", help="from the key custodian; asked for if left out"
    )
    parser.add_argument(
        "--custody",
        choices=tuple(CUSTODY_KINDS),
        help="how the board keeps keys (docs/custody.md); default: tpm if the settings have a "
        "sealing_key_file, else plain, for a laboratory",
    )
    parser.add_argument(
        "--renew", action="store_true", help="renew the certificates if they are due (for a timer)"
    )
    parser.add_argument(
        "--again", action="store_true", help="begin anew, with new keys and a new ticket"
    )
    way = parser.add_mutually_exclusive_group()
    way.add_argument(
        "--request-file", type=Path, metavar="FILE", help="without a network: write the request"
    )
    way.add_argument(
        "--answer-file", type=Path, metavar="FILE", help="without a network: take the answer"
    )
    parser.add_argument(
        "--wait",
        type=_seconds,
        metavar="S",
        help="wait so long for the custodian's approval; default: until it comes",
    )
    return parser


def _seconds(text: str) -> float:
    """Check a time."""
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    # A comparison with NaN is never true.
    if seconds >= 0:
        return seconds
    raise argparse.ArgumentTypeError("must be 0 or more seconds")
