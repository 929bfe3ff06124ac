"""The broker that the contract suite judges: mosquitto as it is shipped, or any one by its URL.

Another broker is named by these variables of the environment, and has been given certificates and
rules for ``tests/assets/broker-contract.list``:

- ``EDGE_LPR_BROKER_URL``: where booths connect, such as ``mqtts://broker.example:8883``
- ``EDGE_LPR_BROKER_CONSUMER_URL``: where consumers connect; the same if left out
- ``EDGE_LPR_BROKER_FOLDER``: what ``edge-lpr broker laboratory --revoke booth-revoked`` wrote
"""

import os
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from edge_lpr.broker.laboratory import CONSUMERS, DEVICES, Laboratory
from edge_lpr.certificates.certificate_authority import CertificateAuthority, Validity
from edge_lpr.core.clock import SystemClock
from tests.support.mqtt_peer import Peer, Will
from tests.support.tls_broker import ClientFiles, TlsMosquitto

REVOKED = "booth-revoked"
"""A booth of the list whose certificate was taken back before the broker started."""

_TLS_PORT = 8883
_TIMEOUT_S = 10


@dataclass(frozen=True)
class ContractBroker:
    """Where the broker is, and who certifies its clients."""

    devices: tuple[str, int]
    consumers: tuple[str, int]
    laboratory: Laboratory

    def booth(
        self,
        name: str,
        *,
        client_id: str | None = None,
        session_expiry_s: int = 0,
        will: Will | None = None,
    ) -> Peer:
        """Return a booth that is not connected."""
        return Peer(
            *self.devices,
            self.files(DEVICES, name).context(),
            client_id=client_id or name,
            session_expiry_s=session_expiry_s,
            will=will,
        )

    def consumer(
        self, name: str, *, client_id: str | None = None, session_expiry_s: int = 0
    ) -> Peer:
        """Return a consumer that is not connected."""
        return Peer(
            *self.consumers,
            self.files(CONSUMERS, name).context(),
            client_id=client_id or name,
            session_expiry_s=session_expiry_s,
        )

    def authority(self, name: str) -> Peer:
        """Return a Token Authority that is not connected; it uses the consumers' port."""
        return self.consumer(name)

    def stranger(self, context: ssl.SSLContext | None) -> Peer:
        """Return a client at the booths' port that may be none."""
        return Peer(*self.devices, context, client_id="booth-1")

    def shakes_hands(self, context: ssl.SSLContext) -> bool:
        """Return whether both sides agree on TLS at the booths' port."""
        with socket.create_connection(self.devices, timeout=_TIMEOUT_S) as plain:
            try:
                context.wrap_socket(plain, server_hostname=self.devices[0]).close()
            except ssl.SSLError:
                return False
        return True

    def files(self, kind: str, name: str) -> ClientFiles:
        """Return the files of somebody in the list."""
        folder = self.laboratory.folder / kind
        return ClientFiles(self.laboratory.ca_file, folder / f"{name}.crt", folder / f"{name}.key")

    def certified(
        self, folder: Path, *, days: int, authority: CertificateAuthority | None = None
    ) -> ClientFiles:
        """Return other files for booth-1.

        Args:
            folder: An existing folder.
            days: How long they are valid; negative if they ended so many days ago.
            authority: Who certifies them; the booths' one if left out.
        """
        validity = Validity.days_from(SystemClock().unix_s(), days)
        authority = authority or self.laboratory.authorities[DEVICES]
        authority.certify_client("booth-1", validity).write(folder, "booth-1")
        return ClientFiles(self.laboratory.ca_file, folder / "booth-1.crt", folder / "booth-1.key")


@contextmanager
def contract_broker(folder: Path) -> Iterator[ContractBroker]:
    """Give the broker that the environment names, or else a mosquitto as it is shipped.

    Args:
        folder: Existing folder for mosquitto.
    """
    url = os.environ.get("EDGE_LPR_BROKER_URL")
    if url:
        consumers = os.environ.get("EDGE_LPR_BROKER_CONSUMER_URL", url)
        laboratory = Laboratory(Path(os.environ["EDGE_LPR_BROKER_FOLDER"]), SystemClock().unix_s())
        yield ContractBroker(_host_and_port(url), _host_and_port(consumers), laboratory)
        return
    broker = TlsMosquitto(folder)
    broker.laboratory.revoke(REVOKED)
    broker.start()
    try:
        yield ContractBroker(
            ("localhost", broker.port), ("localhost", broker.consumer_port), broker.laboratory
        )
    finally:
        broker.kill()


def _host_and_port(url: str) -> tuple[str, int]:
    """Return where a URL leads."""
    parts = urlsplit(url)
    assert parts.scheme == "mqtts", "the contract is spoken over TLS: mqtts://HOST[:PORT]"
    assert parts.hostname, f"{url} names no host"
    return parts.hostname, parts.port or _TLS_PORT
