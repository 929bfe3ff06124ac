"""Laws of the messages between processes."""

from contextlib import suppress
from typing import get_args

from hypothesis import given
from hypothesis import strategies as st

from edge_lpr.core.errors import HandoffError
from edge_lpr.core.settings import Direction
from edge_lpr.handoff.reading_message import READING_BYTES, ReadingMessage, parse_reading
from edge_lpr.handoff.sighting_message import parse_answer, parse_hello, parse_to_publisher
from tests.support.readings import packed

readings = st.builds(
    ReadingMessage,
    lane=st.integers(1, 16),
    direction=st.sampled_from(get_args(Direction)),
    confidence_bucket=st.integers(0, 3),
    agreeing_readings=st.integers(2, 255),
    class_indices=st.lists(st.integers(0, 35), min_size=2, max_size=12).map(bytearray),
    age_ms=st.integers(0, 600_000),
)

almost_readings = st.builds(
    lambda start, rest: (start + rest)[:READING_BYTES],
    st.just(b"LPRR\x01"),
    st.binary(min_size=READING_BYTES, max_size=READING_BYTES),
)
"""Right magic, version and length, so that the checks behind them are reached."""


@given(readings)
def test_parsing_undoes_packing(reading: ReadingMessage) -> None:
    assert parse_reading(memoryview(packed(reading))) == reading


@given(st.one_of(st.binary(max_size=100), almost_readings))
def test_garbage_is_refused_as_a_handoff_error_and_nothing_else(garbage: bytes) -> None:
    with suppress(HandoffError):
        parse_reading(memoryview(garbage))


@given(readings, st.integers(0, READING_BYTES - 1), st.integers(1, 255))
def test_changed_byte_is_refused_or_another_reading(
    reading: ReadingMessage, position: int, flip: int
) -> None:
    changed = packed(reading)
    changed[position] ^= flip
    try:
        other = parse_reading(memoryview(changed))
    except HandoffError:
        return
    assert other != reading
    assert packed(other) == changed


@given(st.one_of(st.binary(max_size=600), st.binary(max_size=600).map(b"S".__add__)))
def test_publisher_refuses_garbage_as_a_handoff_error_and_nothing_else(garbage: bytes) -> None:
    with suppress(HandoffError):
        parse_to_publisher(garbage)


@given(st.one_of(st.binary(max_size=600), st.binary(max_size=10).map(b"A".__add__)))
def test_tokeniser_refuses_garbage_as_a_handoff_error_and_nothing_else(garbage: bytes) -> None:
    with suppress(HandoffError):
        parse_hello(garbage)
    with suppress(HandoffError):
        parse_answer(garbage)
