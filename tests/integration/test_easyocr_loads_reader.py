"""EasyOCR loads our reader as one of its own, and reads what our own decoding reads."""

import shutil
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("easyocr")

import easyocr
import torch

import edge_lpr.models
from edge_lpr.core.alphabet import PLATE_ALPHABET
from edge_lpr.synthesis.glyphs import HersheyTypeface
from edge_lpr.synthesis.plates import render_plate
from edge_lpr.synthesis.styles import EUROPEAN_BOXED
from edge_lpr.training.reader_augment import flatten_exactly
from edge_lpr.training.reader_scores import read_all
from edge_lpr.training.reader_weights import build_model, load_weights, save_weights

pytestmark = [
    pytest.mark.torch,
    # The library's own habits: deprecated calls inside torch and EasyOCR.
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning"),
]
_MODELS = Path(edge_lpr.models.__file__).parent
_SHIPPED_WEIGHTS = _MODELS / "plate_reader.pth"


def _easyocr_reader(weights_folder: Path) -> easyocr.Reader:
    return easyocr.Reader(
        ["en"],
        gpu=False,
        recog_network="plate_reader",
        model_storage_directory=str(weights_folder),
        user_network_directory=str(_MODELS),
        detector=False,
        download_enabled=False,
        verbose=False,
    )


def _drawn_plate() -> tuple[np.ndarray[tuple[int, ...], np.dtype[np.uint8]], str]:
    plate = render_plate(
        "KX 304 TB", EUROPEAN_BOXED, HersheyTypeface(), np.random.default_rng(2), wear=0.0
    )
    return flatten_exactly(plate.picture_bgr, plate.corners_px), plate.text


def test_easyocr_gives_the_networks_own_reading(tmp_path: Path) -> None:
    # One of 25 random networks reads nothing at all.
    torch.manual_seed(0)
    model = build_model().eval()
    torch.nn.init.normal_(model.scores.weight)  # random weights read something, though no plate
    save_weights(model, tmp_path / "plate_reader.pth")
    flat, _ = _drawn_plate()
    (reading,) = read_all(model, flat[None])
    expected = "".join(chr(PLATE_ALPHABET[index - 1]) for index in reading)
    height, width = flat.shape
    result = _easyocr_reader(tmp_path).recognize(
        flat, horizontal_list=[[0, width, 0, height]], free_list=[], detail=0, workers=0
    )
    assert expected
    assert result == [expected]


@pytest.mark.skipif(not _SHIPPED_WEIGHTS.exists(), reason="weights are not in this checkout")
def test_easyocr_reads_a_drawn_plate_with_the_shipped_weights() -> None:
    flat, text = _drawn_plate()
    height, width = flat.shape
    result = _easyocr_reader(_MODELS).recognize(
        flat, horizontal_list=[[0, width, 0, height]], free_list=[], detail=0, workers=0
    )
    assert result == [text]


def test_shipped_weights_survive_saving_and_loading(tmp_path: Path) -> None:
    one, other, third = build_model(), build_model(), build_model()
    load_weights(one, _SHIPPED_WEIGHTS)
    save_weights(one, tmp_path / "plate_reader.pth")
    load_weights(other, tmp_path / "plate_reader.pth")
    ours, theirs = one.state_dict(), other.state_dict()
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)
    save_weights(third, tmp_path / "new.pth")
    load_weights(other, tmp_path / "new.pth")
    new, read = third.state_dict(), other.state_dict()
    # A file holds float16: three digits of a weight.
    assert all(torch.allclose(new[name], read[name], rtol=1e-3, atol=1e-6) for name in new)


def test_character_list_is_the_plate_alphabet() -> None:
    reader_definition = (_MODELS / "plate_reader.yaml").read_text(encoding="utf-8")
    assert f"character_list: {PLATE_ALPHABET.decode()}\n" in reader_definition


def test_definition_is_one_self_contained_file(tmp_path: Path) -> None:
    shutil.copy(_MODELS / "plate_reader.py", tmp_path)
    assert "edge_lpr" not in (tmp_path / "plate_reader.py").read_text(encoding="utf-8")
