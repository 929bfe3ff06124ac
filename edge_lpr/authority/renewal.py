"""What each device lacks of the coming days' keys, and what of its announcement is believed.

The broker is not believed: an announcement counts if the authority certified the key that signed
it, and if that is the key under which the device is enrolled now.
"""

from collections.abc import Mapping
from typing import Final

from edge_lpr.authority.authority import Authority
from edge_lpr.authority.devices import DeviceRow, DeviceState
from edge_lpr.authority.journal import printable
from edge_lpr.core.clock import EPOCH_LENGTH_S, epoch_of
from edge_lpr.core.errors import InputRefusedError, NotAllowedError, WireError
from edge_lpr.tokens.key_ring import KeyPurpose
from edge_lpr.wire.status import decode_status
from edge_lpr.wire.topics import DeviceAddress, TopicKind, parse_topic
from edge_lpr.wire.transport import verify_transport

RESEND_S: Final = 3600
"""A booth that is online takes a delivery in seconds; one that was lost on the way is made anew."""

_MAXIMUM_SHOWN: Final = 128
_KEPT_DAYS: Final = 90
"""Notes of deliveries answer who held which keys; the journal has them for ever."""


def take_announcements(authority: Authority, untrusted: Mapping[str, bytes]) -> list[str]:
    """Verify announcements and remember the newest of each device.

    Args:
        authority: Open.
        untrusted: Retained announcements by topic, as the broker gave them.

    Returns:
        Topics of those that are not believed, each with the reason.
    """
    refused: list[str] = []
    for topic, document in sorted(untrusted.items()):
        fault = _take(authority, topic, document)
        if fault is not None:
            refused.append(f"{printable(topic)[:_MAXIMUM_SHOWN]}: {fault}")
    return refused


def wanted_epochs(authority: Authority) -> tuple[int, ...]:
    """Return the epochs that every device should hold: today and those to come.

    Those whose keys are destroyed or lost are left out: devices go on with what they hold.
    """
    today = epoch_of(authority.clock.unix_s())
    gone = authority.vault.gone()
    ahead = range(today, today + authority.configuration.epochs_ahead)
    return tuple(epoch for epoch in ahead if epoch not in gone)


def missing_epochs(authority: Authority, device: DeviceRow) -> tuple[int, ...]:
    """Return the epochs that a device lacks and that are not under way to it.

    Args:
        authority: Open.
        device: An active device, as the book has it.
    """
    # What was sent before its last word was lost: brokers keep nothing for a booth that is away.
    since = max(authority.clock.unix_s() - RESEND_S, (device.announced_at or 0) - 1)
    rows = authority.store.rows(
        "SELECT epoch FROM delivery WHERE site = ? AND device = ? AND transport_number = ? "
        "AND purpose = ? AND sent_at > ?",
        (
            device.address.site,
            device.address.device,
            device.transport_number,
            purpose_for(device).value,
            since,
        ),
    )
    under_way = {int(epoch) for (epoch,) in rows}
    held = set(device.announced_epochs)
    reissue = authority.store.fact("reissue_from")
    if reissue is not None and (device.announced_at or 0) < int(reissue):
        # After a restored backup: what it holds may be keys that this data base does not have.
        held = set()
    return tuple(e for e in wanted_epochs(authority) if e not in held and e not in under_way)


def away(untrusted_statuses: Mapping[str, bytes]) -> frozenset[DeviceAddress]:
    """Return the devices that the broker says are offline; a delivery to them would be lost.

    Args:
        untrusted_statuses: Retained statuses by topic; those that make no sense are passed over,
            because a delivery too many does no harm.
    """
    return frozenset(
        address
        for address in map(_offline, untrusted_statuses, untrusted_statuses.values())
        if address is not None
    )


def purpose_for(device: DeviceRow) -> KeyPurpose:
    """Return which keys a device gets by itself: those that it was enrolled for and may have.

    Tier C gets test keys, unless it is allowed others.
    """
    return KeyPurpose.LIVE if device.production_allowed else KeyPurpose.TEST


def forget_old_deliveries(authority: Authority) -> None:
    """Delete the notes of deliveries that nobody needs any more."""
    before = authority.clock.unix_s() - _KEPT_DAYS * EPOCH_LENGTH_S
    with authority.store.transaction() as session:
        session.execute("DELETE FROM delivery WHERE issued_at < ?", (before,))


def _offline(untrusted_topic: str, untrusted_status: bytes) -> DeviceAddress | None:
    """Return the device that a status says is offline."""
    try:
        address, kind = parse_topic(untrusted_topic)
        if kind is TopicKind.STATUS and not decode_status(untrusted_status).is_online:
            return address
    except WireError:
        pass
    return None


def _take(authority: Authority, untrusted_topic: str, untrusted_document: bytes) -> str | None:
    """Take one announcement, and return why it is not believed, if it is not."""
    try:
        _believe(authority, untrusted_topic, untrusted_document)
    except (WireError, InputRefusedError, NotAllowedError) as error:
        return str(error)
    return None


def _believe(authority: Authority, untrusted_topic: str, untrusted_document: bytes) -> None:
    """Verify one announcement and remember it."""
    address, kind = parse_topic(untrusted_topic)
    if kind is not TopicKind.TRANSPORT:
        raise InputRefusedError("is no announcement")
    certificate, claims = verify_transport(
        untrusted_document, authority.deployment.authority, authority.clock.unix_s()
    )
    if certificate.address != address:
        raise NotAllowedError("another device's announcement lies under this topic")
    row = authority.devices.get(address.site, address.device)
    if row.state is not DeviceState.ACTIVE:
        return
    if row.event_key.octets != certificate.event_key.octets:
        raise NotAllowedError(
            "signed with a key from before the device was enrolled again; it is replaced once the "
            "device connects"
        )
    authority.devices.update_transport(address, claims.key, claims.number, claims.epochs, claims.at)
    authority.devices.raise_last_delivery(address, claims.delivery)
