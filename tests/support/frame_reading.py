"""Reads the same frames on two processors and compares: what ``scripts/test_arm64`` runs.

A program of its own that needs the installed package and nothing of the tests, because it runs
inside the emulated system too. The frames go from ``render`` to ``read`` by a pipe; nothing is
written to disk.

    frame_reading.py render                 the frames, as bytes, to standard output
    frame_reading.py read                   frames from standard input; findings as one line of JSON
    frame_reading.py compare ONE OTHER      two such files; ends with 1 if they differ
"""

import json
import platform
import sys
from pathlib import Path
from typing import Final, TypeAlias

import numpy as np

from edge_lpr.core.alphabet import MAX_PLATE_LENGTH, PLATE_ALPHABET
from edge_lpr.core.log import Log
from edge_lpr.core.settings import SourceSection, VisionSection
from edge_lpr.core.wipe import wipe
from edge_lpr.synthesis.lane import FRAME_RATE_HZ, LANE_HEIGHT_PX, LANE_WIDTH_PX, render_lane
from edge_lpr.tokens.canonical import canonical_from_indices
from edge_lpr.tokens.suite1 import KEY_BYTES, TokenKeys, TokenScope, make_tokens
from edge_lpr.vision.contracts import NANOSECONDS, BgrImage, Consensus, Engine, Frame
from edge_lpr.vision.detect import find_plates
from edge_lpr.vision.engine import load_engine
from edge_lpr.vision.funnel import Funnel
from edge_lpr.vision.pipeline import Pipeline
from edge_lpr.vision.read import read_plates
from edge_lpr.vision.refine import refine_detections
from edge_lpr.wire.jws import SigningKey

Findings: TypeAlias = dict[str, object]
"""What one processor found, by name; only what JSON can hold."""

FRAMES: Final = 3
"""Frames of the pass, its nearest: two that agree are needed for a token, one more may fail."""

CORNER_TOLERANCE_PX: Final = 0.1
"""Measured: 0.0001 px. A tenth of a pixel changes no reading."""

CONFIDENCE_TOLERANCE: Final = 1e-3
"""Measured: below 1e-6."""

PIXEL_TOLERANCE: Final = 8
"""Drawing differs by roundings; measured: 1 of 255."""

_EQUAL: Final = {
    "text": "texts",
    "tokens": "tokens of the pipeline",
    "signature": "signed documents",
}
"""What has to be the same to the last bit, and its name for people."""


def rendered_frames() -> tuple[list[BgrImage], str]:
    """Return the nearest frames of a rendered pass, and its plate."""
    frames, (truth,) = render_lane(1)
    return list(frames)[truth.last_frame + 1 - FRAMES : truth.last_frame + 1], truth.text


class TokenMaker:
    """Makes the tokens of what the pipeline hands over, with a key that is none."""

    def __init__(self) -> None:
        """Begin without any."""
        self.tokens: list[str] = []

    def take(self, consensus: Consensus) -> bool:
        """Make both tokens of a passage, as the tokeniser does."""
        canonical = bytearray(MAX_PLATE_LENGTH)
        length = canonical_from_indices(consensus.class_indices.tobytes(), canonical)
        keys = TokenKeys(bytes(KEY_BYTES), bytes(range(KEY_BYTES)))
        scope = TokenScope("laboratory", "emulation", 20_000)
        pair = make_tokens(canonical[:length], keys, scope)
        wipe(canonical)
        self.tokens += [pair.exact.hex(), pair.fold.hex()]
        return True


def read_frames(frames_bgr: list[BgrImage]) -> Findings:
    """Read frames with the models that ship, stage by stage and as a pipeline.

    Args:
        frames_bgr: ``FRAMES`` frames as ``rendered_frames`` makes them. Not modified.

    Returns:
        What was found; JSON can hold it.
    """
    settings = VisionSection(source=SourceSection(kind="video", address="none"))
    engine = load_engine(settings)
    own_frames, truth = rendered_frames()
    maker = TokenMaker()
    pipeline = Pipeline(engine, maker, settings, funnel=Funnel(), log=Log("vision"))
    pipeline.run(
        Frame(picture_bgr, index, round(index * NANOSECONDS / FRAME_RATE_HZ))
        for index, picture_bgr in enumerate(frames_bgr)
    )
    return {
        "machine": platform.machine(),
        "libc": " ".join(platform.libc_ver()),
        "python": platform.python_version(),
        "truth": truth,
        "pixel_difference": _largest_difference(own_frames, frames_bgr),
        **_read_stage_by_stage(engine, settings, frames_bgr[-1]),
        "tokens": maker.tokens,
        "signature": _signed_document(),
    }


def _read_stage_by_stage(engine: Engine, settings: VisionSection, frame_bgr: BgrImage) -> Findings:
    """Return text, corners and confidence of the one plate in a frame."""
    detections = find_plates(engine.detector, frame_bgr, settings.second_looks_px)
    refined = refine_detections(engine.corner_finder, frame_bgr, detections)
    plates = [each for each in refined if each.confidence >= settings.minimum_plate_confidence]
    if len(plates) != 1:
        return {"text": None, "corners_px": [], "confidence": 0.0}
    (reading,) = read_plates(engine.reader, frame_bgr, plates)
    return {
        "text": bytes(PLATE_ALPHABET[index] for index in reading.class_indices).decode(),
        "corners_px": plates[0].quad_frame_px.tolist(),
        "confidence": float(plates[0].confidence),
    }


def _largest_difference(ones: list[BgrImage], others: list[BgrImage]) -> int:
    """Return by how much any value of two lists of pictures differs."""
    return int(np.abs(np.stack(ones).astype(np.int16) - np.stack(others)).max())


def _signed_document() -> str:
    """Return a signed document; Ed25519 has no chance in it, so it is the same everywhere."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import (  # noqa: PLC0415 - one use
        Ed25519PrivateKey,
    )

    key = SigningKey(Ed25519PrivateKey.from_private_bytes(bytes(range(KEY_BYTES))))
    return key.sign("arm64-test+jws", b"{}").decode()


def faults(one: Findings, other: Findings) -> list[str]:
    """Return how the findings of two processors differ, beyond roundings, or are wrong.

    Args:
        one: Findings of the processor that is trusted.
        other: Findings of the other one, in the same frames.

    Returns:
        Sentences without the plate in them; empty if all is well.
    """
    names = f"{one['machine']} and {other['machine']}"
    found = [f"{_EQUAL[name]} differ on {names}" for name in _EQUAL if one[name] != other[name]]
    if one["machine"] == other["machine"]:
        found.append(f"both findings are of {one['machine']}, so nothing was compared")
    for findings in (one, other):
        if findings["text"] != findings["truth"]:
            found.append(f"the plate was not read right on {findings['machine']}")
        if not findings["tokens"]:
            found.append(f"the pipeline published nothing on {findings['machine']}")
    distance_px = corner_distance_px(one, other)
    if not distance_px <= CORNER_TOLERANCE_PX:
        found.append(f"corners lie {distance_px:.4f} px apart on {names}")
    difference = confidence_difference(one, other)
    if not difference <= CONFIDENCE_TOLERANCE:
        found.append(f"confidences differ by {difference:.1e} on {names}")
    if not _pixel_difference(other) <= PIXEL_TOLERANCE:
        found.append(f"frames drawn on {names} differ by {_pixel_difference(other)} of 255")
    return found


def corner_distance_px(one: Findings, other: Findings) -> float:
    """Return the largest difference of a coordinate; infinite where corners are missing."""
    corners, others = (np.array(findings["corners_px"], float) for findings in (one, other))
    if corners.shape != (4, 2) or others.shape != (4, 2):
        return float("inf")
    return float(np.abs(corners - others).max())


def confidence_difference(one: Findings, other: Findings) -> float:
    """Return by how much the confidences of being a plate differ."""
    return abs(float(str(one["confidence"])) - float(str(other["confidence"])))


def _pixel_difference(findings: Findings) -> int:
    """Return by how much the frames that a processor drew differ from those that it was given."""
    return int(str(findings["pixel_difference"]))


def summary(one: Findings, other: Findings) -> str:
    """Say how equal two processors' findings are."""
    return (
        f"{other['machine']} (Python {other['python']}, {other['libc']}) as {one['machine']} "
        f"(Python {one['python']}, {one['libc']}): text, tokens and signature are the same, "
        f"corners within {corner_distance_px(one, other):.5f} px, confidence within "
        f"{confidence_difference(one, other):.1e}, drawn pixels within {_pixel_difference(other)} "
        "of 255"
    )


def main(arguments: list[str]) -> int:
    """Do one of the three; return 1 if two findings differ."""
    command, *files = arguments
    if command == "render":
        for frame_bgr in rendered_frames()[0]:
            sys.stdout.buffer.write(frame_bgr.tobytes())
    elif command == "read":
        pixels = np.frombuffer(sys.stdin.buffer.read(), np.uint8)
        frames_bgr = pixels.reshape(FRAMES, LANE_HEIGHT_PX, LANE_WIDTH_PX, 3)
        sys.stdout.write(json.dumps(read_frames(list(frames_bgr))) + "\n")
    else:
        one, other = (json.loads(Path(file).read_text()) for file in files)
        found = faults(one, other)
        sys.stdout.writelines(f"arm64: {line}\n" for line in found or [summary(one, other)])
        return 1 if found else 0
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
