"""What a detector found out survives a restart, and decides what is shown to it."""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest

pytest.importorskip("ultralytics")

from edge_lpr.core.errors import DataSetError
from edge_lpr.synthesis.lane import render_lane
from edge_lpr.training.dataset import PlateLabel, SceneRow
from edge_lpr.training.detector_batches import BatchSource, Textures
from edge_lpr.training.detector_findings import Findings, load_findings, save_findings
from edge_lpr.training.detector_look import look_with
from edge_lpr.training.detector_network import load_weights
from edge_lpr.training.detector_review import Reviewer
from edge_lpr.training.export import SHIPPED_MODELS
from edge_lpr.training.pictures import PictureStore
from edge_lpr.vision.geometry import box_around

pytestmark = [
    pytest.mark.torch,
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning"),
    pytest.mark.filterwarnings("ignore::torch.jit.TracerWarning"),
]

FOUND = Findings(
    {"empty.jpg": ((1.0, 2.0, 3.0, 4.0),)},
    {"full.jpg": ((5.0, 6.0, 7.0, 8.0),)},
    {"full.jpg": {"0": (0.0, 0.0, 9.0, 0.0, 9.0, 3.0, 0.0, 3.0)}},
)


def _row(image: str, boxes: Sequence[tuple[float, float, float, float]] = ()) -> SceneRow:
    plates = tuple(PlateLabel(box, None, None) for box in boxes)
    return SceneRow(image, None, None, plates, is_low_grade=False, source="", group=None)


@pytest.fixture(scope="module")
def reviewed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Reviewer, SceneRow]:
    """The shipped detector before a drawn lane with one plate, as a photograph that misses none."""
    folder = tmp_path_factory.mktemp("pictures")
    (folder / "openimages_plates").mkdir()
    frames, truth = render_lane(passes=1, seed=20)
    lane_pass = truth[0]
    step = 4
    image = "openimages_plates/0.png"
    cv2.imwrite(str(folder / image), list(frames)[lane_pass.first_frame + step])  # noqa: TID251 - drawn
    # As people label: a little around the plate.
    exact = box_around(lane_pass.quads_px[step])
    left, top, right, bottom = (exact + np.array([-5, -3, 5, 3], np.float32)).tolist()
    row = _row(image, [(left, top, right - left, bottom - top)])
    look = look_with(load_weights(SHIPPED_MODELS / "detector.pt"))
    return Reviewer(look, PictureStore(folder)), row


def test_findings_survive_a_restart(tmp_path: Path) -> None:
    save_findings(FOUND, tmp_path / "findings.json")
    assert load_findings(tmp_path / "findings.json") == FOUND


@pytest.mark.parametrize("content", ["", "[]", '{"false_alarms": {"a": [[1]]}}'])
def test_damaged_findings_are_refused(content: str, tmp_path: Path) -> None:
    path = tmp_path / "findings.json"
    path.write_text(content)
    with pytest.raises(DataSetError, match="remove it"):
        load_findings(path)


def test_plate_without_a_label_is_noticed(reviewed: tuple[Reviewer, SceneRow]) -> None:
    reviewer, row = reviewed
    elsewhere = _row(row.image, [(0.0, 0.0, 9.0, 5.0)])
    assert list(reviewer.unlabelled([elsewhere])) == [row.image]
    assert reviewer.unlabelled([row]) == {}


def test_plate_where_none_is_counts_as_a_false_alarm(reviewed: tuple[Reviewer, SceneRow]) -> None:
    reviewer, row = reviewed
    assert list(reviewer.false_alarms([_row(row.image)])) == [row.image]
    assert reviewer.false_alarms([row]) == {}


def test_corners_are_believed_where_the_label_agrees(
    reviewed: tuple[Reviewer, SceneRow], monkeypatch: pytest.MonkeyPatch
) -> None:
    # How well views agree depends on the weights that ship; that they must is tested elsewhere.
    monkeypatch.setattr("edge_lpr.training.detector_review.CORNER_SPREAD", 0.3)
    monkeypatch.setattr("edge_lpr.training.detector_review.CORNER_CONFIDENCE", 0.15)
    reviewer, row = reviewed
    # The surest comes first; what else it nearly takes for a plate here is not what is tested.
    (left, top, right, bottom), *_ = reviewer.false_alarms([_row(row.image)])[row.image]
    width, height = right - left, bottom - top
    labelled = _row(row.image, [(left, top, width, height), (0.0, 0.0, 30.0, 10.0)])
    corners = reviewer.corners([labelled])[row.image]
    assert list(corners) == ["0"]
    quad = np.array(corners["0"]).reshape(4, 2)
    boxed = [[left, top], [right, top], [right, bottom], [left, bottom]]
    assert np.abs(quad - boxed).max() < 0.35 * height


def test_photographs_with_false_alarms_are_shown_more_often(tmp_path: Path) -> None:
    for number in range(2):
        picture = np.full((240, 320, 3), 100 * number + 50, np.uint8)
        cv2.imwrite(str(tmp_path / f"{number}.png"), picture)  # noqa: TID251 - a drawing
    rows = [_row("0.png"), _row("1.png")]
    alarms = Findings({"1.png": ((9.0, 9.0, 20.0, 15.0),) * 3})
    flat = [np.full((20, 60, 3), 50, np.uint8)]
    source = BatchSource(rows, PictureStore(tmp_path), Textures(flat, flat), alarms)
    assert source._shares == pytest.approx([0.2, 0.8])
    batch = source.draw(2, np.random.default_rng(0), with_mosaic=True)
    assert batch["img"].shape[:2] == (2, 3)
