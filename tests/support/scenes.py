"""Rendered lanes with known truth, as frames and as files."""

import os
from pathlib import Path

import cv2

from edge_lpr.synthesis.lane import FRAME_RATE_HZ, LanePass, render_lane
from edge_lpr.vision.contracts import NANOSECONDS, Frame


def lane_frames(passes: int, seed: int) -> tuple[list[Frame], tuple[LanePass, ...]]:
    """Return the frames of a lane and the truth about each pass."""
    pictures_bgr, truth = render_lane(passes, seed)
    frames = [
        Frame(picture_bgr, index, round(index * NANOSECONDS / FRAME_RATE_HZ))
        for index, picture_bgr in enumerate(pictures_bgr)
    ]
    return frames, truth


def write_lane_folder(
    folder: Path, passes: int, seed: int, *, empty_frames: int = 0
) -> tuple[LanePass, ...]:
    """Write a lane as a folder of pictures, with an empty road of any length behind it."""
    frames, truth = lane_frames(passes, seed)
    for frame in frames:
        file = folder / f"{frame.index:06}.bmp"
        assert cv2.imwrite(str(file), frame.image_bgr)  # noqa: TID251 - for a test to read
    for index in range(len(frames), len(frames) + empty_frames):
        os.link(folder / "000000.bmp", folder / f"{index:06}.bmp")
    return truth
