"""Questions and answers: what is packed is parsed, and everything else is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_lpr.core.check_words import (
    CHECK_WORDS,
    MOST_NUMBERS,
    PROCESSES,
    VERDICTS,
    WORD_OF_NAME,
    CheckWord,
    ProcessName,
    bits_of,
)
from edge_lpr.core.errors import HandoffError
from edge_lpr.handoff.diagnosis_message import (
    AIM,
    CHECKS,
    HEADER_BYTES,
    MAXIMUM_ANSWER_BYTES,
    MAXIMUM_BODY_BYTES,
    PARAMETER_BYTES,
    QUESTION_BYTES,
    Check,
    Question,
    bounded_check,
    pack_body,
    pack_checks,
    pack_question,
    parse_answer,
    parse_question,
)

RECORD_BYTES = 68


def some_check(word: CheckWord) -> st.SearchStrategy[Check]:
    numbers = {each.name: st.integers(each.least, each.most) for each in word.numbers}
    return st.builds(
        Check, st.just(word.name), st.sampled_from(VERDICTS), st.fixed_dictionaries(numbers)
    )


@st.composite
def some_checks(draw: st.DrawFn, process: ProcessName) -> list[Check]:
    words = [word for word in CHECK_WORDS if word.process == process]
    chosen = draw(st.lists(st.sampled_from(words), unique=True))
    return [draw(some_check(word)) for word in chosen]


@pytest.mark.parametrize("process", PROCESSES)
@given(data=st.data())
def test_answer_about_checks_comes_over_whole(process: ProcessName, data: st.DataObject) -> None:
    said = data.draw(some_checks(process))
    answer = parse_answer(pack_checks(process, said), process, CHECKS)
    assert sorted(answer.checks, key=lambda check: check.name) == sorted(
        said, key=lambda check: check.name
    )


@pytest.mark.parametrize("process", PROCESSES)
@given(garbage=st.binary(max_size=400))
def test_garbage_is_refused_and_raises_nothing_else(process: ProcessName, garbage: bytes) -> None:
    with pytest.raises(HandoffError):
        parse_answer(garbage, process, CHECKS)
    with pytest.raises(HandoffError):
        parse_question(garbage[:QUESTION_BYTES])


@given(place=st.integers(0, HEADER_BYTES + RECORD_BYTES - 1), value=st.integers(0, 255))
def test_changed_byte_is_refused_or_says_another_number_in_range(place: int, value: int) -> None:
    packed = bytearray(
        pack_checks("vision", [bounded_check("camera_dark", "good", black_frames=7)])
    )
    packed[place] = value
    try:
        (check,) = parse_answer(bytes(packed), "vision", CHECKS).checks
    except HandoffError:
        return
    word = WORD_OF_NAME[check.name]
    assert word.process == "vision"
    assert all(each.least <= check.numbers[each.name] <= each.most for each in word.numbers)


def test_everything_that_a_process_can_say_fits_one_answer() -> None:
    for process in PROCESSES:
        words = [word for word in CHECK_WORDS if word.process == process]
        assert HEADER_BYTES + RECORD_BYTES * len(words) <= MAXIMUM_ANSWER_BYTES
    numbers = [word.number for word in CHECK_WORDS]
    assert numbers == sorted(set(numbers))
    assert len({word.name for word in CHECK_WORDS}) == len(CHECK_WORDS)
    assert max(len(word.numbers) for word in CHECK_WORDS) <= MOST_NUMBERS


def test_answer_of_vision_has_room_for_no_picture() -> None:
    # SECURITY.md tells the number.
    assert 1_800 < bits_of("vision") < 2_100


def test_process_cannot_speak_for_another_one() -> None:
    packed = pack_checks("publisher", [bounded_check("tls_certificate", "good", days_left=9)])
    with pytest.raises(HandoffError, match="another release"):
        parse_answer(packed, "vision", CHECKS)
    forged = bytearray(packed)
    forged[6] = 1
    with pytest.raises(HandoffError, match="another process"):
        parse_answer(bytes(forged), "vision", CHECKS)
    with pytest.raises(HandoffError, match="another process"):
        pack_checks("vision", [bounded_check("tls_certificate", "good", days_left=9)])


def test_check_is_said_once() -> None:
    check = bounded_check("camera_dark", "good", black_frames=1)
    with pytest.raises(HandoffError, match="twice"):
        pack_checks("vision", [check, check])


@pytest.mark.parametrize(
    ("name", "numbers"),
    [
        pytest.param("camera_dark", {"black_frames": -1}, id="too small"),
        pytest.param("camera_dark", {}, id="missing"),
        pytest.param("camera_dark", {"black_frames": 1, "more": 1}, id="one more"),
        pytest.param("camera_darker", {}, id="unknown"),
    ],
)
def test_check_out_of_the_table_is_none(name: str, numbers: dict[str, int]) -> None:
    with pytest.raises(HandoffError):
        Check(name, "good", numbers)


def test_number_is_brought_into_its_range_where_it_is_made() -> None:
    assert bounded_check("keys", "good", hours_left=-5, epochs_held=99, is_for_tests=0).numbers == {
        "hours_left": 0,
        "epochs_held": 8,
        "is_for_tests": 0,
    }
    with pytest.raises(HandoffError, match="no such number"):
        bounded_check("keys", "good", hours=1)


def test_wrong_verdict_and_numbers_beyond_the_check_are_refused() -> None:
    packed = pack_checks("vision", [bounded_check("camera_dark", "good", black_frames=7)])
    for place, value in ((HEADER_BYTES + 2, 4), (HEADER_BYTES + 3, 2), (len(packed) - 1, 1)):
        forged = bytearray(packed)
        forged[place] = value
        with pytest.raises(HandoffError):
            parse_answer(bytes(forged), "vision", CHECKS)
    with pytest.raises(HandoffError, match="cut short"):
        parse_answer(packed[:-1], "vision", CHECKS)


def test_aim_question_carries_parameters_and_its_answer_a_body() -> None:
    question = Question(AIM, bytes(range(PARAMETER_BYTES)))
    assert parse_question(pack_question(question)) == question
    packed = pack_body("vision", AIM, b"outlines")
    assert parse_answer(packed, "vision", AIM).body == b"outlines"
    with pytest.raises(HandoffError, match="at most"):
        pack_body("vision", AIM, bytes(MAXIMUM_BODY_BYTES + 1))
    forged = bytearray(packed)
    forged[7] = 1
    with pytest.raises(HandoffError, match="no checks"):
        parse_answer(bytes(forged), "vision", AIM)


def test_question_about_checks_has_no_parameters() -> None:
    assert parse_question(pack_question(Question(CHECKS))) == Question(CHECKS)
    with pytest.raises(HandoffError, match="no parameters"):
        Question(CHECKS, b"\1" + bytes(PARAMETER_BYTES - 1))
    with pytest.raises(HandoffError, match="bytes of parameters"):
        Question(AIM, b"")
    with pytest.raises(HandoffError, match="kind"):
        Question(5)  # type: ignore[arg-type]
    packed = bytearray(pack_question(Question(AIM)))
    packed[6] = 1
    with pytest.raises(HandoffError, match="version 1"):
        parse_question(bytes(packed))
