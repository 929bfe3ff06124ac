"""The birth of this boot: who this device is, and where its previous boot ended."""

from dataclasses import replace

from edge_lpr.core.errors import WireError
from edge_lpr.tokeniser.funnel import Complaints
from edge_lpr.wire.birth import BirthClaims, PreviousBoot, sign_birth
from edge_lpr.wire.jws import SigningKey
from edge_lpr.wire.sighting import sighting_hash, verify_sighting


class BirthAnnouncer:
    """Makes the birth when the publisher first says what it committed last."""

    def __init__(
        self, claims: BirthClaims, signing_key: SigningKey, complaints: Complaints
    ) -> None:
        """Prepare the birth of this boot.

        Args:
            claims: All that is known at the start; the previous boot is filled in later.
            signing_key: The device's event key.
            complaints: Takes the fault of a hello that does not verify.
        """
        self._claims = claims
        self._signing_key = signing_key
        self._complaints = complaints
        self._jws: bytes | None = None

    def announce(self, untrusted_last_jws: bytes | None) -> bytes:
        """Return the birth; the first call decides, every later one returns the same document.

        Later hellos name sightings of this very boot, so only the first can tell of the previous.

        Args:
            untrusted_last_jws: The sighting that the publisher says it committed last.

        Returns:
            Signed birth.
        """
        if self._jws is None:
            previous = self._previous_boot(untrusted_last_jws)
            self._jws = sign_birth(replace(self._claims, previous=previous), self._signing_key)
        return self._jws

    def _previous_boot(self, untrusted_last_jws: bytes | None) -> PreviousBoot | None:
        """Return where the previous boot ended, if our own signature says so."""
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
