"""Faults of lens, shutter, light and aim: ``diagnose`` names each as the first cause."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from edge_lpr.demo.brokers import EmbeddedBroker
from edge_lpr.synthesis.camera import defocus, smear
from tests.support.broker import running_mosquitto
from tests.support.faulty_booth import (
    Fault,
    FaultyBooth,
    Picture,
    code_of,
    has_seen_plates,
    in_float,
    write_frames,
)

pytestmark = pytest.mark.broker

SLOW = "LPR-M02"
"""What a machine may be that tests share; it comes after what is tried here."""


def far_away(frame: Picture) -> Picture:
    """Show the lane as a wider lens does: plates are 60 px wide where they are near."""
    small = cv2.resize(frame, (512, 288), interpolation=cv2.INTER_AREA)
    shown: Picture = np.tile(frame[:8], (90, 1, 1))
    shown[216:504, 384:896] = small
    return shown


def half_covered(frame: Picture) -> Picture:
    """Cover the left half, as tape does: dark, out of focus, with the sensor's noise."""
    shown: Picture = frame.copy()
    noise = np.random.default_rng(0).normal(20, 2, shown[:, :640].shape)
    shown[:, :640] = np.clip(noise, 0, 255).astype(np.uint8)
    return shown


def turned(frame: Picture) -> Picture:
    """Turn the camera on its axis by 28 degrees."""
    matrix = cv2.getRotationMatrix2D((640, 360), 28, 1)
    shown = cv2.warpAffine(frame, matrix, (1280, 720), borderMode=cv2.BORDER_REFLECT)
    return np.asarray(shown, np.uint8)


def brightened(frame: Picture) -> Picture:
    """Open the shutter for 2.6 times as long."""
    return np.asarray(np.clip(frame.astype(np.float32) * 2.6, 0, 255), np.uint8)


def has_looked_beyond(checks: Mapping[str, Any]) -> bool:
    """Tell whether enough plates were seen outside the lanes."""
    return bool(checks.get("lane_region", {}).get("verdict") == "bad")


ELSEWHERE = "region = [[0.0, 0.0], [0.25, 0.0], [0.25, 0.4], [0.0, 0.4]]"


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedBroker]:
    with running_mosquitto(tmp_path_factory.mktemp("broker")) as mosquitto:
        yield EmbeddedBroker("mosquitto", "", "5", mosquitto.port)


@pytest.mark.parametrize(
    ("fault", "lanes", "is_told", "code"),
    [
        pytest.param(
            in_float(lambda grey: defocus(grey, 4)), "", has_seen_plates, "LPR-O02", id="defocus"
        ),
        pytest.param(far_away, "", has_seen_plates, "LPR-O01", id="plate too small"),
        pytest.param(
            in_float(lambda grey: smear(grey, 10, np.pi / 2)),
            "",
            has_seen_plates,
            "LPR-O03",
            id="shutter too slow",
        ),
        pytest.param(brightened, "", has_seen_plates, "LPR-O04", id="over-exposure"),
        pytest.param(half_covered, "", has_seen_plates, "LPR-O06", id="lens half covered"),
        pytest.param(turned, "", has_seen_plates, "LPR-O07", id="camera turned"),
        pytest.param(None, ELSEWHERE, has_looked_beyond, "LPR-O08", id="wrong lane polygon"),
    ],
)
def test_fault_of_the_optics_is_the_first_cause(
    fault: Fault | None,
    lanes: str,
    is_told: Callable[[Mapping[str, Any]], bool],
    code: str,
    broker: EmbeddedBroker,
    tmp_path: Path,
) -> None:
    source = write_frames(tmp_path / "frames", fault)
    with FaultyBooth(tmp_path, broker, source, more={"lanes": lanes}) as booth:
        booth.start_all()
        said = booth.diagnose_until(is_told)
    assert code_of(said) == code
    assert said["first_cause"]["do"]


def test_sound_booth_has_no_fault(broker: EmbeddedBroker, tmp_path: Path) -> None:
    source = write_frames(tmp_path / "frames")
    with FaultyBooth(tmp_path, broker, source) as booth:
        booth.start_all()
        said = booth.diagnose_until(has_seen_plates)
    assert {each["code"] for each in said["findings"]} - {SLOW} == {None}
