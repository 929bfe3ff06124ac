"""Who may use a broker: the list that an operator keeps, one line each.

::

    device agency/north-crossing/booth-1
    consumer store-1,store-2 agency requests
    consumer display agency/north-crossing
    authority token-authority agency

Names of one line have the same rights and nothing else in common: each is the common name of one
certificate. What the list means to a broker is left to ``access_rules.py``.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from edge_lpr.core.errors import SettingsError, WireError
from edge_lpr.wire.bounds import require_match
from edge_lpr.wire.topics import NAME_PATTERN, DeviceAddress

MAXIMUM_LIST_BYTES: Final = 8_000_000
"""100,000 booths with the longest names."""

_REQUESTS: Final = "requests"
_SLASHES_OF_A_DEVICE: Final = 2
_DEVICE_FORM: Final = "device TENANT/SITE/DEVICE"
_AUTHORITY_FORM: Final = "authority NAME TENANT"
_CONSUMER_FORM: Final = "consumer NAME[,NAME ...] SCOPE[,SCOPE ...] [requests]"


@dataclass(frozen=True, slots=True)
class Scope:
    """Booths that a consumer may hear: those of a tenant, or of one of its sites."""

    tenant: str
    """The agency."""
    site: str | None = None
    """The crossing; ``None`` for all of the tenant's."""


@dataclass(frozen=True, slots=True)
class ConsumerAccess:
    """What a consumer may do."""

    name: str
    """Common name of its certificate, and so its client identifier."""
    scopes: tuple[Scope, ...]
    """Whose messages it hears, at least one."""
    may_request: bool
    """Whether it may ask these booths to send sightings again."""


@dataclass(frozen=True, slots=True)
class AuthorityAccess:
    """A tenant's Token Authority, which alone sends keys and watch-lists to its booths."""

    name: str
    """Common name of its certificate, and so its client identifier."""
    tenant: str
    """Whose booths."""


@dataclass(frozen=True, slots=True)
class AccessList:
    """Everybody who may use the broker; every name stands for one of them only."""

    devices: tuple[DeviceAddress, ...]
    """The booths, in the order of their addresses."""
    consumers: tuple[ConsumerAccess, ...]
    """The consumers, in the order of their names."""
    authorities: tuple[AuthorityAccess, ...] = ()
    """The authorities, in the order of their names."""

    @property
    def servers(self) -> tuple[ConsumerAccess | AuthorityAccess, ...]:
        """Everybody who comes through the consumers' port."""
        return self.consumers + self.authorities


def parse_access_list(untrusted_text: str) -> AccessList:
    """Read a list.

    Args:
        untrusted_text: Lines; empty ones and those that begin with ``#`` are passed over.

    Returns:
        The list, in an order that does not depend on that of the lines.

    Raises:
        SettingsError: A line makes no sense, or a name stands there twice; the message says
            which line, and what to write.
    """
    devices: list[DeviceAddress] = []
    servers: list[ConsumerAccess | AuthorityAccess] = []
    line_of: dict[str, int] = {}
    for number, words in _lines(untrusted_text):
        try:
            device, named = _entries(words)
        except WireError as error:
            raise SettingsError(f"line {number}: {error}") from error
        for name in [each.device for each in device] + [each.name for each in named]:
            if name in line_of:
                raise SettingsError(
                    f"line {number}: {name} stands in line {line_of[name]} already; it is the "
                    "common name of a certificate and a client identifier, so give everybody who "
                    "uses a broker one of their own"
                )
            line_of[name] = number
        devices += device
        servers += named
    return AccessList(
        tuple(sorted(devices, key=lambda each: (each.tenant, each.site, each.device))),
        tuple(sorted((s for s in servers if isinstance(s, ConsumerAccess)), key=_name_of)),
        tuple(sorted((s for s in servers if isinstance(s, AuthorityAccess)), key=_name_of)),
    )


def _lines(untrusted_text: str) -> Iterator[tuple[int, list[str]]]:
    """Yield number and words of the lines that say something."""
    for number, line in enumerate(untrusted_text.splitlines(), start=1):
        words = line.split()
        if words and not words[0].startswith("#"):
            yield number, words


def _name_of(server: ConsumerAccess | AuthorityAccess) -> str:
    """Return what they are sorted by."""
    return server.name


def _entries(
    words: list[str],
) -> tuple[list[DeviceAddress], list[ConsumerAccess | AuthorityAccess]]:
    """Return the booth, the authority or the consumers of a line."""
    match words:
        case ["device", place] if place.count("/") == _SLASHES_OF_A_DEVICE:
            return [DeviceAddress(*place.split("/"))], []
        case ["consumer", names, scopes, *rest] if rest in ([], [_REQUESTS]):
            granted = tuple(_scope(each) for each in scopes.split(","))
            return [], [
                ConsumerAccess(_name(name, "consumer"), granted, may_request=bool(rest))
                for name in names.split(",")
            ]
        case ["authority", name, tenant]:
            return [], [AuthorityAccess(_name(name, "authority"), _name(tenant, "tenant"))]
        case _:
            raise WireError(f"write: {_DEVICE_FORM}, or: {_CONSUMER_FORM}, or: {_AUTHORITY_FORM}")


def _scope(text: str) -> Scope:
    """Return a scope."""
    tenant, slash, site = text.partition("/")
    return Scope(_name(tenant, "tenant"), _name(site, "site") if slash else None)


def _name(text: str, what: str) -> str:
    """Return a name once it is one: a wildcard in it would open the rules."""
    require_match(what, text, NAME_PATTERN)
    return text
