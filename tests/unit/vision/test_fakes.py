"""The fakes keep the contracts that the real parts keep."""

import pytest

from edge_lpr.vision.contracts import CornerFinder, FrameSource, PlateDetector, PlateReader
from edge_lpr.vision.rectify import rectify_plate
from tests.support.contracts import (
    CornerFinderContract,
    FrameSourceContract,
    PlateDetectorContract,
    PlateReaderContract,
)
from tests.support.fakes import (
    ListedSource,
    PaintedCornerFinder,
    PaintedPlateDetector,
    StripeReader,
    fake_frame,
    text_of,
)


class TestListedSource(FrameSourceContract):
    @pytest.fixture
    def source(self) -> FrameSource:
        return ListedSource([fake_frame({}, index=index) for index in range(4)])


class TestPaintedPlateDetector(PlateDetectorContract):
    @pytest.fixture
    def detector(self) -> PlateDetector:
        return PaintedPlateDetector()


class TestPaintedCornerFinder(CornerFinderContract):
    @pytest.fixture
    def corner_finder(self) -> CornerFinder:
        return PaintedCornerFinder()


class TestStripeReader(PlateReaderContract):
    @pytest.fixture
    def reader(self) -> PlateReader:
        return StripeReader()


def test_a_painted_plate_is_found_and_read() -> None:
    frame = fake_frame({"B101JGV": (100, 100, 220, 130), "AB": (300, 200, 420, 230)})
    detections = PaintedPlateDetector().detect(frame.image_bgr)
    plates_bgr = [rectify_plate(frame.image_bgr, found.quad_frame_px) for found in detections]
    texts = [text_of(reading.class_indices) for reading in StripeReader().read(plates_bgr)]
    assert texts == ["B101JGV", "AB"]
