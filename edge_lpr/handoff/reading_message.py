"""The reading that crosses from vision to the tokeniser: 64 bytes, and no room for a picture.

::

    offset  bytes  content
         0      4  "LPRR"
         4      1  version, 1
         5      1  lane, 1 to 16
         6      1  direction of travel: 0 unknown, 1 in, 2 out
         7      1  confidence bucket, 0 to 3
         8      1  agreeing readings, 2 to 255
         9      1  length of the plate, 2 to 12 characters
        10      4  age: milliseconds since the vehicle was last seen, big-endian, at most 600,000
        14     12  class indices, 0 to 35 each; 0xFF behind the plate's end
        26     38  zero

Every byte is checked, also those that mean nothing: what cannot vary cannot carry a message.
Whether the lane exists and how often a reading may come is left to the tokeniser.
"""

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from edge_lpr.core.alphabet import MAX_PLATE_LENGTH, MIN_PLATE_LENGTH, PLATE_ALPHABET
from edge_lpr.core.errors import HandoffError
from edge_lpr.core.settings import Direction
from edge_lpr.core.wipe import wipe

READING_BYTES: Final = 64
"""Length of every reading message."""

READING_TAKEN: Final = b"A"
"""The tokeniser's answer: the token is made, and the plate text is wiped."""

READING_REFUSED: Final = b"R"
"""The tokeniser's answer: refused for good, and counted; sending it again changes nothing."""

MAXIMUM_AGE_MS: Final = 600_000
"""Ten minutes: within the time that the key of a past epoch is kept."""

MAXIMUM_LANE: Final = 16
"""Most lanes that the settings can name."""

MAXIMUM_CONFIDENCE_BUCKET: Final = 3
"""Buckets are 0 to 3: a finer value would be a fingerprint."""

MINIMUM_AGREEING_READINGS: Final = 2
"""A plate that was read once is not published."""

MAXIMUM_AGREEING_READINGS: Final = 255
"""Whoever counts further says 255."""

_HEADER: Final = struct.Struct(">4sBBBBBBI")
_MAGIC: Final = b"LPRR"
_VERSION: Final = 1
_INDICES_AT: Final = _HEADER.size
_PADDING_AT: Final = _INDICES_AT + MAX_PLATE_LENGTH
_NO_CHARACTER: Final = 0xFF
_DIRECTION_CODES: Final[Mapping[Direction, int]] = {"unknown": 0, "in": 1, "out": 2}
_DIRECTIONS: Final[tuple[Direction, ...]] = ("unknown", "in", "out")


@dataclass(slots=True, repr=False)
class ReadingMessage:
    """The consensus of one passage. No ``repr``: it would print the plate.

    Raises:
        HandoffError: A field is out of range; the message names the field.
    """

    lane: int
    """Lane number, 1 to 16."""
    direction: Direction
    """Direction of travel."""
    confidence_bucket: int
    """0 (least) to 3."""
    agreeing_readings: int
    """Readings that agreed, 2 to 255."""
    class_indices: bytearray
    """2 to 12 indices into ``PLATE_ALPHABET``; owned by this object, which wipes it."""
    age_ms: int = 0
    """Milliseconds from the vehicle's last frame to sending, at most ``MAXIMUM_AGE_MS``."""

    def __post_init__(self) -> None:
        """Check every field, at either end."""
        _check_range("lane", self.lane, 1, MAXIMUM_LANE)
        _check_range("confidence bucket", self.confidence_bucket, 0, MAXIMUM_CONFIDENCE_BUCKET)
        _check_range(
            "number of agreeing readings",
            self.agreeing_readings,
            MINIMUM_AGREEING_READINGS,
            MAXIMUM_AGREEING_READINGS,
        )
        _check_range("age in ms", self.age_ms, 0, MAXIMUM_AGE_MS)
        _check_range("plate length", len(self.class_indices), MIN_PLATE_LENGTH, MAX_PLATE_LENGTH)
        if self.direction not in _DIRECTION_CODES:
            raise HandoffError("a reading's direction is none of in, out and unknown")
        if max(self.class_indices) >= len(PLATE_ALPHABET):
            raise HandoffError("a reading holds a class index outside the alphabet")

    def pack_into(self, buffer: bytearray) -> None:
        """Write the message to the caller's memory, which the caller wipes.

        Args:
            buffer: ``READING_BYTES`` long; overwritten whole.

        Raises:
            ValueError: ``buffer`` has another length.
        """
        if len(buffer) != READING_BYTES:
            raise ValueError(f"a reading needs {READING_BYTES} bytes, not {len(buffer)}")
        _HEADER.pack_into(
            buffer,
            0,
            _MAGIC,
            _VERSION,
            self.lane,
            _DIRECTION_CODES[self.direction],
            self.confidence_bucket,
            self.agreeing_readings,
            len(self.class_indices),
            self.age_ms,
        )
        plate_end = _INDICES_AT + len(self.class_indices)
        buffer[_INDICES_AT:plate_end] = self.class_indices
        buffer[plate_end:_PADDING_AT] = bytes([_NO_CHARACTER]) * (_PADDING_AT - plate_end)
        buffer[_PADDING_AT:] = bytes(READING_BYTES - _PADDING_AT)

    def wipe(self) -> None:
        """Overwrite the plate with zeros; may be called twice."""
        wipe(self.class_indices)


def parse_reading(untrusted_message: memoryview) -> ReadingMessage:
    """Check a message from vision and take it apart.

    Args:
        untrusted_message: Bytes as received, of any length. Not modified; the caller wipes it.

    Returns:
        The reading, every field within its range, with a copy of the class indices that its
        ``wipe`` overwrites.

    Raises:
        HandoffError: Anything at all is not as the layout above says.
    """
    if len(untrusted_message) != READING_BYTES:
        raise HandoffError(
            f"a reading has {READING_BYTES} bytes, but one of {len(untrusted_message)} came"
        )
    magic, version, lane, direction, confidence, agreeing, length, age_ms = _HEADER.unpack_from(
        untrusted_message
    )
    if magic != _MAGIC or version != _VERSION:
        raise HandoffError(
            "a message is no reading of version 1; vision and tokeniser must be of one release"
        )
    if direction >= len(_DIRECTIONS):
        raise HandoffError("a reading's direction is none of in, out and unknown")
    _check_range("plate length", length, MIN_PLATE_LENGTH, MAX_PLATE_LENGTH)
    plate_end = _INDICES_AT + length
    if any(index != _NO_CHARACTER for index in untrusted_message[plate_end:_PADDING_AT]):
        raise HandoffError("a reading holds class indices behind the plate's end")
    if any(untrusted_message[_PADDING_AT:]):
        raise HandoffError("a reading's padding is not zero")
    class_indices = bytearray(untrusted_message[_INDICES_AT:plate_end])
    try:
        return ReadingMessage(
            lane=lane,
            direction=_DIRECTIONS[direction],
            confidence_bucket=confidence,
            agreeing_readings=agreeing,
            class_indices=class_indices,
            age_ms=age_ms,
        )
    except HandoffError:
        wipe(class_indices)
        raise


def _check_range(name: str, number: int, minimum: int, maximum: int) -> None:
    """Refuse a number outside its range."""
    if not minimum <= number <= maximum:
        raise HandoffError(f"a reading's {name} must be {minimum} to {maximum}, but is {number}")
