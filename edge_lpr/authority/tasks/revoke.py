"""``edge-lpr authority revoke``: take a booth or a consumer out, at once."""

from pathlib import Path

from edge_lpr.authority.authority import Authority
from edge_lpr.authority.opening import Options, SubParsers, add_task, opened
from edge_lpr.authority.tls_records import (
    make_folder,
    revoke_certificates,
    write_revocation_lists,
)
from edge_lpr.core.clock import Clock
from edge_lpr.core.errors import InputRefusedError


def add_parser(subparsers: SubParsers) -> None:
    """Add the task to the command line."""
    parser = add_task(
        subparsers, "revoke", "take a booth or consumer out: no keys, no certificates, no broker"
    )
    who = parser.add_mutually_exclusive_group(required=True)
    who.add_argument("device", nargs="?", metavar="SITE/DEVICE", help="the booth")
    who.add_argument("--consumer", metavar="NAME", help="a consumer instead")
    parser.add_argument(
        "--crl-folder",
        type=Path,
        metavar="DIR",
        help="write the broker's revocation lists there, such as /etc/mosquitto/edge-lpr",
    )
    parser.set_defaults(run=run)


def run(options: Options, clock: Clock) -> str:
    """Revoke, write the lists, and say what is left to do."""
    with opened(options, clock) as authority:
        if options.consumer is None:
            text = _revoke_device(authority, options.device)
        else:
            text = _revoke_consumer(authority, options.consumer)
        if options.crl_folder is None:
            return (
                f"{text}; let the broker know: run this again with --crl-folder, or fetch "
                "/v1/revocations from the enrolment service"
            )
        make_folder(options.crl_folder)
        write_revocation_lists(authority, options.crl_folder)
    return (
        f"{text}; the lists in {options.crl_folder} are new, let the broker read them: "
        "systemctl reload mosquitto (an open connection stays open until it is restarted)"
    )


def _revoke_device(authority: Authority, name: str) -> str:
    """Take a booth out."""
    site, slash, device = name.partition("/")
    if not slash:
        raise InputRefusedError(f"{name}: write SITE/DEVICE, or --consumer NAME")
    row = authority.devices.get(site, device)
    with authority.store.transaction():
        authority.devices.revoke(row.address)
        count = revoke_certificates(authority, "devices", device)
        authority.journal.record("revoked", device=name, certificates=count)
    return f"{name} is out: no more keys or certificates, {count} TLS certificates taken back"


def _revoke_consumer(authority: Authority, name: str) -> str:
    """Take a consumer out."""
    with authority.store.transaction():
        count = revoke_certificates(authority, "consumers", name)
        authority.journal.record("revoked", consumer=name, certificates=count)
    if count == 0:
        return f"no consumer {name} has a certificate that counts"
    return f"{name} is out: {count} TLS certificates taken back"
