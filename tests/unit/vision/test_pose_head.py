"""The detector's raw output becomes detections in frame pixels."""

import numpy as np
from numpy.typing import NDArray

from edge_lpr.vision.adapters.pose_head import decode_pose_head
from edge_lpr.vision.contracts import Detection

CORNERS = [(105, 102), (195, 100), (196, 128), (104, 130)]


def _candidate(
    *,
    box_xywh: tuple[float, float, float, float] = (150, 115, 100, 30),
    confidence: float = 0.9,
    corners: list[tuple[int, int]] = CORNERS,
) -> NDArray[np.float32]:
    keypoints = [number for x, y in corners for number in (x, y, 1.0)]
    return np.array([*box_xywh, confidence, *keypoints], np.float32)


def _decode(*candidates: NDArray[np.float32], scale: float = 1.0) -> list[Detection]:
    head = np.stack(candidates, axis=1) if candidates else np.empty((17, 0), np.float32)
    return decode_pose_head(head, scale=scale, frame_size_px=(640, 360), minimum_confidence=0.25)


def test_no_candidates_are_no_detections() -> None:
    assert _decode() == []


def test_corners_and_box_are_mapped_to_frame_pixels() -> None:
    tight = _candidate(box_xywh=(150, 115, 92, 30))
    (detection,) = _decode(tight, scale=0.5)
    # Whole numbers are pixel centres in a quad, and pixel edges in a box.
    assert detection.quad_frame_px.tolist() == (np.array(CORNERS) * 2 - 0.5).tolist()
    assert detection.box_xyxy.tolist() == [208, 200, 392, 260]


def test_corners_are_stretched_to_fill_the_box() -> None:
    narrow = [(112, 102), (192, 104), (190, 127), (110, 125)]
    (detection,) = _decode(_candidate(corners=narrow))
    quad = detection.quad_frame_px + 0.5
    assert quad.min(axis=0).tolist() == [100, 100]
    assert quad.max(axis=0).tolist() == [200, 130]
    assert quad[1, 1] > quad[0, 1]


def test_improbable_candidates_are_dropped() -> None:
    assert _decode(_candidate(confidence=0.24)) == []


def test_overlapping_candidates_are_one_plate_and_the_surest_stays() -> None:
    detections = _decode(
        _candidate(confidence=0.5),
        _candidate(confidence=0.8, box_xywh=(152, 116, 100, 30)),
        _candidate(confidence=0.6, box_xywh=(400, 115, 100, 30)),
    )
    assert [round(detection.confidence, 3) for detection in detections] == [0.8, 0.6]


def test_boxes_are_cut_at_the_frame_but_corners_are_not() -> None:
    corners = [(-30, 100), (60, 100), (60, 130), (-30, 130)]
    (detection,) = _decode(_candidate(box_xywh=(15, 115, 90, 30), corners=corners))
    assert detection.box_xyxy.tolist() == [0, 100, 60, 130]
    assert (detection.quad_frame_px[0] + 0.5).tolist() == [-30, 100]


def test_a_box_outside_the_frame_is_no_detection() -> None:
    assert _decode(_candidate(box_xywh=(900, 115, 100, 30))) == []


def test_corners_that_run_anticlockwise_give_way_to_the_box() -> None:
    (detection,) = _decode(_candidate(corners=CORNERS[::-1]))
    quad = detection.quad_frame_px + 0.5
    assert quad.tolist() == [[100, 100], [200, 100], [200, 130], [100, 130]]


def test_corners_far_from_the_box_give_way_to_it() -> None:
    elsewhere = [(x + 80, y + 10) for x, y in CORNERS]
    (detection,) = _decode(_candidate(corners=elsewhere))
    assert (detection.quad_frame_px[0] + 0.5).tolist() == [100, 100]


def test_candidates_that_are_no_numbers_are_dropped() -> None:
    broken = _candidate()
    broken[7] = np.nan
    improbable = _candidate()
    improbable[4] = np.nan
    assert _decode(broken, improbable) == []


def test_a_detector_gone_wild_gives_at_most_fifty_detections() -> None:
    wild = [
        _candidate(box_xywh=(10 + 12 * column, 10 + 12 * row, 10, 10))
        for row in range(20)
        for column in range(20)
    ]
    assert len(_decode(*wild)) == 50
