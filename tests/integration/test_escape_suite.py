"""The escape suite travels to a booth, finds what is open, and its page says what it found."""

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.escape.attempt import ATTEMPTS, MARK, MARK_TEXT, picture_of, pictures_in
from tests.escape.pack import pack_suite
from tests.escape.page import PAGE, RESULTS, page
from tests.escape.walls import OPENED, only, walls_of

UNIT = Path(__file__).parents[2] / "systemd" / "edge-lpr-vision.service"

NO_WALLS = {
    "IOAccounting",
    "IPAccounting",
    "LogRateLimitIntervalSec",
    "LogRateLimitBurst",
    "SyslogLevelPrefix",
    "SystemCallErrorNumber",
    "UMask",
    "LimitMEMLOCK",
    "MemorySwapMax",
}
"""Lines among the walls that stop no attempt of the suite."""


@pytest.fixture(scope="module")
def suite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("suite") / "suite.pyz"
    pack_suite(path)
    return path


def try_outside(suite: Path, *names: str) -> dict[str, str]:
    """Run some attempts without walls, as the packed program does."""
    words = [sys.executable, str(suite), "hostile", *names]
    with subprocess.Popen(words, stderr=subprocess.PIPE, text=True) as program:
        assert program.stderr is not None
        said = json.loads(program.stderr.readline())
        program.kill()
    return {each["attempt"]: each["outcome"] for each in said}


def test_there_are_many_ways_each_with_its_sentence() -> None:
    assert len(ATTEMPTS) >= 40
    assert len({each.sentence for each in ATTEMPTS.values()}) == len(ATTEMPTS)


def test_no_picture_lies_in_the_suite_itself(suite: Path) -> None:
    with zipfile.ZipFile(suite) as packed:
        texts = [packed.read(name) for name in packed.namelist()]
    assert not any(MARK in text or MARK_TEXT in text for text in texts)


def test_picture_is_found_as_bytes_and_as_text() -> None:
    picture = picture_of("tcp")
    assert pictures_in(b"before" + picture + b"behind") == {"tcp"}
    assert pictures_in(b"PICTURE=" + picture.hex().encode()) == {"tcp"}
    assert pictures_in(picture[:-1]) == set()


def test_program_says_what_is_open_where_there_are_no_walls(suite: Path) -> None:
    # Neither leaves anything behind.
    said = try_outside(suite, "mapped_twice", "written_and_run")
    assert said == {"mapped_twice": "reached", "written_and_run": "reached", "end": "end"}


def test_judge_can_open_every_wall_of_the_unit() -> None:
    lines = UNIT.read_text().splitlines()
    walls = lines[lines.index("PrivateNetwork=yes") : lines.index("[Install]")]
    names = {line.partition("=")[0] for line in walls if "=" in line and line[0] != "#"}
    assert names - NO_WALLS <= set(OPENED)


def test_one_wall_is_put_up_again_behind_what_opens_it() -> None:
    lines = only(UNIT.read_text(), "PrivateNetwork").splitlines()
    assert lines[-1] == "PrivateNetwork=yes"
    assert lines.index("PrivateNetwork=no") < len(lines) - 1
    assert "User=root" in only(UNIT.read_text(), None)
    assert walls_of(UNIT.read_text())["SystemCallFilter"][0] == "SystemCallFilter=@system-service"


def test_nothing_got_out() -> None:
    rows = json.loads(RESULTS.read_text())["rows"]
    assert [row["attempt"] for row in rows] == list(ATTEMPTS)
    assert [row["attempt"] for row in rows if row["unit"]["succeeded"]] == []


def test_page_is_what_the_results_say() -> None:
    assert PAGE.read_text() == page(json.loads(RESULTS.read_text()))
