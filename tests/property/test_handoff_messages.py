"""Laws of the messages between processes."""

from contextlib import suppress
from typing import get_args

from hypothesis import given
from hypothesis import strategies as st

from edge_lpr.core.errors import HandoffError
from edge_lpr.core.settings import Direction
from edge_lpr.core.vision_counts import CAMERA_STATES, VISION_COUNTERS
from edge_lpr.handoff.reading_message import READING_BYTES, ReadingMessage, parse_reading
from edge_lpr.handoff.record_message import (
    MAXIMUM_DELIVERY_BYTES,
    MAXIMUM_PART_BYTES,
    MAXIMUM_WISH_BYTES,
    CheckpointMessage,
    GapWish,
    KeysMessage,
    TransportMessage,
    WatchListMessage,
    Wish,
    pack_checkpoint,
    pack_transport,
    pack_wish,
    parse_wish,
)
from edge_lpr.handoff.sighting_message import parse_answer, parse_hello, parse_to_publisher
from edge_lpr.handoff.vision_report import (
    MAXIMUM_COUNT,
    REPORT_BYTES,
    VisionReport,
    pack_report,
    parse_report,
)
from edge_lpr.wire.bounds import MAXIMUM_EPOCH, MAXIMUM_SEQUENCE
from edge_lpr.wire.gap import GapReason
from edge_lpr.wire.health import PUBLISHER_COUNTERS, Alarm, BoothFigures
from edge_lpr.wire.topics import MAXIMUM_CHUNKS
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

reports = st.builds(
    VisionReport,
    camera=st.sampled_from(CAMERA_STATES),
    counters=st.fixed_dictionaries(
        {name: st.integers(0, MAXIMUM_COUNT) for name in VISION_COUNTERS}
    ),
)

counts = st.integers(0, 990_000_000_000_000)
figures = st.builds(
    BoothFigures,
    counters=st.fixed_dictionaries(dict.fromkeys(PUBLISHER_COUNTERS, counts)),
    unsent=counts,
    oldest_unsent_s=st.integers(0, 4_102_444_799),
    kept=counts,
    tls_certificate_days=st.none() | st.integers(0, 32_767),
    temperature_c=st.none() | st.integers(-100, 200),
    alarms=st.sets(st.sampled_from(get_args(Alarm))).map(
        lambda alarms: tuple(alarm for alarm in get_args(Alarm) if alarm in alarms)
    ),
)
gaps = st.builds(
    lambda boot, numbers, reason: GapWish(boot.hex(), min(numbers), max(numbers), reason),
    st.binary(min_size=8, max_size=8),
    st.tuples(st.integers(1, MAXIMUM_SEQUENCE), st.integers(1, MAXIMUM_SEQUENCE)),
    st.sampled_from(GapReason),
)


deliveries = st.builds(KeysMessage, st.binary(min_size=1, max_size=MAXIMUM_DELIVERY_BYTES))
parts = st.builds(
    WatchListMessage,
    epoch=st.integers(0, MAXIMUM_EPOCH),
    index=st.none() | st.integers(0, MAXIMUM_CHUNKS - 1),
    untrusted_content=st.binary(min_size=1, max_size=MAXIMUM_PART_BYTES),
)


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


@given(
    st.one_of(
        st.binary(max_size=600),
        st.builds(
            bytes.__add__, st.sampled_from([b"S", b"X", b"T", b"D"]), st.binary(max_size=600)
        ),
    )
)
def test_publisher_refuses_garbage_as_a_handoff_error_and_nothing_else(garbage: bytes) -> None:
    with suppress(HandoffError):
        parse_to_publisher(garbage)


@given(st.one_of(st.binary(max_size=600), st.binary(max_size=10).map(b"A".__add__)))
def test_tokeniser_refuses_garbage_as_a_handoff_error_and_nothing_else(garbage: bytes) -> None:
    with suppress(HandoffError):
        parse_hello(garbage)
    with suppress(HandoffError):
        parse_answer(garbage)


@given(st.one_of(figures, gaps, deliveries, parts))
def test_wishes_arrive_as_they_were_sent(wish: Wish) -> None:
    message = pack_wish(wish)
    assert parse_wish(message) == wish
    assert len(message) <= MAXIMUM_WISH_BYTES


@given(st.binary(max_size=2100))
def test_announcements_arrive_as_they_were_sent_or_are_not_sent(document: bytes) -> None:
    with suppress(HandoffError):
        message = parse_to_publisher(pack_transport(document))
        assert isinstance(message, TransportMessage)
        assert message.untrusted_jws == document


@given(st.binary(max_size=400))
def test_checkpoints_arrive_as_they_were_sent_or_are_not_sent(note: bytes) -> None:
    with suppress(HandoffError):
        message = parse_to_publisher(pack_checkpoint(note))
        assert isinstance(message, CheckpointMessage)
        assert message.untrusted_note == note


@given(
    st.one_of(
        st.binary(max_size=200),
        st.binary(min_size=102, max_size=102).map(b"F".__add__),
        st.binary(min_size=25, max_size=25).map(b"G".__add__),
        st.binary(max_size=20).map(b"K".__add__),
        st.binary(max_size=20).map(b"W\0\0".__add__),
    )
)
def test_tokeniser_refuses_garbage_for_a_wish_and_signs_none_of_it(garbage: bytes) -> None:
    with suppress(HandoffError):
        wish = parse_wish(garbage)
        # What was not refused is a wish and nothing more: no byte of it is left unexplained.
        assert isinstance(wish, BoothFigures) or pack_wish(wish) == garbage


@given(reports)
def test_reports_arrive_as_they_were_sent(report: VisionReport) -> None:
    assert parse_report(pack_report(report)) == report


@given(reports, st.integers(0, REPORT_BYTES - 1), st.integers(1, 255))
def test_changed_byte_of_a_report_is_refused_or_another_number(
    report: VisionReport, position: int, flip: int
) -> None:
    changed = bytearray(pack_report(report))
    changed[position] ^= flip
    try:
        other = parse_report(bytes(changed))
    except HandoffError:
        return
    assert other != report
    assert pack_report(other) == changed


@given(st.binary(max_size=300) | st.binary(min_size=251, max_size=251).map(b"LPRV\x01".__add__))
def test_garbage_for_a_report_is_refused_as_a_handoff_error_and_nothing_else(
    garbage: bytes,
) -> None:
    with suppress(HandoffError):
        parse_report(garbage)
