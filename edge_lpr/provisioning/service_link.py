"""Asks the authority's enrolment service, and believes only the one that the bundle names.

TLS 1.3 alone, the bundle's authority alone. A service that does not answer is no error but an
answer of another kind: a booth's network may come up later than its first boot.
"""

import http.client
import ssl
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from edge_lpr.core.errors import EnrolmentError, WireError
from edge_lpr.core.http_proxy import proxy_place
from edge_lpr.wire.claims import ClaimReader
from edge_lpr.wire.enrolment import MAXIMUM_ANSWER_BYTES

_TIMEOUT_S: Final = 15.0
_PORT: Final = 443
_MAXIMUM_SENTENCE: Final = 500

_NOT_YET_VALID: Final = 9
_EXPIRED: Final = 10
_WRONG_NAME: Final = (62, 63, 64)
"""Of X509_verify_cert_error_string(3)."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What the service said."""

    status: int
    """Of HTTP."""
    untrusted_body: bytes
    """At most ``MAXIMUM_ANSWER_BYTES`` long."""

    def sentence(self) -> str:
        """Return what the service says about an error, fit for a terminal."""
        try:
            text = ClaimReader(self.untrusted_body, "reply").text("error")
        except WireError:
            return f"the service answered with status {self.status} and no reason"
        return "".join(each for each in text[:_MAXIMUM_SENTENCE] if each.isprintable())


@dataclass(frozen=True, slots=True)
class Silence:
    """Nobody answered, or not the one that the bundle names."""

    reason: str
    """What to do about it."""


class ServiceLink:
    """One authority's service."""

    def __init__(self, url: str, ca_pem: str, proxy: str | None = None) -> None:
        """Prepare; nothing is connected.

        Args:
            url: ``https://HOST[:PORT]``, from the verified bundle.
            ca_pem: Who must have signed the service's certificate, from the same bundle.
            proxy: HTTP proxy on the way, ``http://HOST:PORT``, checked; ``None`` for none.

        Raises:
            EnrolmentError: The bundle's address or certificate makes no sense.
        """
        parts = urlsplit(url)
        if parts.scheme != "https" or not parts.hostname:
            raise EnrolmentError("the bundle names no https:// address; ask for another bundle")
        self._url = url
        self._host, self._port = parts.hostname, parts.port or _PORT
        self._proxy = None if proxy is None else proxy_place(proxy)
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self._context.minimum_version = ssl.TLSVersion.TLSv1_3
        try:
            self._context.load_verify_locations(cadata=ca_pem)
        except (ssl.SSLError, ValueError) as error:
            raise EnrolmentError(
                "the bundle holds no sound certificate of the broker's authority; ask for another"
            ) from error

    def post(self, path: str, document: bytes) -> Reply | Silence:
        """Hand a document over.

        Args:
            path: Such as ``/v1/enrolments``.
            document: A signed one.
        """
        return self._exchange("POST", path, document)

    def get(self, path: str) -> Reply | Silence:
        """Ask for something.

        Args:
            path: Such as ``/v1/enrolments/ID``.
        """
        return self._exchange("GET", path, None)

    def _exchange(self, method: str, path: str, document: bytes | None) -> Reply | Silence:
        """Ask once, over a connection of its own."""
        host, port = self._proxy or (self._host, self._port)
        connection = http.client.HTTPSConnection(
            host, port, timeout=_TIMEOUT_S, context=self._context
        )
        if self._proxy is not None:
            connection.set_tunnel(self._host, self._port)
        headers = {} if document is None else {"Content-Type": "application/jose"}
        try:
            connection.request(method, path, document, headers)
            response = connection.getresponse()
            body = response.read(MAXIMUM_ANSWER_BYTES + 1)
        except ssl.SSLCertVerificationError as error:
            return Silence(self._about(error))
        except (OSError, http.client.HTTPException) as error:
            reason = getattr(error, "strerror", None) or type(error).__name__
            return Silence(
                f"{self._url} does not answer ({reason}); see that this booth has a network and "
                "that edge-lpr authority serve runs"
            )
        finally:
            connection.close()
        if len(body) > MAXIMUM_ANSWER_BYTES:
            return Silence(f"{self._url} answers more than an enrolment service does")
        return Reply(response.status, body)

    def _about(self, error: ssl.SSLCertVerificationError) -> str:
        """Say what is wrong with who answered."""
        if error.verify_code in (_NOT_YET_VALID, _EXPIRED):
            return (
                f"the certificate of {self._url} is not valid at this booth's time; set the clock "
                "(timedatectl), or restart edge-lpr authority serve if the clock is right"
            )
        if error.verify_code in _WRONG_NAME:
            return (
                f"who answers at {self._url} has a certificate for another name; the address in "
                "the bundle and that of edge-lpr authority serve must agree"
            )
        return (
            f"who answers at {self._url} is not certified by the authority of this bundle; use "
            "the bundle of the authority that made the ticket"
        )
