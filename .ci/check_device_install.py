"""Checks an installed device package: complete, lean, and able to read one rendered frame."""  # noqa: INP001 - a program, no package

import importlib.metadata
import importlib.resources
import sys

from edge_lpr.core.alphabet import PLATE_ALPHABET
from edge_lpr.core.settings import SourceSection, VisionSection
from edge_lpr.synthesis.lane import render_lane
from edge_lpr.vision.engine import load_engine
from edge_lpr.vision.rectify import rectify_plate

UNWANTED = ("torch", "ultralytics", "easyocr", "opencv-python", "opencv-contrib-python")
SHIPPED = ("py.typed", "models/manifest.json", "models/detector.onnx", "models/reader.onnx")


def faults() -> list[str]:
    """Return what is wrong with this installation."""
    installed = {distribution.name.lower() for distribution in importlib.metadata.distributions()}
    found = [f"{name} is installed" for name in UNWANTED if name in installed]
    if "opencv-python-headless" not in installed:
        found.append("opencv-python-headless is not installed")
    package = importlib.resources.files("edge_lpr")
    found += [f"{name} is not in the wheel" for name in SHIPPED if not (package / name).is_file()]
    return found


def read_one_frame() -> str | None:
    """Return what is wrong with the reading of a rendered pass' nearest frame, if anything."""
    frames, (truth,) = render_lane(1)
    frame_bgr = list(frames)[truth.last_frame]
    engine = load_engine(VisionSection(source=SourceSection(kind="video", address="none")))
    detections = engine.detector.detect(frame_bgr)
    if not detections:
        return "the plate was not found"
    plate_bgr = rectify_plate(frame_bgr, detections[0].quad_frame_px)
    (reading,) = engine.reader.read([plate_bgr])
    text = bytes(PLATE_ALPHABET[index] for index in reading.class_indices).decode()
    return None if text == truth.text else f"the plate {truth.text} was read as {text}"


def main() -> int:
    """Print what is wrong; return 1 if anything is."""
    found = faults() or [fault for fault in [read_one_frame()] if fault]
    sys.stdout.writelines(f"device install: {fault}\n" for fault in found or ["ok"])
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
