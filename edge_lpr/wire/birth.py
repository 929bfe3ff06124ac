"""A birth: what a device says about itself at every start of its tokeniser."""

import re
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias, cast, get_args

from edge_lpr.core.clock import TimeQuality
from edge_lpr.core.errors import WireError
from edge_lpr.wire import jws
from edge_lpr.wire.bounds import (
    BOOT_PATTERN,
    HASH_BYTES,
    MAXIMUM_SEQUENCE,
    require_length,
    require_match,
    require_range,
)
from edge_lpr.wire.claims import ClaimReader, encode_claims
from edge_lpr.wire.sighting import time_quality

BIRTH_TYP: Final = "lpr-birth+jws"
"""Kind of document, in the signed header."""

MAXIMUM_BIRTH_BYTES: Final = 4096
"""Longest signed birth: what the handoff and the broker let through."""

TOKEN_SUITE: Final = 1
"""Suite of the tokens (``tokens/suite1.py``)."""

Mode: TypeAlias = Literal["stream", "hit-only"]
"""What a booth publishes: every passage, or only those that its watch-list has."""

_CONTRACT_VERSION: Final = 1
_SOFTWARE_PATTERN: Final = re.compile(r"[0-9A-Za-z.+!-]{1,64}")
_DIGEST_BYTES: Final = 32
_CERTIFICATE_PATTERN: Final = re.compile(r"[A-Za-z0-9_.-]{1,1024}")


@dataclass(frozen=True, slots=True)
class PreviousBoot:
    """The end of the boot before, as the outbox handed it back and the tokeniser verified it."""

    boot: str
    """Its boot id, 16 hexadecimal digits."""
    seq: int
    """Number of its last sighting."""
    link: bytes
    """``sighting_hash`` of that sighting; it ties this boot to the one before."""

    def __post_init__(self) -> None:
        """Refuse values out of bounds.

        Raises:
            WireError: A value is out of bounds.
        """
        require_match("prev_boot", self.boot, BOOT_PATTERN)
        require_range("prev_seq", self.seq, 1, MAXIMUM_SEQUENCE)
        require_length("prev_hash", self.link, HASH_BYTES)


@dataclass(frozen=True, slots=True)
class BirthClaims:
    """What a birth says."""

    certificate: bytes
    """The device certificate, signed by the authority, as text."""
    boot: str
    """Boot id, 16 hexadecimal digits; new at every start of the tokeniser."""
    previous: PreviousBoot | None
    """The end of the boot before; ``None`` if the outbox remembers none."""
    software: str
    """Version of this software."""
    models: bytes
    """SHA-256 of the models' manifest, 32 bytes."""
    camera_networked: bool
    """Whether the camera is on a network: then the vision process is too."""
    tq: TimeQuality
    """How far the device's clock could be trusted at the start."""
    mode: Mode = "stream"
    """What the booth publishes."""
    keys_end: bool = False
    """Whether the booth has token keys for less than a day from its start on."""
    test: bool = False
    """Whether the input is replayed or rendered."""

    def __post_init__(self) -> None:
        """Refuse values out of bounds.

        Raises:
            WireError: A value is out of bounds.
        """
        require_match("boot", self.boot, BOOT_PATTERN)
        require_match("software", self.software, _SOFTWARE_PATTERN)
        require_match("certificate", self.certificate.decode("latin-1"), _CERTIFICATE_PATTERN)
        require_length("models", self.models, _DIGEST_BYTES)
        if self.mode not in get_args(Mode):
            raise WireError(f"'mode' must be one of {get_args(Mode)}")

    def encode(self) -> bytes:
        """Return the claims as compact JSON."""
        previous = self.previous
        return encode_claims(
            {
                "v": _CONTRACT_VERSION,
                "certificate": self.certificate.decode("ascii"),
                "boot": self.boot,
                "prev_boot": previous.boot if previous else None,
                "prev_seq": previous.seq if previous else None,
                "prev_hash": previous.link if previous else None,
                "software": self.software,
                "models": self.models,
                "camera_networked": self.camera_networked,
                "suite": TOKEN_SUITE,
                "mode": self.mode,
                "tq": self.tq.value,
                "keys_end": self.keys_end or None,
                "test": self.test or None,
            }
        )

    @classmethod
    def decode(cls, untrusted_payload: bytes) -> "BirthClaims":
        """Return what a payload says, every claim within its bounds.

        Args:
            untrusted_payload: Payload of a birth, at most ``MAXIMUM_BIRTH_BYTES`` long.

        Returns:
            The claims.

        Raises:
            WireError: The payload is none of this contract.
        """
        reader = ClaimReader(untrusted_payload, "birth")
        reader.constant("v", _CONTRACT_VERSION)
        reader.constant("suite", TOKEN_SUITE)
        claims = cls(
            certificate=reader.text("certificate").encode("utf-8", "replace"),
            boot=reader.text("boot"),
            previous=_previous_boot(reader),
            software=reader.text("software"),
            models=reader.octets("models"),
            camera_networked=reader.truth("camera_networked"),
            tq=time_quality(reader.text("tq")),
            mode=cast("Mode", reader.text("mode")),
            keys_end=reader.mark("keys_end"),
            test=reader.mark("test"),
        )
        reader.nothing_else()
        return claims


def sign_birth(claims: BirthClaims, key: jws.SigningKey) -> bytes:
    """Return a signed birth.

    Args:
        claims: What it says.
        key: The device's event key, the one that the certificate names.

    Returns:
        JWS, ASCII, at most ``MAXIMUM_BIRTH_BYTES`` long.
    """
    return key.sign(BIRTH_TYP, claims.encode())


def parse_birth(untrusted_document: bytes) -> jws.UntrustedDocument:
    """Take a signed birth apart without believing it.

    Args:
        untrusted_document: As received, of any length.

    Returns:
        Its parts. The certificate in the payload says which key must have signed it.

    Raises:
        WireError: It is too long or no signed document.
    """
    return jws.parse(untrusted_document, MAXIMUM_BIRTH_BYTES)


def _previous_boot(reader: ClaimReader) -> PreviousBoot | None:
    """Take the end of the boot before: all of its three claims or none."""
    if not reader.has("prev_boot"):
        return None
    return PreviousBoot(
        reader.text("prev_boot"), reader.integer("prev_seq"), reader.octets("prev_hash")
    )
