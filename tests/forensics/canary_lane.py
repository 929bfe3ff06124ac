"""The lane of the demo with a code on its wall and one on every plate, as a video."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import cv2

from edge_lpr.synthesis.lane import (
    FRAME_RATE_HZ,
    FRAMES_A_PASS,
    FRAMES_BETWEEN_PASSES,
    LANE_HEIGHT_PX,
    LANE_WIDTH_PX,
    render_lane,
)
from edge_lpr.synthesis.pictures import BgrImage
from tests.forensics.canary import draw_on_plate, draw_on_wall

EVERY: Final = 2
"""Every second frame of the demo's lane, at half its rate: the same traffic for half the work."""

_PERIOD: Final = FRAMES_BETWEEN_PASSES + FRAMES_A_PASS


def write_canary_lane(video_file: Path, passes: int, seed: int) -> list[str]:
    """Render a lane into a video file; return the plates that drive past, in order.

    Args:
        video_file: File to make, ending in ``.avi``.
        passes: How many cars, at most ``MAXIMUM_PASSES`` of the lane.
        seed: The same number gives the same cars.

    Raises:
        OSError: The file cannot be written.
    """
    frames, plates = canary_frames(passes, seed)
    writer = cv2.VideoWriter(
        str(video_file),
        cv2.CAP_FFMPEG,
        cv2.VideoWriter.fourcc(*"MJPG"),
        FRAME_RATE_HZ / EVERY,
        (LANE_WIDTH_PX, LANE_HEIGHT_PX),
    )
    if not writer.isOpened():
        raise OSError(f"{video_file}: cannot be written")
    try:
        for frame_bgr in frames:
            writer.write(frame_bgr)
    finally:
        writer.release()
    return plates


def canary_frames(passes: int, seed: int) -> tuple[Iterator[BgrImage], list[str]]:
    """Return the frames, each drawn when it is asked for, and the plates."""
    frames, truth = render_lane(passes, seed)

    def draw() -> Iterator[BgrImage]:
        for number, frame_bgr in enumerate(frames):
            if number % EVERY:
                continue
            draw_on_wall(frame_bgr)
            index = number // _PERIOD
            # On the largest picture of each plate only: such bars are hard on the reader.
            if index < len(truth) and number > truth[index].last_frame - EVERY:
                draw_on_plate(frame_bgr, truth[index].quads_px[number - truth[index].first_frame])
            yield frame_bgr

    return draw(), [each.text for each in truth]
