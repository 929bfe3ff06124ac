"""Only the lanes are looked at, as closely as their plates need, and found in frame pixels."""

import numpy as np
import pytest

from edge_lpr.core.settings import LaneSection, PicturePoint, SourceSection, VisionSection
from edge_lpr.vision.contracts import BgrImage, Detection
from edge_lpr.vision.detect import LEAST_LOOK_PX, LOOK_STEP_PX, PLATE_SEEN_PX, DetectStage
from edge_lpr.vision.funnel import Funnel
from edge_lpr.vision.lanes import WHOLE_PICTURE, Lanes
from tests.support.fakes import PaintedPlateDetector, fake_frame

SOURCE = SourceSection(kind="folder", address="frames")
SETTINGS = VisionSection(source=SOURCE)

IN_LEFT = (100, 200, 160, 220)
IN_RIGHT = (400, 200, 460, 220)


def _region(left: float, top: float, right: float, bottom: float) -> tuple[PicturePoint, ...]:
    return ((left, top), (right, top), (right, bottom), (left, bottom))


LEFT = LaneSection(number=1, region=_region(0.1, 0.3, 0.4, 0.9))
RIGHT = LaneSection(number=2, region=_region(0.5, 0.3, 0.9, 0.9))
"""In a frame of 640 x 360: 64 to 256 and 320 to 576 px across, 108 to 324 px down."""

TRIANGLE = Lanes((LaneSection(number=1, region=((0.1, 0.9), (0.5, 0.3), (0.9, 0.9))),))


class _Looks:
    """The fake detector, which notes what it is shown and how large it is to look."""

    def __init__(self) -> None:
        self.shapes: list[tuple[int, ...]] = []
        self.sizes_px: list[int | None] = []

    def detect(self, frame_bgr: BgrImage, *, long_side_px: int | None = None) -> list[Detection]:
        self.shapes.append(frame_bgr.shape)
        self.sizes_px.append(long_side_px)
        return PaintedPlateDetector().detect(frame_bgr, long_side_px=long_side_px)


def _found(
    lanes: Lanes, plates: dict[str, tuple[int, int, int, int]]
) -> tuple[list[Detection], dict[str, int]]:
    funnel = Funnel()
    stage = DetectStage(PaintedPlateDetector(), SETTINGS, lanes, funnel)
    return stage(fake_frame(plates)), funnel.counters()


def _look_px(
    region: tuple[PicturePoint, ...] | None,
    *,
    size_px: tuple[int, int] = (1280, 720),
    minimum_plate_width_px: int = 40,
    long_side_px: int = 640,
) -> int | None:
    looks = _Looks()
    settings = VisionSection(
        source=SOURCE,
        minimum_plate_width_px=minimum_plate_width_px,
        long_side_px=long_side_px,
    )
    lanes = Lanes((LaneSection(number=1, region=region),))
    DetectStage(looks, settings, lanes, Funnel())(fake_frame({}, size_px=size_px))
    (look_px,) = looks.sizes_px
    return look_px


@pytest.mark.parametrize(
    ("lanes", "box"),
    [
        pytest.param(Lanes((LEFT,)), IN_LEFT, id="one lane"),
        pytest.param(Lanes((LEFT, RIGHT)), IN_RIGHT, id="second lane"),
        pytest.param(WHOLE_PICTURE, IN_RIGHT, id="whole picture"),
        pytest.param(TRIANGLE, (290, 250, 350, 270), id="triangle"),
    ],
)
def test_plates_are_found_in_frame_pixels(lanes: Lanes, box: tuple[int, int, int, int]) -> None:
    (found,), counters = _found(lanes, {"AB12CDE": box})
    left, top, right, bottom = box
    np.testing.assert_array_equal(found.box_xyxy, box)
    np.testing.assert_array_equal(
        found.quad_frame_px,
        [[left, top], [right - 1, top], [right - 1, bottom - 1], [left, bottom - 1]],
    )
    assert found.box_xyxy.dtype == found.quad_frame_px.dtype == np.float32
    assert counters["outside_lanes"] == 0


def test_both_lanes_are_seen_in_one_look() -> None:
    looks = _Looks()
    stage = DetectStage(looks, SETTINGS, Lanes((LEFT, RIGHT)), Funnel())
    found = stage(fake_frame({"AB12CDE": IN_LEFT, "XY34ZZZ": IN_RIGHT}))
    assert sorted(each.box_xyxy.tolist() for each in found) == [list(IN_LEFT), list(IN_RIGHT)]
    assert looks.shapes == [(216, 512, 3)]


def test_a_plate_in_the_window_but_in_no_lane_is_counted() -> None:
    between = (260, 200, 316, 220)
    found, counters = _found(Lanes((LEFT, RIGHT)), {"AB12CDE": between})
    assert found == []
    assert counters["detections"] == counters["outside_lanes"] == 1
    assert counters["small"] == 0


def test_a_plate_in_the_windows_corner_is_outside_a_triangle() -> None:
    found, counters = _found(TRIANGLE, {"AB12CDE": (70, 120, 130, 140)})
    assert found == []
    assert counters["outside_lanes"] == 1


def test_what_lies_outside_the_window_is_not_seen_at_all() -> None:
    found, counters = _found(Lanes((LEFT,)), {"AB12CDE": IN_RIGHT})
    assert found == []
    assert counters["detections"] == 0


def test_the_middle_of_a_plate_decides_whether_it_is_in_a_lane() -> None:
    # The lane ends at 256 px; of the plates' middles one lies left of that and one right.
    lanes = Lanes((LEFT, RIGHT))
    inside, _ = _found(lanes, {"AB12CDE": (200, 200, 310, 220)})
    beyond, counters = _found(lanes, {"AB12CDE": (210, 200, 310, 220)})
    assert len(inside) == 1
    assert beyond == []
    assert counters["outside_lanes"] == 1


def test_a_small_plate_in_a_lane_is_counted_as_small() -> None:
    found, counters = _found(Lanes((LEFT,)), {"AB12CDE": (100, 200, 130, 210)})
    assert found == []
    assert (counters["small"], counters["outside_lanes"]) == (1, 0)


def test_the_frame_is_not_modified() -> None:
    frame = fake_frame({"AB12CDE": IN_LEFT})
    frame.image_bgr.setflags(write=False)
    assert DetectStage(PaintedPlateDetector(), SETTINGS, Lanes((LEFT,)), Funnel())(frame)


@pytest.mark.parametrize(
    "region", [pytest.param(None, id="no region"), pytest.param(_region(0, 0, 1, 1), id="all")]
)
def test_the_whole_picture_is_looked_at_in_the_usual_size(
    region: tuple[PicturePoint, ...] | None,
) -> None:
    assert _look_px(region) is None


@pytest.mark.parametrize(
    ("share", "look_px"),
    [
        pytest.param(0.25, 160, id="quarter"),
        pytest.param(0.5, 320, id="half"),
        pytest.param(0.75, 480, id="three quarters"),
    ],
)
def test_the_look_is_as_large_as_the_region(share: float, look_px: int) -> None:
    assert _look_px(_region(0, 0.5, share, 0.75)) == look_px


def test_a_high_region_is_measured_by_its_height() -> None:
    assert _look_px(_region(0.4, 0, 0.6, 1)) == 352


@pytest.mark.parametrize("narrowest_px", [20, 25, 40, 64, 80])
def test_the_narrowest_plate_is_seen_as_wide_as_it_must_be(narrowest_px: int) -> None:
    look_px = _look_px(
        _region(0, 0, 0.9, 0.9), minimum_plate_width_px=narrowest_px, long_side_px=1920
    )
    assert look_px is not None
    assert look_px % LOOK_STEP_PX == 0
    seen_px = narrowest_px * look_px / 1152
    assert seen_px == pytest.approx(PLATE_SEEN_PX, rel=LOOK_STEP_PX / look_px)


def test_a_look_is_never_larger_than_the_settings_allow() -> None:
    region = _region(0, 0, 0.9, 0.9)
    assert _look_px(region, minimum_plate_width_px=10, long_side_px=640) == 640
    assert _look_px(region, minimum_plate_width_px=10, long_side_px=1280) == 1280


def test_a_look_at_a_small_region_is_not_tiny() -> None:
    assert _look_px(_region(0.4, 0.4, 0.5, 0.5)) == LEAST_LOOK_PX
