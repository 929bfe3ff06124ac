"""A booth of the drill at the laboratory cost: real keys, certificate and chain, cheap stretching.

Everything that it signs is what a real booth signs; only Argon2 costs next to nothing, so that a
hundred thousand passages can be made, and guessed, within minutes.
"""

import hashlib
from collections.abc import Callable
from functools import lru_cache
from typing import Final

from edge_lpr import __version__
from edge_lpr.core.clock import TimeQuality
from edge_lpr.drill.crowd import TENANT, Crossing
from edge_lpr.drill.records import Message
from edge_lpr.tokeniser.boot import new_boot_id
from edge_lpr.tokeniser.chain import Passage, SightingChain
from edge_lpr.tokens.laboratory import stretch_plate_cheaply
from edge_lpr.tokens.suite1 import TokenScope, finish_tokens
from edge_lpr.wire.birth import BirthClaims, sign_birth
from edge_lpr.wire.jws import SigningKey
from edge_lpr.wire.key_delivery import EpochKeys
from edge_lpr.wire.topics import DeviceAddress, TopicKind, topic

KeySource = Callable[[str, int], EpochKeys]
"""Returns the keys of a site and epoch, as the authority has made them."""

_SURE: Final = 3
_READS: Final = 6


class LaboratoryBooth:
    """One booth; it signs what passes."""

    def __init__(
        self, address: DeviceAddress, event_key: SigningKey, certificate: bytes, keys: KeySource
    ) -> None:
        """Begin a boot.

        Args:
            address: Which booth it is.
            event_key: Signs everything that it says.
            certificate: The authority's, for that key.
            keys: Where token keys come from.
        """
        self.address = address
        self.boot = new_boot_id()
        self._event_key = event_key
        self._certificate = certificate
        self._keys = lru_cache(maxsize=None)(keys)
        self._chain = SightingChain(self.boot, event_key, is_test=False)

    def birth(self) -> Message:
        """Return the birth, to be retained."""
        claims = BirthClaims(
            certificate=self._certificate,
            boot=self.boot,
            previous=None,
            software=__version__,
            models=hashlib.sha256(b"no models").digest(),
            camera_networked=False,
            tq=TimeQuality.NTP,
        )
        return topic(self.address, TopicKind.BIRTH), sign_birth(claims, self._event_key)

    def pass_by(self, crossing: Crossing, epoch: int, at: int) -> tuple[int, Message]:
        """Sign the sighting of a vehicle.

        Args:
            crossing: Who passes.
            epoch: Key epoch of the day.
            at: When, UTC in seconds since 1970.

        Returns:
            Its number within the boot, and the message.
        """
        keys = self._keys(self.address.site, epoch)
        scope = TokenScope(TENANT, self.address.site, epoch)
        stretched = stretch_plate_cheaply(crossing.plate, bytes(keys.stretch), scope)
        passage = Passage(
            at_unix_s=at,
            time_quality=TimeQuality.NTP,
            lane=crossing.lane,
            direction=crossing.direction,
            epoch=epoch,
            tokens=finish_tokens(stretched, crossing.plate, bytes(keys.site), scope),
            confidence_bucket=_SURE,
            reads_bucket=_READS,
        )
        sighting = self._chain.sign(passage)
        return sighting.sequence_number, (topic(self.address, TopicKind.SIGHTING), sighting.jws)
