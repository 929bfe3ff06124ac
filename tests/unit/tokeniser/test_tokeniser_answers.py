"""What the tokeniser answers about keys, certificate and vision."""

import pytest

from edge_lpr.core.clock import EPOCH_LENGTH_S, epoch_of
from edge_lpr.core.lately import HOURLY_MIN
from edge_lpr.handoff.diagnosis_message import AIM, CHECKS, Check, Question, parse_answer
from edge_lpr.tokeniser.answers import TokeniserAnswers
from edge_lpr.tokeniser.vision_watch import AWAY_AFTER_NS
from edge_lpr.tokens.key_ring import KeyPurpose, KeyRing
from edge_lpr.tokens.suite1 import TokenKeys
from edge_lpr.wire.health import TOKENISER_COUNTERS
from tests.support.clock import SetClock

DAY_S = EPOCH_LENGTH_S


def ring(clock: SetClock, *days: int, purpose: KeyPurpose = KeyPurpose.LIVE) -> KeyRing:
    today = epoch_of(clock.unix_s())
    keys = {today + day: TokenKeys(bytes(32), bytes(32)) for day in days}
    return KeyRing(purpose, keys)


def answered(
    clock: SetClock,
    key_ring: KeyRing,
    *,
    heard_ns: int = 0,
    certificate_s: int = 90 * DAY_S,
    is_sealed: bool = True,
) -> dict[str, Check]:
    answers = TokeniserAnswers(
        lambda: key_ring,
        lambda: heard_ns,
        lambda: dict.fromkeys(TOKENISER_COUNTERS, 0),
        clock,
        certificate_ends_s=clock.unix_s() + certificate_s,
        is_sealed=is_sealed,
    )
    packed = answers(Question(CHECKS))
    assert packed is not None
    return {check.name: check for check in parse_answer(packed, "tokeniser", CHECKS).checks}


def test_sound_tokeniser_is_good_in_everything() -> None:
    clock = SetClock()
    said = answered(clock, ring(clock, 0, 1, 2))
    assert {check.verdict for check in said.values()} == {"good"}
    # It is noon.
    assert said["keys"].numbers == {"hours_left": 60, "epochs_held": 3, "is_for_tests": 0}


@pytest.mark.parametrize(
    ("days", "verdict", "hours"),
    [((0,), "warning", 12), ((1, 2), "bad", 0), ((), "bad", 0), ((0, 2), "warning", 12)],
)
def test_keys_are_counted_without_a_hole(days: tuple[int, ...], verdict: str, hours: int) -> None:
    clock = SetClock()
    keys = answered(clock, ring(clock, *days))["keys"]
    assert (keys.verdict, keys.numbers["hours_left"]) == (verdict, hours)


def test_plain_files_are_a_warning_but_for_test_keys() -> None:
    clock = SetClock()
    live, test = ring(clock, 0, 1), ring(clock, 0, 1, purpose=KeyPurpose.TEST)
    assert answered(clock, live, is_sealed=False)["key_custody"].verdict == "warning"
    assert answered(clock, test, is_sealed=False)["key_custody"].verdict == "good"


@pytest.mark.parametrize(
    ("left_s", "verdict"), [(20 * DAY_S, "good"), (3 * DAY_S, "warning"), (-5, "bad")]
)
def test_certificate_that_ends_is_told(left_s: int, verdict: str) -> None:
    clock = SetClock()
    said = answered(clock, ring(clock, 0, 1), certificate_s=left_s)
    assert said["device_certificate"].verdict == verdict


def test_vision_that_is_silent_is_told() -> None:
    clock = SetClock(now_monotonic_ns=AWAY_AFTER_NS + 1)
    assert answered(clock, ring(clock, 0, 1))["vision_link"].verdict == "bad"


def test_readings_without_a_key_are_told_and_are_no_fault_for_ever() -> None:
    clock = SetClock()
    keys, counters = ring(clock, 0), dict.fromkeys(TOKENISER_COUNTERS, 0)
    answers = TokeniserAnswers(
        lambda: keys, lambda: 0, lambda: counters, clock, certificate_ends_s=0, is_sealed=True
    )

    def told() -> str:
        packed = answers(Question(CHECKS))
        assert packed is not None
        return parse_answer(packed, "tokeniser", CHECKS).checks[-1].verdict

    counters["no_key"] = 2
    assert told() == "warning"
    for _ in range(HOURLY_MIN + 2):
        clock.advance_s(60)
        answers.note()
    assert told() == "good"


def test_tokens_that_come_out_wrong_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge_lpr.tokeniser.answers._EXACT", "0" * 32)
    clock = SetClock()
    assert answered(clock, ring(clock, 0))["token_vector"].verdict == "bad"


def test_token_is_not_made_again_for_every_question(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = SetClock()
    keys = ring(clock, 0)
    answers = TokeniserAnswers(
        lambda: keys,
        lambda: 0,
        lambda: dict.fromkeys(TOKENISER_COUNTERS, 0),
        clock,
        certificate_ends_s=0,
        is_sealed=True,
    )
    assert answers(Question(CHECKS)) == answers(Question(CHECKS))
    monkeypatch.setattr("edge_lpr.tokeniser.answers._EXACT", "0" * 32)
    before = answers(Question(CHECKS))
    clock.advance_s(601)
    after = answers(Question(CHECKS))
    assert before is not None
    assert after is not None
    verdicts = [
        parse_answer(each, "tokeniser", CHECKS).checks[0].verdict for each in (before, after)
    ]
    assert verdicts == ["good", "bad"]


def test_other_questions_are_not_answered() -> None:
    clock = SetClock()
    answers = TokeniserAnswers(
        lambda: ring(clock), lambda: 0, dict, clock, certificate_ends_s=0, is_sealed=True
    )
    assert answers(Question(AIM)) is None
