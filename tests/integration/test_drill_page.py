"""The committed page is the one that the committed result gives."""

from pathlib import Path

import pytest

from edge_lpr.drill.page import page_text, write_page
from edge_lpr.drill.result import read_result

DOCS = Path(__file__).resolve().parents[2] / "docs"
RESULT = DOCS / "breach-drill.json"
PAGE = DOCS / "breach-drill.md"
PLOT = DOCS / "breach-drill.svg"


def test_the_page_is_what_the_result_gives() -> None:
    assert page_text(read_result(RESULT), PLOT.name) == PAGE.read_text()


def test_the_committed_drill_was_the_whole_one_and_held() -> None:
    result = read_result(RESULT)
    assert result.holds
    assert result.facts.cheap == 100_000
    assert result.facts.real == 2_000


def test_a_result_is_the_same_after_it_was_read() -> None:
    assert read_result(RESULT).to_json() == RESULT.read_text()


def test_the_plot_is_the_same_every_time(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    for name in ("one", "other"):
        write_page(read_result(RESULT), tmp_path / f"{name}.md")
    assert (tmp_path / "one.svg").read_bytes() == (tmp_path / "other.svg").read_bytes()


def test_the_committed_plot_is_the_one_that_the_program_draws(tmp_path: Path) -> None:
    version = pytest.importorskip("matplotlib").__version__
    creator = f"<dc:title>matplotlib {version}</dc:title>"
    if creator not in PLOT.read_text():
        pytest.skip("drawn by another version of matplotlib")
    write_page(read_result(RESULT), tmp_path / "page.md")
    assert (tmp_path / "page.svg").read_bytes() == PLOT.read_bytes()
