"""A bundle, answers and a terminal for tests of flashing."""

import datetime as dt
import io
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from edge_lpr.flashing.bundle import Bundle, read_bundle
from edge_lpr.flashing.terminal import Terminal
from edge_lpr.installation.model import Installation
from edge_lpr.wire.deployment import DEPLOYMENT_FILE_NAME, Deployment, sign_deployment
from edge_lpr.wire.jws import SigningKey
from edge_lpr.wire.ticket import ticket_code

CODE: Final = ticket_code(bytes(range(16)))
"""Some ticket."""

NOTE: Final = (
    f"{CODE}\n\nTicket for north-crossing/booth-1, tier C, good for one request until "
    "2026-11-30 18:29 UTC.\nIt is shown this once: send all of it to the installer, for "
    "scripts/flash_booth, with\ndeployment.lpr. On a booth set up by hand: edge-lpr enrol"
)
"""As ``edge-lpr authority ticket`` prints it."""

BOOTH: Final = Installation(site="north-crossing", device="booth-1", camera="usb", ticket=CODE)
"""Answers of one booth."""


def write_bundle(folder: Path) -> Path:
    """Write a bundle of an authority of its own."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "broker")])
    now = dt.datetime(2026, 11, 27, tzinfo=dt.timezone.utc)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now)
        .not_valid_after(now + dt.timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    authority = SigningKey.generate()
    deployment = Deployment(
        tenant="agency",
        authority=authority.public_key,
        broker_ca_pem=certificate.public_bytes(Encoding.PEM).decode(),
        broker_host="broker.example",
        devices_port=8883,
        consumers_port=8884,
        enrolment_url="https://broker.example:8443",
        made_at=1_795_000_000,
    )
    path = folder / DEPLOYMENT_FILE_NAME
    path.write_bytes(sign_deployment(deployment, authority))
    return path


def some_bundle(folder: Path) -> Bundle:
    """Return a bundle as it is read."""
    return read_bundle(write_bundle(folder))


def scripted_terminal(*lines: str) -> tuple[Terminal, io.StringIO]:
    """Return a terminal at which somebody types lines and then is gone, and what it shows."""
    shown = io.StringIO()
    return Terminal(io.StringIO("".join(f"{line}\n" for line in lines)), shown), shown
