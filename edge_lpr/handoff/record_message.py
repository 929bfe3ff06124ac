"""What the publisher wants signed or has for the tokeniser, and the records that it gets for it.

::

    tokeniser -> publisher, about once a second   "T": what is to be signed, or taken?
    publisher -> tokeniser, for each T            "N": nothing
                                               or "F" + its figures (102 bytes): a health record
                                               or "G" + boot, first, last, reason (25): a gap
                                               or "K" + delivery of keys (JWS)
                                               or "W" + epoch, place (6) + part of a watch-list
    tokeniser -> publisher, for each F            "D" + health record (JWS)
    tokeniser -> publisher, for each G            "L" + gap (JWS)
    tokeniser -> publisher, whenever it is new    "X" + announcement of its transport key (JWS)
                                               or "P" + checkpoint of the audit log (signed note)
    publisher -> tokeniser, for D, L, X and P     an answer, as for a birth

The tokeniser begins, always: the publisher has the network and must not be able to push. What it
may ask to be signed has a fixed form, numbers and nothing else, so that the key signs no text of
its choosing. What it brings from the network is sealed or signed by the authority, for the
tokeniser to check; after a "K" or a "W", which need no answer, the tokeniser asks again at once,
and with that it has said that it has the one before. ``sighting_message.py`` has the messages of
births and sightings.
"""

import struct
from dataclasses import dataclass
from typing import Final, TypeAlias, get_args

from edge_lpr.core.errors import HandoffError, WireError
from edge_lpr.wire.bounds import BOOT_PATTERN, MAXIMUM_EPOCH, MAXIMUM_SEQUENCE
from edge_lpr.wire.checkpoint import MAXIMUM_CHECKPOINT_BYTES
from edge_lpr.wire.gap import MAXIMUM_GAP_BYTES, GapReason
from edge_lpr.wire.health import MAXIMUM_HEALTH_BYTES, PUBLISHER_COUNTERS, Alarm, BoothFigures
from edge_lpr.wire.topics import MAXIMUM_CHUNKS
from edge_lpr.wire.transport import MAXIMUM_TRANSPORT_BYTES

_ASK: Final = b"T"
_NOTHING: Final = b"N"
_FIGURES: Final = b"F"
_GAP: Final = b"G"
_KEYS: Final = b"K"
_WATCH_LIST: Final = b"W"
_HEALTH_RECORD: Final = b"D"
_GAP_RECORD: Final = b"L"
_TRANSPORT: Final = b"X"
_CHECKPOINT: Final = b"P"

RECORD_KINDS: Final = (_ASK, _HEALTH_RECORD, _GAP_RECORD, _TRANSPORT, _CHECKPOINT)
"""First bytes of the tokeniser's messages that ``parse_record`` understands."""

_FIGURES_LAYOUT: Final = struct.Struct(f">{len(PUBLISHER_COUNTERS)}QQQQhhH")
_GAP_LAYOUT: Final = struct.Struct(">8sQQB")
_PART_LAYOUT: Final = struct.Struct(">IH")

# Not taken from ``wire/key_delivery.py`` and ``wire/watch_list.py``, which open what they name: the
# publisher imports this file, and shall load nothing that handles keys. A test compares them.
MAXIMUM_DELIVERY_BYTES: Final = 4096
"""Longest delivery of keys (tokens and keys, 2.4)."""

MAXIMUM_PART_BYTES: Final = 3072
"""Longest manifest or chunk of a watch-list (tokens and keys, 2.4)."""

_MANIFEST_PLACE: Final = 0
"""Stands for the manifest; chunk 0 has place 1."""

_WITHOUT: Final = -32_768
"""Stands for a figure that there is none of: no certificate, no sensor."""

_ALARMS: Final = get_args(Alarm)
_REASONS: Final = tuple(GapReason)

MAXIMUM_WISH_BYTES: Final = 1 + max(
    _FIGURES_LAYOUT.size,
    _GAP_LAYOUT.size,
    MAXIMUM_DELIVERY_BYTES,
    _PART_LAYOUT.size + MAXIMUM_PART_BYTES,
)
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


@dataclass(frozen=True, slots=True, repr=False)
class KeysMessage:
    """A delivery of token keys from the authority, which the publisher cannot open.

    Raises:
        HandoffError: It is empty or longer than ``MAXIMUM_DELIVERY_BYTES``.
    """

    untrusted_jws: bytes
    """Not looked at."""

    def __post_init__(self) -> None:
        """Check the length, at either end."""
        _check_length("delivery", self.untrusted_jws, MAXIMUM_DELIVERY_BYTES)


@dataclass(frozen=True, slots=True, repr=False)
class WatchListMessage:
    """One part of a day's watch-list, signed or sealed by the authority.

    Raises:
        HandoffError: The part is empty or longer than ``MAXIMUM_PART_BYTES``, or one of the
            numbers is out of range.
    """

    epoch: int
    """Key epoch that the list is for, 0 to ``MAXIMUM_EPOCH``."""
    index: int | None
    """Which chunk, from 0, below ``MAXIMUM_CHUNKS``; ``None`` for the manifest."""
    untrusted_content: bytes
    """Not looked at."""

    def __post_init__(self) -> None:
        """Check length and numbers, at either end."""
        _check_length("watch-list", self.untrusted_content, MAXIMUM_PART_BYTES)
        if not 0 <= self.epoch <= MAXIMUM_EPOCH:
            raise HandoffError(f"the epoch of a watch-list must be 0 to {MAXIMUM_EPOCH}")
        if self.index is not None and not 0 <= self.index < MAXIMUM_CHUNKS:
            raise HandoffError(f"a chunk of a watch-list must be below {MAXIMUM_CHUNKS}")


Wish: TypeAlias = BoothFigures | GapWish | KeysMessage | WatchListMessage
"""What the publisher wants signed, figures stand for a health record that holds them; or what it
has for the tokeniser."""


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


@dataclass(frozen=True, slots=True, repr=False)
class TransportMessage:
    """The tokeniser's signed announcement of its newest transport key."""

    untrusted_jws: bytes
    """1 to ``MAXIMUM_TRANSPORT_BYTES`` bytes, not looked at."""


@dataclass(frozen=True, slots=True, repr=False)
class CheckpointMessage:
    """The newest signed checkpoint of the booth's audit log."""

    untrusted_note: bytes
    """1 to ``MAXIMUM_CHECKPOINT_BYTES`` bytes, not looked at."""


RecordMessage: TypeAlias = (
    AskMessage | HealthMessage | GapMessage | TransportMessage | CheckpointMessage
)
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


def pack_transport(transport_jws: bytes) -> bytes:
    """Return the message that carries the announcement of a transport key.

    Raises:
        HandoffError: The document is empty or longer than ``MAXIMUM_TRANSPORT_BYTES``.
    """
    _check_length("transport key", transport_jws, MAXIMUM_TRANSPORT_BYTES)
    return _TRANSPORT + transport_jws


def pack_checkpoint(note: bytes) -> bytes:
    """Return the message that carries a checkpoint.

    Raises:
        HandoffError: It is empty or longer than ``MAXIMUM_CHECKPOINT_BYTES``.
    """
    _check_length("checkpoint", note, MAXIMUM_CHECKPOINT_BYTES)
    return _CHECKPOINT + note


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
    if kind == _TRANSPORT:
        _check_length("transport key", document, MAXIMUM_TRANSPORT_BYTES)
        return TransportMessage(document)
    if kind == _CHECKPOINT:
        _check_length("checkpoint", document, MAXIMUM_CHECKPOINT_BYTES)
        return CheckpointMessage(document)
    raise HandoffError("a message of the tokeniser is of no known kind; update both processes")


def pack_keys(message: KeysMessage) -> bytes:
    """Return the answer to an ask that carries a delivery of keys."""
    return _KEYS + message.untrusted_jws


def pack_watch_list(message: WatchListMessage) -> bytes:
    """Return the answer to an ask that carries a part of a watch-list."""
    place = _MANIFEST_PLACE if message.index is None else message.index + 1
    return _WATCH_LIST + _PART_LAYOUT.pack(message.epoch, place) + message.untrusted_content


def pack_wish(wish: Wish | None) -> bytes:
    """Return the answer to an ask.

    Args:
        wish: What is to be signed or taken; ``None`` for nothing.
    """
    if wish is None:
        return _NOTHING
    if isinstance(wish, KeysMessage):
        return pack_keys(wish)
    if isinstance(wish, WatchListMessage):
        return pack_watch_list(wish)
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
        What is to be signed, every number within its range; or what is to be taken, bounded but
        not looked at; ``None`` for nothing.

    Raises:
        HandoffError: The message is no answer to an ask.
    """
    kind, content = untrusted_message[:1], untrusted_message[1:]
    if untrusted_message == _NOTHING:
        return None
    if kind == _KEYS:
        return KeysMessage(content)
    if kind == _WATCH_LIST and len(content) > _PART_LAYOUT.size:
        epoch, place = _PART_LAYOUT.unpack_from(content)
        index = None if place == _MANIFEST_PLACE else place - 1
        return WatchListMessage(epoch, index, content[_PART_LAYOUT.size :])
    return _parse_signing_wish(kind, content)


def _parse_signing_wish(kind: bytes, content: bytes) -> BoothFigures | GapWish:
    """Return what is to be signed, or refuse it whole."""
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
