"""MQTT topics: ``lpr/v1/{tenant}/{site}/{device}/{kind}``, and those of a site's watch-list.

::

    lpr/v1/{tenant}/{site}/watchlist/{epoch}/manifest
    lpr/v1/{tenant}/{site}/watchlist/{epoch}/{index}

All booths of a site read the same list. Its topics are a level longer than a device's, so that no
filter of the one kind takes in the other, not even for a device whose name is ``watchlist``.
"""

import re
from dataclasses import dataclass
from enum import Enum
from typing import Final

from edge_lpr.core.errors import WireError
from edge_lpr.wire.bounds import MAXIMUM_EPOCH, require_match, require_range

NAME_PATTERN: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")
"""Tenant, site or device; the same as in the settings."""

_PREFIX: Final = "lpr/v1/"
_PARTS_AFTER_PREFIX: Final = 4
_MAXIMUM_TOPIC_CHARACTERS: Final = 128
"""The longest topic has 116."""

MAXIMUM_CHUNKS: Final = 4096
"""Most chunks of a watch-list: 299,008 entries, 12 MB in the memory of a booth."""

_WATCH_LIST_PART: Final = "watchlist"
_MANIFEST_PART: Final = "manifest"
_PARTS_OF_WATCH_LIST: Final = 5
_DECIMAL: Final = re.compile(r"0|[1-9][0-9]{0,7}")
"""A number of which there is one text; longer ones are out of every bound here."""


class TopicKind(Enum):
    """What is published under a topic; its value is the topic's last part."""

    BIRTH = "birth"
    """Who the device is, signed; retained."""
    STATUS = "status"
    """Online or offline, also the Last Will; retained."""
    SIGHTING = "sighting"
    """One passage, signed."""
    GAP = "gap"
    """Numbers of sightings that will never come, signed."""
    HEALTH = "health"
    """How the booth is, signed, once a minute."""
    REQUEST = "request"
    """Down to the device: a consumer asks for sightings again, signed by the consumer."""
    KEYS = "keys"
    """Down to the device: the next token keys, sealed to it and signed by the authority."""
    TRANSPORT = "transport"
    """The key to which the next delivery must be sealed, signed; retained."""
    CHECKPOINT = "checkpoint"
    """Size and root of the booth's audit log, signed; retained."""


@dataclass(frozen=True, slots=True)
class DeviceAddress:
    """Which booth: the middle of its topics, and what its certificate must say."""

    tenant: str
    """The agency."""
    site: str
    """The crossing."""
    device: str
    """The booth."""

    def __post_init__(self) -> None:
        """Refuse names that a topic cannot hold.

        Raises:
            WireError: A name does not match ``NAME_PATTERN``.
        """
        require_match("tenant", self.tenant, NAME_PATTERN)
        require_match("site", self.site, NAME_PATTERN)
        require_match("device", self.device, NAME_PATTERN)


def topic(address: DeviceAddress, kind: TopicKind) -> str:
    """Return the topic under which a device publishes one kind of message.

    Args:
        address: The device.
        kind: What is published.

    Returns:
        The topic, without wildcards.
    """
    return f"{_PREFIX}{address.tenant}/{address.site}/{address.device}/{kind.value}"


def parse_topic(untrusted_topic: str) -> tuple[DeviceAddress, TopicKind]:
    """Return who published, and what kind of message.

    Args:
        untrusted_topic: Topic of a received message.

    Returns:
        Device and kind.

    Raises:
        WireError: The topic is none of this contract.
    """
    parts = untrusted_topic.removeprefix(_PREFIX).split("/")
    if (
        len(untrusted_topic) > _MAXIMUM_TOPIC_CHARACTERS
        or not untrusted_topic.startswith(_PREFIX)
        or len(parts) != _PARTS_AFTER_PREFIX
    ):
        raise WireError("the topic is none of lpr/v1/{tenant}/{site}/{device}/{kind}")
    tenant, site, device, kind = parts
    try:
        return DeviceAddress(tenant, site, device), TopicKind(kind)
    except ValueError as error:
        raise WireError("the topic's last part is no kind of message of this version") from error


@dataclass(frozen=True, slots=True)
class WatchListTopic:
    """Which part of which watch-list is published under a topic."""

    tenant: str
    """The agency."""
    site: str
    """The crossing whose booths look for these entries."""
    epoch: int
    """Key epoch of the tokens in it."""
    index: int | None
    """Number of the chunk, from 0; ``None`` for the manifest."""

    def __post_init__(self) -> None:
        """Refuse what no topic stands for.

        Raises:
            WireError: A name or a number is out of bounds.
        """
        require_match("tenant", self.tenant, NAME_PATTERN)
        require_match("site", self.site, NAME_PATTERN)
        require_range("epoch", self.epoch, 0, MAXIMUM_EPOCH)
        require_range("index", self.index or 0, 0, MAXIMUM_CHUNKS - 1)


def watch_list_topic(part: WatchListTopic) -> str:
    """Return the topic under which the authority publishes one part of a watch-list.

    Args:
        part: Site, epoch, and manifest or chunk.

    Returns:
        The topic, without wildcards.
    """
    last = _MANIFEST_PART if part.index is None else str(part.index)
    return f"{_PREFIX}{part.tenant}/{part.site}/{_WATCH_LIST_PART}/{part.epoch}/{last}"


def watch_list_filter(tenant: str, site: str) -> str:
    """Return the filter of all watch-lists of a site, whatever the epoch.

    Args:
        tenant: The agency.
        site: The crossing.

    Raises:
        WireError: A name does not match ``NAME_PATTERN``.
    """
    require_match("tenant", tenant, NAME_PATTERN)
    require_match("site", site, NAME_PATTERN)
    return f"{_PREFIX}{tenant}/{site}/{_WATCH_LIST_PART}/+/+"


def watch_list_manifests(tenant: str) -> str:
    """Return the filter of the manifests of all watch-lists of an agency.

    Args:
        tenant: The agency.

    Raises:
        WireError: The name does not match ``NAME_PATTERN``.
    """
    require_match("tenant", tenant, NAME_PATTERN)
    return f"{_PREFIX}{tenant}/+/{_WATCH_LIST_PART}/+/{_MANIFEST_PART}"


def parse_watch_list_topic(untrusted_topic: str) -> WatchListTopic:
    """Return which part of which watch-list a topic stands for.

    Args:
        untrusted_topic: Topic of a received message.

    Returns:
        Site, epoch, and manifest or chunk.

    Raises:
        WireError: It is no topic of a watch-list.
    """
    parts = untrusted_topic.removeprefix(_PREFIX).split("/")
    if (
        len(untrusted_topic) > _MAXIMUM_TOPIC_CHARACTERS
        or not untrusted_topic.startswith(_PREFIX)
        or len(parts) != _PARTS_OF_WATCH_LIST
        or parts[2] != _WATCH_LIST_PART
    ):
        raise WireError("the topic is none of lpr/v1/{tenant}/{site}/watchlist/{epoch}/{part}")
    tenant, site, _, epoch, last = parts
    index = None if last == _MANIFEST_PART else _number("part", last)
    return WatchListTopic(tenant, site, _number("epoch", epoch), index)


def _number(name: str, untrusted_text: str) -> int:
    """Return a number that a level of a topic spells out, in the one way there is."""
    require_match(name, untrusted_text, _DECIMAL)
    return int(untrusted_text)
