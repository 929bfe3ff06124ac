"""A reading is 64 bytes, every one of them checked."""

import struct

import pytest

from edge_lpr.core.errors import HandoffError
from edge_lpr.handoff.reading_message import READING_BYTES, ReadingMessage, parse_reading
from tests.support.readings import indices_of, packed, reading_of

LANE_AT, DIRECTION_AT, CONFIDENCE_AT, READS_AT, LENGTH_AT = 5, 6, 7, 8, 9
AGE_AT, INDICES_AT, PADDING_AT = 10, 14, 26


def parse(message: bytes | bytearray) -> ReadingMessage:
    return parse_reading(memoryview(message))


def test_message_is_laid_out_as_documented() -> None:
    message = packed(reading_of(b"A1", lane=3, age_ms=0x010203, agreeing_readings=9))
    assert message == (
        b"LPRR\x01\x03\x01\x03\x09\x02" + b"\x00\x01\x02\x03" + b"\x0a\x01" + b"\xff" * 10
    ).ljust(READING_BYTES, b"\x00")


def test_parsed_reading_says_what_was_packed() -> None:
    reading = parse(packed(reading_of(b"B123ABC", lane=16, age_ms=600_000, agreeing_readings=255)))
    assert (reading.lane, reading.direction, reading.confidence_bucket) == (16, "in", 3)
    assert (reading.agreeing_readings, reading.age_ms) == (255, 600_000)
    assert reading.class_indices == indices_of(b"B123ABC")


def test_parsed_reading_owns_its_plate() -> None:
    message = packed(reading_of(b"B123ABC"))
    reading = parse(message)
    reading.wipe()
    assert message == packed(reading_of(b"B123ABC"))
    assert reading.class_indices == bytes(7)


def test_wiping_overwrites_the_memory_that_held_the_plate() -> None:
    plate = indices_of(b"B123ABC")
    reading = ReadingMessage(
        lane=1, direction="out", confidence_bucket=0, agreeing_readings=2, class_indices=plate
    )
    reading.wipe()
    assert plate == bytes(7)


def test_shorter_plate_leaves_nothing_of_a_longer_one_in_the_buffer() -> None:
    buffer = packed(reading_of(b"LONGPLATE123"))
    reading_of(b"AB").pack_into(buffer)
    assert buffer == packed(reading_of(b"AB"))


def test_reading_has_no_telling_repr() -> None:
    reading = reading_of(b"B123ABC")
    assert "class_indices" not in repr(reading)
    assert "bytearray" not in repr(reading)


@pytest.mark.parametrize("length", [0, 1, 63, 65, 4096])
def test_message_of_another_length_is_refused(length: int) -> None:
    with pytest.raises(HandoffError, match="64 bytes"):
        parse(bytes(length))


@pytest.mark.parametrize(
    ("offset", "octet", "words"),
    [
        pytest.param(0, ord("X"), "no reading of version 1", id="magic"),
        pytest.param(4, 2, "no reading of version 1", id="version"),
        pytest.param(LANE_AT, 0, "lane must be 1 to 16", id="lane 0"),
        pytest.param(LANE_AT, 17, "lane must be 1 to 16", id="lane 17"),
        pytest.param(DIRECTION_AT, 3, "direction", id="direction"),
        pytest.param(CONFIDENCE_AT, 4, "confidence bucket must be 0 to 3", id="confidence"),
        pytest.param(READS_AT, 1, "agreeing readings must be 2 to 255", id="one reading"),
        pytest.param(LENGTH_AT, 1, "plate length must be 2 to 12", id="one character"),
        pytest.param(LENGTH_AT, 13, "plate length must be 2 to 12", id="thirteen characters"),
        pytest.param(LENGTH_AT, 6, "behind the plate's end", id="character behind the end"),
        pytest.param(LENGTH_AT, 8, "outside the alphabet", id="missing character"),
        pytest.param(AGE_AT, 1, "age in ms must be 0 to 600000", id="older than ten minutes"),
        pytest.param(INDICES_AT, 36, "outside the alphabet", id="class index"),
        pytest.param(PADDING_AT, 1, "padding is not zero", id="first byte of the padding"),
        pytest.param(READING_BYTES - 1, 1, "padding is not zero", id="last byte of the padding"),
    ],
)
def test_wrong_byte_is_refused(offset: int, octet: int, words: str) -> None:
    message = packed(reading_of(b"B123ABC"))
    message[offset] = octet
    with pytest.raises(HandoffError, match=words):
        parse(message)


def test_age_of_ten_minutes_and_a_millisecond_is_refused() -> None:
    message = packed(reading_of())
    struct.pack_into(">I", message, AGE_AT, 600_001)
    with pytest.raises(HandoffError, match="age in ms"):
        parse(message)


def test_refusal_does_not_quote_the_plate() -> None:
    message = packed(reading_of(b"B123ABC"))
    message[LANE_AT] = 0
    with pytest.raises(HandoffError) as refusal:
        parse(message)
    assert "B123ABC" not in str(refusal.value)
    assert str(bytes(indices_of(b"B123ABC"))) not in str(refusal.value)


def test_direction_from_elsewhere_is_refused() -> None:
    with pytest.raises(HandoffError, match="direction"):
        ReadingMessage(
            lane=1,
            direction="up",  # type: ignore[arg-type]  # what a mistake would pass
            confidence_bucket=0,
            agreeing_readings=2,
            class_indices=indices_of(b"AB"),
        )


@pytest.mark.parametrize("length", [63, 65])
def test_buffer_of_another_length_is_a_mistake_of_the_caller(length: int) -> None:
    with pytest.raises(ValueError, match="64 bytes"):
        reading_of().pack_into(bytearray(length))
