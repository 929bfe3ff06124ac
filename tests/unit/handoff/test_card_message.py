"""What is said of the test card comes over whole, and everything else is refused."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_lpr.core.errors import HandoffError
from edge_lpr.handoff.card_message import (
    LOSSES,
    MOST,
    MOST_WITHHELD,
    NOTHING_LIKE_IT,
    VECTOR_STATES,
    CardHeard,
    CardSeen,
    begins,
    card_question,
    pack_heard,
    pack_seen,
    parse_heard,
    parse_seen,
)
from edge_lpr.handoff.diagnosis_message import (
    AIM,
    CARD,
    PARAMETER_BYTES,
    Question,
    pack_question,
    parse_question,
)

NUMBERS = st.integers(0, MOST)
SEEN = st.builds(CardSeen, *[NUMBERS] * 5, st.sampled_from(LOSSES))
HEARD = st.builds(
    CardHeard,
    st.integers(0, MOST_WITHHELD),
    st.integers(0, NOTHING_LIKE_IT),
    st.booleans(),
    st.sampled_from(VECTOR_STATES),
)


@given(seen=SEEN, heard=HEARD)
def test_answers_come_over_whole(seen: CardSeen, heard: CardHeard) -> None:
    assert parse_seen(pack_seen(seen)) == seen
    assert parse_heard(pack_heard(heard)) == heard
    assert (len(pack_seen(seen)), len(pack_heard(heard))) == (12, 5)


@pytest.mark.parametrize(
    ("parse", "pack"), [(parse_seen, pack_seen), (parse_heard, pack_heard)], ids=["vision", "token"]
)
@given(garbage=st.binary(max_size=20))
def test_garbage_is_refused_or_says_what_may_be_said(
    parse: Callable[[bytes], Any], pack: Callable[[Any], bytes], garbage: bytes
) -> None:
    try:
        said = parse(garbage)
    except HandoffError:
        return
    assert pack(said) == garbage


@pytest.mark.parametrize("place", range(12))
def test_byte_out_of_range_in_what_vision_says_is_refused(place: int) -> None:
    packed = bytearray(pack_seen(CardSeen(MOST, MOST, MOST, MOST, MOST, LOSSES[-1])))
    packed[place] = 0xFF
    with pytest.raises(HandoffError):
        parse_seen(bytes(packed))


@pytest.mark.parametrize("place", range(5))
def test_byte_out_of_range_in_what_the_tokeniser_says_is_refused(place: int) -> None:
    heard = CardHeard(MOST_WITHHELD, NOTHING_LIKE_IT, has_other=True, vector=VECTOR_STATES[-1])
    packed = bytearray(pack_heard(heard))
    packed[place] = 0xFF
    with pytest.raises(HandoffError):
        parse_heard(bytes(packed))


def test_number_out_of_range_is_not_said_either() -> None:
    with pytest.raises(HandoffError):
        CardSeen(MOST + 1, 0, 0, 0, 0, "none")
    with pytest.raises(HandoffError):
        CardHeard(0, NOTHING_LIKE_IT + 1, has_other=False, vector="not_made")


def test_question_comes_over_whole() -> None:
    for begin in (True, False):
        question = parse_question(pack_question(card_question(begin=begin)))
        assert begins(question) is begin


@pytest.mark.parametrize(
    "question",
    [
        Question(CARD, bytes([2]) + bytes(PARAMETER_BYTES - 1)),
        Question(CARD, bytes(PARAMETER_BYTES - 1) + bytes([1])),
        Question(AIM),
    ],
)
def test_question_with_other_parameters_is_refused(question: Question) -> None:
    with pytest.raises(HandoffError):
        begins(question)
