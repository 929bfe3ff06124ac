"""What vision says while the test card is shown: numbers about any plate, and only while asked."""

import numpy as np
import pytest

from edge_lpr.core.vision_counts import VISION_COUNTERS
from edge_lpr.handoff.card_message import MOST, CardSeen, card_question, parse_seen
from edge_lpr.handoff.diagnosis_message import CARD, CHECKS, Question, parse_answer
from edge_lpr.synthesis.card import picture_of
from edge_lpr.synthesis.card_sheets import POCKET
from edge_lpr.vision.answers import VisionAnswers
from edge_lpr.vision.card_view import CardView
from edge_lpr.vision.contracts import Detection, Frame
from tests.support.clock import SetClock

PICTURE = picture_of(POCKET, 3)


def frame() -> Frame:
    return Frame(PICTURE.copy(), 0, 0)


def plate(width_px: float) -> Detection:
    quad = np.array(
        [[9, 57], [9 + width_px, 57], [9 + width_px, 107], [9, 107]],
        np.float32,
    )
    return Detection(quad, np.array([*quad.min(axis=0), *quad.max(axis=0)], np.float32), 0.9)


class Counting:
    """A funnel that a test counts in."""

    def __init__(self) -> None:
        self.counters = dict.fromkeys(VISION_COUNTERS, 0)

    def __call__(self) -> dict[str, int]:
        return dict(self.counters)


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
def counting() -> Counting:
    return Counting()


@pytest.fixture
def view(counting: Counting, clock: SetClock) -> CardView:
    return CardView(counting, clock)


def said(view: CardView, *, begin: bool = False) -> CardSeen:
    return parse_seen(parse_answer(view(card_question(begin=begin)), "vision", CARD).body)


def test_nothing_is_measured_before_somebody_asks(view: CardView) -> None:
    view.see(frame(), [plate(240)])
    assert said(view, begin=True) == CardSeen(0, 0, 0, 0, 0, "none")


def test_widest_and_sharpest_are_told(view: CardView, counting: Counting) -> None:
    said(view, begin=True)
    view.see(frame(), [plate(180)])
    view.see(frame(), [plate(238)])
    view.see(frame(), [])
    counting.counters["frames"] += 3
    counting.counters["readings"] += 2
    seen = said(view)
    assert (seen.frames, seen.plates, seen.readings) == (3, 2, 2)
    assert seen.width_px == 238
    assert 0 < seen.edge_hundredth_px < 300


def test_plate_at_the_rim_counts_and_is_not_measured(view: CardView) -> None:
    said(view, begin=True)
    view.see(frame(), [plate(400)])
    assert said(view) == CardSeen(0, 1, 0, 0, 0, "none")


def test_last_loss_is_told(view: CardView, counting: Counting) -> None:
    counting.counters["repeated"] = 7
    said(view, begin=True)
    counting.counters["never_moved"] += 1
    assert said(view).loss == "never_moved"
    counting.counters["disagreed"] += 1
    view.see(frame(), [])
    assert said(view).loss == "disagreed"


def test_test_that_nobody_asks_about_is_over(
    view: CardView, counting: Counting, clock: SetClock
) -> None:
    said(view, begin=True)
    view.see(frame(), [plate(200)])
    counting.counters["frames"] += 2 * MOST
    assert said(view).frames == MOST
    clock.advance_s(31)
    view.see(frame(), [plate(200)])
    assert said(view) == CardSeen(0, 0, 0, 0, 0, "none")


def test_card_is_answered_only_where_somebody_looks(view: CardView) -> None:
    assert VisionAnswers([], None, view)(card_question(begin=True)) is not None
    assert VisionAnswers([])(card_question(begin=True)) is None
    assert VisionAnswers([], None, view)(Question(CHECKS)) is not None
