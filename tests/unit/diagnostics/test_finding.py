"""The first cause is what makes the rest so: the worst, and of those what stands furthest up."""

from edge_lpr.core.check_words import CHECK_WORDS
from edge_lpr.diagnostics.codes import AREAS, CODES
from edge_lpr.diagnostics.finding import Finding, first_cause, worst
from edge_lpr.diagnostics.words import WORDS, finding_of, lost_vehicles
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


def funnel(agreed: int, **lost: int) -> dict[str, Check]:
    names = ("frames", "still", "detections", "readings", "tracks", "handed_over", "undelivered")
    passages = (
        *("glimpsed", "unread", "read_too_seldom", "read_faintly", "disagreed"),
        *("never_moved", "repeated"),
    )
    return {
        "funnel": bounded_check("funnel", "good", agreed=agreed, **dict.fromkeys(names, 0)),
        "funnel_passages": bounded_check(
            "funnel_passages", "good", **(dict.fromkeys(passages, 0) | lost)
        ),
    }


def test_most_vehicles_lost_is_a_warning_that_says_where() -> None:
    found = lost_vehicles(funnel(3, unread=2, read_faintly=9, glimpsed=500))
    assert found is not None
    assert (found.verdict, found.code) == ("warning", "LPR-F01")
    assert "11 of 14 vehicles lost, most read faintly" in found.evidence


def test_few_vehicles_or_few_lost_say_nothing() -> None:
    assert lost_vehicles({}) is None
    assert lost_vehicles(funnel(1, unread=5)) is None
    assert lost_vehicles(funnel(50, unread=5, repeated=400)) is None
