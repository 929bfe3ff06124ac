"""What measures and what teaches have nothing in common: faces, drawings, blank plates."""

import ast
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("PIL")
pytest.importorskip("matplotlib")

import edge_lpr
from edge_lpr.core.errors import DataSetError
from edge_lpr.training.drawn_plates import BLANKS_FOLDER, FONT_FOLDERS
from edge_lpr.training.held_out_typefaces import load_held_out, refuse_trained
from edge_lpr.training.typefaces import load_typefaces

PACKAGE = Path(edge_lpr.__file__).parent
SIMULATOR = "edge_lpr.synthesis.simulator"
MEASURING = {
    "simulate", "simulated_shifts", "lane_sheet", "passage_runs", "passage_outcomes",
    "real_sequences", "held_out_typefaces", "confusion",
}  # fmt: skip
SHARED = {"chance", "formats", "glyphs", "marks", "pictures"}
"""Parts of ``synthesis`` that say what stands on a plate, and draw nothing of it themselves."""


def imported(file: Path) -> Iterator[str]:
    """Yield the modules that a file imports."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module is not None:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def test_training_never_draws_with_the_simulator() -> None:
    files = [file for file in (PACKAGE / "training").glob("*.py") if file.stem not in MEASURING]
    users = [file.stem for file in files if any(SIMULATOR in name for name in imported(file))]
    assert len(files) > 20
    assert users == []


def test_the_simulator_draws_with_nothing_that_training_draws_with() -> None:
    files = list((PACKAGE / "synthesis" / "simulator").glob("*.py"))
    parts = {
        name.split(".")[2]
        for file in files
        for name in imported(file)
        if name.startswith("edge_lpr.synthesis.") and not name.startswith(SIMULATOR)
    }
    assert parts
    assert parts <= SHARED


def test_the_simulator_prints_on_no_photographed_blank() -> None:
    sources = "".join(
        file.read_text(encoding="utf-8")
        for folder in ("synthesis/simulator", "training")
        for file in (PACKAGE / folder).glob("*.py")
        if folder != "training" or file.stem in MEASURING
    )
    assert BLANKS_FOLDER not in sources
    assert "HersheyTypeface" not in sources


def test_held_out_faces_are_none_of_those_that_need_no_file() -> None:
    held_out, trained = load_held_out("bundled"), load_typefaces()
    assert held_out
    assert not held_out.keys() & trained.keys()
    for face in held_out.values():
        for other in trained.values():
            assert not np.array_equal(face.glyph("R"), other.glyph("R"))


def test_a_face_that_training_has_is_refused_under_any_name(tmp_path: Path) -> None:
    held_out = load_held_out("bundled")
    refuse_trained(held_out, tmp_path)
    folder = tmp_path / FONT_FOLDERS[0]
    folder.mkdir()
    source = next(Path(name) for name in font_files() if name.endswith("DejaVuSans-Bold.ttf"))
    (folder / "innocent.ttf").write_bytes(source.read_bytes())
    with pytest.raises(DataSetError, match="innocent"):
        refuse_trained(held_out, tmp_path)


def font_files() -> list[str]:
    """List the fonts that come with matplotlib."""
    import matplotlib as mpl  # noqa: PLC0415 - slow, and only one test needs it

    return [str(path) for path in Path(mpl.get_data_path()).rglob("*.ttf")]
