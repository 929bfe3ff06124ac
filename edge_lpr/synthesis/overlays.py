"""Draws what recorders write over a picture: time, camera, speed, place."""

from typing import Final

import cv2
import numpy as np

from edge_lpr.synthesis.chance import happens
from edge_lpr.synthesis.pictures import BgrImage
from edge_lpr.synthesis.styles import Colour

_WHITE: Final = (240, 240, 240)
_BLACK: Final = (15, 15, 15)
_INKS: Final[tuple[Colour, ...]] = (_WHITE, _WHITE, (30, 240, 250), (60, 250, 60), _BLACK)
_OVERLAY_FACES: Final = (
    cv2.FONT_HERSHEY_PLAIN,
    cv2.FONT_HERSHEY_SIMPLEX,
    cv2.FONT_HERSHEY_DUPLEX,
)


def draw_overlay(frame_bgr: BgrImage, rng: np.random.Generator) -> None:
    """Write over a frame what recorders write: time, camera, speed, in place.

    Args:
        frame_bgr: Frame, shape (H, W, 3), uint8, at least 64 px wide.
        rng: Where the randomness comes from.
    """
    height, width = frame_bgr.shape[:2]
    scale = width * rng.uniform(0.0006, 0.0018)
    face = _OVERLAY_FACES[rng.integers(len(_OVERLAY_FACES))]
    if face == cv2.FONT_HERSHEY_PLAIN:
        scale *= 1.8
    thickness = max(1, round(scale * rng.uniform(1.0, 2.2)))
    ink = _INKS[rng.integers(len(_INKS))]
    for words in _overlay_lines(rng):
        (text_w, text_h), below = cv2.getTextSize(words, face, scale, thickness)
        margin = max(2, round(0.5 * text_h))
        x = (margin, max(margin, width - text_w - margin), (width - text_w) // 2)[rng.integers(3)]
        y = text_h + margin if happens(0.5, rng) else height - margin - below
        if happens(0.35, rng):
            first, last = (x - margin, y - text_h - margin), (x + text_w + margin, y + margin)
            ground = _BLACK if sum(ink) > 300 else _WHITE  # noqa: PLR2004 - pale ink, dark ground
            cv2.rectangle(frame_bgr, first, last, ground, -1)
        elif happens(0.5, rng):
            cv2.putText(frame_bgr, words, (x, y), face, scale, _BLACK, thickness + 2, cv2.LINE_AA)
        cv2.putText(frame_bgr, words, (x, y), face, scale, ink, thickness, cv2.LINE_AA)


def _overlay_lines(rng: np.random.Generator) -> list[str]:
    """Draw one to three lines of an overlay."""
    year, month, day = rng.integers(2004, 2031), rng.integers(1, 13), rng.integers(1, 29)
    hour, minute, second = rng.integers(24), rng.integers(60), rng.integers(60)
    dates = (
        f"{year}-{month:02d}-{day:02d}",
        f"{day:02d}.{month:02d}.{year}",
        f"{month:02d}/{day:02d}/{year % 100:02d}",
        f"'{year % 100:02d} {month:2d} {day:2d}",
    )
    lines = [f"{dates[rng.integers(len(dates))]} {hour:02d}:{minute:02d}:{second:02d}"]
    if happens(0.5, rng):
        lines.append(
            (
                f"CAM {rng.integers(1, 17):02d}",
                f"Channel {rng.integers(1, 9)}",
                f"LANE {rng.integers(1, 9)} IN",
                f"{rng.integers(0, 140)} km/h",
                f"ID:{rng.integers(10**6, 10**8)}",
                "REC",
            )[rng.integers(6)]
        )
    if happens(0.2, rng):
        lines.append(f"N{rng.uniform(0, 90):.5f} E{rng.uniform(0, 180):.5f}")
    return lines
