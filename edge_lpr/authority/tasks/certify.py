"""``edge-lpr authority certify-broker`` and ``certify-consumer``: TLS certificates, as files."""

from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from edge_lpr.authority.authority import Authority
from edge_lpr.authority.opening import Options, SubParsers, add_task, opened
from edge_lpr.authority.tls_records import (
    make_folder,
    record_certificate,
    require_not_ours,
    write_revocation_lists,
)
from edge_lpr.certificates.certificate_authority import CertifiedKey, Validity, write_public
from edge_lpr.certificates.signing_request import read_signing_request
from edge_lpr.core.clock import Clock
from edge_lpr.core.errors import InputRefusedError, NotAllowedError, WireError
from edge_lpr.wire.bounds import require_match
from edge_lpr.wire.topics import NAME_PATTERN

_DAYS = 90
_MOST_DAYS = 398
"""What browsers accept of a server (CA/Browser Forum, before 2026): long enough for anybody."""

_MAXIMUM_REQUEST_BYTES = 4096


def add_parser(subparsers: SubParsers) -> None:
    """Add both tasks to the command line."""
    broker = add_task(
        subparsers, "certify-broker", "certify the broker, and write all that it must trust"
    )
    broker.add_argument(
        "hosts", nargs="*", metavar="HOST", help="its names and addresses; default: the bundle's"
    )
    broker.set_defaults(run=run_broker)
    consumer = add_task(subparsers, "certify-consumer", "certify a server that reads the broker")
    consumer.add_argument("name", metavar="NAME", help="as in the broker's list")
    consumer.set_defaults(run=run_consumer)
    for parser in (broker, consumer):
        parser.add_argument(
            "--out", type=Path, default=Path(), metavar="DIR", help="where files go; default: here"
        )
        parser.add_argument(
            "--csr",
            type=Path,
            metavar="FILE",
            help="certify this signing request; its key stays where it is",
        )
        parser.add_argument(
            "--days", type=int, default=_DAYS, metavar="N", help=f"validity; {_DAYS}"
        )


def run_broker(options: Options, clock: Clock) -> str:
    """Certify the broker, and say where everything is."""
    with opened(options, clock) as authority:
        hosts = options.hosts or [authority.deployment.broker_host]
        validity = _validity(options, clock)
        issuer = authority.certificate_authority("broker")
        with authority.store.transaction():
            if options.csr is None:
                certified = issuer.certify_broker(hosts, validity)
                certificate = certified.certificate
            else:
                certified = None
                key = _requested_key(options.csr, None)
                certificate = issuer.certify_broker_key(key, hosts, validity)
            record_certificate(authority, "broker", hosts[0], certificate)
            authority.journal.record("certified-broker", hosts=" ".join(hosts))
        make_folder(options.out)
        _write(options.out, "broker", certificate, certified)
        write_public(options.out / "broker-ca.crt", issuer.certificate_pem)
        write_revocation_lists(authority, options.out)
    return (
        f"{options.out}: broker.crt for {', '.join(hosts)}, {options.days} days, and what the "
        "broker trusts (devices-ca, consumers-ca); install them as in docs/broker.md, step 3"
    )


def run_consumer(options: Options, clock: Clock) -> str:
    """Certify a consumer, and say where its files are."""
    name = str(options.name)
    try:
        require_match("NAME", name, NAME_PATTERN)
    except WireError as error:
        raise InputRefusedError(str(error)) from error
    with opened(options, clock) as authority:
        require_not_ours(name)
        _require_no_device(authority, name)
        validity = _validity(options, clock)
        issuer = authority.certificate_authority("consumers")
        with authority.store.transaction():
            if options.csr is None:
                certified = issuer.certify_client(name, validity)
                certificate = certified.certificate
            else:
                certified = None
                key = _requested_key(options.csr, name)
                certificate = issuer.certify_client_key(key, name, validity)
            record_certificate(authority, "consumers", name, certificate)
            authority.journal.record("certified-consumer", consumer=name)
        make_folder(options.out)
        _write(options.out, name, certificate, certified)
    return (
        f"{options.out / name}.crt, {options.days} days; with it: edge-lpr subscribe "
        "--deployment deployment.lpr --certificate ... --key ..."
    )


def _validity(options: Options, clock: Clock) -> Validity:
    """Return the validity that the command line asks for."""
    if not 1 <= options.days <= _MOST_DAYS:
        raise InputRefusedError(f"--days must lie in 1..{_MOST_DAYS}")
    return Validity.days_from(clock.unix_s(), options.days)


def _requested_key(path: Path, name: str | None) -> ec.EllipticCurvePublicKey:
    """Return the key of a signing request in a file."""
    try:
        with path.open("rb") as file:
            untrusted_request = file.read(_MAXIMUM_REQUEST_BYTES)
    except OSError as error:
        raise InputRefusedError(f"{path}: cannot be read ({error.strerror})") from error
    try:
        return read_signing_request(untrusted_request, name)
    except InputRefusedError as error:
        raise InputRefusedError(f"{path}: {error}") from error


def _require_no_device(authority: Authority, name: str) -> None:
    """Refuse a consumer with the name of a booth: names are client identifiers."""
    if any(row.address.device == name for row in authority.devices.active()):
        raise NotAllowedError(
            f"{name} is the name of a booth, and names are client identifiers; choose another"
        )


def _write(
    folder: Path, name: str, certificate: x509.Certificate, certified: CertifiedKey | None
) -> None:
    """Write a certificate, and the key if it was made here."""
    if certified is not None:
        certified.write(folder, name)
    else:
        write_public(folder / f"{name}.crt", certificate.public_bytes(Encoding.PEM))
