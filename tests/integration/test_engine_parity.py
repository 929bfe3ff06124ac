"""The torch engine and the ONNX engine are the same networks, and see and read the same."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

pytest.importorskip("torch")
pytest.importorskip("ultralytics")
pytest.importorskip("easyocr")

from edge_lpr.core.alphabet import PLATE_ALPHABET
from edge_lpr.synthesis.glyphs import HersheyTypeface
from edge_lpr.synthesis.plates import render_plate
from edge_lpr.synthesis.styles import EUROPEAN_BOXED
from edge_lpr.vision.adapters.easyocr_reader import EasyocrPlateReader
from edge_lpr.vision.adapters.onnxruntime_detector import OnnxPlateDetector
from edge_lpr.vision.adapters.onnxruntime_reader import OnnxPlateReader
from edge_lpr.vision.adapters.plate_picture import gray_plate
from edge_lpr.vision.adapters.torch_runtime import without_warnings
from edge_lpr.vision.adapters.ultralytics_detector import UltralyticsPlateDetector
from edge_lpr.vision.contracts import BgrImage, Detection, Engine, Reading
from edge_lpr.vision.patch import cut_patch
from edge_lpr.vision.rectify import rectify_plate
from tests.support.engines import open_engine
from tests.support.scenes import lane_frames

pytestmark = pytest.mark.torch

LOGITS_DIFFER_BY = 1e-3
COORDINATES_DIFFER_BY = 1e-2
"""Pixels of the input: six significant digits, as many as a float32 has."""
BOXES_DIFFER_BY_PX = 2.0
EQUAL_TEXTS = 0.995


@pytest.fixture(scope="module")
def torch_engine() -> Engine:
    return open_engine("torch")


@pytest.fixture(scope="module")
def onnx_engine() -> Engine:
    return open_engine("onnx")


@pytest.fixture(scope="module")
def frames_bgr() -> list[BgrImage]:
    """Return the frames of a lane in which a plate is near enough to be read."""
    frames, truth = lane_frames(passes=6, seed=31)
    return [
        frames[index].image_bgr
        for lane_pass in truth
        for index in range(lane_pass.first_frame + 3, lane_pass.last_frame + 1)
    ]


def spelt(reading: Reading) -> str:
    return bytes(PLATE_ALPHABET[index] for index in reading.class_indices).decode()


def read_plates(engine: Engine, frame_bgr: BgrImage, detections: list[Detection]) -> list[Reading]:
    return engine.reader.read(
        [rectify_plate(frame_bgr, found.quad_frame_px) for found in detections]
    )


def drawn_plate(printed: str) -> BgrImage:
    plate = render_plate(
        printed, EUROPEAN_BOXED, HersheyTypeface(), np.random.default_rng(2), wear=0.0
    )
    return rectify_plate(plate.picture_bgr, plate.corners_px)


def test_the_detectors_put_out_the_same_for_the_same_picture(
    torch_engine: Engine, onnx_engine: Engine, frames_bgr: list[BgrImage]
) -> None:
    assert isinstance(torch_engine.detector, UltralyticsPlateDetector)
    assert isinstance(onnx_engine.detector, OnnxPlateDetector)
    canvas_bgr, _ = torch_engine.detector._letterbox.fit(frames_bgr[0])
    input_rgb = cv2.dnn.blobFromImage(canvas_bgr, scalefactor=1 / 255, swapRB=True)
    theirs = torch_engine.detector._run(canvas_bgr)
    ours = onnx_engine.detector._run(np.asarray(input_rgb, np.float32))
    assert theirs[4].max() > 0.5
    assert np.abs(logits(theirs[4]) - logits(ours[4])).max() < LOGITS_DIFFER_BY
    assert np.abs(theirs - ours).max() < COORDINATES_DIFFER_BY


def logits(probabilities: NDArray[np.float32]) -> NDArray[np.float64]:
    """Undo the head's sigmoid, where it has left digits to compare."""
    sure = np.clip(probabilities.astype(np.float64), 1e-3, 1 - 1e-3)
    return np.asarray(np.log(sure / (1 - sure)), np.float64)


def test_the_corner_finders_find_the_same_in_the_same_patches(
    torch_engine: Engine, onnx_engine: Engine, frames_bgr: list[BgrImage]
) -> None:
    patches_bgr = [
        cut_patch(frame_bgr, found.box_xyxy).picture_bgr
        for frame_bgr in frames_bgr
        for found in onnx_engine.detector.detect(frame_bgr)
    ]
    assert len(patches_bgr) > len(frames_bgr) / 2
    theirs = torch_engine.corner_finder.find(patches_bgr)
    ours = onnx_engine.corner_finder.find(patches_bgr)
    for their, our in zip(theirs, ours, strict=True):
        assert np.abs(their.corners_patch_px - our.corners_patch_px).max() < COORDINATES_DIFFER_BY
        assert abs(their.confidence - our.confidence) < LOGITS_DIFFER_BY


def test_the_readers_put_out_the_same_for_the_same_plate(
    torch_engine: Engine, onnx_engine: Engine
) -> None:
    assert isinstance(torch_engine.reader, EasyocrPlateReader)
    assert isinstance(onnx_engine.reader, OnnxPlateReader)
    plate_gray = gray_plate(drawn_plate("KX 304 TB"), torch_engine.reader._entry)
    theirs = torch_engine.reader._score(plate_gray)
    plates = np.asarray(plate_gray, np.float32)[None, None] * np.float32(2 / 255) - np.float32(1)
    ours = np.zeros((1, *theirs.shape), np.float32)
    onnx_engine.reader._run(plates, ours)
    assert np.abs(theirs).max() > 1
    assert np.abs(theirs - ours[0]).max() < LOGITS_DIFFER_BY


def test_both_engines_see_and_read_a_drawn_lane_alike(
    torch_engine: Engine, onnx_engine: Engine, frames_bgr: list[BgrImage]
) -> None:
    texts = []
    for frame_bgr in frames_bgr:
        theirs, ours = (engine.detector.detect(frame_bgr) for engine in (torch_engine, onnx_engine))
        for their, our in zip(theirs, ours, strict=True):
            assert np.abs(their.box_xyxy - our.box_xyxy).max() < BOXES_DIFFER_BY_PX
            assert np.abs(their.quad_frame_px - our.quad_frame_px).max() < BOXES_DIFFER_BY_PX
        readings = zip(
            read_plates(torch_engine, frame_bgr, theirs),
            read_plates(onnx_engine, frame_bgr, ours),
            strict=True,
        )
        texts += [(spelt(their), spelt(our)) for their, our in readings]
    assert len(texts) > len(frames_bgr) / 2
    assert all(their for their, _ in texts)
    assert np.mean([their == our for their, our in texts]) >= EQUAL_TEXTS


@pytest.mark.parametrize("printed", ["KX 304 TB", "KX\n304 TB"], ids=["one line", "two lines"])
def test_easyocr_itself_says_what_we_decode(torch_engine: Engine, printed: str) -> None:
    assert isinstance(torch_engine.reader, EasyocrPlateReader)
    plate_bgr = drawn_plate(printed)
    (reading,) = torch_engine.reader.read([plate_bgr])
    plate_gray = gray_plate(plate_bgr, torch_engine.reader._entry)
    with without_warnings():
        (said,) = torch_engine.reader._reader.recognize(plate_gray, detail=0, contrast_ths=0.0)
    assert said
    assert said == spelt(reading)


def test_a_namesake_of_the_readers_network_is_not_imported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # `python -m` looks for modules in the working folder first, and so does EasyOCR.
    (tmp_path / "plate_reader.py").write_text("raise SystemExit('a stranger')\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    (reading,) = open_engine("torch").reader.read([drawn_plate("KX 304 TB")])
    assert not reading.is_empty()
