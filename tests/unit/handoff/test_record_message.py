"""What the publisher may want signed has one form, and everything else is refused."""

from dataclasses import replace

import pytest

from edge_lpr.core.errors import HandoffError
from edge_lpr.handoff.record_message import (
    MAXIMUM_DELIVERY_BYTES,
    MAXIMUM_PART_BYTES,
    MAXIMUM_WISH_BYTES,
    AskMessage,
    GapMessage,
    GapWish,
    HealthMessage,
    KeysMessage,
    TransportMessage,
    WatchListMessage,
    Wish,
    pack_ask,
    pack_gap,
    pack_health,
    pack_transport,
    pack_wish,
    parse_record,
    parse_wish,
)
from edge_lpr.handoff.sighting_message import (
    MAXIMUM_TO_PUBLISHER_BYTES,
    MAXIMUM_TO_TOKENISER_BYTES,
    parse_to_publisher,
)
from edge_lpr.wire import key_delivery, watch_list
from edge_lpr.wire.bounds import MAXIMUM_EPOCH, MAXIMUM_SEQUENCE
from edge_lpr.wire.gap import MAXIMUM_GAP_BYTES, GapReason
from edge_lpr.wire.health import MAXIMUM_HEALTH_BYTES, PUBLISHER_COUNTERS, BoothFigures
from edge_lpr.wire.topics import MAXIMUM_CHUNKS
from edge_lpr.wire.transport import MAXIMUM_TRANSPORT_BYTES

BOOT = "00112233445566aa"
DOCUMENT = b"header.payload.signature"
GAP = GapWish(BOOT, 3, 7, GapReason.OUTBOX_FULL)
FIGURES = BoothFigures(
    counters=dict.fromkeys(PUBLISHER_COUNTERS, 120),
    unsent=3,
    oldest_unsent_s=4,
    kept=5,
    tls_certificate_days=0,
    temperature_c=-40,
    alarms=("outbox_filling", "hot"),
)
WITHOUT_SENSORS = replace(FIGURES, tls_certificate_days=None, temperature_c=None, alarms=())


@pytest.mark.parametrize(
    "wish",
    [
        pytest.param(None, id="nothing"),
        pytest.param(FIGURES, id="figures"),
        pytest.param(WITHOUT_SENSORS, id="figures without certificate and sensor"),
        pytest.param(GAP, id="gap"),
        pytest.param(GapWish(BOOT, 1, MAXIMUM_SEQUENCE, GapReason.NOT_KEPT), id="widest gap"),
        pytest.param(KeysMessage(b"k"), id="shortest delivery"),
        pytest.param(KeysMessage(b"k" * MAXIMUM_DELIVERY_BYTES), id="longest delivery"),
        pytest.param(WatchListMessage(0, None, b"m"), id="manifest"),
        pytest.param(WatchListMessage(20_000, 0, b"c"), id="first chunk"),
        pytest.param(
            WatchListMessage(MAXIMUM_EPOCH, MAXIMUM_CHUNKS - 1, b"c" * MAXIMUM_PART_BYTES),
            id="last chunk",
        ),
    ],
)
def test_wish_arrives_as_it_was_sent(wish: Wish | None) -> None:
    message = pack_wish(wish)
    assert parse_wish(message) == wish
    assert len(message) <= MAXIMUM_WISH_BYTES <= MAXIMUM_TO_TOKENISER_BYTES


def test_counter_that_nobody_counted_is_zero_at_the_other_end() -> None:
    arrived = parse_wish(pack_wish(replace(FIGURES, counters={"published": 7})))
    assert isinstance(arrived, BoothFigures)
    assert arrived.counters == dict.fromkeys(PUBLISHER_COUNTERS, 0) | {"published": 7}


def test_figures_cross_with_two_digits_only() -> None:
    arrived = parse_wish(pack_wish(replace(FIGURES, counters={"published": 1299})))
    assert isinstance(arrived, BoothFigures)
    assert arrived.counters["published"] == 1200


def test_certificate_of_a_century_still_fits() -> None:
    arrived = parse_wish(pack_wish(replace(FIGURES, tls_certificate_days=36_000)))
    assert isinstance(arrived, BoothFigures)
    assert arrived.tls_certificate_days == 32_767


def test_question_arrives_as_a_question() -> None:
    assert parse_to_publisher(pack_ask()) == AskMessage()


@pytest.mark.parametrize("document", [b"d", DOCUMENT, b"d" * MAXIMUM_HEALTH_BYTES])
def test_health_record_arrives_as_it_was_sent(document: bytes) -> None:
    message = pack_health(document)
    assert parse_to_publisher(message) == HealthMessage(document)
    assert len(message) <= MAXIMUM_TO_PUBLISHER_BYTES


@pytest.mark.parametrize("document", [b"g", DOCUMENT, b"g" * MAXIMUM_GAP_BYTES])
def test_gap_arrives_as_it_was_sent(document: bytes) -> None:
    assert parse_to_publisher(pack_gap(document)) == GapMessage(document)


@pytest.mark.parametrize("document", [b"x", DOCUMENT, b"x" * MAXIMUM_TRANSPORT_BYTES])
def test_announcement_of_a_transport_key_arrives_as_it_was_sent(document: bytes) -> None:
    message = pack_transport(document)
    assert parse_to_publisher(message) == TransportMessage(document)
    assert len(message) <= MAXIMUM_TO_PUBLISHER_BYTES


@pytest.mark.parametrize("length", [0, MAXIMUM_HEALTH_BYTES + 1])
def test_health_record_of_an_impossible_length_is_refused_at_both_ends(length: int) -> None:
    with pytest.raises(HandoffError, match="health record"):
        pack_health(bytes(length))
    with pytest.raises(HandoffError, match="health record"):
        parse_record(b"D" + bytes(length))


@pytest.mark.parametrize("length", [0, MAXIMUM_GAP_BYTES + 1])
def test_gap_of_an_impossible_length_is_refused_at_both_ends(length: int) -> None:
    with pytest.raises(HandoffError, match="gap"):
        pack_gap(bytes(length))
    with pytest.raises(HandoffError, match="gap"):
        parse_record(b"L" + bytes(length))


@pytest.mark.parametrize("length", [0, MAXIMUM_TRANSPORT_BYTES + 1])
def test_announcement_of_an_impossible_length_is_refused_at_both_ends(length: int) -> None:
    with pytest.raises(HandoffError, match="transport key"):
        pack_transport(bytes(length))
    with pytest.raises(HandoffError, match="transport key"):
        parse_record(b"X" + bytes(length))


@pytest.mark.parametrize("length", [0, MAXIMUM_DELIVERY_BYTES + 1])
def test_delivery_of_an_impossible_length_is_refused_at_both_ends(length: int) -> None:
    with pytest.raises(HandoffError, match="delivery"):
        KeysMessage(bytes(length))
    with pytest.raises(HandoffError, match="delivery"):
        parse_wish(b"K" + bytes(length))


def test_bounds_are_those_of_the_documents() -> None:
    assert MAXIMUM_DELIVERY_BYTES == key_delivery.MAXIMUM_DELIVERY_BYTES
    assert MAXIMUM_PART_BYTES == watch_list.MAXIMUM_CHUNK_BYTES
    assert MAXIMUM_PART_BYTES >= watch_list.MAXIMUM_MANIFEST_BYTES


def test_part_of_a_watch_list_that_cannot_be_is_not_sent() -> None:
    with pytest.raises(HandoffError, match="watch-list document"):
        WatchListMessage(1, None, b"")
    with pytest.raises(HandoffError, match="watch-list document"):
        WatchListMessage(1, None, bytes(MAXIMUM_PART_BYTES + 1))
    for epoch in (-1, MAXIMUM_EPOCH + 1):
        with pytest.raises(HandoffError, match="epoch"):
            WatchListMessage(epoch, None, b"m")
    for index in (-1, MAXIMUM_CHUNKS):
        with pytest.raises(HandoffError, match="chunk"):
            WatchListMessage(1, index, b"c")


@pytest.mark.parametrize(
    "message",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"Tell", id="long question"),
        pytest.param(b"Z", id="unknown kind"),
    ],
)
def test_publisher_refuses_what_is_neither_question_nor_record(message: bytes) -> None:
    with pytest.raises(HandoffError, match="no known kind"):
        parse_record(message)


def changed(wish: Wish, position: int, octet: int) -> bytes:
    """Return a wish's message with one byte set."""
    message = bytearray(pack_wish(wish))
    message[position] = octet
    return bytes(message)


@pytest.mark.parametrize(
    "message",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"Nothing", id="long nothing"),
        pytest.param(b"X", id="unknown kind"),
        pytest.param(b"W", id="part of no list"),
        pytest.param(b"W" + bytes(6), id="part without content"),
        pytest.param(b"W" + bytes(6 + MAXIMUM_PART_BYTES + 1), id="long part"),
        pytest.param(b"W" + bytes(4) + b"\xff\xffm", id="part beyond the last"),
        pytest.param(b"W" + b"\xff" * 4 + bytes(2) + b"m", id="part of an impossible day"),
        pytest.param(pack_wish(GAP)[:-1], id="short gap"),
        pytest.param(pack_wish(GAP) + b"\0", id="long gap"),
        pytest.param(pack_wish(FIGURES)[:-1], id="short figures"),
        pytest.param(pack_wish(FIGURES) + b"text", id="long figures"),
        pytest.param(changed(GAP, -1, 2), id="unknown reason"),
        pytest.param(changed(GAP, 16, 0), id="gap from 0"),
        pytest.param(changed(GAP, 16, 8), id="gap that ends before it begins"),
        pytest.param(changed(GAP, 17, 1), id="gap beyond all numbers"),
        pytest.param(changed(FIGURES, 1, 255), id="impossible counter"),
        pytest.param(changed(FIGURES, 97, 255), id="negative days"),
        pytest.param(changed(FIGURES, 99, 1), id="impossible temperature"),
        pytest.param(changed(FIGURES, -2, 255), id="unknown alarm"),
    ],
)
def test_tokeniser_refuses_a_wish_of_another_form(message: bytes) -> None:
    with pytest.raises(HandoffError):
        parse_wish(message)


@pytest.mark.parametrize("boot", ["", "0011", "x" * 16, "00112233445566AA"])
def test_gap_of_no_boot_is_not_asked_for(boot: str) -> None:
    with pytest.raises(HandoffError, match="boot id"):
        GapWish(boot, 1, 2, GapReason.NOT_KEPT)


@pytest.mark.parametrize(
    "message",
    [
        HealthMessage(DOCUMENT),
        GapMessage(DOCUMENT),
        KeysMessage(DOCUMENT),
        WatchListMessage(1, 2, DOCUMENT),
        TransportMessage(DOCUMENT),
    ],
)
def test_messages_have_no_telling_repr(message: object) -> None:
    assert DOCUMENT.decode() not in repr(message)
