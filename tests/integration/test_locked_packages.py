"""What is locked is what is wanted: one OpenCV, no torch on a device, and no index named."""

import importlib.metadata
import re
from pathlib import Path

import pytest

LISTS = sorted((Path(__file__).parents[2] / "requirements").glob("*.txt"))
OPENCV = re.compile(r"opencv[-_](?:contrib[-_])?python(?:[-_]headless)?")


def locked_in(name: str) -> set[str]:
    (path,) = (each for each in LISTS if each.name == name)
    return set(re.findall(r"^([a-z0-9.-]+)==", path.read_text(), re.MULTILINE))


@pytest.mark.parametrize("path", LISTS, ids=lambda path: path.stem)
def test_only_the_headless_opencv_is_locked(path: Path) -> None:
    assert {name for name in locked_in(path.name) if OPENCV.fullmatch(name)} == {
        "opencv-python-headless"
    }


def test_only_the_headless_opencv_is_installed() -> None:
    names = {distribution.name.lower() for distribution in importlib.metadata.distributions()}
    assert {name for name in names if OPENCV.fullmatch(name)} == {"opencv-python-headless"}


def test_device_needs_no_torch() -> None:
    assert locked_in("device.txt").isdisjoint({"torch", "torchvision", "ultralytics", "easyocr"})


def test_lists_hold_the_same_versions() -> None:
    # The markers differ: what only Python 3.10 needs in one list, torch needs everywhere.
    versions: dict[str, set[str]] = {}
    for path in LISTS:
        for name, version in re.findall(r"^([a-z0-9.-]+)==(\S+)", path.read_text(), re.MULTILINE):
            versions.setdefault(f"{path.name} {name}", set()).add(version)
    for path in LISTS:
        for name in locked_in(path.name):
            assert versions[f"{path.name} {name}"] <= versions[f"all.txt {name}"], name


@pytest.mark.parametrize("path", LISTS, ids=lambda path: path.stem)
def test_no_index_is_named(path: Path) -> None:
    assert "://" not in path.read_text()
