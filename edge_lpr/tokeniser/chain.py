"""Number, chain and sign the sightings of one boot.

``boot``, ``seq`` and ``prev`` let a server see every gap and every exchange. Number 1 has no
sighting before it; what ties two boots together is the birth (``boot.py``).
"""

from dataclasses import dataclass

from edge_lpr.core.clock import TimeQuality
from edge_lpr.tokens.suite1 import TokenPair
from edge_lpr.wire.jws import SigningKey
from edge_lpr.wire.sighting import (
    FIRST_PREV,
    Direction,
    SightingClaims,
    sighting_hash,
    sign_sighting,
)


@dataclass(frozen=True, slots=True, repr=False)
class Passage:
    """What a sighting says besides its place in the chain. No ``repr``: it holds tokens."""

    at_unix_s: int
    """When the vehicle was last seen."""
    time_quality: TimeQuality
    """How far that time can be trusted; never ``NONE``."""
    lane: int
    """Lane number."""
    direction: Direction
    """Direction of travel."""
    epoch: int
    """Key epoch of the tokens."""
    tokens: TokenPair
    """Exact and folded token."""
    confidence_bucket: int
    """0 to 3."""
    reads_bucket: int
    """2, 3 or 6."""
    entry: bytes | None = None
    """Hit-only: the authority's name for the entry that it matches, 8 bytes."""
    possible: bool = False
    """Hit-only: whether it matches by the folded token or by a variant alone."""


@dataclass(frozen=True, slots=True, repr=False)
class SignedSighting:
    """A sighting that is ready to leave. No ``repr``: it holds tokens."""

    sequence_number: int
    """Its place in this boot's chain, from 1."""
    jws: bytes
    """The signed document, at most 512 bytes."""


class SightingChain:
    """The sightings of one boot, in order."""

    def __init__(self, boot: str, signing_key: SigningKey, *, is_test: bool) -> None:
        """Begin with nothing signed.

        Args:
            boot: Boot id, 16 hexadecimal digits.
            signing_key: The device's event key.
            is_test: Whether every sighting is marked as replayed or synthetic.
        """
        self._boot = boot
        self._signing_key = signing_key
        self._is_test = is_test
        self._last_number = 0
        self._last_hash = FIRST_PREV

    def sign(self, passage: Passage) -> SignedSighting:
        """Give a passage the next number, chain it to the one before, and sign it.

        Args:
            passage: What the sighting says.

        Returns:
            The sighting; the next one will point to it.
        """
        claims = SightingClaims(
            boot=self._boot,
            seq=self._last_number + 1,
            at=passage.at_unix_s,
            tq=passage.time_quality,
            lane=passage.lane,
            dir=passage.direction,
            epoch=passage.epoch,
            exact=passage.tokens.exact,
            fold=passage.tokens.fold,
            conf=passage.confidence_bucket,
            reads=passage.reads_bucket,
            prev=self._last_hash,
            test=self._is_test,
            entry=passage.entry,
            possible=passage.possible,
        )
        jws = sign_sighting(claims, self._signing_key)
        self._last_number = claims.seq
        self._last_hash = sighting_hash(jws)
        return SignedSighting(sequence_number=claims.seq, jws=jws)
