"""The broker as the session knows it: where it is at the moment, and how we prove who we are.

With TLS the name is looked up for every connection, because brokers move and a booth starts
before its network does; TLS proves who answers. Without, see ``broker_address.py``.
"""

import ssl
import threading
from typing import Final

from edge_lpr.core.clock import Clock
from edge_lpr.core.errors import BrokerNameError
from edge_lpr.core.http_proxy import proxy_place
from edge_lpr.core.log import Log
from edge_lpr.core.settings import PublisherSection
from edge_lpr.core.wake_up import WakeUp
from edge_lpr.publisher.broker_address import (
    MOST_ADDRESSES,
    BrokerAddress,
    addresses_of,
    find_broker,
)
from edge_lpr.publisher.tls_identity import TlsFiles
from edge_lpr.publisher.tls_renewal import TlsRenewal

LOOK_UP_TIMEOUT_S: Final = 10.0
"""A name server that is away costs the system's resolver up to half a minute."""

_NS_PER_S: Final = 1_000_000_000


class Broker:
    """Where to connect, and as whom. For one thread."""

    def __init__(
        self,
        host: str,
        port: int,
        *,
        proxy: tuple[str, int] | None = None,
        tls: TlsRenewal | None,
        wake_up: WakeUp,
        clock: Clock,
    ) -> None:
        """Know the broker by name; without TLS it is looked up here, once.

        Args:
            host: Name or numeric address from the settings.
            port: TCP port.
            proxy: Host and port of an HTTP proxy on the way; with TLS only.
            tls: Who we are; ``None`` for a broker on this machine that is spoken to without TLS.
            wake_up: Set when a look-up is finished.
            clock: Limits a look-up.

        Raises:
            SettingsError: Without TLS, the broker is not on this machine.
        """
        self.host = host
        self.port = port
        self.tls = tls
        self._proxy = proxy
        self._fixed = find_broker(host, port) if tls is None else None
        self._wake_up = wake_up
        self._clock = clock
        self._look_up: _LookUp | None = None
        self._give_up_ns = 0

    @property
    def context(self) -> ssl.SSLContext | None:
        """What TLS connections are made with now; ``None`` without TLS."""
        return None if self.tls is None else self.tls.identity.context

    def is_renewed(self) -> bool:
        """Return whether we have become somebody else since the last call: connect again."""
        return self.tls is not None and self.tls.renewed()

    def find(self) -> BrokerAddress | None:
        """Return where the broker is, or ``None`` while its name is being looked up.

        Raises:
            BrokerNameError: The name has no address, or nobody says.
        """
        if self._fixed is not None:
            return self._fixed
        now_ns = self._clock.monotonic_ns()
        if self._give_up_ns == 0:
            self._give_up_ns = now_ns + round(LOOK_UP_TIMEOUT_S * _NS_PER_S)
        if self._look_up is None:
            self._look_up = _LookUp(*self._next_stop, self._wake_up)
        if not self._look_up.is_finished:
            if now_ns < self._give_up_ns:
                return None
            # The library cannot be interrupted: this very look-up is asked again later.
            self._give_up_ns = 0
            raise BrokerNameError("the name server does not answer", self._advice())
        look_up, self._look_up, self._give_up_ns = self._look_up, None, 0
        if not look_up.addresses:
            raise BrokerNameError(f"the name has no address ({look_up.fault})", self._advice())
        return BrokerAddress(
            self.host,
            look_up.addresses[:MOST_ADDRESSES],
            self._next_stop[1],
            None if self._proxy is None else (self.host, self.port),
        )

    @property
    def _next_stop(self) -> tuple[str, int]:
        """Host and port that we connect to ourselves: the proxy looks up the broker's name."""
        return (self.host, self.port) if self._proxy is None else self._proxy

    def _advice(self) -> str:
        """Return what to do about a name that is not found."""
        key = "broker_host" if self._proxy is None else "proxy"
        return (
            "see to the network or the name server, or correct "
            f"publisher.{key} ({self._next_stop[0]})"
        )


class _LookUp:
    """One question to the name server, from a thread of its own, because it may take long."""

    def __init__(self, host: str, port: int, wake_up: WakeUp) -> None:
        """Ask."""
        self.addresses: tuple[str, ...] = ()
        self.fault = ""
        self.is_finished = False
        self._host, self._port, self._wake_up = host, port, wake_up
        # A daemon: an orderly stop does not wait for a name server.
        threading.Thread(target=self._ask, name="look-up", daemon=True).start()

    def _ask(self) -> None:
        """Take the answer, whatever it is."""
        try:
            self.addresses = addresses_of(self._host, self._port)
        except OSError as error:
            self.fault = error.strerror or "no reason given"
        self.is_finished = True
        self._wake_up.set()


def broker_of(
    section: PublisherSection, device: str, *, wake_up: WakeUp, clock: Clock, log: Log
) -> Broker:
    """Return the broker that the settings name.

    Args:
        section: The publisher's settings.
        device: Name of the device, the common name of its certificate.
        wake_up: Set when a look-up is finished.
        clock: For look-ups and certificates.
        log: Hears of certificates.

    Raises:
        SettingsError: A TLS file is wrong, or without TLS the broker is not on this machine.
        KeyFileError: The TLS key is missing, damaged or readable by others.
    """
    tls = None
    ca_file, certificate_file = section.tls_ca_file, section.tls_certificate_file
    key_file = section.tls_key_file
    if ca_file is not None and certificate_file is not None and key_file is not None:
        tls = TlsRenewal(TlsFiles(ca_file, certificate_file, key_file, device), clock, log)
    return Broker(
        section.broker_host,
        section.broker_port,
        proxy=None if section.proxy is None else proxy_place(section.proxy),
        tls=tls,
        wake_up=wake_up,
        clock=clock,
    )
