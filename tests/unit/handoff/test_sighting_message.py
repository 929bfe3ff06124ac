"""Every message to and from the publisher is bounded at both ends."""

from collections.abc import Callable

import pytest

from edge_lpr.core.errors import HandoffError
from edge_lpr.handoff.sighting_message import (
    MAXIMUM_TO_PUBLISHER_BYTES,
    MAXIMUM_TO_TOKENISER_BYTES,
    Answer,
    BirthMessage,
    SightingMessage,
    pack_answer,
    pack_birth,
    pack_hello,
    pack_sighting,
    parse_answer,
    parse_hello,
    parse_to_publisher,
)
from edge_lpr.wire.bounds import MAXIMUM_SEQUENCE

DOCUMENT = b"header.payload.signature"
LONGEST_SIGHTING = b"s" * 512
LONGEST_BIRTH = b"b" * 4096


@pytest.mark.parametrize("birth", [b"b", DOCUMENT, LONGEST_BIRTH])
def test_birth_arrives_as_it_was_sent(birth: bytes) -> None:
    assert parse_to_publisher(pack_birth(birth)) == BirthMessage(untrusted_jws=birth)


@pytest.mark.parametrize("number", [1, 2, MAXIMUM_SEQUENCE])
@pytest.mark.parametrize("sighting", [b"s", DOCUMENT, LONGEST_SIGHTING])
def test_sighting_arrives_as_it_was_sent(number: int, sighting: bytes) -> None:
    message = parse_to_publisher(pack_sighting(number, sighting))
    assert message == SightingMessage(sequence_number=number, untrusted_jws=sighting)


@pytest.mark.parametrize("last", [None, DOCUMENT, LONGEST_SIGHTING])
def test_hello_arrives_as_it_was_sent(last: bytes | None) -> None:
    assert parse_hello(pack_hello(last)) == last


@pytest.mark.parametrize("is_committed", [True, False])
@pytest.mark.parametrize("number", [0, 1, MAXIMUM_SEQUENCE])
def test_answer_arrives_as_it_was_sent(number: int, *, is_committed: bool) -> None:
    answer = Answer(sequence_number=number, is_committed=is_committed)
    assert parse_answer(pack_answer(answer)) == answer


def test_longest_messages_fit_the_receive_buffers() -> None:
    assert len(pack_birth(LONGEST_BIRTH)) <= MAXIMUM_TO_PUBLISHER_BYTES
    assert len(pack_sighting(1, LONGEST_SIGHTING)) <= MAXIMUM_TO_PUBLISHER_BYTES
    assert len(pack_hello(LONGEST_SIGHTING)) <= MAXIMUM_TO_TOKENISER_BYTES
    assert len(pack_answer(Answer(MAXIMUM_SEQUENCE, is_committed=True))) == 9


@pytest.mark.parametrize(
    "pack",
    [
        pytest.param(lambda: pack_birth(b""), id="empty birth"),
        pytest.param(lambda: pack_birth(LONGEST_BIRTH + b"b"), id="long birth"),
        pytest.param(lambda: pack_sighting(1, b""), id="empty sighting"),
        pytest.param(lambda: pack_sighting(1, LONGEST_SIGHTING + b"s"), id="long sighting"),
        pytest.param(lambda: pack_sighting(0, DOCUMENT), id="sighting without a number"),
        pytest.param(lambda: pack_sighting(MAXIMUM_SEQUENCE + 1, DOCUMENT), id="large number"),
        pytest.param(lambda: pack_hello(b""), id="empty sighting in a hello"),
        pytest.param(lambda: pack_hello(LONGEST_SIGHTING + b"s"), id="long hello"),
        pytest.param(lambda: pack_answer(Answer(-1, is_committed=True)), id="negative number"),
    ],
)
def test_what_the_neighbour_would_refuse_is_not_sent(pack: Callable[[], bytes]) -> None:
    with pytest.raises(HandoffError):
        pack()


@pytest.mark.parametrize(
    "message",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"Z" + DOCUMENT, id="unknown kind"),
        pytest.param(b"B", id="empty birth"),
        pytest.param(b"B" + LONGEST_BIRTH + b"b", id="long birth"),
        pytest.param(b"S" + bytes(7), id="half a number"),
        pytest.param(b"S" + bytes(7) + b"\x01", id="empty sighting"),
        pytest.param(b"S" + bytes(8) + DOCUMENT, id="number 0"),
        pytest.param(b"S" + b"\xff" * 8 + DOCUMENT, id="large number"),
        pytest.param(b"S" + bytes(7) + b"\x01" + LONGEST_SIGHTING + b"s", id="long sighting"),
    ],
)
def test_publisher_refuses_a_malformed_message(message: bytes) -> None:
    with pytest.raises(HandoffError):
        parse_to_publisher(message)


@pytest.mark.parametrize(
    "message",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"A" + bytes(8), id="answer"),
        pytest.param(b"H" + LONGEST_SIGHTING + b"s", id="long sighting"),
    ],
)
def test_tokeniser_refuses_a_malformed_hello(message: bytes) -> None:
    with pytest.raises(HandoffError):
        parse_hello(message)


@pytest.mark.parametrize(
    "message",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"H", id="hello"),
        pytest.param(b"A", id="no number"),
        pytest.param(b"A" + bytes(7), id="half a number"),
        pytest.param(b"A" + bytes(9), id="more than a number"),
        pytest.param(b"R" + b"\xff" * 8, id="large number"),
    ],
)
def test_tokeniser_refuses_a_malformed_answer(message: bytes) -> None:
    with pytest.raises(HandoffError):
        parse_answer(message)


@pytest.mark.parametrize(
    "message",
    [
        BirthMessage(untrusted_jws=DOCUMENT),
        SightingMessage(sequence_number=1, untrusted_jws=DOCUMENT),
    ],
)
def test_messages_have_no_telling_repr(message: BirthMessage | SightingMessage) -> None:
    assert DOCUMENT.decode() not in repr(message)
