"""What a detector says of its own photographs is believed only where nothing contradicts it."""

import numpy as np
import pytest

pytest.importorskip("torch")

from edge_lpr.training.detector_findings import Findings
from edge_lpr.training.detector_review import mean_if_agreed, view_of
from edge_lpr.training.detector_samples import (
    BOX_KNOWN,
    CORNERS_BELIEVED,
    NOTHING_KNOWN,
    PlateTruth,
    Sample,
)
from edge_lpr.vision.geometry import quad_of_box

pytestmark = pytest.mark.torch

BOX = np.array([100, 60, 180, 80], np.float32)
QUAD = np.array([[100, 62], [180, 60], [180, 78], [100, 80]], np.float32)


def _sample(knowledge: int = BOX_KNOWN) -> Sample:
    picture = np.random.default_rng(0).integers(0, 256, (120, 240, 3)).astype(np.uint8)
    return Sample(picture, (PlateTruth(BOX, quad_of_box(BOX), knowledge),))


def test_views_that_agree_give_their_mean() -> None:
    mean = mean_if_agreed([QUAD + 0.4, QUAD - 0.4], BOX)
    assert mean is not None
    assert mean == pytest.approx(QUAD, abs=1e-4)


@pytest.mark.parametrize(
    "quads",
    [
        pytest.param([QUAD, QUAD + 6], id="views differ"),
        pytest.param([QUAD + 15, QUAD + 15], id="label differs"),
        pytest.param([QUAD * 1.5 - [70, 35]] * 2, id="too large"),
    ],
)
def test_corners_that_something_speaks_against_are_not_believed(quads: list[np.ndarray]) -> None:
    assert mean_if_agreed([quad.astype(np.float32) for quad in quads], BOX) is None


def test_view_shows_the_plate_in_its_middle_and_knows_the_way_back() -> None:
    picture = np.zeros((300, 400, 3), np.uint8)
    picture[60:80, 100:180] = 255
    view, scale, origin = view_of(picture, BOX, 130.0)
    rows, columns = np.nonzero(view[..., 0] > 127)
    found = np.array([columns.min(), rows.min(), columns.max() + 1, rows.max() + 1])
    back = found.reshape(2, 2) / scale + origin
    assert back.ravel() == pytest.approx(BOX, abs=1)
    assert found[0] + found[2] == pytest.approx(view.shape[1], abs=2)


def test_believed_corners_replace_those_of_the_box() -> None:
    findings = Findings(corners={"a.jpg": {"0": tuple(QUAD.ravel().tolist())}})
    (truth,) = findings.applied_to(_sample(), "a.jpg").truths
    assert truth.knowledge == CORNERS_BELIEVED
    assert np.array_equal(truth.quad, QUAD)
    assert np.array_equal(truth.box_xyxy, BOX)


def test_believed_corners_replace_nothing_that_is_better_known() -> None:
    findings = Findings(corners={"a.jpg": {"0": tuple(QUAD.ravel().tolist())}})
    (truth,) = findings.applied_to(_sample(NOTHING_KNOWN), "a.jpg").truths
    assert truth.knowledge == NOTHING_KNOWN


def test_doubtful_plate_is_painted_out_of_a_copy() -> None:
    sample = _sample()
    before = sample.image_bgr.copy()
    findings = Findings(unlabelled={"a.jpg": ((10.0, 10.0, 60.0, 30.0),)})
    changed = findings.applied_to(sample, "a.jpg").image_bgr
    assert changed[10:30, 10:60].std() < before[10:30, 10:60].std() / 2
    assert np.array_equal(sample.image_bgr, before)
    assert np.array_equal(changed[60:], before[60:])


def test_findings_of_one_photograph_leave_others_alone() -> None:
    sample = _sample()
    assert Findings(unlabelled={"b.jpg": ((0, 0, 9, 9),)}).applied_to(sample, "a.jpg") == sample


def test_what_a_person_saw_to_be_a_sign_is_a_false_alarm_and_no_plate() -> None:
    findings = Findings(
        false_alarms={"a.jpg": ((0.0, 0.0, 9.0, 9.0),)},
        unlabelled={"a.jpg": ((10.0, 10.0, 60.0, 30.0), (100.0, 100.0, 150.0, 120.0))},
    )
    reviewed = findings.reviewed({"a.jpg": [(12.0, 11.0, 48.0, 20.0)]})
    assert reviewed.unlabelled["a.jpg"] == ((100.0, 100.0, 150.0, 120.0),)
    assert reviewed.false_alarms["a.jpg"] == ((0.0, 0.0, 9.0, 9.0), (12.0, 11.0, 60.0, 31.0))


def test_a_sign_that_this_detector_did_not_see_is_a_false_alarm_all_the_same() -> None:
    reviewed = Findings().reviewed({"b.jpg": [(1.0, 2.0, 30.0, 10.0)]})
    assert reviewed.false_alarms == {"b.jpg": ((1.0, 2.0, 31.0, 12.0),)}
