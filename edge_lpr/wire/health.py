"""How a booth is: counters, queue, clock and certificates, signed once a minute.

The tokeniser signs it, with the last number of its own chain, so that a publisher or a broker that
drops the newest sightings is noticed within a minute. What vision and publisher say about
themselves stands inside, bounded: a fixed set of counters, two significant digits each. That leaves
a taken-over process little room to say anything else, but not none: ``tokeniser/vision_watch.py``
holds vision's counters to counting, and ``SECURITY.md`` says what remains.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias, cast, get_args

from edge_lpr.core.clock import TimeQuality
from edge_lpr.core.errors import WireError
from edge_lpr.core.vision_counts import CAMERA_STATES, VISION_COUNTERS, CameraState
from edge_lpr.wire import jws
from edge_lpr.wire.bounds import (
    BOOT_PATTERN,
    HASH_BYTES,
    MAXIMUM_SEQUENCE,
    MAXIMUM_UNIX_S,
    require_length,
    require_match,
    require_range,
)
from edge_lpr.wire.claims import ClaimReader, encode_claims
from edge_lpr.wire.sighting import time_quality

HEALTH_TYP: Final = "lpr-health+jws"
"""Kind of document, in the signed header."""

MAXIMUM_HEALTH_BYTES: Final = 3072
"""Longest signed health record; the longest possible one has 2,798."""

TOKENISER_COUNTERS: Final = (
    "received",
    "refused",
    "no_key",
    "tokenised",
    "no_list",
    "not_listed",
    "delivered",
    "refused_by_publisher",
    "undelivered",
    "deliveries",
    "deliveries_refused",
)
"""What the tokeniser counts, in the order of a reading's journey. Those down to ``not_listed`` are
counted by its receiving thread, the next three by the delivering one. In hit-only mode ``no_list``
ones met no watch-list of their epoch, and ``not_listed`` ones are not on it. ``deliveries`` of
token keys were accepted, ``deliveries_refused`` were not."""

PUBLISHER_COUNTERS: Final = (
    "accepted",
    "duplicates",
    "published",
    "refused_by_broker",
    "resent",
    "requests_refused",
    "dropped",
    "connections",
    "bytes_sent",
)
"""What the publisher counts: sightings, but ``connections`` made to the broker and ``bytes_sent``
to it. ``resent`` ones were asked for; ``dropped`` ones had to go unsent and are named in gaps."""

Alarm: TypeAlias = Literal[
    "vision_away",
    "camera_away",
    "camera_frozen",
    "camera_dark",
    "no_clock",
    "keys_end",
    "watch_list_missing",
    "certificate_ends",
    "tls_certificate_ends",
    "outbox_filling",
    "outbox_failing",
    "sightings_dropped",
    "bandwidth",
    "hot",
]
"""What somebody should look at."""

_CONTRACT_VERSION: Final = 1
_MOST_DIGITS: Final = 2
_MAXIMUM_COUNT: Final = 990_000_000_000_000
_MAXIMUM_DAYS: Final = 36_525
_TEMPERATURES_C: Final = (-100, 200)


@dataclass(frozen=True, slots=True, kw_only=True)
class BoothFigures:
    """What the publisher contributes; nobody but itself vouches for it."""

    counters: Mapping[str, int]
    """By the names of ``PUBLISHER_COUNTERS``, since its start."""
    unsent: int
    """Sightings in the outbox that the broker has not taken."""
    oldest_unsent_s: int
    """How long the oldest of them has waited, in seconds; 0 if there is none."""
    kept: int
    """Sightings that were sent and can be asked for again."""
    tls_certificate_days: int | None = None
    """Whole days that the client certificate is still valid; ``None`` without one."""
    temperature_c: int | None = None
    """Of the hottest sensor of the board, degrees Celsius; ``None`` without one."""
    alarms: tuple[Alarm, ...] = ()
    """What somebody should look at."""

    def __post_init__(self) -> None:
        """Refuse figures out of bounds, and round the counters down to two digits.

        Raises:
            WireError: A figure is out of bounds.
        """
        object.__setattr__(self, "counters", _bounded(self.counters, PUBLISHER_COUNTERS))
        require_range("unsent", self.unsent, 0, _MAXIMUM_COUNT)
        require_range("oldest_unsent_s", self.oldest_unsent_s, 0, MAXIMUM_UNIX_S)
        require_range("kept", self.kept, 0, _MAXIMUM_COUNT)
        require_range("tls_certificate_days", self.tls_certificate_days or 0, 0, _MAXIMUM_DAYS)
        require_range("temperature_c", self.temperature_c or 0, *_TEMPERATURES_C)
        _require_alarms(self.alarms)


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthClaims:
    """What a health record says, under the names of the contract."""

    boot: str
    """Boot id of the tokeniser, 16 hexadecimal digits."""
    seq: int
    """Number of the last sighting that was signed in this boot, 0 before the first."""
    link: bytes
    """``sighting_hash`` of that sighting; ``FIRST_PREV`` before the first."""
    at: int
    """When this was signed, UTC in whole seconds since 1970, as far as ``tq`` lets one know."""
    tq: TimeQuality
    """How far the device's clock can be trusted."""
    up_s: int
    """How long the tokeniser has run, in seconds."""
    camera: CameraState
    """What vision sees."""
    vision: Mapping[str, int] | None
    """Vision's counters since its start; ``None`` if it is away."""
    tokeniser: Mapping[str, int]
    """The tokeniser's counters since its start."""
    queued: int
    """Passages that wait in the tokeniser for the publisher."""
    certificate_days: int
    """Whole days that the device certificate is still valid."""
    key_days: int
    """Whole days for which token keys are there."""
    figures: BoothFigures
    """What the publisher says."""
    alarms: tuple[Alarm, ...] = ()
    """What somebody should look at, besides the publisher's."""
    test: bool = False
    """Whether the input is replayed or rendered."""

    def __post_init__(self) -> None:
        """Refuse claims out of bounds, and round the counters down to two digits.

        Raises:
            WireError: A claim is out of bounds.
        """
        require_match("boot", self.boot, BOOT_PATTERN)
        require_range("seq", self.seq, 0, MAXIMUM_SEQUENCE)
        require_length("link", self.link, HASH_BYTES)
        require_range("at", self.at, 0, MAXIMUM_UNIX_S)
        require_range("up_s", self.up_s, 0, MAXIMUM_UNIX_S)
        require_range("queued", self.queued, 0, _MAXIMUM_COUNT)
        require_range("certificate_days", self.certificate_days, 0, _MAXIMUM_DAYS)
        require_range("key_days", self.key_days, 0, _MAXIMUM_DAYS)
        if self.camera not in CAMERA_STATES:
            raise WireError(f"'camera' must be one of {CAMERA_STATES}")
        _require_alarms(self.alarms)
        if self.vision is not None:
            object.__setattr__(self, "vision", _bounded(self.vision, VISION_COUNTERS))
        object.__setattr__(self, "tokeniser", _bounded(self.tokeniser, TOKENISER_COUNTERS))

    @property
    def all_alarms(self) -> tuple[Alarm, ...]:
        """Everything that somebody should look at, whoever noticed it, each once."""
        return tuple(dict.fromkeys((*self.alarms, *self.figures.alarms)))

    def encode(self) -> bytes:
        """Return the claims as compact JSON."""
        return encode_claims(
            {
                "v": _CONTRACT_VERSION,
                "boot": self.boot,
                "seq": self.seq,
                "link": self.link,
                "at": self.at,
                "tq": self.tq.value,
                "up_s": self.up_s,
                "camera": self.camera,
                "vision": self.vision,
                "tokeniser": self.tokeniser,
                "publisher": self.figures.counters,
                "queued": self.queued,
                "unsent": self.figures.unsent,
                "oldest_unsent_s": self.figures.oldest_unsent_s,
                "kept": self.figures.kept,
                "certificate_days": self.certificate_days,
                "tls_certificate_days": self.figures.tls_certificate_days,
                "key_days": self.key_days,
                "temperature_c": self.figures.temperature_c,
                "alarms": self.all_alarms,
                "test": self.test or None,
            }
        )

    @classmethod
    def decode(cls, untrusted_payload: bytes) -> "HealthClaims":
        """Return what a payload says, every claim within its bounds.

        Who noticed an alarm does not travel: all of them come back in ``alarms``.

        Args:
            untrusted_payload: Payload of a health record, at most ``MAXIMUM_HEALTH_BYTES`` long.

        Returns:
            The claims.

        Raises:
            WireError: The payload is none of this contract.
        """
        reader = ClaimReader(untrusted_payload, "health record")
        reader.constant("v", _CONTRACT_VERSION)
        figures = BoothFigures(
            counters=_required_counters(reader, "publisher", PUBLISHER_COUNTERS),
            unsent=reader.integer("unsent"),
            oldest_unsent_s=reader.integer("oldest_unsent_s"),
            kept=reader.integer("kept"),
            tls_certificate_days=reader.optional_integer("tls_certificate_days"),
            temperature_c=reader.optional_integer("temperature_c"),
        )
        claims = cls(
            boot=reader.text("boot"),
            seq=reader.integer("seq"),
            link=reader.octets("link"),
            at=reader.integer("at"),
            tq=time_quality(reader.text("tq")),
            up_s=reader.integer("up_s"),
            camera=cast("CameraState", reader.text("camera")),
            vision=_coarse_counters(reader, "vision", VISION_COUNTERS),
            tokeniser=_required_counters(reader, "tokeniser", TOKENISER_COUNTERS),
            queued=reader.integer("queued"),
            certificate_days=reader.integer("certificate_days"),
            key_days=reader.integer("key_days"),
            figures=figures,
            alarms=cast("tuple[Alarm, ...]", reader.words("alarms", get_args(Alarm))),
            test=reader.mark("test"),
        )
        reader.nothing_else()
        return claims


def two_digits(count: int) -> int:
    """Round a count down to two significant digits: 1,299 becomes 1,200.

    Args:
        count: Not negative.
    """
    scale = int(10 ** max(0, len(str(count)) - _MOST_DIGITS))
    return count // scale * scale


def sign_health(claims: HealthClaims, key: jws.SigningKey) -> bytes:
    """Return a signed health record.

    Args:
        claims: What it says.
        key: The device's event key.

    Returns:
        JWS, ASCII, at most ``MAXIMUM_HEALTH_BYTES`` long.
    """
    return key.sign(HEALTH_TYP, claims.encode())


def parse_health(untrusted_document: bytes) -> jws.UntrustedDocument:
    """Take a signed health record apart without believing it.

    Args:
        untrusted_document: As received, of any length.

    Returns:
        Its parts.

    Raises:
        WireError: It is too long or no signed document.
    """
    return jws.parse(untrusted_document, MAXIMUM_HEALTH_BYTES)


def _bounded(counters: Mapping[str, int], allowed: tuple[str, ...]) -> dict[str, int]:
    """Return counters rounded to two digits, refusing names and numbers out of bounds."""
    if not set(counters) <= set(allowed):
        raise WireError(f"a counter of a health record must be one of {allowed}")
    for name, count in counters.items():
        require_range(name, count, 0, _MAXIMUM_COUNT)
    return {name: two_digits(count) for name, count in counters.items()}


def _require_alarms(alarms: tuple[Alarm, ...]) -> None:
    """Refuse alarms that the contract does not have."""
    if not set(alarms) <= set(get_args(Alarm)):
        raise WireError(f"'alarms' must be some of {get_args(Alarm)}")


def _coarse_counters(
    reader: ClaimReader, name: str, allowed: tuple[str, ...]
) -> dict[str, int] | None:
    """Take counters, refusing finer ones than this contract writes."""
    counters = reader.counters(name, allowed)
    if counters is not None and counters != _bounded(counters, allowed):
        raise WireError(f"a counter of {name!r} has more than {_MOST_DIGITS} significant digits")
    return counters


def _required_counters(reader: ClaimReader, name: str, allowed: tuple[str, ...]) -> dict[str, int]:
    """Take counters that must be there."""
    counters = _coarse_counters(reader, name, allowed)
    if counters is None:
        raise WireError(f"the health record has no {name!r}")
    return counters
