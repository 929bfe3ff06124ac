"""The sheet command draws what it is asked for, and says what is wrong with the question."""

import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest

pytest.importorskip("PIL")

from edge_lpr.core.errors import DataSetError
from edge_lpr.synthesis.formats import FORMATS
from edge_lpr.synthesis.glyphs import GLYPH_HEIGHT_PX
from edge_lpr.synthesis.marks import CHARACTERS
from edge_lpr.training import sheet
from edge_lpr.training.drawn_plates import BLANKS_FOLDER, PlatePress, Press, load_materials
from edge_lpr.training.typefaces import load_typefaces


@pytest.mark.parametrize("kind", ["plates", "night", "flat", "negatives"])
def test_a_sheet_holds_as_many_pictures_as_asked_for(tmp_path: Path, kind: str) -> None:
    out = tmp_path / "sheet.png"
    sheet.main(["--out", str(out), "--count", "12", "--width", "60", "--kind", kind])
    picture = cv2.imread(str(out))
    assert picture is not None
    assert picture.shape == (2 * (69 + 16), 10 * 87, 3)
    assert picture[:85].std() > 10


def test_the_same_seed_draws_the_same_sheet(tmp_path: Path) -> None:
    outs = [tmp_path / "one.png", tmp_path / "other.png"]
    for out in outs:
        sheet.main(["--out", str(out), "--count", "5", "--seed", "3", "--country", "de,br"])
    assert outs[0].read_bytes() == outs[1].read_bytes()


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        pytest.param(["--country", "atlantis"], "no series 'atlantis'", id="unknown country"),
        pytest.param(["--blanks", "/nowhere/at/all"], "/nowhere/at/all", id="missing folder"),
        pytest.param(["--fonts", "/nowhere/fonts"], "/nowhere/fonts", id="missing fonts"),
        pytest.param(["--count", "0"], "1 to 10000", id="no pictures"),
    ],
)
def test_a_wrong_question_ends_with_a_sentence(
    arguments: list[str], complaint: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        sheet.main(["--out", str(tmp_path / "sheet.png"), *arguments])
    assert complaint in capsys.readouterr().err


@pytest.mark.parametrize("name", ["sheet.nonsense", "missing/sheet.png"])
def test_a_sheet_that_cannot_be_written_is_said_so(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        sheet.main(["--out", str(tmp_path / name), "--count", "1"])
    assert "cannot be written" in capsys.readouterr().err


def test_american_plates_are_printed_on_the_blanks_of_a_data_set(tmp_path: Path) -> None:
    folder = tmp_path / BLANKS_FOLDER
    folder.mkdir()
    green = np.full((60, 120, 3), (20, 200, 20), np.uint8)
    cv2.imwrite(str(folder / "green.jpg"), green)  # noqa: TID251 - training reads pictures
    typefaces, blanks = load_materials(tmp_path)
    press = PlatePress(typefaces, blanks, Press({"us": 1.0}, 0.2, (60, 61)))
    rng = np.random.default_rng(1)
    plates = [press.draw_one("us", FORMATS["us"][1], rng) for _ in range(40)]
    middles = [plate.picture_bgr[20:60, 30:120].astype(int) for plate in plates]
    shares = [float((np.abs(m - (20, 200, 20)) < 40).all(axis=2).mean()) for m in middles]
    assert sum(share > 0.3 for share in shares) > 15


def test_a_font_file_has_every_character_at_the_standard_height(tmp_path: Path) -> None:
    matplotlib = pytest.importorskip("matplotlib")
    font = Path(matplotlib.get_data_path()) / "fonts" / "ttf" / "DejaVuSans-Bold.ttf"
    (tmp_path / "german").mkdir()
    shutil.copy(font, tmp_path / "german" / "plate.ttf")
    face = load_typefaces(tmp_path)["german/plate"]
    glyphs = [face.glyph(character) for character in CHARACTERS]
    assert {glyph.shape[0] for glyph in glyphs} == {GLYPH_HEIGHT_PX}
    assert len({glyph.tobytes() for glyph in glyphs}) == 36
    press = PlatePress(load_typefaces(tmp_path), [], Press({"gb": 0.5, "eu": 0.5}, 0.0, (60, 61)))
    rng = np.random.default_rng(1)
    assert len({press.draw(rng).text for _ in range(20)}) > 15


def test_fonts_in_folders_below_are_found_by_their_path(tmp_path: Path) -> None:
    assert "american/missing" not in load_typefaces(tmp_path)
    (tmp_path / "american").mkdir()
    (tmp_path / "american" / "broken.ttf").write_bytes(b"no font")
    with pytest.raises(DataSetError, match=r"broken\.ttf is no font"):
        load_typefaces(tmp_path)
