"""Mosquitto's access rules for the booths and consumers of a list.

A booth writes under its own topics and reads what is sent to it, nothing else. Mosquitto's
patterns (``%u``) would need tenant and site in the certificate's common name; so every booth gets
rules of its own, which also makes them readable: what is not written here is forbidden.
"""

from collections.abc import Iterable, Iterator
from typing import Final

from edge_lpr.broker.access_list import AccessList, ConsumerAccess, Scope
from edge_lpr.wire.topics import DeviceAddress, TopicKind, topic

FROM_DEVICE: Final = (
    TopicKind.BIRTH,
    TopicKind.STATUS,
    TopicKind.SIGHTING,
    TopicKind.GAP,
    TopicKind.HEALTH,
)
"""What a booth publishes and consumers hear."""

TO_DEVICE: Final = (TopicKind.REQUEST,)
"""What a booth hears."""

_HEAD: Final = "# Made by `edge-lpr broker acl`; change the list and make it again.\n"


def device_rules(access: AccessList) -> str:
    """Return the access file of the booths' listener.

    Args:
        access: Whom to let in.

    Returns:
        Content for Mosquitto's ``acl_file``.
    """
    return _file((device.device, _device_lines(device)) for device in access.devices)


def consumer_rules(access: AccessList) -> str:
    """Return the access file of the consumers' listener.

    Args:
        access: Whom to let in.

    Returns:
        Content for Mosquitto's ``acl_file``.
    """
    return _file((consumer.name, _consumer_lines(consumer)) for consumer in access.consumers)


def _file(users: Iterable[tuple[str, Iterator[str]]]) -> str:
    """Return the rules of all users."""
    parts = [f"\nuser {name}\n" + "".join(f"{line}\n" for line in lines) for name, lines in users]
    return _HEAD + "".join(parts)


def _device_lines(device: DeviceAddress) -> Iterator[str]:
    """Yield the rules of a booth."""
    for kind in FROM_DEVICE:
        yield f"topic write {topic(device, kind)}"
    for kind in TO_DEVICE:
        yield f"topic read {topic(device, kind)}"


def _consumer_lines(consumer: ConsumerAccess) -> Iterator[str]:
    """Yield the rules of a consumer."""
    for scope in consumer.scopes:
        for kind in FROM_DEVICE:
            yield f"topic read {_pattern(scope, kind)}"
        if consumer.may_request:
            yield f"topic write {_pattern(scope, TopicKind.REQUEST)}"


def _pattern(scope: Scope, kind: TopicKind) -> str:
    """Return the topics of one kind of all booths of a scope."""
    return f"lpr/v1/{scope.tenant}/{scope.site or '+'}/+/{kind.value}"
