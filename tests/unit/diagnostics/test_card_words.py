"""The pocket test names the first step that the card did not reach."""

from dataclasses import replace

import pytest

from edge_lpr.diagnostics.card_words import CHECKS_OF_CARD, card_findings
from edge_lpr.diagnostics.codes import BY_CODE
from edge_lpr.diagnostics.finding import first_cause
from edge_lpr.handoff.card_message import NOTHING_LIKE_IT, CardHeard, CardSeen

SEEN = CardSeen(300, 40, 146, 240, 12, "none")
HEARD = CardHeard(1, 0, has_other=False, vector="right")
DEAF = CardHeard(0, NOTHING_LIKE_IT, has_other=False, vector="not_made")


def code_of(seen: CardSeen, heard: CardHeard) -> str:
    first = first_cause(card_findings(seen, heard))
    return "" if first is None else first.code


def test_card_that_came_the_whole_way_has_passed() -> None:
    assert {each.verdict for each in card_findings(SEEN, HEARD)} == {"good"}
    # Whoever reads it small and blurred has read it.
    small = replace(SEEN, width_px=61, edge_hundredth_px=500)
    assert code_of(small, replace(HEARD, has_other=True)) == ""


@pytest.mark.parametrize(
    ("seen", "heard", "code"),
    [
        pytest.param(CardSeen(0, 0, 0, 0, 0, "none"), DEAF, "LPR-T01", id="no frames"),
        pytest.param(CardSeen(90, 0, 0, 0, 0, "none"), DEAF, "LPR-T02", id="no plate"),
        pytest.param(replace(SEEN, width_px=60), DEAF, "LPR-T03", id="small"),
        pytest.param(CardSeen(90, 0, 0, 0, 0, "small"), DEAF, "LPR-T03", id="tiny"),
        pytest.param(replace(SEEN, edge_hundredth_px=600), DEAF, "LPR-T04", id="blurred"),
        pytest.param(replace(SEEN, loss="never_moved"), DEAF, "LPR-T05", id="not read"),
        pytest.param(SEEN, replace(DEAF, wrong=2), "LPR-T06", id="read wrongly"),
        pytest.param(SEEN, replace(DEAF, has_other=True), "LPR-T07", id="another plate"),
        pytest.param(SEEN, replace(HEARD, vector="wrong"), "LPR-T08", id="wrong token"),
    ],
)
def test_step_that_was_not_reached_is_the_first_cause(
    seen: CardSeen, heard: CardHeard, code: str
) -> None:
    assert code_of(seen, heard) == code
    findings = card_findings(seen, heard)
    bad = [each.verdict for each in findings].index("bad")
    assert findings[bad].name == CHECKS_OF_CARD[code]
    assert {each.verdict for each in findings[:bad]} <= {"good"}
    assert {each.verdict for each in findings[bad + 1 :]} <= {"not_known"}


def test_every_code_has_its_check_and_its_page() -> None:
    assert set(CHECKS_OF_CARD) == {code for code in BY_CODE if code.startswith("LPR-T")}


@pytest.mark.parametrize(
    ("seen", "heard", "words"),
    [
        (replace(SEEN, loss="repeated"), DEAF, "half a minute before"),
        (SEEN, replace(DEAF, wrong=2), "2 of its characters wrong"),
        (SEEN, replace(DEAF, has_other=True), "another plate was"),
        (SEEN, HEARD, "every character right"),
    ],
)
def test_how_it_was_read_is_said_in_words(seen: CardSeen, heard: CardHeard, words: str) -> None:
    (read,) = (each for each in card_findings(seen, heard) if each.name == "card_read")
    assert words in read.evidence
