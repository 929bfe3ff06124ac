"""Faults of a live camera: ``diagnose`` names each as the first cause."""

import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from edge_lpr.demo.arguments import Source
from edge_lpr.demo.brokers import EmbeddedBroker
from tests.support.broker import running_mosquitto
from tests.support.faulty_booth import FaultyBooth, code_of, lane_frames

pytestmark = pytest.mark.broker

CAMERA = """#!{python}
# A Raspberry Pi's camera program that gives the frames of a file, then the last one for ever; and
# when it is started again, that one alone.
import pathlib, sys, time
size = 1280 * 720 * 3 // 2
with open("{frames}", "rb") as file:
    frames = []
    while frame := file.read(size):
        frames.append(frame)
started = pathlib.Path("{frames}.started")
shown = frames[-1:] if started.exists() else frames
started.touch()
for frame in shown:
    sys.stdout.buffer.write(frame)
    time.sleep(0.1)
while True:
    sys.stdout.buffer.write(frames[-1])
    time.sleep(0.1)
"""


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedBroker]:
    with running_mosquitto(tmp_path_factory.mktemp("broker")) as mosquitto:
        yield EmbeddedBroker("mosquitto", "", "5", mosquitto.port)


@pytest.mark.parametrize(
    ("check", "last", "code"),
    [
        pytest.param("camera_frozen", None, "LPR-C02", id="frozen stream"),
        pytest.param("camera_dark", np.zeros((720, 1280, 3), np.uint8), "LPR-C03", id="lens cap"),
    ],
)
def test_fault_of_the_camera_is_the_first_cause(
    check: str,
    last: np.ndarray | None,
    code: str,
    broker: EmbeddedBroker,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shown = [*lane_frames()[:20], *([] if last is None else [last])]
    frames = tmp_path / "frames"
    frames.write_bytes(
        b"".join(cv2.cvtColor(each, cv2.COLOR_BGR2YUV_I420).tobytes() for each in shown)
    )
    programs = tmp_path / "cameras"
    programs.mkdir()
    program = programs / "rpicam-vid"
    program.write_text(CAMERA.format(python=sys.executable, frames=frames))
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")

    def is_told(checks: Mapping[str, Any]) -> bool:
        return checks.get(check, {}).get("verdict") == "bad" and "broker" in checks

    with FaultyBooth(tmp_path, broker, Source("camera", "0")) as booth:
        settings = booth.folders.settings_file
        settings.write_text(settings.read_text().replace('kind = "camera"', 'kind = "csi-rpi"'))
        booth.start_all()
        said = booth.diagnose_until(is_told)
    assert code_of(said) == code
