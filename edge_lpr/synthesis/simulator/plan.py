"""Strings scenes together to shifts of one camera under one light, and works out the truth."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from edge_lpr.synthesis.glyphs import Typeface
from edge_lpr.synthesis.pictures import Quad
from edge_lpr.synthesis.simulator.bodies import BODIES
from edge_lpr.synthesis.simulator.camera import LaneCamera, draw_camera
from edge_lpr.synthesis.simulator.conditions import CONDITIONS, Condition
from edge_lpr.synthesis.simulator.plates import (
    CAR_ISSUES,
    MOTORCYCLE_ISSUES,
    LanePlate,
    draw_plate,
)
from edge_lpr.synthesis.simulator.scenarios import (
    CYCLE,
    Actor,
    Direction,
    Scene,
    Timing,
    plan_scene,
)

FRAME_RATE_HZ: Final = 15.0
WIDTH_PX: Final = 1280
PIXELS_A_METRE: Final = 400.0
"""Scale at which vehicles are drawn for frames of 1280 px: a little more than where plates are
last seen whole."""

READABLE_LETTERS_PX: Final = 7.0
"""Lower letters are not called readable: a European plate 50 px wide has these."""

_FEWEST_READABLE: Final = 3
"""Frames in which a plate can be read at least; a faster vehicle is sent again, and slower."""

_TRIES: Final = 100
_EMPTY_BEFORE_S: Final = 2.0


@dataclass(frozen=True, slots=True)
class LaneSettings:
    """What a simulation is asked for."""

    passages: int
    """Plates that pass; the last scene may bring one or two more."""
    seed: int = 0
    """The same number gives the same frames."""
    width_px: int = WIDTH_PX
    """Width of a frame; it is 16 : 9."""
    frame_rate_hz: float = FRAME_RATE_HZ
    """Frames a second."""
    stop_s: float = 120.0
    """How long a parked vehicle stays."""
    empty_s: float = 40.0
    """How long the lane is empty in the scenario of that name."""
    passages_a_shift: int = 10
    """Plates of one camera under one light."""
    conditions: tuple[Condition, ...] = CONDITIONS
    """Lights in the order in which shifts take them."""
    cycle: tuple[str, ...] = CYCLE
    """Scenarios in the order in which scenes take them, over all shifts."""


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class SimulatedPassage:
    """The truth about one plate's way through the lane. No ``repr``: it holds the plate."""

    text: str
    """A-Z and 0-9."""
    first_seen: int
    """Frame of the shift in which the vehicle appears."""
    last_seen: int
    """Frame in which it is last in the lane."""
    first_readable: int
    """First frame in which the plate is whole, uncovered and large enough."""
    last_readable: int
    """Last one."""
    direction: Direction
    """Where the vehicle drives."""
    kind: str
    """Vehicle: car, van, truck, trailer or motorcycle."""
    condition: str
    """Light and weather."""
    scenario: str
    """What the vehicle does."""
    widths_px: NDArray[np.float32]
    """Width of the plate in each readable frame, in order; shape (n,)."""


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class PlacedActor:
    """A vehicle at its place in a shift. No ``repr``: it holds the plate."""

    actor: Actor
    """How it drives."""
    plate: LanePlate
    """What it carries."""
    first_frame: int
    """Frame of the shift in which it appears."""
    seed: tuple[int, ...]
    """What its looks are drawn from."""

    @property
    def last_frame(self) -> int:
        """Last frame in which it is in the lane."""
        return self.first_frame + len(self.actor.distances_m) - 1

    def distance_m(self, frame: int) -> float:
        """Return how far it is from the camera in a frame in which it is there."""
        return float(self.actor.distances_m[frame - self.first_frame])


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class Shift:
    """A stretch of time before one camera under one light."""

    number: int
    """Place among the shifts, from 0."""
    settings: LaneSettings
    """What the simulation was asked for."""
    condition: Condition
    """Light and weather."""
    camera: LaneCamera
    """The camera."""
    frames: int
    """How many frames it has."""
    scenes: tuple[tuple[int, Scene], ...]
    """First frame of each scene, and the scene."""
    actors: tuple[PlacedActor, ...]
    """Everybody who drives, by first frame."""
    passages: tuple[SimulatedPassage, ...]
    """The truth, by first frame."""

    def scenario_at(self, frame: int) -> str:
        """Name the scenario that a frame belongs to.

        Args:
            frame: Number of the frame in the shift.

        Returns:
            Its name; the first scene's before it begins.
        """
        begun = [scene.scenario for first, scene in self.scenes if first <= frame]
        return begun[-1] if begun else self.scenes[0][1].scenario


def plan_shifts(settings: LaneSettings, typefaces: Sequence[Typeface]) -> Iterator[Shift]:
    """Plan shift after shift until enough plates have passed.

    Args:
        settings: What is asked for.
        typefaces: What plates are lettered in, at least one.

    Yields:
        Shifts; nothing is rendered yet.

    Raises:
        ValueError: There is no typeface, or a number is out of range.
    """
    if not typefaces or settings.passages < 1 or settings.width_px < 320:  # noqa: PLR2004
        raise ValueError("Give at least one typeface, one passage and 320 px.")
    done, scenes_done, number = 0, 0, 0
    texts: set[str] = set()
    while done < settings.passages:
        wanted = min(settings.passages_a_shift, settings.passages - done)
        shift, scenes = _plan_shift(settings, number, scenes_done, wanted, typefaces, texts)
        done += len(shift.passages)
        scenes_done, number = scenes_done + scenes, number + 1
        yield shift


def _plan_shift(
    settings: LaneSettings,
    number: int,
    scenes_done: int,
    wanted: int,
    typefaces: Sequence[Typeface],
    texts: set[str],
) -> tuple[Shift, int]:
    """Plan one shift; return also how many scenes it has."""
    rng = np.random.default_rng((settings.seed, number, 1))
    condition = settings.conditions[number % len(settings.conditions)]
    camera = draw_camera(settings.width_px, rng)
    timing = Timing(settings.frame_rate_hz, settings.stop_s, settings.empty_s)
    frame = round(_EMPTY_BEFORE_S * settings.frame_rate_hz)
    scenes: list[tuple[int, Scene]] = []
    placed: list[PlacedActor] = []
    passages: list[SimulatedPassage] = []
    while len(placed) < wanted:
        name = settings.cycle[(scenes_done + len(scenes)) % len(settings.cycle)]
        for _ in range(_TRIES):
            scene = plan_scene(name, timing, rng)
            here = [
                PlacedActor(
                    actor=actor,
                    plate=_draw_new_plate(actor, (settings, condition), typefaces, texts, rng),
                    first_frame=frame + actor.first_frame,
                    seed=(settings.seed, number, 2, len(placed) + place),
                )
                for place, actor in enumerate(scene.actors)
            ]
            truth = _truth(here, name, camera, condition)
            if truth is not None:
                break
        else:
            raise ValueError("Plates cannot be read in frames as small or as few as these.")
        scenes.append((frame, scene))
        placed += here
        passages += truth
        frame += scene.frames
    shift = Shift(
        number, settings, condition, camera, frame, tuple(scenes), tuple(placed), tuple(passages)
    )
    return shift, len(scenes)


def _draw_new_plate(
    actor: Actor,
    world: tuple[LaneSettings, Condition],
    typefaces: Sequence[Typeface],
    texts: set[str],
    rng: np.random.Generator,
) -> LanePlate:
    """Draw a plate that nobody else has."""
    settings, condition = world
    issues = MOTORCYCLE_ISSUES if actor.kind == "motorcycle" else CAR_ISSUES
    while True:
        plate = draw_plate(
            issues[rng.integers(len(issues))],
            typefaces[int(rng.integers(len(typefaces)))],
            rng,
            pixels_a_metre=PIXELS_A_METRE * settings.width_px / WIDTH_PX,
            dirt=float(rng.uniform(*condition.dirt)),
        )
        if plate.text not in texts:
            texts.add(plate.text)
            return plate


def plane_m(actor: Actor, distance_m: float, points_m: NDArray[np.float64]) -> NDArray[np.float64]:
    """Place points of a vehicle's flat picture in the lane.

    Args:
        actor: The vehicle.
        distance_m: Where it is.
        points_m: Right of its middle and above the ground, shape (n, 2). Not modified.

    Returns:
        Points of the lane, shape (n, 3).
    """
    right, up = points_m[:, 0], points_m[:, 1]
    return np.column_stack(
        [
            actor.offset_m + right * np.cos(actor.turn_rad),
            up,
            distance_m + right * np.sin(actor.turn_rad),
        ]
    )


def plate_quad(placed: PlacedActor, distance_m: float, camera: LaneCamera) -> Quad:
    """Work out where a vehicle's plate is seen.

    Args:
        placed: The vehicle.
        distance_m: Where it is.
        camera: Whose view is meant.

    Returns:
        Corners in pixels, shape (4, 2); they may lie outside the frame.
    """
    body = BODIES[placed.actor.look]
    signs = np.array([[-1, 1], [1, 1], [1, -1], [-1, -1]], np.float64)
    corners = np.array(body.plate_m) + signs * np.array(placed.plate.size_m) / 2
    return camera.project(plane_m(placed.actor, distance_m, corners))


def body_box(placed: PlacedActor, distance_m: float, camera: LaneCamera) -> NDArray[np.float32]:
    """Work out what a vehicle covers.

    Args:
        placed: The vehicle.
        distance_m: Where it is.
        camera: Whose view is meant.

    Returns:
        Left, top, right, bottom in pixels, shape (4,).
    """
    outline = np.array(BODIES[placed.actor.look].outline_m)
    both = np.vstack([outline, outline * (-1.0, 1.0)])
    points = camera.project(plane_m(placed.actor, distance_m, both))
    return np.concatenate([points.min(axis=0), points.max(axis=0)])


def _truth(
    placed: Sequence[PlacedActor], scenario: str, camera: LaneCamera, condition: Condition
) -> list[SimulatedPassage] | None:
    """Work out when each plate of a scene can be read; nothing if one never can."""
    passages = []
    for one in placed:
        widths: Mapping[int, float] = {
            frame: float(np.hypot(*(quad[1] - quad[0])))
            for frame in range(one.first_frame, one.last_frame + 1)
            if (quad := _readable_quad(one, frame, placed, camera)) is not None
        }
        if len(widths) < _FEWEST_READABLE:
            return None
        passages.append(
            SimulatedPassage(
                text=one.plate.text,
                first_seen=one.first_frame,
                last_seen=one.last_frame,
                first_readable=min(widths),
                last_readable=max(widths),
                direction=one.actor.direction,
                kind=one.actor.kind,
                condition=condition.name,
                scenario=scenario,
                widths_px=np.array([widths[frame] for frame in sorted(widths)], np.float32),
            )
        )
    return passages


def _readable_quad(
    one: PlacedActor, frame: int, placed: Sequence[PlacedActor], camera: LaneCamera
) -> Quad | None:
    """Return a plate's corners in a frame in which it can be read."""
    distance = one.distance_m(frame)
    quad = plate_quad(one, distance, camera)
    low, high = quad.min(axis=0), quad.max(axis=0)
    if np.any(low < 1) or np.any(high > np.array(camera.size_px) - 2):
        return None
    height_px = float(np.hypot(*(quad[3] - quad[0])))
    if height_px * one.plate.letters_m / one.plate.size_m[1] < READABLE_LETTERS_PX:
        return None
    for other in placed:
        is_there = other.first_frame <= frame <= other.last_frame
        if other is one or not is_there or other.distance_m(frame) >= distance:
            continue
        box = body_box(other, other.distance_m(frame), camera)
        if np.all(low < box[2:]) and np.all(high > box[:2]):
            return None
    return quad
