"""The programs of ``scripts/test_arm64``, here and without emulation."""

from pathlib import Path

import numpy as np
import pytest

from tests.support.frame_reading import FRAMES, faults, read_frames, rendered_frames
from tests.support.locked_list import packages_for

DEVICE_LIST = Path(__file__).parents[2] / "requirements" / "device.txt"


@pytest.mark.parametrize("version", ["3.10", "3.11", "3.12", "3.13"])
def test_every_python_gets_one_version_of_what_a_device_needs(version: str) -> None:
    packages = packages_for(DEVICE_LIST.read_text(), version)
    names = [package.partition("==")[0] for package in packages]
    assert len(names) == len(set(names))
    assert {"numpy", "onnxruntime", "opencv-python-headless", "argon2-cffi"} <= set(names)


def test_rendered_frames_are_read_and_published_here() -> None:
    frames_bgr, _ = rendered_frames()
    assert len(frames_bgr) == FRAMES
    found = read_frames(frames_bgr)
    assert faults(found, found | {"machine": "another"}) == []


def test_other_pixels_are_noticed() -> None:
    frames_bgr, _ = rendered_frames()
    found = read_frames([np.zeros_like(frame_bgr) for frame_bgr in frames_bgr])
    sentences = " ".join(faults(found, found | {"machine": "another"}))
    assert "not read right" in sentences
    assert "published nothing" in sentences
    assert "of 255" in sentences
