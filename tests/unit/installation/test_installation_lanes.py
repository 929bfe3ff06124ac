"""Lanes that a technician has drawn, as text: what is taken, and what stays as it was."""

from pathlib import Path

import pytest
import tomli

from edge_lpr.core.errors import InstallationError
from edge_lpr.installation.lanes import checked_lanes, lanes_text, read_lanes, with_lanes

DRAWN = b"""[
  {"number": 1, "direction": "in", "region": [[0.1, 0.1], [0.5, 0.1], [0.5, 1.0], [0, 1.0]],
   "arrow": [[0.3, 0.2], [0.3, 0.9]]},
  {"number": 2, "region": [[0.5, 0.1], [0.9, 0.1], [1.0, 1.0]]}
]"""
TEMPLATE = (Path(__file__).parents[3] / "firmware_config" / "booth.toml").read_text()


def test_lanes_are_the_same_after_a_file(tmp_path: Path) -> None:
    lanes = checked_lanes(DRAWN)
    file = tmp_path / "lanes.toml"
    file.write_text(lanes_text(lanes))
    assert read_lanes(file) == lanes
    assert lanes[0].arrow == ((0.3, 0.2), (0.3, 0.9))


@pytest.mark.parametrize(
    "text",
    [
        TEMPLATE,
        '[booth]\ntenant = "a"\n[vision]\n[[lanes]]\nnumber = 4\n',
        (
            "[[lanes]]\nnumber = 1\n[[lanes]]\nnumber = 2\nregion = [\n[0.0, 0.0],\n[1.0, 0.0],\n"
            "[1.0, 1.0]]\n[vision]\nthreads = 2\n"
        ),
        "[vision]\nthreads = 2\n",
    ],
    ids=["template", "last", "of several lines", "none before"],
)
def test_nothing_but_the_lanes_changes(text: str) -> None:
    lanes = checked_lanes(DRAWN)
    changed = with_lanes(text, lanes)
    before, after = tomli.loads(text), tomli.loads(changed)
    assert [lane["number"] for lane in after.pop("lanes")] == [1, 2]
    before.pop("lanes", None)
    assert after == before
    # A second time there is nothing to do, and a third one leaves no trace of the second.
    assert with_lanes(changed, lanes) == changed
    again = with_lanes(changed, lanes[:1])
    assert with_lanes(again, lanes) == changed


def test_comments_of_other_settings_stay() -> None:
    changed = with_lanes(TEMPLATE, checked_lanes(DRAWN))
    assert "# Settings of one booth: /etc/edge-lpr/booth.toml" in changed
    assert "# Number of the camera (0 for /dev/video0" in changed
    assert "remove that file" in changed


@pytest.mark.parametrize(
    "text", ["lanes = [{number = 1}]\n", "[[lanes]\n", "[lanes]\nnumber = 1\n"], ids=str
)
def test_settings_whose_lanes_cannot_be_found_are_left_alone(text: str) -> None:
    with pytest.raises(InstallationError, match=r"booth\.toml"):
        with_lanes(text, checked_lanes(DRAWN))


@pytest.mark.parametrize(
    ("lanes", "sentence"),
    [
        (b"no lanes", "lanes"),
        (b"[]", "1 to 16"),
        (b'[{"number": 1}, {"number": 1}]', "same number"),
        (b'[{"number": 1}, {"number": 2}]', "needs a region"),
        (b'[{"number": 17}]', "at most 16"),
        (b'[{"number": 1, "colour": "red"}]', "colour"),
        (b'[{"number": 1, "region": [[0.1, 0.1], [0.2, 0.2], [1.2, 0.1]]}]', "at most 1"),
        (b'[{"number": 1, "region": [[0.1, 0.1], [0.2, 0.2], [0.3, 0.3]]}]', "thousandth"),
    ],
)
def test_lanes_that_the_settings_do_not_take_are_refused(lanes: bytes, sentence: str) -> None:
    with pytest.raises(InstallationError, match=sentence):
        checked_lanes(lanes)


@pytest.mark.parametrize(
    "text", ["", "lanes = 1", "[vision]\n", "[[lanes]]\nnumber = 1\n[vision]\n", "#" * 40_000]
)
def test_file_that_holds_anything_else_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "lanes.toml"
    file.write_text(text)
    with pytest.raises(InstallationError):
        read_lanes(file)


def test_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InstallationError, match="draw the lanes again"):
        read_lanes(tmp_path / "lanes.toml")
