"""Lens, shutter and light are told from plates: each by its own number, and by no other's."""

import numpy as np
import pytest

from edge_lpr.synthesis.camera import defocus, smear
from edge_lpr.vision.contracts import BgrImage, Detection, Frame
from edge_lpr.vision.optics import FEWEST_PLATES, Optics
from edge_lpr.vision.optics_measures import (
    covered,
    edge_width_px,
    plate_figures,
    view_angles_degree,
)
from tests.support.clock import SetClock
from tests.support.faulty_booth import Fault, in_float

QUAD = np.array([[100, 60], [240, 60], [240, 92], [100, 92]], np.float32)


def frame_with_a_plate(level: float = 1.0) -> BgrImage:
    """Draw bars as strokes are, and a background with something to see in it."""
    rng = np.random.default_rng(0)
    frame = np.kron(rng.uniform(60, 120, (45, 80)), np.ones((4, 4)))
    frame[60:92, 100:240] = 190
    for left in range(106, 234, 8):
        frame[66:86, left : left + 3] = 30
        frame[72:75, left : left + 6] = 30
    grey = np.clip(frame * level, 0, 255).astype(np.uint8)
    return np.repeat(grey[:, :, None], 3, axis=2)


def told(fault: Fault | None = None, level: float = 1.0, quad: np.ndarray = QUAD) -> dict[str, str]:
    clock = SetClock()
    optics = Optics(clock)
    image_bgr = frame_with_a_plate(level)
    shown = image_bgr if fault is None else fault(image_bgr)
    plate = Detection(quad, np.array([*quad.min(axis=0), *quad.max(axis=0)], np.float32), 0.9)
    for number in range(FEWEST_PLATES):
        clock.advance_s(1)
        optics.see(Frame(shown, number, number), [plate])
    return {check.name: check.verdict for check in optics.checks()}


def moved(x: float, y: float) -> np.ndarray:
    return np.array([x, y], np.float32)


def wrong(verdicts: dict[str, str]) -> set[str]:
    return {name for name, verdict in verdicts.items() if verdict in ("bad", "warning")}


def test_good_picture_has_no_fault() -> None:
    assert wrong(told()) == set()


def test_lens_out_of_focus_is_told_from_a_slow_shutter() -> None:
    assert wrong(told(in_float(lambda grey: defocus(grey, 4)))) == {"focus"}
    assert wrong(told(in_float(lambda grey: smear(grey, 9, np.pi / 2)))) == {"motion_blur"}


def test_too_much_and_too_little_light_are_told() -> None:
    assert "over_exposure" in wrong(told(level=2.0))
    assert wrong(told(level=0.15)) == {"under_exposure"}


def test_narrow_plate_is_told() -> None:
    assert "plate_width" in wrong(told(quad=QUAD * moved(0.5, 1) + moved(60, 0)))


def test_camera_that_hangs_askew_is_told() -> None:
    angle = np.radians(30)
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]], np.float32)
    middle = QUAD.mean(axis=0)
    assert "skew" in wrong(told(quad=((QUAD - middle) @ turn + middle).astype(np.float32)))


def test_half_covered_lens_is_told_with_its_side() -> None:
    def cover(frame: BgrImage) -> BgrImage:
        shown: BgrImage = frame.copy()
        shown[:, frame.shape[1] // 2 :] = 20
        return shown

    assert "lens_covered" in wrong(told(cover))


@pytest.mark.parametrize(("side", "where"), [(1, (0, 0)), (2, (0, 4)), (3, (0, 0)), (4, (3, 0))])
def test_side_that_is_blind_is_named(side: int, where: tuple[int, int]) -> None:
    grid = np.zeros((6, 8), np.bool_)
    row, column = where
    high, wide = (6, 4) if side < 3 else (3, 8)
    grid[row : row + high, column : column + wide] = True
    assert covered([grid]) == (0.5, side)
    assert covered([np.ones((6, 8), np.bool_)])[1] == 0
    assert covered([]) == (0.0, 0)


def test_nothing_is_told_before_enough_was_seen() -> None:
    checks = {check.name: check.verdict for check in Optics(SetClock()).checks()}
    assert set(checks.values()) == {"not_known"}


def test_plates_of_long_ago_are_forgotten() -> None:
    clock = SetClock()
    optics = Optics(clock)
    plate = Detection(QUAD, np.array([100, 60, 240, 92], np.float32), 0.9)
    optics.see(Frame(frame_with_a_plate(), 0, 0), [plate])
    assert len(optics.recent()) == 1
    clock.advance_s(3600)
    assert optics.recent() == ()


def test_plate_at_the_edge_of_the_frame_or_of_a_few_pixels_is_not_measured() -> None:
    frame = frame_with_a_plate()
    assert plate_figures(frame, QUAD - moved(110, 0), 0) is None
    assert plate_figures(frame, QUAD / np.float32(20) + np.float32(20), 0) is None
    assert plate_figures(frame, QUAD, 7) is not None


def test_width_of_an_edge_does_not_depend_on_contrast_and_little_on_noise() -> None:
    rng = np.random.default_rng(1)
    edges = np.kron(rng.integers(0, 2, (40, 30)) * 100.0, np.ones((1, 8))).astype(np.float32)
    blurred = defocus(edges, 3)
    assert edge_width_px(edges) < 1.2
    assert edge_width_px(blurred) > 3.5
    assert abs(edge_width_px(blurred * 2) - edge_width_px(blurred)) < 0.01
    noisy = blurred + rng.normal(0, 3, blurred.shape).astype(np.float32)
    assert edge_width_px(noisy) > 3.0
    assert edge_width_px(np.full((20, 20), 9, np.float32)) == 0.0


def test_view_from_the_side_and_above_is_estimated() -> None:
    yaw, pitch = np.radians(35), np.radians(25)
    tilt = float(np.degrees(np.arctan(np.tan(yaw) * np.sin(pitch))))
    seen = view_angles_degree(tilt, 4.73 * np.cos(yaw) / np.cos(pitch))
    assert abs(seen[0] - 35) < 12
    assert view_angles_degree(0.0, 4.5) == (0.0, 0.0)
