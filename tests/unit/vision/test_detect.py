"""One look at a frame is enough if a plate is sure; two looks show no plate twice."""

import numpy as np
import pytest

from edge_lpr.vision.contracts import BgrImage, Detection
from edge_lpr.vision.detect import find_plates
from edge_lpr.vision.geometry import quad_of_box

FRAME_BGR: BgrImage = np.zeros((360, 640, 3), np.uint8)


def _detection(box: tuple[int, int, int, int], confidence: float) -> Detection:
    box_xyxy = np.array(box, np.float32)
    return Detection(quad_of_box(box_xyxy), box_xyxy, confidence)


class _ListedDetector:
    """Finds what it is told for each size, and notes the sizes it was asked for."""

    def __init__(self, found: dict[int | None, list[Detection]]) -> None:
        self._found = found
        self.asked: list[int | None] = []

    def detect(self, frame_bgr: BgrImage, *, long_side_px: int | None = None) -> list[Detection]:
        assert frame_bgr is FRAME_BGR
        self.asked.append(long_side_px)
        return self._found[long_side_px]


def _look(
    first: list[Detection], second: list[Detection], looks_px: tuple[int, ...] = (384,)
) -> tuple[list[Detection], list[int | None]]:
    detector = _ListedDetector({None: first, 384: second, 960: [FAR]})
    return find_plates(detector, FRAME_BGR, looks_px), detector.asked


NEAR = _detection((20, 100, 620, 260), 0.4)
"""A plate that fills the frame."""
PART = _detection((30, 110, 330, 250), 0.3)
"""What a look at too large a picture makes of it."""
FAR = _detection((400, 200, 440, 210), 0.6)
"""What only a look at a larger picture finds."""
SIGN = _detection((100, 10, 160, 30), 0.26)


def test_a_sure_plate_needs_no_second_look() -> None:
    sure = [_detection((10, 10, 90, 30), 0.5)]
    assert _look(sure, [NEAR]) == (sure, [None])


@pytest.mark.parametrize("first", [[], [PART]], ids=["nothing", "something unsure"])
def test_without_a_sure_plate_there_is_a_second_look(first: list[Detection]) -> None:
    found, asked = _look(first, [NEAR])
    assert asked == [None, 384]
    assert found == [NEAR]


def test_the_same_plate_is_found_once_and_by_the_surer_look() -> None:
    again = _detection((22, 98, 622, 262), 0.45)
    assert _look([NEAR], [again])[0] == [again]


def test_different_plates_of_both_looks_are_kept_most_confident_first() -> None:
    assert _look([SIGN], [NEAR])[0] == [NEAR, SIGN]


def test_the_second_look_can_be_forbidden() -> None:
    assert _look([PART], [NEAR], looks_px=()) == ([PART], [None])


def test_looks_go_on_until_a_plate_is_sure() -> None:
    assert _look([PART], [], looks_px=(384, 960, 1280)) == ([FAR, PART], [None, 384, 960])


def test_a_later_look_must_be_surer() -> None:
    doubtful = _detection((300, 10, 360, 30), 0.34)
    assert _look([SIGN], [doubtful])[0] == [SIGN]
