"""Runs the enrolment service: TLS 1.3, under a certificate of the authority's own broker CA.

The certificate is made at the start and again at half time, and its key never becomes a file: the
bundle names its authority, so every booth can verify it.
"""

import asyncio
import os
import socket
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

import uvicorn
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from edge_lpr.authority.authority import Authority
from edge_lpr.certificates.certificate_authority import Validity
from edge_lpr.core.errors import AuthorityError, InputRefusedError
from edge_lpr.core.service import stopping_on_signals

CERTIFICATE_DAYS: Final = 30
"""Made anew at half time; nobody keeps it but this process."""

_PORT: Final = 443
_MOST_CONNECTIONS: Final = 256
_IDLE_S: Final = 5
_STOP_S: Final = 5
_HOUR_S: Final = 3600
_HALF_S: Final = CERTIFICATE_DAYS * 86_400 // 2
_MAXIMUM_HEADERS_BYTES: Final = 8192


@dataclass(frozen=True, slots=True)
class Listening:
    """Where the service is, and under which name."""

    address: str
    """Numeric address to listen on."""
    port: int
    """TCP port."""
    host: str
    """Name or address in the certificate: what the bundle tells booths."""


def listening_place(enrolment_url: str | None, address: str) -> Listening:
    """Return where to listen for a bundle's booths.

    Args:
        enrolment_url: As the bundle has it.
        address: Numeric address of this machine, or ``0.0.0.0`` for all.

    Raises:
        InputRefusedError: The bundle names no service.
    """
    parts = urlsplit(enrolment_url or "")
    if not parts.hostname:
        raise InputRefusedError(
            "the bundle names no enrolment service, so booths enrol by files: edge-lpr authority "
            "enrol-file; a service must be named at init: --enrolment https://HOST:PORT"
        )
    return Listening(address, parts.port or _PORT, parts.hostname)


def run_https(
    app: Any,  # noqa: ANN401 - any ASGI application
    authority: Authority,
    place: Listening,
    ready: Callable[[], None],
) -> None:
    """Serve until a signal stops it.

    Args:
        app: What answers.
        authority: Open; certifies the service.
        place: Where it is.
        ready: Called once it listens.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    _certify(context, authority, place.host)
    config = _TlsConfig(
        app,
        host=place.address,
        port=place.port,
        loop="asyncio",
        http="h11",
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        # An address in a header is anybody's word.
        proxy_headers=False,
        server_header=False,
        limit_concurrency=_MOST_CONNECTIONS,
        timeout_keep_alive=_IDLE_S,
        timeout_graceful_shutdown=_STOP_S,
        h11_max_incomplete_event_size=_MAXIMUM_HEADERS_BYTES,
    )
    config.context = context
    # The web server raises the signal that stopped it once more, and must find a handler.
    server = _TellingServer(config)
    server.ready = ready
    with _listen(place) as listener, stopping_on_signals():
        asyncio.run(_serve(server, listener, lambda: _certify(context, authority, place.host)))


class _TlsConfig(uvicorn.Config):
    """A configuration with a TLS context of our own: uvicorn would read the key from a file."""

    context: ssl.SSLContext

    def load(self) -> None:
        """Load the rest, then set the context."""
        super().load()
        self.ssl = self.context


class _TellingServer(uvicorn.Server):
    """A server that says when it listens."""

    ready: Callable[[], None]

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to listen, then say so."""
        await super().startup(sockets)
        self.ready()


async def _serve(
    server: uvicorn.Server, listener: socket.socket, certify: Callable[[], None]
) -> None:
    """Serve, and renew the certificate meanwhile."""
    renewing = asyncio.ensure_future(_renew(certify, asyncio.sleep))
    try:
        await server.serve([listener])
    finally:
        renewing.cancel()


def _listen(place: Listening) -> socket.socket:
    """Begin to listen; uvicorn itself would end the process without a sentence of ours."""
    family = socket.AF_INET6 if ":" in place.address else socket.AF_INET
    try:
        return socket.create_server(
            (place.address, place.port), family=family, backlog=_MOST_CONNECTIONS
        )
    except (OSError, UnicodeError) as error:
        raise AuthorityError(
            f"cannot listen on {place.address}, port {place.port} ({error}); name an address of "
            "this machine with --listen, and see who has the port (ss -ltnp)"
        ) from error


async def _renew(certify: Callable[[], None], sleep: Callable[[float], Awaitable[None]]) -> None:
    """Renew the certificate at half time; a sleep of weeks would stand still with the machine."""
    slept_s = 0
    while True:
        await sleep(_HOUR_S)
        slept_s += _HOUR_S
        if slept_s >= _HALF_S:
            certify()
            slept_s = 0


def _certify(context: ssl.SSLContext, authority: Authority, host: str) -> None:
    """Give a context a new certificate; connections from now on see it."""
    validity = Validity.days_from(authority.clock.unix_s(), CERTIFICATE_DAYS)
    issuer = authority.certificate_authority("broker")
    certified = issuer.certify_broker([host], validity)
    key = certified.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    chain = certified.certificate.public_bytes(Encoding.PEM) + issuer.certificate_pem
    # In memory and without a name: the library takes files only.
    descriptor = os.memfd_create("tls-pair", os.MFD_CLOEXEC)
    try:
        os.writev(descriptor, [key, b"\n", chain])
        context.load_cert_chain(f"/proc/self/fd/{descriptor}")
    finally:
        os.ftruncate(descriptor, 0)
        os.close(descriptor)
