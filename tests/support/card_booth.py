"""A booth whose lane a test changes while it runs: empty, with the test card, with other plates."""

import json
import os
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from edge_lpr.demo.arguments import Source
from edge_lpr.demo.brokers import EmbeddedBroker
from edge_lpr.synthesis.camera import defocus
from edge_lpr.synthesis.card import picture_of, sheet_of
from edge_lpr.synthesis.scenes import paste_plate
from tests.support.faulty_booth import EDGE_LPR, FaultyBooth, Picture, in_float, lane_frames

FRAMES = 24
"""Of a scene; it is shown again and again."""

SHOWN = 12
"""Of these, with the card."""

TIMES = 1000
CARD_MM = 260
SHEET = sheet_of(297, 105, ((25, CARD_MM),))
"""Half of the A4 sheet."""


@cache
def empty_lane() -> Picture:
    """Return the lane between two vehicles."""
    return lane_frames()[0]


def card_scene(least_px: float, most_px: float, blur_px: float = 0.0) -> Iterator[Picture]:
    """Carry the card along the lane, held at a slant; then the lane is empty.

    Args:
        least_px: Width of its plate where it is far.
        most_px: Likewise where it is near.
        blur_px: Radius by which the lens is out of focus.
    """
    card = picture_of(SHEET, 4)
    for step in range(FRAMES):
        frame = empty_lane().copy()
        if step < SHOWN:
            share = step / (SHOWN - 1)
            width_px = (least_px + share * (most_px - least_px)) * SHEET.width_mm / CARD_MM
            height_px = width_px * SHEET.height_mm / SHEET.width_mm
            x, y = 560 + 40 * share, 300 + 160 * share
            corners = [[0, 0], [width_px, 3], [width_px, 3 + height_px], [0, height_px]]
            quad = (np.array(corners) + np.array([x, y])).astype(np.float32)
            light = np.array([[0.9] * 3, [0.0] * 3], np.float32)
            paste_plate(frame, card, quad, light=light, blur_px=0.6)
        yield in_float(lambda grey: defocus(grey, blur_px))(frame) if blur_px else frame


def car_scene() -> Iterator[Picture]:
    """Let a vehicle pass, with a plate of its own."""
    yield from lane_frames()[:FRAMES]


def no_scene() -> Iterator[Picture]:
    """Show the empty lane."""
    return iter([empty_lane()] * FRAMES)


class CardBooth(FaultyBooth):
    """The three processes before a lane whose scene can be changed."""

    def __init__(self, root: Path, broker: EmbeddedBroker) -> None:
        """Begin with an empty lane; nothing runs yet."""
        self._scenes = root / "scenes"
        self._scenes.mkdir()
        self._made = 0
        self.show(no_scene())
        frames = root / "frames"
        frames.mkdir()
        for number in range(TIMES * FRAMES):
            shown = self._scenes / "now" / f"{number % FRAMES:02}.jpg"
            (frames / f"{number:06}.jpg").symlink_to(shown)
        super().__init__(
            root, broker, Source("folder", str(frames)), more={"vision": "repeat_window_s = 0.0"}
        )

    def show(self, scene: Iterator[Picture]) -> None:
        """Change what the camera sees, between two frames."""
        self._made += 1
        folder = self._scenes / str(self._made)
        folder.mkdir()
        for number, frame in enumerate(scene):
            coded = cv2.imencode(".jpg", frame, [cv2.IMWRITE_JPEG_QUALITY, 92])[1]  # noqa: TID251
            (folder / f"{number:02}.jpg").write_bytes(coded.tobytes())
        link = self._scenes / "next"
        link.symlink_to(folder)
        os.replace(link, self._scenes / "now")  # noqa: PTH105 - of links

    def card_command(self, *options: str) -> list[str]:
        """Return ``edge-lpr diagnose --card`` for this booth."""
        root = self._root / "machine"
        root.mkdir(exist_ok=True)
        return [
            *(*EDGE_LPR, "diagnose", "--card", "--root", str(root)),
            *("--settings", str(self.folders.settings_file), *options),
        ]

    def try_card(self, *options: str) -> tuple[int, dict[str, Any]]:
        """Run the test for a program; return its exit status and what it says."""
        done = subprocess.run(
            self.card_command("--json", *options), capture_output=True, text=True, check=False
        )
        assert done.stderr == "", done.stderr
        return done.returncode, json.loads(done.stdout)

    def stop(self, process: str) -> None:
        """End one process, so that it can be started again."""
        self._children.pop(process).stop(20)

    @contextmanager
    def trying(self, *options: str) -> Iterator["subprocess.Popen[str]"]:
        """Run the test for people, and go on when it says that the card can be shown."""
        command: Sequence[str] = self.card_command(*options)
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
            assert child.stdout is not None
            assert child.stdout.readline().startswith("Show the card now")
            yield child
