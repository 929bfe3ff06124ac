"""Whether a delivery of token keys is taken, and what is held afterwards: rules, and nothing else.

In the order in which a delivery is looked at:

1. The authority has signed it. Nothing inside is looked at before (``wire/key_delivery.py``).
2. It is sealed to this device's newest transport key; every earlier one is destroyed.
3. It is for this device.
4. Its number is larger than that of the last one: an old delivery cannot be played again.
5. The clock is not earlier than the moment of its issue. One that comes too early waits.
6. Its last day of validity is not over.
7. Its keys are for what the camera shows: keys for live traffic never serve replayed frames.
8. Of its epochs those are taken that the device may hold: today and a few to come. Later ones are
   left to a later delivery, past ones are of no use. None at all: it is refused.

The epoch that is under way keeps the key that it began with. The authority makes one key a day and
site, so another one means that it has forgotten the first; a day whose sightings are under two keys
would match no watch-list for certain. Days to come take the newest key: no token has been made of
them, and lists are made with what the authority has now.

Reading, writing and answering are left to ``key_keeper.py``.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from edge_lpr.core.clock import Clock, TimeQuality
from edge_lpr.core.errors import NoValidKeyError, VerificationError
from edge_lpr.tokeniser.clock_floor import CLOCK_TOLERANCE_S
from edge_lpr.tokens.key_ring import MAXIMUM_EPOCHS, KeyPurpose
from edge_lpr.tokens.suite1 import TokenKeys
from edge_lpr.wire.key_delivery import KeyDelivery
from edge_lpr.wire.topics import DeviceAddress


@dataclass(frozen=True, slots=True)
class Holder:
    """The device, as far as the rules ask about it."""

    address: DeviceAddress
    """Who it is."""
    epochs_held: int
    """Most epochs that it may hold, today's included, 1 to ``MAXIMUM_EPOCHS``."""
    takes: frozenset[KeyPurpose]
    """What the keys may be for, given where frames come from and what it holds already."""


def purposes(*, source_is_live: bool, held: KeyPurpose, is_bound: bool) -> frozenset[KeyPurpose]:
    """Return what keys a device may take.

    Args:
        source_is_live: Whether frames come from a camera.
        held: What the keys that it holds are for.
        is_bound: Whether it holds or ever took any; before that the first delivery decides.
    """
    if not source_is_live:
        return frozenset({KeyPurpose.TEST})
    return frozenset({held}) if is_bound else frozenset(KeyPurpose)


def judge_delivery(
    delivery: KeyDelivery, holder: Holder, *, last_number: int, clock: Clock
) -> None:
    """Refuse a delivery that must not be taken: rules 3 to 7.

    Args:
        delivery: Signed by the authority and sealed to this device's newest key.
        holder: Who the device is.
        last_number: Number of the last delivery that was taken, 0 before the first.
        clock: The device's.

    Raises:
        VerificationError: It must not be taken.
        NoValidKeyError: It may be taken later, once the clock is right.
    """
    if delivery.address != holder.address:
        raise VerificationError(
            "the delivery of keys is for another device; the authority must issue one to this one"
        )
    if delivery.number <= last_number:
        raise VerificationError(
            f"the delivery of keys has number {delivery.number}, but {last_number} was taken: an "
            "old one that was sent again; the authority's next one has a larger number"
        )
    _require_clock(delivery, clock)
    if delivery.last_valid < clock.unix_s():
        raise VerificationError(
            "the last day of the delivery of keys is over; the authority must issue a new one, "
            "or this device's clock is ahead"
        )
    if delivery.purpose not in holder.takes:
        raise VerificationError(
            f"the delivered keys are for {delivery.purpose.name.lower()} input and this device "
            "must not hold such; look at vision.source.kind and at what the authority knows"
        )


def keys_after(
    delivery: KeyDelivery, holder: Holder, held: Mapping[int, TokenKeys], *, today: int
) -> dict[int, TokenKeys]:
    """Return what is held once a delivery is taken: rule 8.

    Args:
        delivery: As judged.
        holder: Who the device is.
        held: What is held before, by epoch.
        today: The epoch that is under way.

    Returns:
        Keys by epoch: past ones as before, today's, and those to come.

    Raises:
        VerificationError: The delivery has no epoch that the device may hold.
    """
    last = today + holder.epochs_held - 1
    due = [keys for keys in delivery.keys if today <= keys.epoch <= last]
    if not due:
        raise VerificationError(
            f"the delivery has no keys from today to {holder.epochs_held - 1} days on; the "
            "authority must issue them"
        )
    kept = {epoch: keys for epoch, keys in held.items() if epoch <= today}
    to_come = {epoch: keys for epoch, keys in held.items() if today < epoch <= last}
    new = {each.epoch: TokenKeys(each.stretch, each.site) for each in due if each.epoch not in kept}
    # Yesterday's stays a quarter of an hour, and may be one too many: then the last one waits.
    return dict(sorted((kept | to_come | new).items())[:MAXIMUM_EPOCHS])


def differs_today(delivery: KeyDelivery, held: Mapping[int, TokenKeys], *, today: int) -> bool:
    """Return whether the authority now has another key for the day that is under way."""
    mine = held.get(today)
    return mine is not None and any(
        keys.epoch == today and (keys.stretch, keys.site) != (mine.stretch_key, mine.site_key)
        for keys in delivery.keys
    )


def next_number(last: int, clock: Clock) -> int:
    """Return the number of a device's next transport key.

    It rises with time, so that a device whose memory was lost still says larger ones than before.

    Args:
        last: Number of the key before.
        clock: The device's.
    """
    now_s = 0 if clock.quality() is TimeQuality.NONE else clock.unix_s()
    return max(now_s, last + 1)


def _require_clock(delivery: KeyDelivery, clock: Clock) -> None:
    """Refuse for the time being what was issued later than this clock says it is."""
    now_s = clock.unix_s()
    if now_s < delivery.issued_at - CLOCK_TOLERANCE_S:
        days = (delivery.issued_at - now_s) / 86_400
        raise NoValidKeyError(
            f"the clock is {days:.1f} days behind the authority's, whose delivery of keys waits "
            "until it is right; let the device reach a time server"
        )
    if clock.quality() is TimeQuality.NONE:
        raise NoValidKeyError(
            "a delivery of keys waits until the clock is set; let the device reach a time server"
        )
