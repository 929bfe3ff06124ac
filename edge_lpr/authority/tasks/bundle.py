"""``edge-lpr authority bundle``: what the deployment bundle says, and a change of it."""

import argparse
from pathlib import Path
from typing import Final

from edge_lpr.authority.authority import Authority
from edge_lpr.authority.opening import Options, SubParsers, add_task, opened
from edge_lpr.authority.persons import Persons
from edge_lpr.authority.tasks.addresses import add_addresses, addresses_of
from edge_lpr.certificates.technician_certificate import (
    MAXIMUM_KEY_CHARACTERS,
    fingerprint_of,
    public_line,
)
from edge_lpr.core.clock import Clock
from edge_lpr.core.errors import InputRefusedError
from edge_lpr.wire.deployment import DEPLOYMENT_FILE_NAME

_NOBODY: Final = "nobody"
_NEW: Final = "new"
_OWN: Final = "own"
_LABEL: Final = 18
_WORDS_OF_A_KEY: Final = 2
"""Kind and key; what follows is a comment."""


def add_parser(subparsers: SubParsers) -> None:
    """Add the task to the command line."""
    parser = add_task(subparsers, "bundle", "show the deployment bundle, or change what it says")
    add_addresses(parser)
    parser.add_argument(
        "--no-addresses",
        action="store_true",
        help="booths ask the network's name server",
    )
    parser.add_argument(
        "--technician-ca",
        metavar=f"{_OWN}|{_NEW}|{_NOBODY}|FILE",
        help="who certifies technicians: this authority, this authority with a new key, nobody, "
        "or the OpenSSH public key of another one",
    )
    parser.set_defaults(run=run)


def run(options: Options, clock: Clock) -> str:
    """Change the bundle if something was asked for, and say what it says."""
    if options.address and options.no_addresses:
        raise InputRefusedError("--address and --no-addresses exclude each other")
    is_change = bool(options.address or options.no_addresses or options.technician_ca)
    with opened(options, clock) as authority:
        if not is_change:
            return _table(authority)
        # Whoever names the technicians' authority lets anybody in at every booth.
        agreed = Persons(authority).require_two()
        if agreed:
            authority.journal.record("agreed", to="bundle", persons=" ".join(agreed))
        _change(authority, options)
        return (
            f"{_table(authority)}\n\nBooths take it with their next renewal; the file is for new "
            "booths and for those that shall know it at once."
        )


def _change(authority: Authority, options: argparse.Namespace) -> None:
    """Do what the options ask for; what they do not name stays as it is."""
    deployment = authority.deployment
    addresses = addresses_of(options.address)
    if not addresses and not options.no_addresses:
        addresses = deployment.addresses
    with authority.store.transaction():
        technician_ca = deployment.technician_ca
        if options.technician_ca == _NOBODY:
            technician_ca = None
        elif options.technician_ca == _OWN:
            technician_ca = public_line(authority.technician_key().public_key())
        elif options.technician_ca == _NEW:
            technician_ca = authority.make_technician_key()
        elif options.technician_ca is not None:
            technician_ca = _read_key(Path(options.technician_ca))
        authority.change_bundle(addresses, technician_ca)


def _read_key(path: Path) -> str:
    """Return the public key in a file, without its comment."""
    try:
        with path.open(encoding="ascii") as file:
            words = file.read(MAXIMUM_KEY_CHARACTERS).split()
    except (OSError, UnicodeDecodeError) as error:
        raise InputRefusedError(
            f"{path}: cannot be read; name a public key, or write {_OWN}, {_NEW} or {_NOBODY}"
        ) from error
    return " ".join(words[:_WORDS_OF_A_KEY])


def _table(authority: Authority) -> str:
    """Return what the bundle says, for people."""
    deployment = authority.deployment
    ca = deployment.technician_ca
    ports = f"{deployment.devices_port} for booths, {deployment.consumers_port} for servers"
    lines = [
        ("bundle", str(authority.folder / DEPLOYMENT_FILE_NAME)),
        ("fingerprint", deployment.fingerprint),
        ("broker", f"{deployment.broker_host}, port {ports}"),
        ("enrolment", deployment.enrolment_url or "by files"),
        *(("address", f"{name} {' '.join(texts)}") for name, texts in deployment.addresses),
        ("technicians", "nobody" if ca is None else f"certified by {fingerprint_of(ca)}"),
    ]
    return "\n".join(f"{label:<{_LABEL}}{text}" for label, text in lines)
