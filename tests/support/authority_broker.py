"""A mosquitto as shipped, certified by an authority under test: what an agency runs."""

import contextlib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from edge_lpr.authority.authority import Authority
from edge_lpr.broker.access_list import parse_access_list
from edge_lpr.broker.access_rules import consumer_rules, device_rules
from edge_lpr.certificates.certificate_authority import Validity
from tests.support.broker import Mosquitto, free_port, listens
from tests.support.tls_broker import SHIPPED
from tests.support.waiting import wait_until

AUTHORITY_LINE = "authority token-authority agency"


class AgencyBroker(Mosquitto):
    """One broker whose certificates all come from an authority."""

    def __init__(self, folder: Path, port: int, consumers_port: int) -> None:
        """Prepare; ``certify`` comes before ``start``.

        Args:
            folder: Existing folder for everything.
            port: Of the booths' listener.
            consumers_port: Of the consumers' listener.
        """
        super().__init__(folder)
        self.port, self.consumers_port = port, consumers_port

    def certify(self, authority: Authority, access_list: str) -> None:
        """Take certificates from an authority, and rules from a list."""
        validity = Validity.days_from(authority.clock.unix_s(), 9)
        broker = authority.certificate_authority("broker")
        broker.certify_broker(["localhost", "127.0.0.1"], validity).write(self._folder, "broker")
        for kind in ("devices", "consumers"):
            certifier = authority.certificate_authority(kind)
            (self._folder / f"{kind}-ca.crt").write_bytes(certifier.certificate_pem)
            (self._folder / f"{kind}-ca.crl").write_bytes(certifier.revocation_list_pem())
        access = parse_access_list(access_list)
        (self._folder / "devices.acl").write_text(device_rules(access))
        (self._folder / "consumers.acl").write_text(consumer_rules(access))
        text = SHIPPED.read_text()
        for shipped, ours in (
            ("listener 8883\n", f"listener {self.port} 127.0.0.1\n"),
            ("listener 8884\n", f"listener {self.consumers_port} 127.0.0.1\n"),
            ("/etc/mosquitto/edge-lpr/", f"{self._folder}/"),
            ("/var/lib/mosquitto/", f"{self._folder}/"),
            ("/run/mosquitto/mosquitto.pid", f"{self._folder}/mosquitto.pid"),
            ("log_dest syslog", f"log_dest file {self.log_file}"),
        ):
            assert shipped in text, f"the shipped configuration no longer has {shipped!r}"
            text = text.replace(shipped, ours)
        (self._folder / "mosquitto.conf").write_text(f"{text}user root\n")

    def start(self) -> None:
        """Start it and wait until both listeners are there."""
        super().start()
        wait_until(lambda: listens(self.consumers_port))

    def device_context(self, authority: Authority, name: str) -> ssl.SSLContext:
        """Return how a booth connects, certified now."""
        validity = Validity.days_from(authority.clock.unix_s(), 9)
        authority.certificate_authority("devices").certify_client(name, validity).write(
            self._folder, name
        )
        context = ssl.create_default_context(cadata=authority.deployment.broker_ca_pem)
        context.load_cert_chain(self._folder / f"{name}.crt", self._folder / f"{name}.key")
        return context


@contextmanager
def agency_broker(folder: Path) -> Iterator[AgencyBroker]:
    """Give a broker, not started, and end it whatever happens."""
    broker = AgencyBroker(folder, free_port(), free_port())
    with contextlib.ExitStack() as stack:
        stack.callback(broker.kill)
        yield broker
