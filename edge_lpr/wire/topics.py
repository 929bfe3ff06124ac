"""MQTT topics: ``lpr/v1/{tenant}/{site}/{device}/{kind}``."""

import re
from dataclasses import dataclass
from enum import Enum
from typing import Final

from edge_lpr.core.errors import WireError
from edge_lpr.wire.bounds import require_match

NAME_PATTERN: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")
"""Tenant, site or device; the same as in the settings."""

_PREFIX: Final = "lpr/v1/"
_PARTS_AFTER_PREFIX: Final = 4
_MAXIMUM_TOPIC_CHARACTERS: Final = 128
"""The longest topic has 115."""


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
