"""The ONNX engine with the shipped models keeps the contracts."""

import gc

import numpy as np
import pytest

from edge_lpr.vision.adapters.onnxruntime_detector import OnnxPlateDetector
from edge_lpr.vision.adapters.onnxruntime_reader import OnnxPlateReader
from edge_lpr.vision.contracts import PlateDetector, PlateReader
from edge_lpr.vision.models import Models, load_models
from tests.support.contracts import PlateDetectorContract, PlateReaderContract


@pytest.fixture(scope="module")
def models() -> Models:
    return load_models()


@pytest.fixture(scope="module")
def onnx_detector(models: Models) -> OnnxPlateDetector:
    return OnnxPlateDetector(models.detector, long_side_px=640, threads=1)


@pytest.fixture(scope="module")
def onnx_reader(models: Models) -> OnnxPlateReader:
    return OnnxPlateReader(models.reader, threads=1)


class TestOnnxPlateDetector(PlateDetectorContract):
    @pytest.fixture
    def detector(self, onnx_detector: OnnxPlateDetector) -> PlateDetector:
        return onnx_detector


class TestOnnxPlateReader(PlateReaderContract):
    @pytest.fixture
    def reader(self, onnx_reader: OnnxPlateReader) -> PlateReader:
        return onnx_reader


def test_the_detector_sees_the_whole_frame_scaled_and_padded_with_grey(
    onnx_detector: OnnxPlateDetector,
) -> None:
    frame_bgr = np.empty((720, 1280, 3), np.uint8)
    frame_bgr[:] = (10, 20, 30)
    frames = onnx_detector._letterbox(frame_bgr, 0.5)
    assert frames.shape == (1, 3, 384, 640)
    # The model takes RGB.
    assert np.allclose(frames[0, :, :360].mean(axis=(1, 2)), np.array([30, 20, 10]) / 255)
    assert np.allclose(frames[0, :, 360:], 114 / 255)


def test_a_smaller_frame_leaves_nothing_of_the_larger_one_before(
    onnx_detector: OnnxPlateDetector,
) -> None:
    onnx_detector._letterbox(np.full((720, 1280, 3), 255, np.uint8), 0.5)
    frames = onnx_detector._letterbox(np.zeros((700, 1280, 3), np.uint8), 0.5)
    assert not frames[0, :, :350].any()
    assert np.allclose(frames[0, :, 350:], 114 / 255)


def test_what_the_reader_wrote_is_overwritten_once_it_is_decoded(
    onnx_reader: OnnxPlateReader,
) -> None:
    plate_bgr = np.random.default_rng(1).integers(0, 256, (64, 192, 3), np.uint8)
    onnx_reader.read([plate_bgr] * 3)
    gc.collect()
    assert not onnx_reader._logits.any()
