"""Mosquitto's access rules for the booths, consumers and authorities of a list.

A booth writes under its own topics and reads what is sent to it, nothing else. Mosquitto's
patterns (``%u``) would need tenant and site in the certificate's common name; so every booth gets
rules of its own, which also makes them readable: what is not written here is forbidden.

Keys and watch-lists are sealed and signed, and still nobody but the authority may send them, and no
consumer may hear them: what nobody records nobody can open later.
"""

from collections.abc import Iterable, Iterator
from typing import Final

from edge_lpr.broker.access_list import AccessList, AuthorityAccess, ConsumerAccess, Scope
from edge_lpr.wire.topics import DeviceAddress, TopicKind, topic, watch_list_filter

FOR_CONSUMERS: Final = (
    TopicKind.BIRTH,
    TopicKind.STATUS,
    TopicKind.SIGHTING,
    TopicKind.GAP,
    TopicKind.HEALTH,
    TopicKind.CHECKPOINT,
)
"""What a booth publishes and consumers hear."""

FOR_AUTHORITY: Final = (
    TopicKind.BIRTH,
    TopicKind.STATUS,
    TopicKind.TRANSPORT,
    TopicKind.HEALTH,
)
"""What a booth publishes and its authority hears; it has no use for sightings."""

FROM_DEVICE: Final = (*FOR_CONSUMERS, TopicKind.TRANSPORT)
"""All that a booth publishes."""

TO_DEVICE: Final = (TopicKind.REQUEST, TopicKind.KEYS)
"""What a booth hears under its own address; from consumers, and from the authority."""

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
    """Return the access file of the consumers' listener, which authorities use too.

    Args:
        access: Whom to let in.

    Returns:
        Content for Mosquitto's ``acl_file``.
    """
    return _file((server.name, _server_lines(server)) for server in access.servers)


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
    yield f"topic read {watch_list_filter(device.tenant, device.site)}"


def _server_lines(server: ConsumerAccess | AuthorityAccess) -> Iterator[str]:
    """Yield the rules of who comes through the consumers' port."""
    if isinstance(server, ConsumerAccess):
        return _consumer_lines(server)
    return _authority_lines(server)


def _consumer_lines(consumer: ConsumerAccess) -> Iterator[str]:
    """Yield the rules of a consumer."""
    for scope in consumer.scopes:
        for kind in FOR_CONSUMERS:
            yield f"topic read {_pattern(scope, kind)}"
        if consumer.may_request:
            yield f"topic write {_pattern(scope, TopicKind.REQUEST)}"


def _authority_lines(authority: AuthorityAccess) -> Iterator[str]:
    """Yield the rules of an authority."""
    booths = Scope(authority.tenant)
    for kind in FOR_AUTHORITY:
        yield f"topic read {_pattern(booths, kind)}"
    yield f"topic write {_pattern(booths, TopicKind.KEYS)}"
    # It also reads what is retained of its lists, to take back what a shorter one leaves behind.
    yield f"topic readwrite lpr/v1/{authority.tenant}/+/watchlist/+/+"


def _pattern(scope: Scope, kind: TopicKind) -> str:
    """Return the topics of one kind of all booths of a scope."""
    return f"lpr/v1/{scope.tenant}/{scope.site or '+'}/+/{kind.value}"
