"""Who is let in at the aim page: one code, once, five tries, half an hour."""

import re

from edge_lpr.aim.entry import (
    CODE_ALPHABET,
    CODE_CHARACTERS,
    ENTER_WITHIN_S,
    SESSION_S,
    WRONG_CODES,
    Entry,
)

START_S = 1000.0


def test_code_has_forty_bits_and_no_letter_that_is_taken_for_another() -> None:
    assert len(CODE_ALPHABET) ** CODE_CHARACTERS == 2**40
    assert not set("01IO") & set(CODE_ALPHABET)
    codes = {Entry(START_S).code for _ in range(100)}
    assert len(codes) == 100
    assert all(
        re.fullmatch(f"[{CODE_ALPHABET}]{{4}}-[{CODE_ALPHABET}]{{4}}", code) for code in codes
    )


def test_code_is_taken_however_it_is_typed_and_once() -> None:
    entry = Entry(START_S)
    typed = f" {entry.code.lower().replace('-', ' ')} "
    assert entry.enter(typed, START_S) == "welcome"
    assert entry.enter(entry.code, START_S) == "over"
    assert entry.reason_to_end(START_S) is None


def test_five_wrong_codes_close_it_also_to_the_right_one() -> None:
    entry = Entry(START_S)
    answers = [entry.enter("2222-2222", START_S) for _ in range(WRONG_CODES)]
    assert answers == ["wrong"] * (WRONG_CODES - 1) + ["over"]
    assert entry.tries_left == 0
    assert entry.enter(entry.code, START_S) == "over"
    assert entry.reason_to_end(START_S) == "wrong_codes"


def test_nobody_came() -> None:
    entry = Entry(START_S)
    late_s = START_S + ENTER_WITHIN_S
    assert entry.reason_to_end(late_s - 1) is None
    assert entry.reason_to_end(late_s) == "nobody_came"
    assert entry.enter(entry.code, late_s) == "over"


def test_time_is_over_for_who_is_in() -> None:
    entry = Entry(START_S)
    entry.enter(entry.code, START_S)
    assert entry.reason_to_end(START_S + SESSION_S - 1) is None
    assert entry.left_s(START_S + SESSION_S - 1) == 1
    assert entry.reason_to_end(START_S + SESSION_S) == "time_is_over"
    assert entry.left_s(START_S + 2 * SESSION_S) == 0
