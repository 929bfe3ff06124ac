"""Tell a server of a hit over HTTP: one POST, signed, and taken only if the answer says so."""

import hmac
import http.client
import json
import ssl
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from edge_lpr.core.errors import KeyFileError, SettingsError
from edge_lpr.core.loopback import is_loopback
from edge_lpr.core.secret_file import read_secret_file
from edge_lpr.store.records import DueHit

SIGNATURE_HEADER: Final = "Edge-Lpr-Signature"
"""``sha256=`` and HMAC-SHA256 of the body under the shared secret, in hexadecimal."""

_TIMEOUT_S: Final = 10.0
_SHORTEST_SECRET_BYTES: Final = 16
_LONGEST_SECRET_BYTES: Final = 1024


def hit_document(hit: DueHit) -> bytes:
    """Return what is told about a hit: where, when, and the lists' own names; never a token.

    Args:
        hit: As taken from the store.

    Returns:
        Compact JSON; ``id`` is the same at every attempt, so that a receiver can drop repeats.
    """
    members = {
        "id": hit.id,
        "attempt": hit.attempts,
        "tenant": hit.address.tenant,
        "site": hit.address.site,
        "device": hit.address.device,
        "boot": hit.boot,
        "seq": hit.seq,
        "at": hit.at,
        "lane": hit.lane,
        "dir": hit.dir,
        "match": hit.match,
        "entry": hit.entry,
    }
    if hit.booth_entry is not None:
        members |= {"booth_entry": hit.booth_entry, "possible": hit.is_possible}
    if hit.is_test:
        members["test"] = True
    return json.dumps(members, separators=(",", ":")).encode()


@dataclass(frozen=True, slots=True)
class Webhook:
    """Where hits go."""

    host: str
    """Name or address."""
    port: int
    """TCP port."""
    path: str
    """Path and query."""
    context: ssl.SSLContext | None = field(repr=False)
    """What TLS connections are made with; ``None`` for none, and then the host is this machine."""
    secret: bytes = field(repr=False)
    """Shared with the receiver."""

    def deliver(self, hit: DueHit) -> bool:
        """Post a hit.

        Args:
            hit: As taken from the store.

        Returns:
            Whether the receiver has taken it: a status of 200 to 299.
        """
        body = hit_document(hit)
        signature = hmac.new(self.secret, body, "sha256").hexdigest()
        connection = self._connection()
        try:
            connection.request(
                "POST",
                self.path,
                body,
                {
                    "Content-Type": "application/json",
                    SIGNATURE_HEADER: f"sha256={signature}",
                },
            )
            status = connection.getresponse().status
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()
        return http.client.OK <= status < http.client.MULTIPLE_CHOICES

    def _connection(self) -> http.client.HTTPConnection:
        """Return a connection that is not open yet."""
        if self.context is None:
            return http.client.HTTPConnection(self.host, self.port, timeout=_TIMEOUT_S)
        return http.client.HTTPSConnection(
            self.host, self.port, timeout=_TIMEOUT_S, context=self.context
        )


def read_webhook(url: str, secret_file: Path) -> Webhook:
    """Read where hits go.

    Args:
        url: ``https://…``; ``http://`` with a loopback address for a program on this machine.
        secret_file: Shared with the receiver, 16 to 1,024 bytes; spaces around it do not count.

    Returns:
        The webhook.

    Raises:
        SettingsError: The URL is none of these.
        KeyFileError: The secret is missing, too short or readable by others.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        raise SettingsError("--webhook: this is no URL; it must be https://HOST/PATH") from error
    is_tls = parts.scheme == "https"
    is_safe = is_tls or (parts.scheme == "http" and is_loopback(host))
    # A user may be empty, and still come with a password.
    if not host or "@" in parts.netloc or not is_safe:
        raise SettingsError(
            "--webhook: must be https://HOST/PATH without user or password "
            "(http://127.0.0.1:PORT/PATH for a program on this machine)"
        )
    secret = bytes(read_secret_file(secret_file, _LONGEST_SECRET_BYTES)).strip()
    if len(secret) < _SHORTEST_SECRET_BYTES:
        raise KeyFileError(f"{secret_file}: a secret has at least {_SHORTEST_SECRET_BYTES} bytes")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    # Once: reading the authorities of this machine takes longer than a delivery.
    context = ssl.create_default_context() if is_tls else None
    return Webhook(host, port or (443 if is_tls else 80), path, context, secret)
