"""A real mosquitto with the shipped configuration: TLS, certificates and access rules.

Booths connect to ``port``, consumers to ``consumer_port``; ``device`` and ``consumer`` say with
which files. Only ports and folders are exchanged in ``firmware_config/broker/mosquitto.conf``.
"""

import signal
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from edge_lpr.broker.access_list import parse_access_list
from edge_lpr.broker.access_rules import consumer_rules, device_rules
from edge_lpr.broker.laboratory import CONSUMERS, DEVICES, Laboratory
from edge_lpr.certificates.certificate_authority import CertificateAuthority, Validity
from edge_lpr.core.clock import SystemClock
from tests.support.broker import Mosquitto, free_port
from tests.support.waiting import wait_until

SHIPPED = Path(__file__).parents[2] / "firmware_config/broker/mosquitto.conf"

ACCESS_LIST = (Path(__file__).parents[1] / "assets/broker-contract.list").read_text()
"""Who may use the broker, unless a test says otherwise."""

DAYS = 30


@dataclass(frozen=True)
class ClientFiles:
    """What a client needs to connect."""

    ca_file: Path
    certificate_file: Path
    key_file: Path

    def context(self) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=str(self.ca_file))
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        context.load_cert_chain(self.certificate_file, self.key_file)
        return context


class TlsMosquitto(Mosquitto):
    """One broker as it is shipped, and a laboratory that certifies its clients."""

    def __init__(self, folder: Path, access_list: str = ACCESS_LIST) -> None:
        """Write certificates, rules and configuration; nothing runs before ``start``.

        Args:
            folder: Existing folder for everything.
            access_list: Who may use the broker.
        """
        self.consumer_port = free_port()
        self.now = SystemClock().unix_s()
        self.laboratory = Laboratory(folder / "laboratory", self.now)
        self.access = parse_access_list(access_list)
        super().__init__(folder)

    @property
    def ca_file(self) -> Path:
        """What clients trust."""
        return self.laboratory.ca_file

    def device(self, name: str = "booth-1") -> ClientFiles:
        """Return the files of a booth of the list."""
        return self._files(self.laboratory.folder / DEVICES, name)

    def consumer(self, name: str = "analytics") -> ClientFiles:
        """Return the files of a consumer of the list."""
        return self._files(self.laboratory.folder / CONSUMERS, name)

    def expired(self, name: str = "booth-1") -> ClientFiles:
        """Return the files of a booth whose certificate ended yesterday."""
        return self.certified("expired", name, days=-1)

    def renewed(self, name: str = "booth-1", *, days: int = DAYS) -> ClientFiles:
        """Return other files of a booth, with a new key, valid from now."""
        return self.certified("renewed", name, days=days)

    def of_another_authority(self, name: str = "booth-1") -> ClientFiles:
        """Return the files of a booth that an authority certified whom the broker does not know."""
        stranger = CertificateAuthority.generate("edge-lpr laboratory devices-ca", self.now)
        return self.certified("stranger", name, authority=stranger)

    def certified(
        self,
        folder_name: str,
        name: str,
        *,
        days: int = DAYS,
        authority: CertificateAuthority | None = None,
    ) -> ClientFiles:
        """Return files of a booth beside those that it has.

        Args:
            folder_name: Where to put them.
            name: Common name.
            days: How long the certificate is valid; negative if it ended so many days ago.
            authority: Who certifies it; the booths' one if left out.
        """
        folder = self._folder / folder_name
        folder.mkdir(exist_ok=True)
        validity = Validity.days_from(self.now, days)
        authority = authority or self.laboratory.authorities[DEVICES]
        authority.certify_client(name, validity).write(folder, name)
        return self._files(folder, name)

    def revoke(self, name: str) -> None:
        """Take the certificate of a booth or consumer back, and tell the broker."""
        self.laboratory.revoke(name)
        self.reload()

    def reload(self) -> None:
        """Let the broker read its rules and certificates again."""
        self._signal(signal.SIGHUP)

    def configure(
        self, *, allow_anonymous: bool = False, is_persistent: bool = True, more: str = ""
    ) -> None:
        """Write certificates, rules and the shipped configuration.

        Args:
            allow_anonymous: Must be false: the shipped configuration lets nobody in who is not
                certified.
            is_persistent: Must be true, likewise.
            more: Further lines of mosquitto.conf.
        """
        del allow_anonymous, is_persistent
        self.laboratory.certify(self.access, ["localhost", "127.0.0.1"])
        folder = self.laboratory.folder
        (folder / "devices.acl").write_text(device_rules(self.access))
        (folder / "consumers.acl").write_text(consumer_rules(self.access))
        text = SHIPPED.read_text()
        for shipped, ours in (
            ("listener 8883\n", f"listener {self.port} 127.0.0.1\n"),
            ("listener 8884\n", f"listener {self.consumer_port} 127.0.0.1\n"),
            ("/etc/mosquitto/edge-lpr/", f"{folder}/"),
            ("/var/lib/mosquitto/", f"{self._folder}/"),
            ("/run/mosquitto/mosquitto.pid", f"{self._folder}/mosquitto.pid"),
            ("log_dest syslog", f"log_dest file {self.log_file}"),
        ):
            assert shipped in text, f"the shipped configuration no longer has {shipped!r}"
            text = text.replace(shipped, ours)
        # As root it would change to a user that cannot read the folder.
        (self._folder / "mosquitto.conf").write_text(f"{text}user root\n{more}\n")

    def start(self) -> None:
        """Start it and wait until it serves both ports: before that, a reload would kill it."""
        super().start()
        wait_until(lambda: self._answers(self.port) and self._answers(self.consumer_port))

    def _answers(self, port: int) -> bool:
        """Return whether the broker shakes hands: its kernel accepts connections long before."""
        context = ssl.create_default_context(cafile=str(self.ca_file))
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=1) as plain:
                context.wrap_socket(plain, server_hostname="localhost").close()
        except OSError:
            return False
        return True

    def _files(self, folder: Path, name: str) -> ClientFiles:
        """Return the files of a name."""
        return ClientFiles(self.ca_file, folder / f"{name}.crt", folder / f"{name}.key")


@contextmanager
def running_tls_mosquitto(folder: Path, access_list: str = ACCESS_LIST) -> Iterator[TlsMosquitto]:
    """Give a running broker as it is shipped, and end it whatever happens.

    Args:
        folder: Existing folder for everything.
        access_list: Who may use the broker.
    """
    broker = TlsMosquitto(folder, access_list)
    broker.start()
    try:
        yield broker
    finally:
        broker.kill()
