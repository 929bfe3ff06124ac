"""A small breach drill: real authority, broker, store, ten booths as processes, and the thief."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from edge_lpr.drill.result import read_result
from edge_lpr.drill.rows import HIT_ONLY_ROW
from tests.support.broker import Mosquitto

pytestmark = pytest.mark.broker

PROJECT = Path(__file__).resolve().parents[2]
SMALL = ("--passages", "120", "--real", "3", "--real-guesses", "1", "--seed", "7")


def drill(*words: str) -> subprocess.CompletedProcess[str]:
    """Run the program."""
    return subprocess.run(
        [sys.executable, "-m", "edge_lpr", "drill", *words],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )


def test_a_small_drill_finds_exactly_what_the_table_says(tmp_path: Path) -> None:
    Mosquitto(tmp_path)  # Skips, or fails, where there is none.
    pytest.importorskip("matplotlib")
    file, page = tmp_path / "result.json", tmp_path / "page.md"
    done = drill(*SMALL, "--json", str(file), "--page", str(page))
    assert done.returncode == 0, done.stdout + done.stderr
    result = read_result(file)
    assert result.faults() == []
    assert (result.facts.cheap, result.facts.real) == (120, 3)
    # Each booth takes a delivery a day, and two more booths run for a day in hit-only mode.
    assert result.facts.deliveries == 52
    named = {row.name: row.found.passages for row in result.rows}
    assert len(named) == 11
    assert named[HIT_ONLY_ROW] == 1
    assert named["broker, everything it ever carried"] == 0
    assert named["central database and that day's keys"] > 0
    assert {row.linked_across for row in result.rows} == {0}
    assert len(result.controls) == 6
    assert "The table holds" in done.stdout
    assert "The promise held." in page.read_text()
    assert "two more booths ran in hit-only mode" in page.read_text()
    assert page.with_suffix(".svg").is_file()


def test_a_result_that_breaks_the_promise_ends_with_1(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    content = json.loads((PROJECT / "docs" / "breach-drill.json").read_text())
    content["rows"][0]["surplus"] = 1
    broken = tmp_path / "broken.json"
    broken.write_text(json.dumps(content))
    done = drill("--from-json", str(broken), "--page", str(tmp_path / "page.md"))
    assert done.returncode == 1
    assert "does NOT hold: broker" in done.stdout


def test_a_file_that_is_no_result_is_refused(tmp_path: Path) -> None:
    other = tmp_path / "other.json"
    other.write_text("[]")
    done = drill("--from-json", str(other), "--page", str(tmp_path / "page.md"))
    assert done.returncode == 2
    assert "is no result of a breach drill" in done.stderr
