"""What the command line of ``edge-lpr broker`` says."""

import argparse
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_EPILOG: Final = "docs/broker.md shows the whole way, from an empty machine to a working broker."

_HOST_PATTERN: Final = re.compile(r"[0-9A-Za-z.:-]{1,253}")
"""Addresses of both kinds, and what a certificate takes for a name (RFC 5280, 4.2.1.6)."""


@dataclass(frozen=True, slots=True)
class RulesOptions:
    """``edge-lpr broker acl``."""

    list_file: Path
    """Who may use the broker."""
    folder: Path
    """Where the broker reads its rules."""


@dataclass(frozen=True, slots=True)
class LaboratoryOptions:
    """``edge-lpr broker laboratory``."""

    list_file: Path
    """Who gets a certificate."""
    folder: Path
    """Where the certificates go."""
    hosts: tuple[str, ...]
    """Names and addresses of the broker."""
    revoke: tuple[str, ...]
    """Whose certificates are taken back."""
    renew: bool
    """Whether everybody gets a new certificate."""


@dataclass(frozen=True, slots=True)
class RequestKeyOptions:
    """``edge-lpr broker request-key``."""

    name: str
    """The consumer."""
    file: Path
    """Where the private key goes."""


Options = RulesOptions | LaboratoryOptions | RequestKeyOptions


def parse_arguments(arguments: Sequence[str]) -> Options:
    """Read the command line; ends the program with a sentence where it makes no sense.

    Args:
        arguments: The words after ``edge-lpr broker``.

    Returns:
        What to do.
    """
    chosen = _parser().parse_args(arguments)
    if chosen.task == "acl":
        return RulesOptions(chosen.list, chosen.folder)
    if chosen.task == "request-key":
        return RequestKeyOptions(chosen.name, chosen.file)
    return LaboratoryOptions(
        chosen.list, chosen.folder, tuple(chosen.host), tuple(chosen.revoke), chosen.renew
    )


def _parser() -> argparse.ArgumentParser:
    """Describe the command line."""
    parser = argparse.ArgumentParser(
        prog="edge-lpr broker",
        description="Make a broker ready: who may do what, and certificates for a laboratory.",
        epilog=_EPILOG,
    )
    tasks = parser.add_subparsers(dest="task", required=True, metavar="TASK")
    acl = tasks.add_parser(
        "acl",
        help="make Mosquitto's rules from the list of booths and consumers",
        description="Write devices.acl and consumers.acl; files that say the same stay untouched.",
    )
    _add_list_and_folder(acl, "where Mosquitto reads its rules, such as /etc/mosquitto/edge-lpr")
    laboratory = tasks.add_parser(
        "laboratory",
        help="certify the broker, booths and consumers, for trials only",
        description=(
            "Make authorities and certificates that are missing. Never for booths in the field: "
            "the authorities' keys lie in the folder."
        ),
    )
    _add_list_and_folder(laboratory, "where the certificates go; what is there is kept")
    laboratory.add_argument(
        "--host",
        action="append",
        type=_host,
        default=[],
        metavar="NAME|ADDRESS",
        help="name or address of the broker, may be given several times; left out: localhost",
    )
    laboratory.add_argument(
        "--revoke",
        action="append",
        default=[],
        metavar="NAME",
        help="take the certificate of a booth or consumer back; may be given several times",
    )
    laboratory.add_argument(
        "--renew", action="store_true", help="give everybody a new key and certificate"
    )
    key = tasks.add_parser(
        "request-key",
        help="make a consumer's key for requests",
        description=(
            "Write a consumer's private key, and print the line for publisher.consumers_file of "
            "the booths. A key that is there is kept, and its line printed again."
        ),
    )
    key.add_argument("name", metavar="NAME", help="the consumer's name, as in the list")
    key.add_argument("file", type=Path, metavar="FILE", help="where the private key goes")
    return parser


def _host(text: str) -> str:
    """Return a host that a certificate can name."""
    if not _HOST_PATTERN.fullmatch(text):
        raise argparse.ArgumentTypeError(
            "a host is an IP address or a name of 1 to 253 ASCII letters, digits, dots and "
            "hyphens; write others in their xn-- form"
        )
    return text


def _add_list_and_folder(parser: argparse.ArgumentParser, folder_help: str) -> None:
    """Add the two arguments that tasks share."""
    parser.add_argument(
        "--list", type=Path, required=True, metavar="FILE", help="who may use the broker"
    )
    parser.add_argument("--folder", type=Path, required=True, metavar="DIR", help=folder_help)
