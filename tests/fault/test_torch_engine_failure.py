"""The torch engine fails aloud, and runs nothing that the manifest does not vouch for."""

import hashlib
import json
import shutil
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("ultralytics")
pytest.importorskip("easyocr")

import torch

from edge_lpr.core.errors import DetectorError, ModelError, ReaderError, SettingsError
from edge_lpr.vision.adapters.easyocr_reader import EasyocrPlateReader
from edge_lpr.vision.adapters.torch_runtime import OutputTap, choose_device
from edge_lpr.vision.adapters.ultralytics_detector import UltralyticsPlateDetector
from edge_lpr.vision.contracts import Engine
from edge_lpr.vision.engine import load_engine
from edge_lpr.vision.models import MANIFEST_NAME
from tests.support.engines import engine_settings, open_engine

pytestmark = pytest.mark.torch

SHIPPED = Path(str(resources.files("edge_lpr.models")))
TRAINABLE = (
    "detector.pt",
    "plate_corners.pth",
    "plate_reader.pth",
    "plate_reader.py",
    "plate_reader.yaml",
)
FRAME_BGR = np.zeros((90, 160, 3), np.uint8)
PLATE_BGR = np.zeros((64, 192, 3), np.uint8)


@pytest.fixture(scope="module")
def engine() -> Engine:
    return open_engine("torch")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with copies of the shipped manifest and trainable models."""
    models = tmp_path / "models"
    models.mkdir()
    for name in (MANIFEST_NAME, *TRAINABLE):
        shutil.copy(SHIPPED / name, models)
    return models


def sign_off(folder: Path, name: str) -> None:
    """Make the manifest agree with whatever a file holds now."""
    manifest = json.loads((folder / MANIFEST_NAME).read_text())
    content = (folder / name).read_bytes()
    entry = manifest["files"][name]
    entry["sha256"], entry["size_bytes"] = hashlib.sha256(content).hexdigest(), len(content)
    (folder / MANIFEST_NAME).write_text(json.dumps(manifest))


class BoobyTrap:
    """An object that makes a folder when it is unpickled."""

    def __init__(self, marker: Path) -> None:
        self._marker = marker

    def __reduce__(self) -> tuple[object, ...]:
        return Path.mkdir, (self._marker,)


class StrangeNetwork(torch.nn.Module):
    """A network that puts out something else than it promised."""

    def forward(self, picture: object) -> tuple[Any]:
        del picture
        return (torch.zeros(1, 5, 10),)


def fall_over(*_: object, **__: object) -> None:
    raise RuntimeError("CUDA out of memory")


@pytest.mark.parametrize("name", TRAINABLE)
def test_a_file_with_one_bit_changed_is_refused_before_it_is_loaded(
    folder: Path, name: str
) -> None:
    content = bytearray((folder / name).read_bytes())
    content[len(content) // 2] ^= 1
    (folder / name).write_bytes(content)
    with pytest.raises(ModelError, match=f"{name}: is not the model in the manifest"):
        load_engine(engine_settings("torch", folder))


@pytest.mark.parametrize("name", TRAINABLE)
def test_what_is_no_model_is_refused_even_if_the_manifest_vouches_for_it(
    folder: Path, name: str
) -> None:
    (folder / name).write_bytes(b"{ this is no model")
    sign_off(folder, name)
    # What the reader's three files amount to is named by its weights.
    blamed = name if name in {"detector.pt", "plate_corners.pth"} else "plate_reader.pth"
    with pytest.raises(ModelError, match=f"{blamed}: is no (plate|corner)"):
        load_engine(engine_settings("torch", folder))


@pytest.mark.parametrize("name", ["detector.pt", "plate_corners.pth", "plate_reader.pth"])
def test_a_checkpoint_that_runs_code_does_not_get_to_run_it(folder: Path, name: str) -> None:
    marker = folder / "was-here"
    torch.save({"model": BoobyTrap(marker)}, folder / name)
    sign_off(folder, name)
    with pytest.raises(ModelError, match=f"{name}: is no (plate|corner)"):
        load_engine(engine_settings("torch", folder))
    assert not marker.exists()


def test_a_detector_that_falls_over_is_no_empty_road(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert isinstance(engine.detector, UltralyticsPlateDetector)
    monkeypatch.setattr(engine.detector._yolo, "predict", fall_over)
    with pytest.raises(DetectorError, match=r"failed to detect \(RuntimeError\)"):
        engine.detector.detect(FRAME_BGR)


def test_a_detector_that_did_not_look_is_no_empty_road(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert isinstance(engine.detector, UltralyticsPlateDetector)
    monkeypatch.setattr(engine.detector._yolo, "predict", lambda *_, **__: [])
    with pytest.raises(DetectorError):
        engine.detector.detect(FRAME_BGR)


def test_a_detector_that_answers_something_else_is_no_empty_road(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert isinstance(engine.detector, UltralyticsPlateDetector)
    network = StrangeNetwork()
    monkeypatch.setattr(engine.detector, "_tap", OutputTap(network))
    monkeypatch.setattr(engine.detector._yolo, "predict", lambda picture, **_: network(picture))
    with pytest.raises(DetectorError, match=r"shape \(1, 5, 10\)"):
        engine.detector.detect(FRAME_BGR)


def test_a_reader_that_falls_over_is_no_empty_reading(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert isinstance(engine.reader, EasyocrPlateReader)
    monkeypatch.setattr(engine.reader._reader, "recognize", fall_over)
    with pytest.raises(ReaderError, match=r"failed to read \(RuntimeError\)"):
        engine.reader.read([PLATE_BGR])


def test_a_reader_that_answers_something_else_is_no_empty_reading(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert isinstance(engine.reader, EasyocrPlateReader)
    network = StrangeNetwork()
    monkeypatch.setattr(engine.reader, "_tap", OutputTap(network))
    monkeypatch.setattr(engine.reader._reader, "recognize", lambda picture, **_: network(picture))
    with pytest.raises(ReaderError, match=r"shape \(1, 5, 10\)"):
        engine.reader.read([PLATE_BGR])


def test_cuda_that_is_not_there_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(SettingsError, match="finds no CUDA device"):
        choose_device("cuda")
    assert choose_device("auto") == choose_device("cpu") == "cpu"


def test_cuda_is_taken_where_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert choose_device("auto") == choose_device("cuda") == "cuda:0"
    assert choose_device("cpu") == "cpu"
