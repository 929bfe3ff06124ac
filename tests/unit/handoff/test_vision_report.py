"""Only numbers cross from vision besides its readings."""

from dataclasses import replace

import pytest

from edge_lpr.core.errors import HandoffError
from edge_lpr.core.vision_counts import CAMERA_STATES, VISION_COUNTERS, CameraState
from edge_lpr.handoff.reading_message import READING_BYTES
from edge_lpr.handoff.vision_report import (
    MAXIMUM_COUNT,
    REPORT_BYTES,
    VisionReport,
    pack_report,
    parse_report,
)

COUNTERS = {name: number for number, name in enumerate(VISION_COUNTERS)}
REPORT = VisionReport("good", COUNTERS)


@pytest.mark.parametrize("camera", CAMERA_STATES)
def test_report_arrives_as_it_was_sent(camera: CameraState) -> None:
    report = replace(REPORT, camera=camera)
    assert parse_report(pack_report(report)) == report


def test_highest_counts_fit() -> None:
    report = VisionReport("dark", dict.fromkeys(VISION_COUNTERS, MAXIMUM_COUNT))
    message = pack_report(report)
    assert len(message) == REPORT_BYTES
    assert parse_report(message) == report


@pytest.mark.parametrize(
    "counters",
    [
        pytest.param({"frames": 1}, id="missing"),
        pytest.param(COUNTERS | {"plate": 1}, id="another"),
        pytest.param(COUNTERS | {"frames": -1}, id="negative"),
        pytest.param(COUNTERS | {"frames": MAXIMUM_COUNT + 1}, id="too high"),
    ],
)
def test_report_with_other_counters_is_refused(counters: dict[str, int]) -> None:
    with pytest.raises(HandoffError, match="counter"):
        VisionReport("good", counters)


def test_report_with_another_camera_state_is_refused() -> None:
    with pytest.raises(HandoffError, match="camera state"):
        VisionReport("B123ABC", COUNTERS)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("position", "octet"),
    [
        pytest.param(0, 0, id="magic"),
        pytest.param(4, 2, id="version"),
        pytest.param(5, 5, id="camera"),
        pytest.param(6, 1, id="first padding"),
        pytest.param(8, 255, id="counter"),
        pytest.param(216, 1, id="last padding"),
        pytest.param(255, 1, id="last byte"),
    ],
)
def test_report_with_a_wrong_byte_is_refused(position: int, octet: int) -> None:
    message = bytearray(pack_report(REPORT))
    message[position] = octet
    with pytest.raises(HandoffError):
        parse_report(bytes(message))


@pytest.mark.parametrize("length", [0, READING_BYTES, REPORT_BYTES - 1, REPORT_BYTES + 1])
def test_report_of_another_length_is_refused(length: int) -> None:
    with pytest.raises(HandoffError, match="256 bytes"):
        parse_report(bytes(length))
