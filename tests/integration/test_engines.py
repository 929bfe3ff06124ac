"""Every engine with the shipped models keeps the contracts."""

import gc

import numpy as np
import pytest

from edge_lpr.core.errors import SettingsError
from edge_lpr.vision.adapters.onnxruntime_reader import OnnxPlateReader
from edge_lpr.vision.adapters.onnxruntime_session import OnnxProvider
from edge_lpr.vision.contracts import CornerFinder, Engine, PlateDetector, PlateReader
from edge_lpr.vision.models import load_models
from tests.support.contracts import (
    CornerFinderContract,
    PlateDetectorContract,
    PlateReaderContract,
)
from tests.support.engines import ENGINES, open_engine


@pytest.fixture(scope="module", params=ENGINES)
def engine(request: pytest.FixtureRequest) -> Engine:
    return open_engine(request.param)


class TestPlateDetectors(PlateDetectorContract):
    @pytest.fixture
    def detector(self, engine: Engine) -> PlateDetector:
        return engine.detector


class TestCornerFinders(CornerFinderContract):
    @pytest.fixture
    def corner_finder(self, engine: Engine) -> CornerFinder:
        return engine.corner_finder


class TestPlateReaders(PlateReaderContract):
    @pytest.fixture
    def reader(self, engine: Engine) -> PlateReader:
        return engine.reader


def test_what_the_onnx_reader_wrote_is_overwritten_once_it_is_decoded() -> None:
    onnx_reader = OnnxPlateReader(load_models().reader, threads=1)
    plate_bgr = np.random.default_rng(1).integers(0, 256, (64, 192, 3), np.uint8)
    onnx_reader.read([plate_bgr] * 3)
    gc.collect()
    assert not onnx_reader._logits.any()


@pytest.mark.parametrize("provider", ["cuda", "tensorrt"])
def test_a_provider_that_is_not_there_is_refused_and_not_replaced(provider: OnnxProvider) -> None:
    with pytest.raises(
        SettingsError, match=f"onnx_provider is {provider}, but ONNX Runtime has no"
    ):
        OnnxPlateReader(load_models().reader, threads=1, provider=provider)
