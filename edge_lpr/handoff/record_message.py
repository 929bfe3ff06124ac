"""What the publisher wants signed, and the signed records that the tokeniser hands over for it.

::

    tokeniser -> publisher, about once a second   "T": what is to be signed?
    publisher -> tokeniser, for each T            "N": nothing
                                               or "F" + its figures (102 bytes): a health record
                                               or "G" + boot, first, last, reason (25): a gap
    tokeniser -> publisher, for each F            "D" + health record (JWS)
    tokeniser -> publisher, for each G            "L" + gap (JWS)
    publisher -> tokeniser, for each D and L      an answer, as for a birth

The tokeniser begins, always: the publisher has the network and must not be able to push. What it
may ask for has a fixed form, numbers and nothing else, so that the key signs no text of its
choosing. ``sighting_message.py`` has the messages of births and sightings.
"""

import struct
from dataclasses import dataclass
from typing import Final, TypeAlias, get_args

from edge_lpr.core.errors import HandoffError, WireError
from edge_lpr.wire.bounds import BOOT_PATTERN, MAXIMUM_SEQUENCE
from edge_lpr.wire.gap import MAXIMUM_GAP_BYTES, GapReason
from edge_lpr.wire.health import MAXIMUM_HEALTH_BYTES, PUBLISHER_COUNTERS, Alarm, BoothFigures

_ASK: Final = b"T"
_NOTHING: Final = b"N"
_FIGURES: Final = b"F"
_GAP: Final = b"G"
_HEALTH_RECORD: Final = b"D"
_GAP_RECORD: Final = b"L"

RECORD_KINDS: Final = (_ASK, _HEALTH_RECORD, _GAP_RECORD)
"""First bytes of the tokeniser's messages that ``parse_record`` understands."""

_FIGURES_LAYOUT: Final = struct.Struct(f">{len(PUBLISHER_COUNTERS)}QQQQhhH")
_GAP_LAYOUT: Final = struct.Struct(">8sQQB")

_WITHOUT: Final = -32_768
"""Stands for a figure that there is none of: no certificate, no sensor."""

_ALARMS: Final = get_args(Alarm)
_REASONS: Final = tuple(GapReason)

MAXIMUM_WISH_BYTES: Final = 1 + max(_FIGURES_LAYOUT.size, _GAP_LAYOUT.size)
"""Longest answer to an ask."""


@dataclass(frozen=True, slots=True)
class GapWish:
    """The publisher wants it signed that some sightings will never come.

    Raises:
        HandoffError: The boot is no boot id, or the numbers are out of range.
    """

    boot: str
    """Boot id of the sightings, 16 hexadecimal digits."""
    first: int
    """Smallest of the numbers, from 1."""
    last: int
    """Largest of the numbers, at least ``first``."""
    reason: GapReason
    """Why they will never come."""

    def __post_init__(self) -> None:
        """Check boot and numbers, at either end."""
        if not BOOT_PATTERN.fullmatch(self.boot):
            raise HandoffError("a gap needs a boot id of 16 hexadecimal digits")
        if not 1 <= self.first <= self.last <= MAXIMUM_SEQUENCE:
            raise HandoffError(f"the numbers of a gap must ascend, within 1 to {MAXIMUM_SEQUENCE}")


Wish: TypeAlias = BoothFigures | GapWish
"""What the publisher wants signed: figures stand for a health record that holds them."""


@dataclass(frozen=True, slots=True)
class AskMessage:
    """The tokeniser asks what is to be signed."""


@dataclass(frozen=True, slots=True, repr=False)
class HealthMessage:
    """A signed health record, on its way to the publisher."""

    untrusted_jws: bytes
    """1 to ``MAXIMUM_HEALTH_BYTES`` bytes, not looked at."""


@dataclass(frozen=True, slots=True, repr=False)
class GapMessage:
    """A signed gap, on its way to the publisher."""

    untrusted_jws: bytes
    """1 to ``MAXIMUM_GAP_BYTES`` bytes, not looked at."""


RecordMessage: TypeAlias = AskMessage | HealthMessage | GapMessage
"""What the tokeniser sends besides births and sightings."""


def pack_ask() -> bytes:
    """Return the message that asks what is to be signed."""
    return _ASK


def pack_health(health_jws: bytes) -> bytes:
    """Return the message that carries a health record.

    Raises:
        HandoffError: The document is empty or longer than ``MAXIMUM_HEALTH_BYTES``.
    """
    _check_length("health record", health_jws, MAXIMUM_HEALTH_BYTES)
    return _HEALTH_RECORD + health_jws


def pack_gap(gap_jws: bytes) -> bytes:
    """Return the message that carries a gap.

    Raises:
        HandoffError: The document is empty or longer than ``MAXIMUM_GAP_BYTES``.
    """
    _check_length("gap", gap_jws, MAXIMUM_GAP_BYTES)
    return _GAP_RECORD + gap_jws


def parse_record(untrusted_message: bytes) -> RecordMessage:
    """Take a message from the tokeniser apart that is neither a birth nor a sighting.

    Args:
        untrusted_message: As received, of any length.

    Returns:
        The question, or the document, bounded but not looked at.

    Raises:
        HandoffError: The message is none of those laid out above.
    """
    kind, document = untrusted_message[:1], untrusted_message[1:]
    if untrusted_message == _ASK:
        return AskMessage()
    if kind == _HEALTH_RECORD:
        _check_length("health record", document, MAXIMUM_HEALTH_BYTES)
        return HealthMessage(document)
    if kind == _GAP_RECORD:
        _check_length("gap", document, MAXIMUM_GAP_BYTES)
        return GapMessage(document)
    raise HandoffError("a message of the tokeniser is of no known kind; update both processes")


def pack_wish(wish: Wish | None) -> bytes:
    """Return the answer to an ask.

    Args:
        wish: What is to be signed; ``None`` for nothing.
    """
    if wish is None:
        return _NOTHING
    if isinstance(wish, GapWish):
        boot, reason = bytes.fromhex(wish.boot), _REASONS.index(wish.reason)
        return _GAP + _GAP_LAYOUT.pack(boot, wish.first, wish.last, reason)
    return _FIGURES + _FIGURES_LAYOUT.pack(
        *(wish.counters.get(name, 0) for name in PUBLISHER_COUNTERS),
        wish.unsent,
        wish.oldest_unsent_s,
        wish.kept,
        _WITHOUT if wish.tls_certificate_days is None else min(wish.tls_certificate_days, 32_767),
        _WITHOUT if wish.temperature_c is None else wish.temperature_c,
        sum(1 << _ALARMS.index(alarm) for alarm in set(wish.alarms)),
    )


def parse_wish(untrusted_message: bytes) -> Wish | None:
    """Take the answer to an ask apart.

    Args:
        untrusted_message: As received, of any length.

    Returns:
        What is to be signed, every number within its range; ``None`` for nothing.

    Raises:
        HandoffError: The message is no answer to an ask.
    """
    kind, content = untrusted_message[:1], untrusted_message[1:]
    if untrusted_message == _NOTHING:
        return None
    if kind == _FIGURES and len(content) == _FIGURES_LAYOUT.size:
        return _parse_figures(content)
    if kind == _GAP and len(content) == _GAP_LAYOUT.size:
        boot, first, last, reason = _GAP_LAYOUT.unpack(content)
        if reason >= len(_REASONS):
            raise HandoffError("a gap has a reason that is none; update both processes")
        return GapWish(boot.hex(), first, last, _REASONS[reason])
    raise HandoffError("a message of the publisher is no wish; update both processes")


def _parse_figures(content: bytes) -> BoothFigures:
    """Return the publisher's figures, or refuse them whole."""
    *counters, unsent, oldest_unsent_s, kept, days, temperature_c, alarms = _FIGURES_LAYOUT.unpack(
        content
    )
    if alarms >> len(_ALARMS):
        raise HandoffError("the publisher's figures hold an alarm that is none")
    try:
        return BoothFigures(
            counters=dict(zip(PUBLISHER_COUNTERS, counters, strict=True)),
            unsent=unsent,
            oldest_unsent_s=oldest_unsent_s,
            kept=kept,
            tls_certificate_days=None if days == _WITHOUT else days,
            temperature_c=None if temperature_c == _WITHOUT else temperature_c,
            alarms=tuple(alarm for bit, alarm in enumerate(_ALARMS) if alarms >> bit & 1),
        )
    except WireError as error:
        raise HandoffError(f"a figure of the publisher is out of bounds ({error})") from error


def _check_length(name: str, document: bytes, maximum_bytes: int) -> None:
    """Refuse a document that is empty or too long."""
    if not 1 <= len(document) <= maximum_bytes:
        raise HandoffError(
            f"a {name} document must have 1 to {maximum_bytes} bytes, but has {len(document)}"
        )
