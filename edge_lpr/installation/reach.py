"""Whom a booth may reach, in numbers: from the answers and the deployment bundle.

Firewall, ``/etc/hosts`` and units are made from this. A name becomes numbers only by the bundle,
which the authority has signed. Where the bundle has none, the safest thing that works is: the name
servers that the installer named are asked, and the firewall lets the one process that needs it
reach any address, at that one port. Without such a name server the name is reached by nobody. What
a DHCP server says about names is not believed in either case.
"""

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from edge_lpr.installation.model import Installation
from edge_lpr.installation.words import is_address, split_host_and_port
from edge_lpr.wire.deployment import Deployment

_HTTPS_PORT: Final = 443
_TIME_PORT: Final = 123


@dataclass(frozen=True, slots=True)
class Service:
    """Somebody whom one process of the booth may reach."""

    host: str
    """Name or numeric address."""
    port: int
    """TCP port; of the time server UDP."""
    addresses: tuple[str, ...]
    """Numeric ones; empty if nobody that the booth believes has said them."""


@dataclass(frozen=True, slots=True)
class Reach:
    """Everybody whom the booth may reach."""

    broker: Service | None
    """Of the publisher; with a proxy, the proxy."""
    enrolment: Service | None
    """Of root; with a proxy, the proxy."""
    updates: Service | None
    """Likewise."""
    time: Service | None
    """Of the time service."""
    name_servers: tuple[str, ...]
    """Asked only if somebody is known by name alone; then not empty unless ``faults`` says so."""
    hosts: Mapping[str, tuple[str, ...]]
    """Names with their addresses, for ``/etc/hosts``."""
    technician_ca: str | None
    """Who certifies the technicians that may reach the booth; ``None``: nobody may."""
    faults: tuple[str, ...]
    """What does not work like this."""
    notices: tuple[str, ...]
    """What works, and is wider than it need be."""

    @property
    def services(self) -> tuple[Service, ...]:
        """All of them."""
        each = (self.broker, self.enrolment, self.updates, self.time)
        return tuple(service for service in each if service is not None)

    @property
    def is_name_asked(self) -> bool:
        """Whether the booth asks a name server."""
        return any(not service.addresses for service in self.services)


def find_reach(answers: Installation, bundle: Deployment | None) -> Reach:
    """Return whom the booth may reach.

    Args:
        answers: The installer's.
        bundle: The newest one, or ``None`` where there is none yet.
    """
    hosts = {} if bundle is None else {name.lower(): each for name, each in bundle.addresses}
    network = answers.network

    def service(host: str, port: int) -> Service:
        known = (_canonical(host),) if is_address(host) else hosts.get(host.lower(), ())
        return Service(host, port, tuple(map(_canonical, known)))

    def by_url(url: str | None) -> Service | None:
        through = url if network.proxy is None else network.proxy
        return None if url is None else service(*split_host_and_port(through or "", _HTTPS_PORT))

    broker = None
    if bundle is not None:
        place = (bundle.broker_host, bundle.devices_port)
        if network.proxy is not None:
            place = split_host_and_port(network.proxy, bundle.devices_port)
        broker = service(*place)
    time = None if answers.time_server is None else service(answers.time_server, _TIME_PORT)
    enrolment = by_url(None if bundle is None else bundle.enrolment_url)
    services = (broker, enrolment, by_url(answers.update_url), time)
    by_name = sorted({each.host for each in services if each is not None and not each.addresses})
    is_reached = bool(network.name_servers)
    return Reach(
        *services,
        name_servers=network.name_servers,
        hosts=hosts,
        technician_ca=None if bundle is None else bundle.technician_ca,
        faults=() if is_reached else tuple(map(_fault, by_name)),
        notices=tuple(map(_notice, by_name)) if is_reached else (),
    )


def _fault(host: str) -> str:
    """Say what it means that somebody is known by name, where nobody may be asked."""
    return (
        f"{host} is known by name only and is not reached: have the key custodian put its "
        "addresses into the bundle, or name network.name_servers (docs/network.md)"
    )


def _notice(host: str) -> str:
    """Say what it means that somebody is known by name, where a name server is asked."""
    return (
        f"{host} is known by name only: the firewall opens its port at any address; have the "
        "key custodian put its addresses into the bundle (docs/network.md)"
    )


def _canonical(address: str) -> str:
    """Return an address in its one spelling."""
    return str(ipaddress.ip_address(address))
