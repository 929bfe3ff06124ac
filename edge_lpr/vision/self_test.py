"""Reads plates whose text is known, with the very engine that works: rendered ones, built in.

Of each text there is only a digest here. The engine is for the thread of the frames alone, so the
desk asks, and the test is made between frames: one plate between two of them, so that it holds up
the work for no longer than a frame does, however slow the board is.
"""

import hashlib
import threading
import time
import zlib
from collections.abc import Sequence
from importlib import resources
from typing import Final

import numpy as np

from edge_lpr.core.errors import CornerError, DetectorError, ReaderError
from edge_lpr.handoff.diagnosis_message import Check, bounded_check
from edge_lpr.vision.contracts import BgrImage, Engine
from edge_lpr.vision.detect import find_plates
from edge_lpr.vision.read import read_plates
from edge_lpr.vision.refine import refine_detections

SELF_TEST_PLATES: Final[dict[str, str]] = {
    "self_test_1.bin": "9e77691f9838dfab",
    "self_test_2.bin": "8b411b0a5d40c4ec",
    "self_test_3.bin": "f90e207e654e9ea3",
}
"""Rendered scenes beside the models, each with the digest of its plate's class indices
(``tests/assets/make_self_test.py`` makes both)."""

_PLATES: Final = tuple(SELF_TEST_PLATES.items())
_PATIENCE_S: Final = 5.0
_AGAIN_S: Final = 600.0
"""It takes the time of three frames: whoever asks every other second gets the last result."""

_WIDTH_PX: Final = 320
_HEIGHT_PX: Final = 192


class SelfTest:
    """One engine's self-test, made when it is asked for."""

    def __init__(self, engine: Engine) -> None:
        """Test nothing yet.

        Args:
            engine: The one that works.
        """
        self._engine = engine
        self._wanted = threading.Event()
        self._done = threading.Event()
        self._tested = 0
        """Plates of this test that were read."""
        self._right_so_far = 0
        self._read_right = 0
        self._tested_at_s: float | None = None

    def turn(self) -> None:
        """Read one plate, if the test is wanted; in the thread of the frames, between two."""
        if not self._wanted.is_set():
            return
        name, digest = _PLATES[self._tested]
        self._right_so_far += read_digest(self._engine, picture(name)) == digest
        self._tested += 1
        if self._tested == len(_PLATES):
            self._read_right, self._tested_at_s = self._right_so_far, time.monotonic()
            self._tested = self._right_so_far = 0
            self._wanted.clear()
            self._done.set()

    def checks(self) -> Sequence[Check]:
        """Have the test made, and say how many plates were read right; for the desk's thread."""
        tested_at_s = self._tested_at_s
        is_fresh = tested_at_s is not None and time.monotonic() - tested_at_s < _AGAIN_S
        if not is_fresh:
            self._done.clear()
            self._wanted.set()
        if not is_fresh and not self._done.wait(_PATIENCE_S):
            return (bounded_check("models_self_test", "not_known", read_right=0, plates=0),)
        plates = len(SELF_TEST_PLATES)
        return (
            bounded_check(
                "models_self_test",
                "good" if self._read_right == plates else "bad",
                read_right=self._read_right,
                plates=plates,
            ),
        )


def picture(name: str) -> BgrImage:
    """Return a built-in scene, shape (192, 320, 3), uint8, BGR.

    Stored as grey levels, deflated: no picture file lies on a booth, not even a rendered one.

    Args:
        name: Of the file beside the models.
    """
    packed = (resources.files("edge_lpr.models") / name).read_bytes()
    octets = zlib.decompressobj().decompress(packed, _HEIGHT_PX * _WIDTH_PX)
    grey = np.frombuffer(octets, np.uint8).reshape(_HEIGHT_PX, _WIDTH_PX)
    return np.repeat(grey[:, :, None], 3, axis=2)


def read_digest(engine: Engine, scene_bgr: BgrImage) -> str:
    """Find and read the plate of a scene, by the pipeline's own stages.

    Args:
        engine: Reads.
        scene_bgr: Shape (H, W, 3). Not modified.

    Returns:
        Digest of the plate's class indices; empty where there is none, or the engine fails.
    """
    try:
        found = find_plates(engine.detector, scene_bgr, ())
        plates = refine_detections(engine.corner_finder, scene_bgr, found[:1])
        readings = read_plates(engine.reader, scene_bgr, plates)
    except (DetectorError, CornerError, ReaderError):
        return ""
    if not readings:
        return ""
    digest = hashlib.sha256(readings[0].class_indices.tobytes()).hexdigest()[:16]
    for reading in readings:
        reading.wipe()
    return digest
