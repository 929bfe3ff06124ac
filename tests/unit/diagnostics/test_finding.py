"""The first cause is what makes the rest so: the worst, and of those what stands furthest up."""

from edge_lpr.core.check_words import CHECK_WORDS, WORD_OF_NAME
from edge_lpr.diagnostics.codes import AREAS, CODES
from edge_lpr.diagnostics.finding import Finding, first_cause, worst
from edge_lpr.diagnostics.words import WORDS, finding_of
from edge_lpr.handoff.diagnosis_message import Check, bounded_check


def bad(code: str) -> Finding:
    return Finding("camera", "any", "bad", "seen", code)


def warning(code: str) -> Finding:
    return Finding("camera", "any", "warning", "seen", code)


GOOD = Finding("camera", "any", "good", "seen")


def test_dead_camera_comes_before_the_empty_funnel() -> None:
    assert first_cause([bad("LPR-F01"), GOOD, bad("LPR-C01")]) == bad("LPR-C01")


def test_what_is_bad_comes_before_any_warning() -> None:
    assert first_cause([warning("LPR-B07"), bad("LPR-P01")]) == bad("LPR-P01")
    assert first_cause([warning("LPR-K03"), GOOD]) == warning("LPR-K03")


def test_nothing_wrong_has_no_cause() -> None:
    assert first_cause([GOOD]) is None
    assert first_cause([]) is None


def test_verdict_about_all_is_the_worst() -> None:
    assert worst([]) == "good"
    assert worst([GOOD, Finding("optics", "focus", "not_known", "")]) == "good"
    assert worst([GOOD, warning("LPR-K03")]) == "warning"
    assert worst([bad("LPR-P01"), warning("LPR-K03")]) == "bad"


def test_every_check_has_words_and_every_code_is_there() -> None:
    assert set(WORDS) == {word.name for word in CHECK_WORDS}
    codes = {code.code for code in CODES}
    assert len(codes) == len(CODES)
    assert {code for _, code, _ in WORDS.values() if code} <= codes
    assert {area for area, _, _ in WORDS.values()} <= set(AREAS)
    assert {code.area for code in CODES} <= set(AREAS)


def test_every_check_can_be_put_into_words_whatever_its_numbers() -> None:
    for word in CHECK_WORDS:
        for numbers in (
            {each.name: each.least for each in word.numbers},
            {each.name: each.most for each in word.numbers},
        ):
            finding = finding_of(Check(word.name, "bad", numbers))
            assert finding.evidence
            assert finding.evidence.isascii()


def test_how_it_stands_with_the_broker_chooses_the_code() -> None:
    codes = [
        finding_of(
            bounded_check(
                "broker", "bad", standing=standing, refusal_code=-1, puback_age_s=3, connections=1
            )
        ).code
        for standing in range(7)
    ]
    assert codes[3:] == ["LPR-P01", "LPR-P02", "LPR-P03", "LPR-P04"]
    assert (
        finding_of(
            bounded_check(
                "broker", "good", standing=2, refusal_code=-1, puback_age_s=3, connections=1
            )
        ).code
        == ""
    )


def test_most_vehicles_lost_lately_is_told() -> None:
    counted = dict.fromkeys((each.name for each in WORD_OF_NAME["funnel_passages"].numbers), 7)
    found = finding_of(Check("funnel_passages", "warning", counted))
    assert found.code == "LPR-F01"
    assert found.evidence.startswith("most vehicles lost lately; since the start glimpsed 7, ")
    assert finding_of(Check("funnel_passages", "good", counted)).evidence.startswith("glimpsed 7")


def test_camera_that_is_away_is_not_said_to_be_there() -> None:
    counted = {"away_s": 0, "opened": 1, "lost": 1, "is_replay": 0}
    away = finding_of(Check("camera_present", "bad", counted))
    assert (away.code, away.evidence) == ("LPR-C01", "away for 0 s, lost 1 times")
    there = finding_of(Check("camera_present", "good", counted))
    assert there.evidence == "there; opened 1 times, lost 1 times"
