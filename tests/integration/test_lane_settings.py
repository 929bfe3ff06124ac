"""Lanes drawn in ``booth.toml`` are read, and every fault in them is told with its place."""

from pathlib import Path

import pytest

from edge_lpr.core.errors import SettingsError
from edge_lpr.core.settings import load_settings

REST = """
[booth]
tenant = "tenant-a"
site = "lane-07"
device = "booth-1"
[vision.source]
kind = "folder"
address = "frames"
"""

GOOD = """
[[lanes]]
number = 2
direction = "in"
region = [[0.0, 0.25], [0.5, 0.25], [0.5, 1.0], [0, 1]]
arrow = [[0.25, 0.25], [0.25, 1.0]]
"""

OTHER = """
[[lanes]]
number = 5
region = [[0.5, 0.25], [1.0, 0.25], [0.75, 1.0]]
"""


@pytest.fixture
def settings_file(tmp_path: Path) -> Path:
    return tmp_path / "booth.toml"


def test_regions_and_arrows_are_read(settings_file: Path) -> None:
    settings_file.write_text(GOOD + OTHER + REST)
    first, second = load_settings(settings_file).lanes
    assert (first.number, first.direction) == (2, "in")
    assert first.region == ((0.0, 0.25), (0.5, 0.25), (0.5, 1.0), (0.0, 1.0))
    assert first.arrow == ((0.25, 0.25), (0.25, 1.0))
    assert (second.number, second.direction) == (5, "unknown")
    assert second.region == ((0.5, 0.25), (1.0, 0.25), (0.75, 1.0))
    assert second.arrow is None


def test_one_lane_needs_no_region(settings_file: Path) -> None:
    settings_file.write_text("[[lanes]]\nnumber = 1\n" + REST)
    (lane,) = load_settings(settings_file).lanes
    assert lane.region is None
    assert lane.arrow is None


NO_AREA = "must cover at least a thousandth of the picture, without crossing itself"


@pytest.mark.parametrize(
    ("keys", "sentence"),
    [
        pytest.param(
            "region = [[0.1, 0.1], [0.9, 0.9]]",
            "lanes(2).region needs at least 3 of them",
            id="too few corners",
        ),
        pytest.param(
            f"region = [{', '.join(['[0.1, 0.1]'] * 33)}]",
            "lanes(2).region may have at most 32 of them",
            id="too many corners",
        ),
        pytest.param(
            "region = [[0.1, 0.1], [1.1, 0.1], [0.5, 0.9]]",
            "lanes(2).region(2)(1) must be at most 1",
            id="beyond the picture",
        ),
        pytest.param(
            "region = [[0.1, -0.1], [0.9, 0.1], [0.5, 0.9]]",
            "lanes(2).region(1)(2) must be at least 0",
            id="above the picture",
        ),
        pytest.param(
            'region = [[0.1, 0.1], ["0.9", 0.1], [0.5, 0.9]]',
            "lanes(2).region(2)(1) must be a number",
            id="text for a number",
        ),
        pytest.param(
            "region = [[0.1, 0.1], [0.5, 0.5], [0.9, 0.9]]",
            f"lanes(2) region {NO_AREA}",
            id="corners in a row",
        ),
        pytest.param(
            "region = [[0.5, 0.5], [0.5, 0.5], [0.5, 0.5]]",
            f"lanes(2) region {NO_AREA}",
            id="one corner thrice",
        ),
        pytest.param(
            "region = [[0.2, 0.2], [0.8, 0.8], [0.8, 0.2], [0.2, 0.8]]",
            f"lanes(2) region {NO_AREA}",
            id="edges that cross",
        ),
        pytest.param(
            "arrow = [[0.5, 0.2], [0.5, 0.2]]",
            "lanes(2) arrow must end elsewhere than it begins",
            id="arrow of no length",
        ),
        pytest.param(
            "arrow = [[0.5, 0.2], [0.5, 1.2]]",
            "lanes(2).arrow(2)(2) must be at most 1",
            id="arrow beyond the picture",
        ),
        pytest.param(
            'direction = "north"',
            "lanes(2).direction must be 'in', 'out' or 'unknown'",
            id="unknown direction",
        ),
        pytest.param("area = [[0.1, 0.1]]", "lanes(2).area is no setting", id="unknown key"),
    ],
)
def test_a_fault_in_a_lane_is_told_with_lane_and_key(
    settings_file: Path, keys: str, sentence: str
) -> None:
    settings_file.write_text(f"{GOOD}[[lanes]]\nnumber = 3\n{keys}\n{REST}")
    with pytest.raises(SettingsError) as caught:
        load_settings(settings_file)
    assert f"{settings_file}: {sentence}" in str(caught.value)


@pytest.mark.parametrize(
    "keys",
    [
        pytest.param("arrow = [[0.5, 0.2]]", id="one end"),
        pytest.param("arrow = [[0.5, 0.2], [0.5, 0.4], [0.5, 0.6]]", id="three ends"),
        pytest.param("arrow = [0.5, 0.2]", id="no points"),
        pytest.param("arrow = 0.5", id="a number"),
        pytest.param("region = [[0.1, 0.1, 0.1], [0.9, 0.1], [0.5, 0.9]]", id="point in space"),
        pytest.param("region = [[0.1], [0.9, 0.1], [0.5, 0.9]]", id="half a point"),
        pytest.param("region = true", id="truth"),
    ],
)
def test_a_wrong_shape_is_refused_by_lane_and_key(settings_file: Path, keys: str) -> None:
    settings_file.write_text(f"{GOOD}[[lanes]]\nnumber = 3\n{keys}\n{REST}")
    with pytest.raises(SettingsError) as caught:
        load_settings(settings_file)
    assert f"{settings_file}: lanes(2).{keys.split(maxsplit=1)[0]}" in str(caught.value)


def test_one_of_two_lanes_without_a_region_is_named(settings_file: Path) -> None:
    settings_file.write_text(f"{GOOD}[[lanes]]\nnumber = 3\n{REST}")
    with pytest.raises(SettingsError, match=r"lanes \[3\] have no region"):
        load_settings(settings_file)


def test_the_least_region_is_allowed(settings_file: Path) -> None:
    settings_file.write_text(
        "[[lanes]]\nnumber = 1\nregion = [[0.1, 0.1], [0.15, 0.1], [0.15, 0.15], [0.1, 0.15]]\n"
        + REST
    )
    assert load_settings(settings_file).lanes[0].region is not None
