"""What every source, detector, corner finder and reader must do; fakes and real ones pass the same.

A test module subclasses a suite and gives the fixture that it asks for.
"""

import threading
import time
from collections.abc import Iterator

import numpy as np
import pytest

from edge_lpr.core.alphabet import MAX_PLATE_LENGTH, PLATE_ALPHABET
from edge_lpr.core.errors import CornerError, DetectorError, ReaderError
from edge_lpr.vision.capture import LiveSource
from edge_lpr.vision.contracts import (
    NANOSECONDS,
    BgrImage,
    CornerFinder,
    Frame,
    FrameSource,
    PlateDetector,
    PlateReader,
    Reading,
)
from edge_lpr.vision.geometry import is_clockwise_and_convex
from edge_lpr.vision.patch import PATCH_HEIGHT_PX, PATCH_WIDTH_PX
from edge_lpr.vision.rectify import RECTIFIED_HEIGHT_PX, RECTIFIED_WIDTH_PX
from tests.support.waiting import DEADLINE_S, wait_until


class FrameSourceContract:
    """Needs a fixture ``source`` that gives at least three frames. For every source; each is also
    either live or replayed, with a suite of its own below."""

    def test_frames_come_in_order_of_index_and_time(self, source: FrameSource) -> None:
        frames = _first_three_frames(source)
        assert [frame.index for frame in frames] == [0, 1, 2]
        assert frames[0].captured_ns < frames[1].captured_ns < frames[2].captured_ns

    def test_frames_are_colour_pictures(self, source: FrameSource) -> None:
        for frame in _first_three_frames(source):
            assert frame.image_bgr.dtype == np.uint8
            assert frame.image_bgr.ndim == 3
            assert frame.image_bgr.shape[2] == 3

    def test_a_frame_keeps_its_pixels_when_the_next_one_comes(self, source: FrameSource) -> None:
        pixels = []
        copies = []
        for frame in source:
            if isinstance(frame, Frame):
                pixels.append(frame.image_bgr)
                copies.append(frame.image_bgr.copy())
            if len(pixels) == 3:
                source.stop()
        assert all(map(np.array_equal, pixels, copies))

    def test_a_stopped_source_ends(self, source: FrameSource) -> None:
        seen = 0
        for _ in source:
            seen += 1
            source.stop()
        assert seen == 1

    def test_a_stopped_source_leaves_no_thread(self, source: FrameSource) -> None:
        _first_three_frames(source)
        assert "camera" not in [thread.name for thread in threading.enumerate()]


class ReplayedSourceContract(FrameSourceContract):
    """Needs a fixture ``source`` that gives exactly four frames."""

    def test_every_frame_comes_and_then_the_end(self, source: FrameSource) -> None:
        assert [moment.index for moment in source if isinstance(moment, Frame)] == [0, 1, 2, 3]

    def test_replayed_frames_lie_on_their_own_timeline_from_0(self, source: FrameSource) -> None:
        assert _first_three_frames(source)[0].captured_ns == 0


class LiveSourceContract(FrameSourceContract):
    """Needs a fixture ``source`` of a camera that goes on for ever."""

    def test_live_frames_were_taken_shortly_before_they_are_given(self, source: LiveSource) -> None:
        frames = frames_of(source)
        for _ in range(3):
            frame = next(frames)
            # A delay of more than two seconds is never believed; the rest is a busy machine's.
            assert 0 <= time.monotonic_ns() - frame.captured_ns < DEADLINE_S * NANOSECONDS
        source.stop()
        assert list(frames) == []

    def test_the_newest_frame_wins(self, source: LiveSource) -> None:
        frames = frames_of(source)
        first = next(frames)
        # While this frame is in hand, the camera goes on.
        read = source.counters()["frames"]
        wait_until(lambda: source.counters()["frames"] >= read + 6)
        second = next(frames)
        source.stop()
        assert list(frames) == []
        counters = source.counters()
        assert (first.index, second.index) == (0, 1)
        assert counters["skipped"] >= 4
        # No queue: what was neither given nor skipped is the one in the mailbox.
        assert counters["frames"] - counters["skipped"] - 2 <= 1


class PlateDetectorContract:
    """Needs a fixture ``detector``."""

    def test_an_empty_road_has_no_plate(self, detector: PlateDetector) -> None:
        assert detector.detect(np.full((360, 640, 3), 100, np.uint8)) == []

    def test_detections_are_well_formed(self, detector: PlateDetector) -> None:
        frame_bgr = _noisy_frame((360, 640))
        detections = detector.detect(frame_bgr)
        confidences = [detection.confidence for detection in detections]
        assert confidences == sorted(confidences, reverse=True)
        for detection in detections:
            assert 0 <= detection.confidence <= 1
            assert detection.box_xyxy.dtype == np.float32
            left, top, right, bottom = detection.box_xyxy.tolist()
            assert 0 <= left < right <= 640
            assert 0 <= top < bottom <= 360
            assert detection.quad_frame_px.shape == (4, 2)
            assert detection.quad_frame_px.dtype == np.float32
            assert is_clockwise_and_convex(detection.quad_frame_px)

    def test_the_frame_is_not_drawn_on(self, detector: PlateDetector) -> None:
        frame_bgr = _noisy_frame((360, 640))
        before = frame_bgr.copy()
        detector.detect(frame_bgr)
        assert np.array_equal(frame_bgr, before)

    def test_the_same_frame_gives_the_same_detections(self, detector: PlateDetector) -> None:
        frame_bgr = _noisy_frame((360, 640))
        once, twice = (
            [found.box_xyxy.tolist() for found in detector.detect(frame_bgr)] for _ in range(2)
        )
        assert once == twice

    @pytest.mark.parametrize(
        "size_px",
        [
            pytest.param((720, 1280), id="wide"),
            pytest.param((640, 360), id="upright"),
            pytest.param((33, 47), id="tiny and odd"),
            pytest.param((1, 1), id="one pixel"),
            pytest.param((20, 2000), id="a strip"),
        ],
    )
    def test_frames_of_any_size_are_taken_one_after_the_other(
        self, detector: PlateDetector, size_px: tuple[int, int]
    ) -> None:
        detector.detect(_noisy_frame((360, 640)))
        for detection in detector.detect(_noisy_frame(size_px)):
            assert detection.box_xyxy[2] <= size_px[1]
            assert detection.box_xyxy[3] <= size_px[0]

    def test_one_frame_may_be_looked_at_in_another_size(self, detector: PlateDetector) -> None:
        frame_bgr = _noisy_frame((360, 640))
        usual = [found.box_xyxy.tolist() for found in detector.detect(frame_bgr)]
        for detection in detector.detect(frame_bgr, long_side_px=320):
            assert detection.box_xyxy[2] <= 640
            assert detection.box_xyxy[3] <= 360
        assert [found.box_xyxy.tolist() for found in detector.detect(frame_bgr)] == usual

    @pytest.mark.parametrize(
        "no_picture",
        [
            pytest.param(np.zeros((360, 640), np.uint8), id="no colours"),
            pytest.param(np.zeros((0, 640, 3), np.uint8), id="no rows"),
        ],
    )
    def test_what_is_no_picture_is_a_failure_and_not_an_empty_road(
        self, detector: PlateDetector, no_picture: BgrImage
    ) -> None:
        with pytest.raises(DetectorError):
            detector.detect(no_picture)


class CornerFinderContract:
    """Needs a fixture ``corner_finder``."""

    def test_nothing_to_look_at_gives_no_finding(self, corner_finder: CornerFinder) -> None:
        assert corner_finder.find([]) == []

    def test_every_patch_has_a_finding_of_its_own_in_order(
        self, corner_finder: CornerFinder
    ) -> None:
        patches_bgr = [_noisy_patch(seed) for seed in range(19)]
        together = corner_finder.find(patches_bgr)
        assert len(together) == len(patches_bgr)
        for patch_bgr, finding in zip(patches_bgr, together, strict=True):
            (alone,) = corner_finder.find([patch_bgr])
            assert np.abs(alone.corners_patch_px - finding.corners_patch_px).max() < 0.01
            assert abs(alone.confidence - finding.confidence) < 0.001

    def test_findings_are_well_formed(self, corner_finder: CornerFinder) -> None:
        for finding in corner_finder.find([_noisy_patch(seed) for seed in range(5)]):
            assert finding.corners_patch_px.shape == (4, 2)
            assert finding.corners_patch_px.dtype == np.float32
            assert np.isfinite(finding.corners_patch_px).all()
            assert 0 <= finding.confidence <= 1

    def test_patches_are_not_drawn_on(self, corner_finder: CornerFinder) -> None:
        patch_bgr = _noisy_patch(1)
        before = patch_bgr.copy()
        corner_finder.find([patch_bgr])
        assert np.array_equal(patch_bgr, before)

    def test_a_finding_stays_when_the_next_patch_is_looked_at(
        self, corner_finder: CornerFinder
    ) -> None:
        (first,) = corner_finder.find([_noisy_patch(1)])
        before = first.corners_patch_px.copy()
        corner_finder.find([_noisy_patch(2)])
        assert np.array_equal(first.corners_patch_px, before)

    def test_a_patch_of_another_size_is_a_failure_and_not_a_finding(
        self, corner_finder: CornerFinder
    ) -> None:
        with pytest.raises(CornerError):
            corner_finder.find([np.zeros((40, 100, 3), np.uint8)])


class PlateReaderContract:
    """Needs a fixture ``reader``."""

    def test_nothing_to_read_gives_no_reading(self, reader: PlateReader) -> None:
        assert reader.read([]) == []

    def test_every_plate_has_a_reading_of_its_own_in_order(self, reader: PlateReader) -> None:
        plates_bgr = [_noisy_plate(seed) for seed in range(19)]
        together = reader.read(plates_bgr)
        one_by_one = [reader.read([plate_bgr])[0] for plate_bgr in plates_bgr]
        assert list(map(_spelt, together)) == list(map(_spelt, one_by_one))

    def test_readings_are_well_formed(self, reader: PlateReader) -> None:
        for reading in reader.read([_noisy_plate(seed) for seed in range(5)]):
            assert reading.class_indices.dtype == np.uint8
            assert reading.confidences.dtype == np.float32
            assert reading.class_indices.shape == reading.confidences.shape
            assert reading.class_indices.size <= MAX_PLATE_LENGTH
            assert (reading.class_indices < len(PLATE_ALPHABET)).all()
            assert ((reading.confidences >= 0) & (reading.confidences <= 1)).all()

    def test_plates_are_not_drawn_on(self, reader: PlateReader) -> None:
        plate_bgr = _noisy_plate(1)
        before = plate_bgr.copy()
        reader.read([plate_bgr])
        assert np.array_equal(plate_bgr, before)

    def test_a_reading_keeps_its_text_when_the_next_plate_is_read(
        self, reader: PlateReader
    ) -> None:
        (first,) = reader.read([_noisy_plate(1)])
        before = _spelt(first)
        reader.read([_noisy_plate(2)])
        assert _spelt(first) == before

    def test_a_reading_can_be_wiped(self, reader: PlateReader) -> None:
        (reading,) = reader.read([_noisy_plate(1)])
        reading.wipe()
        assert (reading.class_indices == 0xFF).all()

    def test_a_plate_of_another_size_is_a_failure_and_not_an_empty_reading(
        self, reader: PlateReader
    ) -> None:
        with pytest.raises(ReaderError):
            reader.read([np.zeros((32, 100, 3), np.uint8)])


def frames_of(source: FrameSource) -> Iterator[Frame]:
    """Give a source's frames without its pauses."""
    return (moment for moment in source if isinstance(moment, Frame))


def _first_three_frames(source: FrameSource) -> list[Frame]:
    frames: list[Frame] = []
    for moment in source:
        if isinstance(moment, Frame):
            frames.append(moment)
        if len(frames) == 3:
            source.stop()
    return frames[:3]


def _noisy_frame(shape: tuple[int, int]) -> BgrImage:
    return np.random.default_rng(7).integers(0, 255, (*shape, 3), np.uint8)


def _noisy_patch(seed: int) -> BgrImage:
    rng = np.random.default_rng(seed)
    return rng.integers(0, 256, (PATCH_HEIGHT_PX, PATCH_WIDTH_PX, 3), np.uint8)


def _noisy_plate(seed: int) -> BgrImage:
    rng = np.random.default_rng(seed)
    return rng.integers(0, 256, (RECTIFIED_HEIGHT_PX, RECTIFIED_WIDTH_PX, 3), np.uint8)


def _spelt(reading: Reading) -> bytes:
    return reading.class_indices.tobytes()
