"""``edge-lpr authority certify-technician``: let a person log in at booths for some hours."""

from pathlib import Path
from typing import Final

from edge_lpr.authority.bundle import write_file
from edge_lpr.authority.opening import Options, SubParsers, add_task, opened
from edge_lpr.authority.technicians import certify_technician
from edge_lpr.certificates.technician_certificate import (
    LOGIN_USER,
    MAXIMUM_HOURS,
    MAXIMUM_KEY_CHARACTERS,
)
from edge_lpr.core.clock import Clock
from edge_lpr.core.errors import InputRefusedError

_HOURS: Final = 12
"""A working day."""


def add_parser(subparsers: SubParsers) -> None:
    """Add the task to the command line."""
    parser = add_task(
        subparsers, "certify-technician", "let a person log in at booths, for some hours"
    )
    parser.add_argument("name", metavar="NAME", help="the person; a-z, 0-9, dots, hyphens")
    parser.add_argument(
        "--key",
        type=Path,
        required=True,
        metavar="FILE",
        help="the person's public key, id_ed25519.pub; the certificate goes beside it",
    )
    parser.add_argument(
        "--site",
        action="extend",
        nargs="+",
        required=True,
        metavar="SITE[/DEVICE]",
        help="where: every booth of a site, or one",
    )
    parser.add_argument(
        "--hours", type=int, default=_HOURS, metavar="N", help=f"{_HOURS}; at most {MAXIMUM_HOURS}"
    )
    parser.set_defaults(run=run)


def run(options: Options, clock: Clock) -> str:
    """Certify the person's key, and say what it is good for."""
    key_file: Path = options.key
    if key_file.suffix != ".pub" or key_file.name.endswith("-cert.pub"):
        raise InputRefusedError(f"{key_file}: name the public key, such as id_ed25519.pub")
    places = tuple(options.site)
    with opened(options, clock) as authority:
        certified = certify_technician(
            authority, options.name, _read(key_file), places, options.hours
        )
        # Where ssh looks for it by itself.
        certificate_file = key_file.with_name(f"{key_file.stem}-cert.pub")
        write_file(certificate_file, f"{certified.line}\n".encode("ascii"))
    return (
        f"{options.name} may log in at {', '.join(places)} until "
        f"{certified.ends_at:%Y-%m-%d %H:%M} UTC, as number {certified.serial}: "
        f"{certificate_file}\nWith it and its key: ssh -i {key_file.stem} {LOGIN_USER}@BOOTH help"
    )


def _read(path: Path) -> str:
    """Return what is in a public key's file."""
    try:
        with path.open(encoding="utf-8") as file:
            return file.read(MAXIMUM_KEY_CHARACTERS + 1)
    except (OSError, UnicodeDecodeError) as error:
        raise InputRefusedError(f"{path}: cannot be read; name a public key") from error
