"""An engine that fails says so, and never that there is no plate or no text."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from onnxruntime.capi.onnxruntime_pybind11_state import RuntimeException

from edge_lpr.core.errors import CornerError, DetectorError, ModelError, ReaderError
from edge_lpr.vision.adapters.onnxruntime_corners import OnnxCornerFinder
from edge_lpr.vision.adapters.onnxruntime_detector import OnnxPlateDetector
from edge_lpr.vision.adapters.onnxruntime_reader import OnnxPlateReader
from edge_lpr.vision.models import load_models

FRAME_BGR = np.zeros((90, 160, 3), np.uint8)
PATCH_BGR = np.zeros((80, 160, 3), np.uint8)
PLATE_BGR = np.zeros((64, 192, 3), np.uint8)


class BrokenSession:
    """Stands for a session whose accelerator fell over."""

    def run(self, *arguments: object) -> list[Any]:
        del arguments
        raise RuntimeException("out of memory")

    def io_binding(self) -> Any:  # noqa: ANN401 - ONNX Runtime has no types
        raise RuntimeException("out of memory")


class StrangeSession:
    """Stands for a session that answers something else than it promised."""

    def run(self, *arguments: object) -> list[Any]:
        del arguments
        return [np.zeros((1, 5, 10), np.float32)]


@pytest.fixture
def detector() -> OnnxPlateDetector:
    return OnnxPlateDetector(load_models().detector, long_side_px=320, threads=1)


@pytest.fixture
def corner_finder() -> OnnxCornerFinder:
    return OnnxCornerFinder(load_models().corners, threads=1)


@pytest.fixture
def reader() -> OnnxPlateReader:
    return OnnxPlateReader(load_models().reader, threads=1)


def test_a_detector_that_falls_over_is_no_empty_road(detector: OnnxPlateDetector) -> None:
    detector._session = BrokenSession()
    with pytest.raises(DetectorError, match="RuntimeException"):
        detector.detect(FRAME_BGR)


def test_a_detector_that_answers_something_else_is_no_empty_road(
    detector: OnnxPlateDetector,
) -> None:
    detector._session = StrangeSession()
    with pytest.raises(DetectorError, match=r"shape \(1, 5, 10\)"):
        detector.detect(FRAME_BGR)


def test_a_corner_finder_that_falls_over_is_not_no_plate(corner_finder: OnnxCornerFinder) -> None:
    corner_finder._session = BrokenSession()
    with pytest.raises(CornerError, match="RuntimeException"):
        corner_finder.find([PATCH_BGR])


@pytest.mark.parametrize(
    ("corners", "odds", "said"),
    [
        pytest.param(np.zeros((1, 4, 3)), np.zeros(1), r"shapes \(1, 4, 3\)", id="other corners"),
        pytest.param(np.zeros((1, 4, 2)), np.zeros((1, 1)), r"and \(1, 1\)", id="other odds"),
        pytest.param(np.full((1, 4, 2), np.nan), np.zeros(1), "no number", id="no numbers"),
        pytest.param(np.zeros((1, 4, 2)), np.full(1, np.inf), "no number", id="endless odds"),
    ],
)
def test_a_corner_finder_that_answers_something_else_is_not_no_plate(
    corner_finder: OnnxCornerFinder,
    monkeypatch: pytest.MonkeyPatch,
    corners: np.ndarray,
    odds: np.ndarray,
    said: str,
) -> None:
    answer = [corners.astype(np.float32), odds.astype(np.float32)]
    monkeypatch.setattr(corner_finder, "_session", SimpleNamespace(run=lambda *_: answer))
    with pytest.raises(CornerError, match=said):
        corner_finder.find([PATCH_BGR])


def test_a_reader_that_falls_over_is_no_empty_reading(reader: OnnxPlateReader) -> None:
    reader._session = BrokenSession()
    with pytest.raises(ReaderError, match="RuntimeException"):
        reader.read([PLATE_BGR])


@pytest.mark.parametrize("session", [BrokenSession, StrangeSession])
def test_a_model_that_fails_its_trial_at_the_start_is_refused(
    monkeypatch: pytest.MonkeyPatch, session: type
) -> None:
    models = load_models()
    for role in ("detector", "corners", "reader"):
        monkeypatch.setattr(
            f"edge_lpr.vision.adapters.onnxruntime_{role}.open_session",
            lambda *_, **__: session(),
        )
    with pytest.raises(ModelError, match=r"detector\.onnx: is no plate detector"):
        OnnxPlateDetector(models.detector, long_side_px=320, threads=1)
    with pytest.raises(ModelError, match=r"corners\.onnx: is no corner network"):
        OnnxCornerFinder(models.corners, threads=1)
    with pytest.raises(ModelError, match=r"reader\.onnx: "):
        OnnxPlateReader(models.reader, threads=1)
