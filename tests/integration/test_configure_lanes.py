"""``edge-lpr configure`` and the lanes that a technician has drawn: kept, and in force for good."""

from pathlib import Path

import pytest

from edge_lpr.core.settings import load_settings
from edge_lpr.installation.__main__ import main
from tests.support.installed_booth import ANSWERS, InstalledBooth, bundle

DRAWN = """[[lanes]]
number = 3
region = [[0.1, 0.1], [0.9, 0.1], [0.9, 0.9]]
arrow = [[0.5, 0.1], [0.5, 0.9]]
"""


@pytest.fixture
def booth(tmp_path: Path) -> InstalledBooth:
    booth = InstalledBooth(tmp_path / "booth")
    booth.bring(ANSWERS, bundle(booth.key))
    assert booth.configure() == []
    return booth


def save(booth: InstalledBooth, text: str) -> int:
    file = booth.places.root / "wanted.toml"
    file.write_text(text)
    return main(["--root", str(booth.places.root), "--lanes", str(file)])


def lane_numbers(booth: InstalledBooth) -> list[int]:
    return [lane.number for lane in load_settings(booth.places.settings).lanes]


def test_drawn_lanes_are_in_the_settings_and_outlive_them(booth: InstalledBooth) -> None:
    assert save(booth, DRAWN) == 0
    assert lane_numbers(booth) == [3]
    # Settings made anew, as after a damaged file: the lanes come back.
    booth.places.settings.unlink()
    assert booth.configure() == []
    assert lane_numbers(booth) == [3]
    # Who wants to write them by hand removes the file.
    booth.places.lanes.unlink()
    booth.places.settings.unlink()
    assert booth.configure() == []
    assert lane_numbers(booth) == [1]


def test_lanes_that_are_none_change_nothing(
    booth: InstalledBooth, capsys: pytest.CaptureFixture[str]
) -> None:
    before = booth.places.settings.read_bytes()
    assert save(booth, DRAWN.replace("0.9", "1.9")) == 1
    assert "at most 1" in capsys.readouterr().err
    assert booth.places.settings.read_bytes() == before
    assert not booth.places.lanes.exists()


def test_damaged_lanes_are_told_and_the_booth_goes_on(booth: InstalledBooth) -> None:
    booth.places.lanes.write_text("lanes = 1")
    (fault,) = booth.configure()
    assert "lanes" in fault
    assert lane_numbers(booth) == [1]


def test_lanes_without_settings_cannot_be_kept(
    booth: InstalledBooth, capsys: pytest.CaptureFixture[str]
) -> None:
    booth.places.settings.unlink()
    assert save(booth, DRAWN) == 1
    assert "cannot be read" in capsys.readouterr().err
