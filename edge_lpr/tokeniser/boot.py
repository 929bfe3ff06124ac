"""One boot of the tokeniser: its birth, the chain of sightings that it signs, and its health.

The birth says where the boot before ended, and only the publisher remembers that; so it is made
when the publisher has said hello. A passage is numbered when it is its turn to be delivered. So
what is still queued when the process ends makes no hole in the numbers: it is lost, and only this
process's own log can tell (``undelivered``, after an orderly stop).
"""

import secrets
from dataclasses import replace
from typing import Final

from edge_lpr.core.complaints import Complaints
from edge_lpr.core.errors import HandoffError, WireError
from edge_lpr.handoff.record_message import GapWish
from edge_lpr.tokeniser.chain import Passage, SightingChain, SignedSighting
from edge_lpr.tokeniser.condition import Condition
from edge_lpr.tokeniser.gap_record import GapRecord
from edge_lpr.tokeniser.key_keeper import KeyKeeper
from edge_lpr.wire.birth import BirthClaims, PreviousBoot, sign_birth
from edge_lpr.wire.gap import GapClaims, sign_gap
from edge_lpr.wire.health import BoothFigures, sign_health
from edge_lpr.wire.jws import SigningKey
from edge_lpr.wire.sighting import FIRST_PREV, sighting_hash, verify_sighting
from edge_lpr.wire.transport import sign_transport

_BOOT_ID_BYTES: Final = 8
"""64 random bits: no two boots of a device's life share an id."""


def new_boot_id() -> str:
    """Return a random boot id, 16 hexadecimal digits."""
    return secrets.token_hex(_BOOT_ID_BYTES)


class Boot:
    """Signs everything that this boot says; used by the delivering thread alone."""

    def __init__(
        self,
        claims: BirthClaims,
        signing_key: SigningKey,
        condition: Condition,
        complaints: Complaints,
    ) -> None:
        """Prepare the birth.

        Args:
            claims: All that is known at the start; the boot before is filled in later.
            signing_key: The device's event key.
            condition: Knows how the booth is.
            complaints: Takes the fault of a hello that does not verify.
        """
        self._claims = claims
        self._signing_key = signing_key
        self._condition = condition
        self._complaints = complaints
        self._settled = 0, FIRST_PREV
        self.gaps = GapRecord()
        """Those that were signed, for the audit."""
        self._chain = SightingChain(claims.boot, signing_key, is_test=claims.test)
        self._birth_jws: bytes | None = None

    def announce(self, untrusted_last_jws: bytes | None) -> bytes:
        """Return the birth; the first call decides, every later one returns the same document.

        Later hellos name sightings of this very boot, so only the first can tell of the one
        before.

        Args:
            untrusted_last_jws: The sighting that the publisher says it committed last.

        Returns:
            Signed birth.
        """
        if self._birth_jws is None:
            previous = self._previous_boot(untrusted_last_jws)
            claims = replace(self._claims, previous=previous, keys_end=self._condition.keys_end())
            self._birth_jws = sign_birth(claims, self._signing_key)
        return self._birth_jws

    def sign(self, passage: Passage) -> SignedSighting:
        """Return the next sighting of the chain.

        Args:
            passage: What it says.
        """
        return self._chain.sign(passage)

    def settle(self, sighting: SignedSighting) -> None:
        """Note that the publisher has answered for a sighting, so that health may speak of it.

        Not before: a sighting that is lost with this process was never promised to anybody.

        Args:
            sighting: The one that was signed last.
        """
        self._settled = sighting.sequence_number, sighting_hash(sighting.jws)

    def sign_health(self, figures: BoothFigures, *, queued: int) -> bytes:
        """Return a signed health record.

        Args:
            figures: What the publisher says.
            queued: Passages that wait for the publisher.
        """
        claims = self._condition.claims(
            figures,
            boot=self._claims.boot,
            end=self._settled,
            queued=queued,
            test=self._claims.test,
        )
        return sign_health(claims, self._signing_key)

    def sign_transport(self, keeper: KeyKeeper) -> bytes:
        """Return a signed announcement of the newest transport key.

        Args:
            keeper: Knows the key and what is held.
        """
        return sign_transport(keeper.announcement(self._claims.certificate), self._signing_key)

    def sign_gap(self, wish: GapWish) -> bytes:
        """Return a signed gap, of this boot or an earlier one.

        It is the publisher's word that is signed: a taken-over publisher can drop sightings
        anyway, and so it must say which. But of this boot only those that it has answered for:
        otherwise what it drops later would be excused beforehand.

        Args:
            wish: Which sightings will never come, and why.

        Raises:
            HandoffError: The publisher wants numbers signed away that it has not been given.
        """
        if wish.boot == self._claims.boot and wish.last > self._settled[0]:
            raise HandoffError(
                "the publisher wants a gap for sightings that it has not taken; restart it, and "
                "look into it if it does so again"
            )
        claims = GapClaims(wish.boot, wish.first, wish.last, self._condition.now_s(), wish.reason)
        self.gaps.note(wish)
        return sign_gap(claims, self._signing_key)

    def _previous_boot(self, untrusted_last_jws: bytes | None) -> PreviousBoot | None:
        """Return where the boot before ended, if our own signature says so."""
        if untrusted_last_jws is None:
            return None
        try:
            last = verify_sighting(untrusted_last_jws, self._signing_key.public_key)
        except WireError as error:
            # Servers will see a device whose boots are not tied together, and may ask why; a
            # booth that stopped here could be silenced by one damaged row.
            self._complaints.about("hello_refused", error)
            return None
        return PreviousBoot(last.boot, last.seq, sighting_hash(untrusted_last_jws))
