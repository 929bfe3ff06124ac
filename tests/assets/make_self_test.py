"""Makes the scenes of vision's self-test: ``PYTHONPATH=. python tests/assets/make_self_test.py``.

Rendered cars with invented plates, seed 8; prints the digests that ``vision/self_test.py`` holds.
"""

import hashlib
import sys
import zlib
from pathlib import Path

import cv2

from edge_lpr.core.alphabet import PLATE_ALPHABET
from edge_lpr.synthesis.lane import render_lane

MODELS = Path(__file__).parents[2] / "edge_lpr" / "models"
SEED = 8
WIDE, HIGH = 320, 192


def main() -> None:
    """Write three scenes, and print what they are."""
    frames, truth = render_lane(3, SEED)
    pictures = list(frames)
    for number, lane_pass in enumerate(truth, start=1):
        quad = lane_pass.quads_px[-4]
        x, y = quad.mean(axis=0).astype(int)
        left = min(max(0, x - WIDE // 2), 1280 - WIDE)
        top = min(max(0, y - HIGH // 2), 720 - HIGH)
        scene = pictures[lane_pass.last_frame - 3][top : top + HIGH, left : left + WIDE]
        grey = cv2.cvtColor(scene, cv2.COLOR_BGR2GRAY)
        name = f"self_test_{number}.bin"
        (MODELS / name).write_bytes(zlib.compress(grey.tobytes(), 9))
        indices = bytes(PLATE_ALPHABET.index(each) for each in lane_pass.text.encode())
        digest = hashlib.sha256(indices).hexdigest()[:16]
        sys.stdout.write(f'    "{name}": "{digest}",\n')


if __name__ == "__main__":
    main()
