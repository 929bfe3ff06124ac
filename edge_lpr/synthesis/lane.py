"""Renders a border lane: one car after another drives up to the camera, its plate known.

For the demo and for tests, which need input with known truth on a machine that has none. Plates
are invented, drawn with OpenCV's own strokes, and repeatable: the same seed gives the same
frames, bit for bit.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
import numpy as np

from edge_lpr.synthesis.formats import FORMATS, PlateFormat, draw_printed_text
from edge_lpr.synthesis.glyphs import HersheyTypeface
from edge_lpr.synthesis.marks import plain
from edge_lpr.synthesis.pictures import BgrImage, Quad
from edge_lpr.synthesis.plates import render_plate
from edge_lpr.synthesis.vehicle import Placement, Vehicle, draw_vehicle, draw_vehicle_look

LANE_WIDTH_PX: Final = 1280
LANE_HEIGHT_PX: Final = 720
FRAME_RATE_HZ: Final = 10.0
"""Frames a second of the written video."""

MAXIMUM_PASSES: Final = 200
"""Six minutes of lane, and 200 MB as a video."""

FRAMES_A_PASS: Final = 10
"""Frames in which a car is seen: one second, at about 30 km/h."""

FRAMES_BETWEEN_PASSES: Final = 7
"""Empty frames before each car; longer than ``PASSAGE_GAP_S``, so that passages end."""

PASSAGE_GAP_S: Final = 0.5
"""What ``vision.passage_gap_s`` should be for this lane."""

_FAR_M: Final = 11.0
_NEAR_M: Final = 4.6
_FOCAL_PX: Final = 1500.0
"""A European plate comes out 70 px wide where the car appears and 170 px where it leaves."""

_CAMERA_HEIGHT_M: Final = 1.5
_HORIZON_PX: Final = 190.0
_EUROPEAN_PLATE_M: Final = 0.52
_SHORT_PLATE_M: Final = 0.40
"""South American plates' true width, and a little more than an American one's 0.305."""

_SERIES: Final = (
    ("eu", "de"), ("eu", "fr"), ("gb", "gb"), ("eu", "es"), ("br", "br_mercosur"), ("eu", "pl"),
    ("ro", "ro"), ("eu", "it"), ("ar", "ar_mercosur"), ("eu", "nl"), ("us", "us"), ("eu", "dk"),
)  # fmt: skip
"""Series in the order in which they drive past: source and name in ``formats.FORMATS``."""

_MINIMUM_CHARACTERS: Final = 6
"""Shorter texts exist, but say little in a demonstration."""

_LETTERS_NOT_ISSUED: Final = frozenset("IOQ")
"""Most countries keep them off plates; OpenCV's strokes draw O and 0 alike."""


@dataclass(frozen=True, slots=True, repr=False)
class LanePass:
    """The truth about one car's pass. No ``repr``: it holds the plate."""

    first_frame: int
    """Number of the first frame that shows the car, from 0."""
    last_frame: int
    """Number of the last frame that shows it."""
    text: str
    """Its plate: A-Z and 0-9."""
    quads_px: tuple[Quad, ...]
    """Corners of the plate in each of those frames."""


def render_lane(passes: int, seed: int = 0) -> tuple[Iterator[BgrImage], tuple[LanePass, ...]]:
    """Prepare a lane.

    Args:
        passes: How many cars drive past, 1 to ``MAXIMUM_PASSES``.
        seed: The same number gives the same frames.

    Returns:
        Frames, each (720, 1280, 3) uint8 BGR in memory of its own and drawn when it is asked
        for, and the truth about each pass, in order.

    Raises:
        ValueError: The number of passes is out of range.
    """
    if not 1 <= passes <= MAXIMUM_PASSES:
        raise ValueError(f"A lane has 1 to {MAXIMUM_PASSES} passes.")
    vehicles = _draw_vehicles(passes, np.random.default_rng((seed, 1)))
    period = FRAMES_BETWEEN_PASSES + FRAMES_A_PASS
    truth = tuple(
        _truth(vehicle, index * period + FRAMES_BETWEEN_PASSES)
        for index, vehicle in enumerate(vehicles)
    )
    return _draw_frames(vehicles, np.random.default_rng((seed, 2))), truth


def write_lane(video_file: Path, passes: int, seed: int = 0) -> tuple[LanePass, ...]:
    """Render a lane into a video file (Motion JPEG in AVI).

    Args:
        video_file: File to make, ending in ``.avi``; one that is there is overwritten.
        passes: How many cars drive past, 1 to ``MAXIMUM_PASSES``.
        seed: The same number gives the same video.

    Returns:
        The truth about each pass, in order.

    Raises:
        OSError: The file cannot be written.
        ValueError: The number of passes is out of range.
    """
    frames, truth = render_lane(passes, seed)
    size_px = (LANE_WIDTH_PX, LANE_HEIGHT_PX)
    code = cv2.VideoWriter.fourcc(*"MJPG")
    writer = cv2.VideoWriter(str(video_file), cv2.CAP_FFMPEG, code, FRAME_RATE_HZ, size_px)
    if not writer.isOpened():
        raise OSError(f"{video_file}: cannot be written")
    try:
        for frame_bgr in frames:
            writer.write(frame_bgr)
    finally:
        writer.release()
    return truth


def _draw_vehicles(passes: int, rng: np.random.Generator) -> list[Vehicle]:
    """Draw the cars; no two plates of a lane are equal, as on a road."""
    vehicles: list[Vehicle] = []
    texts: set[str] = set()
    while len(vehicles) < passes:
        vehicle = _draw_one(_series(len(vehicles)), rng)
        text = vehicle.plate.text
        is_plausible = len(text) >= _MINIMUM_CHARACTERS and not _LETTERS_NOT_ISSUED & set(text)
        if is_plausible and text not in texts:
            texts.add(text)
            vehicles.append(vehicle)
    return vehicles


def _series(index: int) -> PlateFormat:
    """Return the series of a pass."""
    source, name = _SERIES[index % len(_SERIES)]
    return next(series for series in FORMATS[source] if series.name == name)


def _draw_one(series: PlateFormat, rng: np.random.Generator) -> Vehicle:
    """Draw a plate of a series and the car that carries it."""
    printed = plain(draw_printed_text(series, rng))
    style = series.styles[rng.integers(len(series.styles))]
    typeface = HersheyTypeface("duplex", float(rng.uniform(0.12, 0.16)))
    plate = render_plate(printed, style, typeface, rng, height_px=80, wear=0.3)
    width_px, height_px = plate.corners_px[2] - plate.corners_px[0]
    is_long = width_px / height_px > 4  # noqa: PLR2004 - European one-line plates
    return draw_vehicle_look(plate, _EUROPEAN_PLATE_M if is_long else _SHORT_PLATE_M, rng)


def _placement(vehicle: Vehicle, step: int) -> Placement:
    """Say where a car stands in the given frame of its pass."""
    share = step / (FRAMES_A_PASS - 1)
    # Equal steps in 1/distance, because a driver brakes towards the booth.
    distance_m = 1 / ((1 - share) / _FAR_M + share / _NEAR_M)
    pixels_a_metre = _FOCAL_PX / distance_m
    x = LANE_WIDTH_PX / 2 + vehicle.offset_m * pixels_a_metre
    y = _HORIZON_PX + _CAMERA_HEIGHT_M * pixels_a_metre
    return Placement((x, y), pixels_a_metre, turn=vehicle.offset_m)


def _truth(vehicle: Vehicle, first_frame: int) -> LanePass:
    """Work out where the plate will be seen, on a scene that nobody keeps."""
    scene = np.zeros((8, 8, 3), np.uint8)
    quads = tuple(
        draw_vehicle(scene, vehicle, _placement(vehicle, step)) for step in range(FRAMES_A_PASS)
    )
    return LanePass(first_frame, first_frame + FRAMES_A_PASS - 1, vehicle.plate.text, quads)


def _draw_frames(vehicles: list[Vehicle], rng: np.random.Generator) -> Iterator[BgrImage]:
    """Draw the frames of the whole lane, one at a time."""
    empty_lane = _draw_empty_lane(rng)
    # Fresh noise for every pixel of every frame would take longer than all the rest together.
    noise = np.rint(rng.normal(0, 3.0, (LANE_HEIGHT_PX + 64, LANE_WIDTH_PX + 64, 3))).astype(
        np.int16
    )
    for vehicle in vehicles:
        for step in range(-FRAMES_BETWEEN_PASSES, FRAMES_A_PASS):
            scene = empty_lane.copy()
            if step >= 0:
                draw_vehicle(scene, vehicle, _placement(vehicle, step))
            y, x = rng.integers(64, size=2)
            window = noise[y : y + LANE_HEIGHT_PX, x : x + LANE_WIDTH_PX]
            yield cv2.add(scene, window, dtype=cv2.CV_8U).astype(np.uint8, copy=False)
    for _ in range(FRAMES_BETWEEN_PASSES):
        yield empty_lane.copy()


def _draw_empty_lane(rng: np.random.Generator) -> BgrImage:
    """Draw road, kerbs, a wall and the booth."""
    rows = np.linspace(0, 1, LANE_HEIGHT_PX, dtype=np.float32)[:, None, None]
    scene = np.empty((LANE_HEIGHT_PX, LANE_WIDTH_PX, 3), np.float32)
    scene[:] = (205, 190, 170) + rows * np.array((-90, -75, -55), np.float32)
    horizon = round(_HORIZON_PX)
    scene[horizon:] = np.array((88, 90, 92), np.float32) + 22 * rows[: LANE_HEIGHT_PX - horizon]
    grain = rng.normal(0, 9, (LANE_HEIGHT_PX // 2, LANE_WIDTH_PX // 2)).astype(np.float32)
    scene[horizon:] += cv2.resize(grain, (LANE_WIDTH_PX, LANE_HEIGHT_PX))[horizon:, :, None]
    lane = np.clip(scene, 0, 255).astype(np.uint8)
    middle = LANE_WIDTH_PX // 2
    for side in (-1, 1):
        kerb = np.array(
            [
                (middle + side * 170, horizon),
                (middle + side * 200, horizon),
                (middle + side * 900, LANE_HEIGHT_PX),
                (middle + side * 740, LANE_HEIGHT_PX),
            ],
            np.int32,
        )
        cv2.fillPoly(lane, [kerb], (150, 152, 150), cv2.LINE_AA)
    cv2.rectangle(lane, (0, 60), (LANE_WIDTH_PX, horizon), (128, 132, 136), -1)
    for x in range(0, LANE_WIDTH_PX, 160):
        cv2.line(lane, (x, 60), (x, horizon), (112, 116, 120), 2, cv2.LINE_AA)
    cv2.rectangle(lane, (1040, 110), (1230, 480), (96, 120, 140), -1)
    cv2.rectangle(lane, (1062, 150), (1208, 300), (60, 50, 44), -1)
    cv2.rectangle(lane, (middle - 260, 96), (middle + 260, 108), (40, 40, 190), -1)
    return cv2.GaussianBlur(lane, (0, 0), 1.0).astype(np.uint8, copy=False)
