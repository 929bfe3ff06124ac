"""A sighting: the only record about a passage that leaves a booth.

A booth that publishes every passage writes its two tokens as ``exact`` and ``fold``. One that
publishes hits alone writes one claim in their place, ``hit``: the tokens, the entry of the
watch-list and a last byte, which is 1 if the match was not exact. Named apart, the four would
not fit into ``MAXIMUM_SIGHTING_BYTES``.
"""

import hashlib
import struct
from dataclasses import dataclass
from typing import Final, Literal, cast, get_args

from edge_lpr.core.clock import TimeQuality
from edge_lpr.core.errors import WireError
from edge_lpr.wire import jws
from edge_lpr.wire.bounds import (
    BOOT_PATTERN,
    HASH_BYTES,
    MAXIMUM_EPOCH,
    MAXIMUM_SEQUENCE,
    MAXIMUM_UNIX_S,
    require_length,
    require_match,
    require_range,
)
from edge_lpr.wire.claims import ClaimReader, encode_claims

SIGHTING_TYP: Final = "lpr-sighting+jws"
"""Kind of document, in the signed header."""

MAXIMUM_SIGHTING_BYTES: Final = 512
"""Longest signed sighting; the longest possible one has 511."""

FIRST_PREV: Final = bytes(HASH_BYTES)
"""``prev`` of the first sighting of every boot; 22 times ``A`` on the wire."""

READS_BUCKETS: Final = (2, 3, 6)
"""Agreeing readings: 2, 3 to 5, 6 and more."""

ENTRY_ID_BYTES: Final = 8
"""Length of an entry id: random for every site and epoch, so that ids link nothing."""

Direction = Literal["in", "out", "unknown"]
"""Direction of travel."""

_CONTRACT_VERSION: Final = 1
_TOKEN_BYTES: Final = 16
_HIT: Final = struct.Struct(f"> {_TOKEN_BYTES}s {_TOKEN_BYTES}s {ENTRY_ID_BYTES}s B")
_MAXIMUM_LANE: Final = 16
_MAXIMUM_CONFIDENCE_BUCKET: Final = 3


@dataclass(frozen=True, slots=True, repr=False)
class SightingClaims:
    """What a sighting says, under the names of the contract. No ``repr``: it holds tokens."""

    boot: str
    """Boot id of the tokeniser, 16 hexadecimal digits."""
    seq: int
    """Number within the boot: from 1, without holes."""
    at: int
    """When the vehicle was last seen, UTC in whole seconds since 1970."""
    tq: TimeQuality
    """How far ``at`` can be trusted; never ``NONE``."""
    lane: int
    """Lane, 1..16."""
    dir: Direction
    """Direction of travel."""
    epoch: int
    """Key epoch of the tokens."""
    exact: bytes
    """Exact token, 16 bytes."""
    fold: bytes
    """Folded token, 16 bytes."""
    conf: int
    """Confidence bucket, 0..3."""
    reads: int
    """Agreeing readings, bucketed: one of ``READS_BUCKETS``."""
    prev: bytes
    """Chain: ``sighting_hash`` of the sighting before in the same boot; ``FIRST_PREV`` for number
    1. What ties boots together is the birth, which names the end of the boot before."""
    entry: bytes | None = None
    """Entry of the watch-list that the vehicle matched, 8 bytes; ``None`` from a booth that
    publishes every passage."""
    possible: bool = False
    """Whether only the folded token matched, or only a variant of the entry: look at the
    vehicle."""
    test: bool = False
    """Whether the input was replayed or rendered, and never a real vehicle."""

    def __post_init__(self) -> None:
        """Refuse claims out of bounds, whether they come from here or from the network.

        Raises:
            WireError: A claim is out of bounds.
        """
        require_match("boot", self.boot, BOOT_PATTERN)
        require_range("seq", self.seq, 1, MAXIMUM_SEQUENCE)
        require_range("at", self.at, 0, MAXIMUM_UNIX_S)
        require_range("lane", self.lane, 1, _MAXIMUM_LANE)
        require_range("epoch", self.epoch, 0, MAXIMUM_EPOCH)
        require_range("conf", self.conf, 0, _MAXIMUM_CONFIDENCE_BUCKET)
        require_length("exact", self.exact, _TOKEN_BYTES)
        require_length("fold", self.fold, _TOKEN_BYTES)
        require_length("prev", self.prev, HASH_BYTES)
        self._require_entry()
        if self.tq is TimeQuality.NONE:
            raise WireError("'tq' must not be none: without a clock there is no sighting")
        if self.dir not in get_args(Direction):
            raise WireError(f"'dir' must be one of {get_args(Direction)}")
        if self.reads not in READS_BUCKETS:
            raise WireError(f"'reads' must be one of {READS_BUCKETS}")

    def _require_entry(self) -> None:
        """Refuse an entry of another length, and a possible match of none."""
        if self.entry is not None:
            require_length("entry", self.entry, ENTRY_ID_BYTES)
        elif self.possible:
            raise WireError("only what matches an entry of a watch-list is a possible hit")

    def encode(self) -> bytes:
        """Return the claims as compact JSON; its length does not depend on the plate."""
        is_hit = self.entry is not None
        hit = _HIT.pack(self.exact, self.fold, self.entry, self.possible) if is_hit else None
        return encode_claims(
            {
                "v": _CONTRACT_VERSION,
                "boot": self.boot,
                "seq": self.seq,
                "at": self.at,
                "tq": self.tq.value,
                "lane": self.lane,
                "dir": self.dir,
                "epoch": self.epoch,
                "exact": None if is_hit else self.exact,
                "fold": None if is_hit else self.fold,
                "hit": hit,
                "conf": self.conf,
                "reads": self.reads,
                "prev": self.prev,
                "test": self.test or None,
            }
        )

    @classmethod
    def decode(cls, untrusted_payload: bytes) -> "SightingClaims":
        """Return what a payload says, every claim within its bounds.

        Args:
            untrusted_payload: Payload of a sighting, at most ``MAXIMUM_SIGHTING_BYTES`` long.

        Returns:
            The claims.

        Raises:
            WireError: The payload is none of this contract.
        """
        reader = ClaimReader(untrusted_payload, "sighting")
        reader.constant("v", _CONTRACT_VERSION)
        exact, fold, entry, possible = _tokens(reader)
        claims = cls(
            boot=reader.text("boot"),
            seq=reader.integer("seq"),
            at=reader.integer("at"),
            tq=time_quality(reader.text("tq")),
            lane=reader.integer("lane"),
            dir=cast("Direction", reader.text("dir")),
            epoch=reader.integer("epoch"),
            exact=exact,
            fold=fold,
            conf=reader.integer("conf"),
            reads=reader.integer("reads"),
            prev=reader.octets("prev"),
            entry=entry,
            possible=possible,
            test=reader.mark("test"),
        )
        reader.nothing_else()
        return claims


def _tokens(reader: ClaimReader) -> tuple[bytes, bytes, bytes | None, bool]:
    """Take the tokens in one of their two forms: both, entry and whether it is only possible."""
    if not reader.has("hit"):
        return reader.octets("exact"), reader.octets("fold"), None, False
    untrusted_hit = reader.octets("hit")
    require_length("hit", untrusted_hit, _HIT.size)
    exact, fold, entry, mark = _HIT.unpack(untrusted_hit)
    require_range("last byte of hit", mark, 0, 1)
    return exact, fold, entry, mark == 1


def bucket_reads(agreeing_readings: int) -> int:
    """Return the bucket of a number of agreeing readings.

    Args:
        agreeing_readings: 2 or more.

    Returns:
        The largest of ``READS_BUCKETS`` that is not above it.
    """
    return max(bucket for bucket in READS_BUCKETS if bucket <= agreeing_readings)


def sign_sighting(claims: SightingClaims, key: jws.SigningKey) -> bytes:
    """Return a signed sighting.

    Args:
        claims: What it says.
        key: The device's event key.

    Returns:
        JWS, ASCII, at most ``MAXIMUM_SIGHTING_BYTES`` long.
    """
    return key.sign(SIGHTING_TYP, claims.encode())


def parse_sighting(untrusted_document: bytes) -> jws.UntrustedDocument:
    """Take a signed sighting apart without believing it.

    Args:
        untrusted_document: As received, of any length.

    Returns:
        Its parts; ``SightingClaims.decode`` reads the payload once it is verified.

    Raises:
        WireError: It is too long or no signed document.
    """
    return jws.parse(untrusted_document, MAXIMUM_SIGHTING_BYTES)


def verify_sighting(untrusted_document: bytes, public_key: jws.PublicKey) -> SightingClaims:
    """Return what a sighting says once its signature holds.

    Args:
        untrusted_document: As received, of any length.
        public_key: The device's event key.

    Returns:
        The claims.

    Raises:
        WireError: It is no sighting of this contract.
        VerificationError: The key has not signed it.
    """
    payload = parse_sighting(untrusted_document).verified(SIGHTING_TYP, public_key)
    return SightingClaims.decode(payload)


def sighting_hash(document: bytes) -> bytes:
    """Return the link that the next sighting carries in ``prev``.

    Args:
        document: Signed sighting, exactly as it is published.

    Returns:
        First 16 bytes of its SHA-256.
    """
    return hashlib.sha256(document).digest()[:HASH_BYTES]


def time_quality(untrusted_word: str) -> TimeQuality:
    """Return the time quality that a word stands for.

    Args:
        untrusted_word: none, saved, rtc or ntp.

    Returns:
        The quality.

    Raises:
        WireError: The word is none of these.
    """
    try:
        return TimeQuality(untrusted_word)
    except ValueError as error:
        raise WireError("'tq' must be none, saved, rtc or ntp") from error
