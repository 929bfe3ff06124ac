"""Readings of invented plates, as vision sends them."""

from edge_lpr.core.alphabet import PLATE_ALPHABET
from edge_lpr.handoff.reading_message import READING_BYTES, ReadingMessage


def indices_of(plate: bytes) -> bytearray:
    """Return the class indices of a plate in A-Z and 0-9."""
    return bytearray(PLATE_ALPHABET.index(character) for character in plate)


def reading_of(
    plate: bytes = b"B123ABC", *, lane: int = 1, age_ms: int = 0, agreeing_readings: int = 2
) -> ReadingMessage:
    """Return a reading of a plate."""
    return ReadingMessage(
        lane=lane,
        direction="in",
        confidence_bucket=3,
        agreeing_readings=agreeing_readings,
        class_indices=indices_of(plate),
        age_ms=age_ms,
    )


def packed(reading: ReadingMessage) -> bytearray:
    """Return the 64 bytes of a reading."""
    buffer = bytearray(READING_BYTES)
    reading.pack_into(buffer)
    return buffer
