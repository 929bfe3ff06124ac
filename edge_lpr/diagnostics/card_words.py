"""What was seen and heard of the test card, in words: one line for each step of its way."""

from collections.abc import Iterator, Mapping
from typing import Final

from edge_lpr.diagnostics.finding import Finding
from edge_lpr.handoff.card_message import NOTHING_LIKE_IT, CardHeard, CardSeen, Loss

LEAST_WIDTH_PX: Final = 75
"""Narrower than this, a card that is not read is too small (the width of ``LPR-O01``)."""

BLUNTEST_EDGE_HUNDREDTH_PX: Final = 420
"""With wider edges than this, a card that is not read is blurred (the limit of ``LPR-O03``)."""

CHECKS_OF_CARD: Final[Mapping[str, str]] = {
    "LPR-T01": "card_frames",
    "LPR-T02": "card_seen",
    "LPR-T03": "card_size",
    "LPR-T04": "card_sharpness",
    "LPR-T05": "card_read",
    "LPR-T06": "card_read",
    "LPR-T07": "card_read",
    "LPR-T08": "card_token",
}
"""The check that tells of each code."""

_LOSSES: Final[Mapping[Loss, str]] = {
    "none": "no reading was handed over",
    "small": "narrower than the least that is read",
    "unread": "no reading was sure",
    "read_too_seldom": "not read the same often enough",
    "read_faintly": "read only while small or blurred",
    "disagreed": "read in several ways",
    "never_moved": "it did not move along the lane",
    "repeated": "shown less than half a minute before",
}


def has_passed(heard: CardHeard) -> bool:
    """Return whether the card has come the whole way.

    Args:
        heard: What the tokeniser says.
    """
    return heard.vector == "right"


def card_findings(seen: CardSeen, heard: CardHeard) -> tuple[Finding, ...]:
    """Say of each step whether it was reached, and where the way ends, why.

    Args:
        seen: What vision says.
        heard: What the tokeniser says.

    Returns:
        One finding for each step; at most one is bad, and those after it are not known.
    """
    code = _code(seen, heard)
    is_lost = False
    findings = []
    for name, evidence, numbers in _steps(seen, heard):
        if CHECKS_OF_CARD.get(code) == name:
            findings.append(Finding("card", name, "bad", evidence, code, numbers))
            is_lost = True
        elif is_lost:
            findings.append(Finding("card", name, "not_known", "not known", "", numbers))
        else:
            findings.append(Finding("card", name, "good", evidence, "", numbers))
    return tuple(findings)


def _code(seen: CardSeen, heard: CardHeard) -> str:
    """Return the code of the first step that was not reached; nothing where all were."""
    if has_passed(heard):
        return ""
    if heard.vector == "wrong":
        return "LPR-T08"
    faults = (
        (seen.frames == 0, "LPR-T01"),
        (seen.plates == 0 and seen.loss == "small", "LPR-T03"),
        (seen.plates == 0, "LPR-T02"),
        (heard.wrong == NOTHING_LIKE_IT and heard.has_other, "LPR-T07"),
        (seen.width_px < LEAST_WIDTH_PX, "LPR-T03"),
        (seen.edge_hundredth_px > BLUNTEST_EDGE_HUNDREDTH_PX, "LPR-T04"),
        (heard.wrong < NOTHING_LIKE_IT, "LPR-T06"),
    )
    return next((code for is_so, code in faults if is_so), "LPR-T05")


def _steps(seen: CardSeen, heard: CardHeard) -> Iterator[tuple[str, str, Mapping[str, int]]]:
    """Return the steps of the way: the check's name, what is said of it, and numbers."""
    yield "card_frames", f"{seen.frames} frames taken", {"frames": seen.frames}
    found = f"a plate in {seen.plates} of them" if seen.plates else "no plate in any of them"
    width = f"{seen.width_px} px wide where it was widest"
    if seen.plates == 0 and seen.loss == "small":
        found, width = "a plate, too small to be looked at", _LOSSES["small"]
    yield "card_seen", found, {"plates": seen.plates}
    yield "card_size", f"{width} ({LEAST_WIDTH_PX} are enough)", {"width_px": seen.width_px}
    edge_px, most_px = seen.edge_hundredth_px / 100, BLUNTEST_EDGE_HUNDREDTH_PX / 100
    yield (
        "card_sharpness",
        f"edges {edge_px:.1f} px wide where it was sharpest ({most_px:.1f} at most)",
        {"edge_hundredth_px": seen.edge_hundredth_px},
    )
    yield (
        "card_read",
        _read(seen, heard),
        {
            "readings": seen.readings,
            "wrong": heard.wrong,
            "withheld": heard.withheld,
            "has_other": int(heard.has_other),
        },
    )
    words = {
        "right": "right under the test key",
        "wrong": "not the one of the test key",
        "not_made": "not made",
    }
    yield "card_token", words[heard.vector], {"is_right": int(has_passed(heard))}


def _read(seen: CardSeen, heard: CardHeard) -> str:
    """Say how the card was read; of the text of a plate never more than that it was another one."""
    if heard.wrong == 0:
        return f"every character right, {seen.readings} times looked at"
    if heard.wrong < NOTHING_LIKE_IT:
        return f"{heard.wrong} of its characters wrong"
    if heard.has_other:
        return "another plate was read, not the card"
    return f"{_LOSSES[seen.loss]}; {seen.readings} times looked at"
