"""What vision says of its camera to who stands at the booth."""

from collections.abc import Mapping
from typing import cast

import pytest

from edge_lpr.core.status_words import Saying
from edge_lpr.core.vision_counts import CameraState
from edge_lpr.vision.capture import LiveSource
from edge_lpr.vision.status import vision_status
from tests.support.clock import SetClock


class ToldCamera(LiveSource):
    """A live source whose state a test sets."""

    def __init__(self) -> None:
        self.state: CameraState = "good"
        self.frames = 0

    def camera_state(self) -> CameraState:
        return self.state

    def counters(self) -> dict[str, int]:
        return {"frames": self.frames}


def told(*, is_hourly: bool = False) -> Mapping[Saying, str]:
    """Return what is said after ten seconds of a camera with 10 frames a second."""
    camera, clock = ToldCamera(), SetClock()
    status = vision_status(camera, clock, is_hourly=is_hourly)
    clock.advance_s(10)
    camera.frames = 100
    return status()


def test_frame_rate_is_told() -> None:
    assert told() == {"models_loaded": "", "camera_delivers": "10"}


def test_no_frame_rate_is_told_where_nobody_may_know_when_a_vehicle_passed() -> None:
    assert told(is_hourly=True) == {"models_loaded": "", "camera_works": ""}


def test_absence_is_told_in_steps_and_ends() -> None:
    camera, clock = ToldCamera(), SetClock()
    status = vision_status(camera, clock, is_hourly=False)
    camera.state = "away"
    assert status() == {"models_loaded": "", "camera_away": "0"}
    clock.advance_s(29)
    assert status() == {"models_loaded": "", "camera_away": "20"}
    camera.state, camera.frames = "good", 50
    clock.advance_s(5)
    assert "camera_delivers" in status()
    camera.state = "away"
    assert status() == {"models_loaded": "", "camera_away": "0"}


@pytest.mark.parametrize(
    ("state", "saying"),
    [("frozen", "camera_frozen"), ("dark", "camera_dark"), ("not_known", "camera_silent")],
)
def test_camera_that_gives_no_good_picture_is_told_so(state: str, saying: str) -> None:
    camera = ToldCamera()
    camera.state = cast("CameraState", state)
    assert saying in vision_status(camera, SetClock(), is_hourly=False)()
