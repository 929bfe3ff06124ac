"""The models in the package: whole, described truly, and able to find a plate."""

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest

import edge_lpr.models
from edge_lpr.core.settings import SourceSection, VisionSection
from edge_lpr.synthesis.lane import render_lane
from edge_lpr.training.manifest import MAX_TOTAL_BYTES, MODEL_ROLES
from edge_lpr.training.measures import match_boxes
from edge_lpr.vision.engine import load_engine
from edge_lpr.vision.geometry import box_around

MODELS = Path(edge_lpr.models.__file__).parent


def test_manifest_describes_every_file_as_it_is() -> None:
    files = json.loads((MODELS / "manifest.json").read_text())["files"]
    assert set(files) == set(MODEL_ROLES)
    for name, entry in files.items():
        content = (MODELS / name).read_bytes()
        digest = hashlib.sha256(content).hexdigest()
        assert (len(content), digest) == (entry["size_bytes"], entry["sha256"]), name
    assert sum(entry["size_bytes"] for entry in files.values()) <= MAX_TOTAL_BYTES


@pytest.mark.parametrize("folder", ["work", "home", "tmp", "root"])
def test_models_do_not_tell_where_they_were_made(folder: str) -> None:
    telling = [
        p.name for p in MODELS.iterdir() if p.is_file() and f"/{folder}/".encode() in p.read_bytes()
    ]
    assert telling == []


def test_shipped_detector_finds_the_plates_of_a_drawn_lane() -> None:
    section = VisionSection(source=SourceSection(kind="folder", address="."), threads=1)
    detector = load_engine(section).detector
    frames, truth = render_lane(passes=4, seed=20)
    quads = {
        lane_pass.first_frame + step: quad
        for lane_pass in truth
        for step, quad in enumerate(lane_pass.quads_px)
        if step >= 4  # farther away the plate is narrower than the device reads
    }
    found = 0
    for index, frame_bgr in enumerate(frames):
        if index in quads:
            boxes = [detection.box_xyxy for detection in detector.detect(frame_bgr)]
            found += len(match_boxes(boxes, [box_around(quads[index])]))
    assert found >= 0.9 * len(quads)


@pytest.mark.torch
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_trainable_detector_is_the_one_that_was_exported() -> None:
    torch = pytest.importorskip("torch")
    pytest.importorskip("ultralytics")
    onnxruntime = pytest.importorskip("onnxruntime")
    from edge_lpr.training.detector_network import load_weights  # noqa: PLC0415 - needs torch

    network = load_weights(MODELS / "detector.pt")
    frames = torch.rand(1, 3, 96, 160, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        expected = network(frames)[0].numpy()
    session = onnxruntime.InferenceSession(MODELS / "detector.onnx")
    (heads,) = session.run(["detections"], {"frames": frames.numpy()})
    assert np.abs(heads - expected).max() < 2e-2
