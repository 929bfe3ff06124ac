"""Who takes down all that the aim page is told does not find out which plate passed.

An attacker who knows every plate that may come, and has seen each pass twice, has it easier than
one who must read: he only has to say which of them it is now. He learns from what the page is told,
all of it, over whole sessions; and, to show that he can learn, from pictures of 256 x 144.
``EDGE_LPR_AIM_PLATES`` says how many plates; 1,000 take some minutes.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_lpr.core.settings import LaneSection
from edge_lpr.core.vision_counts import VISION_COUNTERS
from edge_lpr.handoff.aim_message import GAUGES, AimFrame, parse_aim_frame
from edge_lpr.handoff.diagnosis_message import AIM, Question, parse_answer
from edge_lpr.synthesis.formats import FORMATS, draw_printed_text
from edge_lpr.synthesis.glyphs import HersheyTypeface
from edge_lpr.synthesis.lane import render_lane
from edge_lpr.synthesis.marks import plain
from edge_lpr.synthesis.plates import RenderedPlate, render_plate
from edge_lpr.vision.aim_view import AimView
from edge_lpr.vision.contracts import NANOSECONDS, BgrImage, Detection, Frame, Quad
from edge_lpr.vision.geometry import box_around
from tests.support.clock import SetClock

PLATES = int(os.environ.get("EDGE_LPR_AIM_PLATES", "60"))
LEARNT_PASSAGES = 2
WIDTHS_PX = (70, 85, 105, 130, 150, 170)
"""Of the plate in the frames of a passage."""

PICTURE_PX = (256, 144)
CUT_PX = (64, 16)
STANDS_S = 42
"""How long every third vehicle stands, each time, at the end of its passage: a second a look."""

TREMBLE_PX = 1.0
"""By which a corner finder's corners are beside the plate's."""


@dataclass
class Taken:
    """What an attacker has of one passage."""

    page: NDArray[np.float64]
    pictures: NDArray[np.float64]


class Lane:
    """Plates drive through it, each frame as vision and as an attacker sees it."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.rng = rng
        self.empty_bgr = next(render_lane(1)[0])
        self.frame_bgr = self.empty_bgr.copy()
        self.clock = SetClock()
        counters = dict.fromkeys(VISION_COUNTERS, 0)
        self.view = AimView((LaneSection(number=1),), lambda: counters, self.clock)
        self.frames = 0

    def ask(self) -> AimFrame:
        return parse_aim_frame(parse_answer(self.view(Question(AIM)), "vision", AIM).body)

    def session(self, known: list[RenderedPlate]) -> list[Taken]:
        """Let every plate pass, in any order; return what is taken of each, in theirs."""
        taken: dict[int, Taken] = {}
        for place in self.rng.permutation(len(known)).tolist():
            taken[place] = self.passage(known[place], 1 if place % 3 else STANDS_S)
        return [taken[place] for place in range(len(known))]

    def passage(self, plate: RenderedPlate, stands_s: int) -> Taken:
        """Let a plate pass, some seconds after the one before; the last look is the last one's."""
        self.frames += 4
        self.ask()
        place = self.rng.uniform((480, 260), (800, 400))
        light = self.rng.uniform(0.7, 1.0)
        told: list[int] = []
        cuts = []
        for step, width_px in enumerate(WIDTHS_PX):
            quad = self._quad(plate, place + np.array([0, 20 * step]), width_px)
            part = self._paint(plate, quad, light)
            cuts.append(cut_from_small_picture(self.frame_bgr, quad))
            looks = stands_s if step == len(WIDTHS_PX) - 1 else 1
            told += [list(self._told_of(quad)) for _ in range(looks)][-1]
            self.frame_bgr[part] = self.empty_bgr[part]
        return Taken(np.array(told, np.float64), np.mean(cuts, axis=0).ravel())

    def _quad(self, plate: RenderedPlate, place: NDArray[np.float64], width_px: float) -> Quad:
        size = plate.corners_px[2] - plate.corners_px[0]
        across, down = width_px / 2, width_px / 2 * float(size[1] / size[0])
        corners = [[-across, -down], [across, -down], [across, down], [-across, down]]
        return np.add(corners, place).astype(np.float32)

    def _paint(self, plate: RenderedPlate, quad: Quad, light: float) -> tuple[slice, slice]:
        """Paint a plate into the frame; return where."""
        x0, y0, x1, y1 = (int(each) for each in box_around(quad))
        where = slice(y0 - 30, y1 + 30), slice(x0 - 40, x1 + 40)
        part = self.frame_bgr[where]
        corners = quad - np.array([where[1].start, where[0].start], np.float32)
        matrix = cv2.getPerspectiveTransform(plate.corners_px.astype(np.float32), corners)
        # Softened first: a camera's pixel is the mean of what falls on it.
        lit = cv2.GaussianBlur(cv2.convertScaleAbs(plate.picture_bgr, alpha=light), (0, 0), 1.2)
        size = part.shape[1], part.shape[0]
        drawn = cv2.warpPerspective(
            lit, matrix, size, dst=part.copy(), borderMode=cv2.BORDER_TRANSPARENT
        )
        noisy = drawn + self.rng.normal(0, 3, part.shape)
        part[:] = np.clip(noisy, 0, 255).astype(np.uint8)
        return where

    def _told_of(self, quad: Quad) -> Iterator[int]:
        """Let vision see the frame, and give every number that the page is told of it."""
        found = (quad + self.rng.normal(0, TREMBLE_PX, quad.shape)).astype(np.float32)
        self.frames += 1
        self.clock.advance_s(1)
        frame = Frame(self.frame_bgr, self.frames, self.frames * NANOSECONDS)
        self.view.see(frame, [Detection(found, box_around(found), 0.9)])
        answer = self.ask()
        (outline,) = answer.outlines
        yield from (outline.across, outline.down, outline.width, outline.tilt, outline.is_tall)
        yield from (answer.gauges.get(gauge, -1) for gauge in GAUGES)


def cut_from_small_picture(frame_bgr: BgrImage, quad: Quad) -> NDArray[np.float64]:
    """Return a plate as a picture of 256 x 144 has it, flat and of even contrast."""
    scale = frame_bgr.shape[1] // PICTURE_PX[0]
    # The part around the plate, cut where the small picture's pixels begin.
    x0, y0, x1, y1 = (int(each) // scale for each in box_around(quad))
    part = frame_bgr[scale * (y0 - 2) : scale * (y1 + 4), scale * (x0 - 2) : scale * (x1 + 4)]
    size = part.shape[1] // scale, part.shape[0] // scale
    small = cv2.resize(part, size, interpolation=cv2.INTER_AREA)
    corners = quad / scale - np.array([x0 - 2, y0 - 2], np.float32)
    right, bottom = CUT_PX[0] - 1, CUT_PX[1] - 1
    flat = np.array([[0, 0], [right, 0], [right, bottom], [0, bottom]], np.float32)
    matrix = cv2.getPerspectiveTransform(corners.astype(np.float32), flat)
    gray = cv2.cvtColor(cv2.warpPerspective(small, matrix, CUT_PX), cv2.COLOR_BGR2GRAY)
    cut = np.asarray(gray, np.float64)
    return np.asarray((cut - cut.mean()) / (cut.std() + 1), np.float64)


def plates(rng: np.random.Generator) -> list[RenderedPlate]:
    """Return plates of one series that differ in their text alone."""
    series = next(each for each in FORMATS["eu"] if each.name == "de")
    texts: dict[str, None] = {}
    while len(texts) < PLATES:
        texts[plain(draw_printed_text(series, rng))] = None
    return [
        render_plate(
            text,
            series.styles[0],
            HersheyTypeface("duplex", 0.14),
            np.random.default_rng(7),
            height_px=80,
            wear=0,
        )
        for text in texts
    ]


def named_right(learnt: NDArray[np.float64], seen: NDArray[np.float64]) -> int:
    """Return how many plates an attacker names who learns what tells plates apart.

    Args:
        learnt: Of each plate its passages, shape (plates, passages, features).
        seen: Of each plate another passage, shape (plates, features).
    """
    means = learnt.mean(axis=1)
    within = (learnt - means[:, None]).std(axis=(0, 1)) + 1e-6
    between = means.std(axis=0)
    # What differs between plates no more than between passages of one says nothing.
    weights = np.maximum(between**2 - within**2 / learnt.shape[1], 0) / within**2
    if not weights.any():
        return 0
    scale = np.sqrt(weights)
    distances = np.linalg.norm((seen[:, None] - means[None]) * scale, axis=2)
    return int((distances.argmin(axis=1) == np.arange(len(seen))).sum())


def test_attacker_who_names_plates_from_small_pictures_does_not_from_the_page() -> None:
    rng = np.random.default_rng(11)
    lane = Lane(rng)
    known = plates(rng)
    rounds = [lane.session(known) for _ in range(LEARNT_PASSAGES + 1)]

    def right(what: str) -> int:
        taken = np.array([[getattr(each, what) for each in one] for one in rounds])
        return named_right(taken[:-1].swapaxes(0, 1), taken[-1])

    from_pictures, from_page = right("pictures"), right("page")
    print(f"named right of {PLATES}: pictures {from_pictures}, page {from_page}")  # noqa: T201
    assert from_pictures > 0.9 * PLATES
    # Whoever guesses names one; brightness and focus of a plate hang on its text a little.
    assert from_page <= 1 + 0.05 * PLATES
