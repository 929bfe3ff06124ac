"""Token keys on their way to a device: sealed to it, signed, counted and written down."""

from collections.abc import Sequence
from typing import Final

from edge_lpr.authority.authority import Authority
from edge_lpr.authority.devices import DeviceRow, DeviceState
from edge_lpr.core.clock import EPOCH_LENGTH_S, epoch_of
from edge_lpr.core.errors import InputRefusedError, NotAllowedError
from edge_lpr.tokens.key_ring import KeyPurpose
from edge_lpr.wire.jwe import TransportPublicKey
from edge_lpr.wire.key_delivery import KeyDelivery, sign_delivery

MAXIMUM_EPOCHS: Final = 8
"""Most epochs of one delivery, as many as a device may hold."""


def make_delivery(
    authority: Authority,
    device: DeviceRow,
    epochs: Sequence[int],
    *,
    purpose: KeyPurpose = KeyPurpose.LIVE,
) -> bytes:
    """Return the keys of epochs for one device; made if they are not there yet.

    It is written down before it is returned; ``mark_sent`` says that it has left.

    Args:
        authority: Open.
        device: To whom; what the data base says of it now is what counts.
        epochs: 1 to 8 of them, today or later.
        purpose: ``TEST`` for demonstrations, replays and laboratories.

    Returns:
        A JWS of at most ``MAXIMUM_DELIVERY_BYTES``.

    Raises:
        NotAllowedError: The device is out of service, or its custody tier forbids live keys.
        InputRefusedError: No transport key is known, or the epochs are past or too many.
        DestroyedError: An epoch's keys are destroyed.
        AuthorityError: The data base was restored from a backup, and nobody has said so yet.
    """
    wanted = sorted(set(epochs))
    _require_current(wanted, epoch_of(authority.clock.unix_s()))
    site = device.address.site
    with authority.store.transaction() as session:
        authority.journal.require_newest()
        # It may have been revoked since the caller read it: a fleet takes minutes.
        device = authority.devices.get(site, device.address.device)
        transport_key = _require_may_have(device, purpose)
        keys = tuple(authority.epoch_keys(site, epoch, purpose) for epoch in wanted)
        now = authority.clock.unix_s()
        # A data base restored from a backup must not count from where it was.
        number = max(now, device.last_delivery + 1)
        session.execute(
            "UPDATE device SET last_delivery = ? WHERE site = ? AND device = ?",
            (number, site, device.address.device),
        )
        session.executemany(
            "INSERT INTO delivery VALUES (?, ?, ?, ?, ?, ?, ?, NULL)",
            [
                (
                    site,
                    device.address.device,
                    number,
                    device.transport_number,
                    epoch,
                    purpose.value,
                    now,
                )
                for epoch in wanted
            ],
        )
        authority.journal.record(
            "delivery",
            device=f"{site}/{device.address.device}",
            number=number,
            epochs=" ".join(map(str, wanted)),
            purpose=purpose.name.lower(),
            tier=device.tier.value,
        )
    delivery = KeyDelivery(
        address=device.address,
        number=number,
        issued_at=now,
        last_valid=(wanted[-1] + 1) * EPOCH_LENGTH_S - 1,
        purpose=purpose,
        keys=keys,
    )
    return sign_delivery(delivery, transport_key, authority.signing_key())


def mark_sent(authority: Authority, device: DeviceRow) -> None:
    """Write down that the newest delivery of a device has left.

    Args:
        authority: Open.
        device: Whose delivery the broker has acknowledged, or a file now holds.
    """
    with authority.store.transaction() as session:
        session.execute(
            "UPDATE delivery SET sent_at = ? WHERE site = ? AND device = ? AND number = "
            "(SELECT max(number) FROM delivery WHERE site = ? AND device = ?)",
            (
                authority.clock.unix_s(),
                device.address.site,
                device.address.device,
                device.address.site,
                device.address.device,
            ),
        )


def _require_may_have(device: DeviceRow, purpose: KeyPurpose) -> TransportPublicKey:
    """Refuse a device that must not get these keys; return what to seal them to."""
    name = f"{device.address.site}/{device.address.device}"
    if device.state is not DeviceState.ACTIVE:
        raise NotAllowedError(f"{name} is {device.state.value} and gets no keys")
    if purpose is KeyPurpose.LIVE and device.purpose is KeyPurpose.TEST:
        raise NotAllowedError(
            f"{name} was enrolled for test keys and gets no keys of live passages; issue --test, "
            "or enrol it again with a ticket without --test-keys"
        )
    if purpose is KeyPurpose.LIVE and not device.production_allowed:
        raise NotAllowedError(
            f"{name} is of custody tier C, which gets no keys of live passages; whoever steals "
            "it reads them. To allow it all the same: edge-lpr authority issue --device "
            f"{name} --allow-tier-c REASON"
        )
    if device.transport_key is None:
        raise InputRefusedError(
            f"{name} has announced no transport key; it does once it runs and reaches the broker"
        )
    return device.transport_key


def _require_current(epochs: Sequence[int], today: int) -> None:
    """Refuse epochs that a device has no use for."""
    if not 1 <= len(epochs) <= MAXIMUM_EPOCHS:
        raise InputRefusedError(f"a delivery carries 1 to {MAXIMUM_EPOCHS} epochs")
    if epochs[0] < today:
        raise InputRefusedError(
            f"epoch {epochs[0]} is past: a device gets keys of today and later only"
        )
