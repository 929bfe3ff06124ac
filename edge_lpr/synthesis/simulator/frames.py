"""Renders the frames of a shift: the lane, who drives in it, the weather, and the sensor."""

from collections.abc import Iterator
from typing import Final

import cv2
import numpy as np

from edge_lpr.synthesis.glyphs import Typeface
from edge_lpr.synthesis.pictures import BgrImage
from edge_lpr.synthesis.simulator.backdrop import Backdrop, draw_backdrop
from edge_lpr.synthesis.simulator.bodies import BODIES, Sprite, draw_sprite
from edge_lpr.synthesis.simulator.plan import (
    PIXELS_A_METRE,
    WIDTH_PX,
    PlacedActor,
    Shift,
    body_box,
    plane_m,
)
from edge_lpr.synthesis.simulator.weather import NoiseBank, Rain, cast_shade, draw_halo, draw_walker

_REAR_LAMPS: Final = 0.35
"""Brightness of a tail lamp beside a headlight."""

_LENS_BLUR_PX: Final = 0.6

_LEAVES_HZ: Final = 3.0
_CLOCK_SHARE: Final = 1 / 3
"""Share of shifts in which the camera writes its clock into the picture."""


def render_shift(shift: Shift, typefaces: tuple[Typeface, ...]) -> Iterator[BgrImage]:
    """Render a shift.

    Args:
        shift: What happens.
        typefaces: What signs in the lane are lettered in.

    Yields:
        Frames, shape (H, W, 3), uint8, BGR, each in memory of its own.
    """
    renderer = _Renderer(shift, typefaces)
    for frame in range(shift.frames):
        yield renderer.render(frame)


class _Renderer:
    """Draw frame after frame, keeping what does not change."""

    def __init__(self, shift: Shift, typefaces: tuple[Typeface, ...]) -> None:
        rng = np.random.default_rng((shift.settings.seed, shift.number, 3))
        self._shift = shift
        face = typefaces[rng.integers(len(typefaces))]
        self._backdrop: Backdrop = draw_backdrop(shift.camera, shift.condition, face, rng)
        self._rain = Rain(shift.camera.size_px, rng) if shift.condition.rain else None
        self._noise = NoiseBank(shift.camera.size_px, shift.condition, rng)
        self._has_clock = bool(rng.random() < _CLOCK_SHARE)
        self._sprites: dict[int, Sprite] = {}
        self._still: tuple[tuple[object, ...], BgrImage] | None = None

    def render(self, frame: int) -> BgrImage:
        """Draw one frame."""
        present = [
            (one.distance_m(frame), place)
            for place, one in enumerate(self._shift.actors)
            if one.first_frame <= frame <= one.last_frame
        ]
        self._sprites = {
            place: sprite for place, sprite in self._sprites.items()
            if self._shift.actors[place].last_frame >= frame
        }  # fmt: skip
        walkers = self._walkers(frame)
        phase = self._leaves_phase(frame)
        # A parked vehicle is drawn once; only the sensor's noise is new in each frame.
        key = (tuple(present), tuple(walkers), phase)
        if self._still is not None and self._still[0] == key:
            scene = self._still[1]
        else:
            scene = self._draw(frame, present, walkers, phase)
            self._still = (key, scene)
        seen = self._noise.expose(scene, self._rain)
        if self._has_clock:
            self._write_clock(seen, frame)
        return seen

    def _draw(
        self,
        frame: int,
        present: list[tuple[float, int]],
        walkers: list[float],
        phase: int,
    ) -> BgrImage:
        """Draw what is in the lane, the farthest first."""
        scene: BgrImage = self._backdrop.picture_bgr.copy()
        x, y = self._backdrop.leaves_at
        leaves = self._backdrop.leaves[phase]
        scene[y : y + leaves.shape[0], x : x + leaves.shape[1]] = leaves
        for share in walkers:
            cast_shade(scene, share)
            draw_walker(scene, self._shift.camera, self._shift.condition, share)
        for distance_m, place in sorted(present, reverse=True):
            self._draw_actor(scene, place, distance_m, frame)
        return scene

    def _draw_actor(self, scene: BgrImage, place: int, distance_m: float, frame: int) -> None:
        """Draw one vehicle, smeared by its movement, and its lamps' halos."""
        one, sprite = self._shift.actors[place], self._sprite(place)
        camera, condition = self._shift.camera, self._shift.condition
        self._draw_shadow(scene, one, distance_m)
        box = body_box(one, distance_m, camera)
        left, top = (max(0, int(value) - 4) for value in box[:2])
        right, bottom = (
            min(side, int(np.ceil(value)) + 5)
            for side, value in zip(camera.size_px, box[2:], strict=True)
        )
        if right - left < 2 or bottom - top < 2:  # noqa: PLR2004 - nothing to be seen
            return
        here = scene[top:bottom, left:right]
        self._paste(here, (left, top), one, sprite, distance_m)
        self._smear(here, one, distance_m, frame)
        if condition.lamps > 0:
            strength = condition.lamps * (1.0 if one.actor.direction != "out" else _REAR_LAMPS)
            reach_px = condition.halo_m * camera.focal_px / distance_m
            for x, y in camera.project(
                plane_m(one.actor, distance_m, np.array(sprite.body.lamps_m))
            ):
                draw_halo(scene, (float(x), float(y)), reach_px, strength)

    def _paste(
        self,
        here: BgrImage,
        at_px: tuple[int, int],
        one: PlacedActor,
        sprite: Sprite,
        distance_m: float,
    ) -> None:
        """Project a vehicle into its part of the scene, which begins at a pixel, in place."""
        camera = self._shift.camera
        picture, mask = sprite.level_for(camera.focal_px / distance_m)
        half, height = sprite.body.width_m / 2, sprite.body.height_m
        corners = np.array([[-half, height], [half, height], [half, 0.0], [-half, 0.0]])
        target = camera.project(plane_m(one.actor, distance_m, corners)) - np.array(
            at_px, np.float32
        )
        h, w = picture.shape[:2]
        flat = np.array([[0, 0], [w, 0], [w, h], [0, h]], np.float32) - np.float32(0.5)
        matrix = cv2.getPerspectiveTransform(flat, target)
        size = (here.shape[1], here.shape[0])
        warped = cv2.warpPerspective(picture, matrix, size, flags=cv2.INTER_LINEAR)
        shape = cv2.warpPerspective(mask, matrix, size, flags=cv2.INTER_NEAREST)
        if self._shift.condition.infrared:
            # The lamp's light spreads on its way there and back; the exposure makes up for some.
            gain = float(np.clip((6.0 / distance_m) ** 1.2, 0.35, 1.5))
            warped = cv2.convertScaleAbs(warped, alpha=gain)
        cv2.copyTo(warped, shape, here)

    def _smear(self, here: BgrImage, one: PlacedActor, distance_m: float, frame: int) -> None:
        """Blur by the lens, and by how far the plate moves while the shutter is open; in place."""
        before = one.distance_m(max(one.first_frame, frame - 1))
        share = self._shift.condition.exposure_s * self._shift.settings.frame_rate_hz
        middle = np.array([BODIES[one.actor.look].plate_m])
        places_m = (distance_m, distance_m + (before - distance_m) * share)
        start, end = self._shift.camera.project(
            np.vstack([plane_m(one.actor, place_m, middle) for place_m in places_m])
        )
        across, down = (round(float(value)) for value in np.abs(end - start))
        if across > 1 or down > 1:
            cv2.blur(here, (max(1, across), max(1, down)), dst=here)
        else:
            cv2.GaussianBlur(here, (3, 3), _LENS_BLUR_PX, dst=here)

    def _sprite(self, place: int) -> Sprite:
        """Draw a vehicle when it is needed first."""
        if place not in self._sprites:
            one = self._shift.actors[place]
            self._sprites[place] = draw_sprite(
                one.actor.look,
                one.plate,
                self._shift.condition,
                np.random.default_rng(one.seed),
                pixels_a_metre=PIXELS_A_METRE * self._shift.settings.width_px / WIDTH_PX,
            )
        return self._sprites[place]

    def _draw_shadow(self, scene: BgrImage, one: PlacedActor, distance_m: float) -> None:
        """Darken the ground below a vehicle."""
        half = 0.48 * BODIES[one.actor.look].width_m
        ground = np.array(
            [
                [one.actor.offset_m - half, 0, distance_m],
                [one.actor.offset_m + half, 0, distance_m],
                [one.actor.offset_m + 1.05 * half, 0, max(1.0, distance_m - 0.35)],
                [one.actor.offset_m - 1.05 * half, 0, max(1.0, distance_m - 0.35)],
            ]
        )
        points = np.rint(self._shift.camera.project(ground)).astype(np.int32)
        dark = 12 if self._shift.condition.infrared else 34
        cv2.fillConvexPoly(scene, points, (dark, dark, dark), cv2.LINE_AA)

    def _walkers(self, frame: int) -> list[float]:
        """Say how far each pedestrian has come."""
        return [
            (frame - first - begin) / (end - begin)
            for first, scene in self._shift.scenes
            for begin, end in scene.pedestrians
            if begin <= frame - first < end
        ]

    def _leaves_phase(self, frame: int) -> int:
        """Say how the wind bends the leaves: gusts, and now and then nothing."""
        time_s = frame / self._shift.settings.frame_rate_hz
        swing = np.sin(time_s * 0.7) * np.sin(time_s * 0.31 + self._shift.number)
        return int(time_s * _LEAVES_HZ * (1 + swing)) % len(self._backdrop.leaves)

    def _write_clock(self, seen: BgrImage, frame: int) -> None:
        """Write what cameras write into their pictures: never a plate."""
        second = int(frame / self._shift.settings.frame_rate_hz)
        words = f"CAM{1 + self._shift.number % 4:02d} 2024-05-{1 + self._shift.number % 28:02d} "
        words += f"{8 + second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}"
        scale = 0.7 * self._shift.settings.width_px / WIDTH_PX
        place = (round(0.02 * seen.shape[1]), round(0.05 * seen.shape[0]))
        cv2.putText(seen, words, place, cv2.FONT_HERSHEY_DUPLEX, scale, (255, 255, 255), 1)
