"""Keeps the device's token keys: takes deliveries, replaces the transport key, rewrites the file.

After each delivery there is a new transport key, and the old one is destroyed: what the broker has
recorded cannot be opened any more, not even by whoever takes the booth away (2.4 of the design).
The new state is on the disk before anybody hears of the new key; a process that is killed at any
moment begins again with the state before the delivery, which can come again, or with the one after.

The rules are in ``key_desk.py``; from where deliveries come, in ``key_intake.py``.
"""

import threading
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from edge_lpr.core.clock import Clock, TimeQuality, epoch_of
from edge_lpr.core.errors import NoValidKeyError, VerificationError
from edge_lpr.core.settings import BoothSettings
from edge_lpr.core.wipe import wipe
from edge_lpr.tokeniser.clock_floor import FlooredClock
from edge_lpr.tokeniser.key_desk import (
    Holder,
    differs_today,
    judge_delivery,
    keys_after,
    next_number,
    purposes,
)
from edge_lpr.tokens.key_ring import KeyRing, KeyState, write_key_state
from edge_lpr.tokens.sealing import SealingKey
from edge_lpr.wire.bounds import MAXIMUM_UNIX_S
from edge_lpr.wire.jwe import TransportKey
from edge_lpr.wire.jws import PublicKey
from edge_lpr.wire.key_delivery import KeyDelivery, open_delivery
from edge_lpr.wire.topics import DeviceAddress
from edge_lpr.wire.transport import TransportClaims

CALL_INTERVAL_NS: Final = 3_600_000_000_000
"""How often a booth without a key for today announces itself under a new number."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What a delivery has brought."""

    number: int
    """Its number."""
    epochs: tuple[int, ...]
    """Every epoch that is held now."""
    is_other_today: bool
    """Whether it has another key for today than the one that is used, and goes on being used."""


class KeyKeeper:
    """The keys of one device and their file. Any thread may ask; one takes deliveries."""

    def __init__(
        self,
        settings: BoothSettings,
        state: KeyState,
        *,
        authority: PublicKey | None,
        sealing_key: SealingKey | None,
        clock: FlooredClock,
    ) -> None:
        """Keep what was read at the start.

        Args:
            settings: Who the booth is, where its frames come from, where the file is.
            state: As the file has it; owned by the keeper from now on.
            authority: Whose deliveries are taken; nobody's if ``None``.
            sealing_key: What the file is sealed under, if anything.
            clock: The device's; a delivery may show that it is behind.
        """
        booth = settings.booth
        self._address = DeviceAddress(booth.tenant, booth.site, booth.device)
        self._source_is_live = settings.vision.source.is_live
        self._epochs_held = settings.tokeniser.epochs_held
        self._path: Path = settings.tokeniser.key_ring_file
        self._state = state
        self._authority = authority
        self._sealing_key = sealing_key
        self._clock = clock
        self._saved_epochs = state.ring.epochs()
        self._news = 1
        self._next_call_ns = clock.monotonic_ns()
        self._lock = threading.Lock()
        self._may_change_purpose = True
        self.must_restart = False
        """Whether the file now has keys for another purpose than the birth has said."""

    @property
    def ring(self) -> KeyRing:
        """The token keys; the same object for as long as the process runs."""
        return self._state.ring

    @property
    def takes_deliveries(self) -> bool:
        """Whether there is an authority to take them from, and so to announce to."""
        return self._authority is not None

    @property
    def news(self) -> int:
        """A number that is another one whenever there is something new to announce."""
        return self._news

    def bind_purpose(self) -> None:
        """Note that the birth is about to say what the keys are for, so that it stays true."""
        self._may_change_purpose = False

    def announce_again(self) -> None:
        """Have the announcement made once more: somebody does not know the newest key."""
        self._news += 1

    def take(self, untrusted_document: bytes) -> Taken:
        """Take a delivery, whole or not at all.

        Args:
            untrusted_document: From the publisher or from a file, of any length.

        Returns:
            What it has brought.

        Raises:
            WireError: It must not be taken.
            NoValidKeyError: Not now: the clock is not right.
            KeyFileError: Not now: the state cannot be written.
        """
        if self._authority is None:
            raise VerificationError(
                "keys were delivered, but tokeniser.authority_file names no authority to check "
                "them by; put the deployment bundle's there"
            )
        transport_key = TransportKey.from_octets(self._state.transport_key)
        delivery = open_delivery(untrusted_document, self._authority, transport_key)
        try:
            return self._take(delivery)
        finally:
            delivery.wipe()

    def save_if_changed(self) -> None:
        """Rewrite the file when keys were wiped since: what is past must not be on the disk.

        Raises:
            KeyFileError: It cannot be written; the next call tries again.
        """
        if self.ring.epochs() == self._saved_epochs:
            return
        with self._lock:
            epochs = self.ring.epochs()
            write_key_state(self._path, self._state, self._sealing_key)
            self._saved_epochs = epochs
        self._news += 1

    def call_for_keys(self) -> None:
        """Give the transport key a new number while there is no key for today; once an hour.

        A device that has lost its memory while its clock was wrong may have begun with a number
        below those that the authority knows, which takes the announcement for an old one. Numbers
        rise with time, so a later one counts.

        Raises:
            KeyFileError: The file cannot be written; the next hour tries again.
        """
        now_ns = self._clock.monotonic_ns()
        is_starving = epoch_of(self._clock.unix_s()) not in self.ring.epochs()
        if (
            not (self.takes_deliveries and is_starving)
            or now_ns < self._next_call_ns
            or self._clock.quality() is TimeQuality.NONE
        ):
            return
        self._next_call_ns = now_ns + CALL_INTERVAL_NS
        with self._lock:
            number = next_number(self._state.transport_number, self._clock)
            after = replace(self._state, transport_number=number)
            write_key_state(self._path, after, self._sealing_key)
            self._state = after
        self._news += 1

    def announcement(self, certificate_jws: bytes) -> TransportClaims:
        """Return what is announced now.

        Args:
            certificate_jws: The device certificate.
        """
        with self._lock:
            state = self._state
            return TransportClaims(
                certificate=certificate_jws,
                number=state.transport_number,
                key=TransportKey.from_octets(state.transport_key).public_key,
                epochs=state.ring.epochs(),
                delivery=state.delivery_number,
                at=min(max(self._clock.unix_s(), 0), MAXIMUM_UNIX_S),
            )

    def _take(self, delivery: KeyDelivery) -> Taken:
        """Judge a delivery and hold its keys."""
        ring, last_number = self.ring, self._state.delivery_number
        is_bound = bool(ring.epochs()) or last_number > 0
        holder = Holder(
            self._address,
            self._epochs_held,
            purposes(source_is_live=self._source_is_live, held=ring.purpose, is_bound=is_bound),
        )
        try:
            judge_delivery(delivery, holder, last_number=last_number, clock=self._clock)
        except NoValidKeyError:
            # It is the authority's word and meant for us, so the clock cannot be right.
            self._clock.raise_floor(delivery.issued_at)
            raise
        today = epoch_of(self._clock.unix_s())
        with self._lock, ring.changing() as held:
            is_other_today = differs_today(delivery, held, today=today)
            keys = keys_after(delivery, holder, held, today=today)
            self._replace(delivery, KeyRing(delivery.purpose, keys))
            if delivery.purpose is ring.purpose or self._may_change_purpose:
                ring.replace(keys, delivery.purpose)
            else:
                self.must_restart = True
        self._clock.raise_floor(delivery.issued_at)
        self._news += 1
        return Taken(delivery.number, tuple(keys), is_other_today)

    def _replace(self, delivery: KeyDelivery, ring: KeyRing) -> None:
        """Write the state after a delivery, and only then go over to it."""
        before = self._state
        after = KeyState(
            ring=ring,
            transport_key=bytearray(TransportKey.generate().private_octets()),
            transport_number=next_number(before.transport_number, self._clock),
            delivery_number=delivery.number,
            issued_at_s=max(delivery.issued_at, before.issued_at_s),
        )
        write_key_state(self._path, after, self._sealing_key)
        self._saved_epochs = ring.epochs()
        after.ring = before.ring
        self._state = after
        wipe(before.transport_key)


def fresh_state(ring: KeyRing, clock: Clock) -> KeyState:
    """Return the state of a device that holds a ring and has nothing else left.

    Args:
        ring: Its keys, if any.
        clock: Gives the transport key a number above all that it had before.
    """
    return KeyState(
        ring=ring,
        transport_key=bytearray(TransportKey.generate().private_octets()),
        transport_number=next_number(0, clock),
    )
