"""Says who drives through the lane when and how: distances in metres, frame by frame."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

Direction = Literal["in", "out", "unknown"]
"""Towards the camera, away from it, or neither: who reverses out has not passed."""

FAR_M: Final = 20.0
"""Where vehicles appear in the lane, or leave it."""

NEAR_M: Final = 2.1
"""Where they are under the camera and out of its sight."""

_ACCELERATION: Final = 2.0
"""Metres a second squared; drivers in a lane are patient."""

_CREEP: Final = 0.25
"""Slowest movement towards a place where somebody wants to stop, in metres a second."""

_CAR_LENGTH_M: Final = 4.6


@dataclass(frozen=True, slots=True)
class Leg:
    """One part of a drive."""

    to_m: float
    """Distance from the camera at its end."""
    speed: float
    """Highest speed, in metres a second, positive."""
    wait_s: float = 0.0
    """How long the vehicle stands at its end; 0 drives on without stopping."""


@dataclass(frozen=True, slots=True, eq=False)
class Actor:
    """One vehicle, or one part of a train of vehicles, with a plate of its own."""

    look: str
    """One of ``bodies.BODIES``."""
    direction: Direction
    """Where it drives."""
    first_frame: int
    """Frame of the scene in which it appears."""
    distances_m: NDArray[np.float64]
    """Distance from the camera in each frame from then on; shape (n,)."""
    offset_m: float
    """How far right of the lane's middle it drives."""
    turn_rad: float
    """How far it is turned away from the lane's direction."""

    @property
    def kind(self) -> str:
        """Kind of vehicle."""
        return self.look.split(" ")[0]


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """What happens in the lane for a while."""

    scenario: str
    """One of ``SCENARIOS``."""
    frames: int
    """How long it takes, the empty lane after it included."""
    actors: tuple[Actor, ...]
    """Who drives."""
    pedestrians: tuple[tuple[int, int], ...] = ()
    """First and last frame of each walk across the lane."""


@dataclass(frozen=True, slots=True)
class Timing:
    """What scenes are cut to."""

    frame_rate_hz: float
    """Frames a second."""
    stop_s: float
    """How long a long stop lasts."""
    empty_s: float
    """How long an empty lane lasts."""


def drive(start_m: float, legs: Sequence[Leg], frame_rate_hz: float) -> NDArray[np.float64]:
    """Drive.

    Args:
        start_m: Distance from the camera at the start.
        legs: What the driver does, in order.
        frame_rate_hz: Frames a second.

    Returns:
        Distance in each frame, the first and the last place included.
    """
    step_s = 1 / frame_rate_hz
    place, speed, places = start_m, legs[0].speed, [start_m]
    for leg in legs:
        ahead = np.sign(leg.to_m - place)
        while (leg.to_m - place) * ahead > 0:
            left = abs(leg.to_m - place)
            wanted = leg.speed
            if leg.wait_s > 0:
                wanted = min(wanted, np.sqrt(2 * _ACCELERATION * left))
            reach = _ACCELERATION * step_s
            speed = float(np.clip(wanted, speed - reach, speed + reach))
            step_m = max(speed, _CREEP) * step_s
            place = leg.to_m if leg.wait_s > 0 and step_m >= left else place + ahead * step_m
            places.append(float(place))
        if leg.wait_s > 0:
            speed = 0.0
            places += [place] * round(leg.wait_s * frame_rate_hz)
    return np.array(places)


def plan_scene(scenario: str, timing: Timing, rng: np.random.Generator) -> Scene:
    """Plan a scene.

    Args:
        scenario: One of ``SCENARIOS``.
        timing: What it is cut to.
        rng: Where the randomness comes from.

    Returns:
        The scene; after it the lane is empty for 1.6 to 3 s, longer than a passage's gap.
    """
    actors, pedestrians, busy = SCENARIOS[scenario](timing, rng)
    last = max((actor.first_frame + len(actor.distances_m) for actor in actors), default=busy)
    pause = round(float(rng.uniform(1.6, 3.0)) * timing.frame_rate_hz)
    return Scene(scenario, max(last, busy) + pause, actors, pedestrians)


_Plan = tuple[tuple[Actor, ...], tuple[tuple[int, int], ...], int]
"""Who drives, who walks, and how many frames it takes at least."""


def _actor(
    look: str,
    distances_m: NDArray[np.float64],
    rng: np.random.Generator,
    *,
    first_frame: int = 0,
    is_wide: bool = False,
) -> Actor:
    """Send a vehicle on its way."""
    reach = 0.8 if is_wide else 0.35
    return Actor(
        look=look,
        direction="out" if look.endswith("rear") else "in",
        first_frame=first_frame,
        distances_m=distances_m,
        offset_m=float(rng.uniform(-reach, reach)),
        turn_rad=float(rng.normal(0, 0.05)),
    )


def _kind(rng: np.random.Generator) -> str:
    """Draw what drives: mostly cars."""
    return str(rng.choice(["car", "van", "truck"], p=[0.68, 0.14, 0.18]))


def _plain(timing: Timing, rng: np.random.Generator) -> _Plan:
    """Drive through, in two of three cases towards the camera."""
    speed = float(rng.uniform(2.0, 7.0))
    kind = _kind(rng)
    if rng.random() < 2 / 3:
        track = drive(FAR_M, [Leg(NEAR_M, speed)], timing.frame_rate_hz)
        return (_actor(f"{kind} front", track, rng),), (), 0
    track = drive(NEAR_M, [Leg(FAR_M, speed)], timing.frame_rate_hz)
    return (_actor(f"{kind} rear", track, rng),), (), 0


def _queue(timing: Timing, rng: np.random.Generator) -> _Plan:
    """Let three vehicles wait for each other at the stop line."""
    line_m, gap_m = float(rng.uniform(4.6, 5.6)), _CAR_LENGTH_M + float(rng.uniform(1.0, 2.0))
    waits = [float(rng.uniform(2.0, 4.0)) for _ in range(3)]
    actors, started_s = [], 0.0
    for place in range(3):
        legs = [
            Leg(line_m + gap_m * behind, 3.0, waits[place - behind])
            for behind in range(place, 0, -1)
            if line_m + gap_m * behind < FAR_M - 1
        ]
        legs += [Leg(line_m, 2.5, waits[place]), Leg(NEAR_M, 3.0)]
        track = drive(FAR_M, legs, timing.frame_rate_hz)
        actors.append(
            _actor("car front", track, rng, first_frame=round(started_s * timing.frame_rate_hz))
        )
        started_s += 2.6
    return _kept_apart(actors, gap_m), (), 0


def _kept_apart(actors: Sequence[Actor], gap_m: float) -> tuple[Actor, ...]:
    """Hold each vehicle back behind the one before it; its way lasts longer then."""
    kept: list[Actor] = [actors[0]]
    for actor in actors[1:]:
        before = kept[-1]
        frame, wanted, places = actor.first_frame, list(actor.distances_m), []
        while wanted:
            ahead = frame - before.first_frame
            is_there = ahead < len(before.distances_m)
            bound = before.distances_m[max(0, ahead)] + gap_m if is_there else 0.0
            if wanted[0] >= bound:
                places.append(wanted.pop(0))
            else:
                places.append(
                    max(bound, places[-1] if places else FAR_M) if is_there else wanted[0]
                )
                # Waiting behind another one costs time, not a jump.
                places[-1] = min(places[-1], places[-2]) if len(places) > 1 else places[-1]
            frame += 1
        kept.append(
            Actor(actor.look, actor.direction, actor.first_frame, np.array(places),
                  actor.offset_m, actor.turn_rad)
        )  # fmt: skip
    return tuple(kept)


def _stop_and_go(timing: Timing, rng: np.random.Generator) -> _Plan:
    """Creep with stops on the way, another vehicle behind."""
    stops = sorted((float(value) for value in rng.uniform(4.2, 13, 3)), reverse=True)
    legs = [Leg(stop, 1.8, float(rng.uniform(0.8, 2.5))) for stop in stops] + [Leg(NEAR_M, 2.5)]
    track = drive(FAR_M, legs, timing.frame_rate_hz)
    first = _actor("car front", track, rng)
    second = _actor(f"{_kind(rng)} front", track, rng, first_frame=round(3 * timing.frame_rate_hz))
    return _kept_apart([first, second], _CAR_LENGTH_M + 1.2), (), 0


def _long_stop(timing: Timing, rng: np.random.Generator) -> _Plan:
    """Park before the camera."""
    legs = [Leg(float(rng.uniform(4.4, 7.0)), 3.0, timing.stop_s), Leg(NEAR_M, 3.0)]
    return (_actor("car front", drive(FAR_M, legs, timing.frame_rate_hz), rng),), (), 0


def _tailgating(timing: Timing, rng: np.random.Generator) -> _Plan:
    """Follow the vehicle before at a metre's distance."""
    gap_m = _CAR_LENGTH_M + float(rng.uniform(0.7, 1.4))
    track = drive(FAR_M, [Leg(NEAR_M, float(rng.uniform(2.0, 4.5)))], timing.frame_rate_hz)
    step_m = float(track[0] - track[1])
    behind = round(gap_m / step_m)
    first = _actor("car front", track, rng)
    second = _actor("car front", track, rng, first_frame=behind)
    return (first, second), (), 0


def _reversing(timing: Timing, rng: np.random.Generator) -> _Plan:
    """Drive up, think better of it, and reverse out of sight."""
    legs = [
        Leg(float(rng.uniform(4.2, 6.0)), 3.0, float(rng.uniform(1.0, 3.0))),
        Leg(FAR_M, 2.0),
    ]
    moved = _actor("car front", drive(FAR_M, legs, timing.frame_rate_hz), rng)
    return (
        (Actor(moved.look, "unknown", 0, moved.distances_m, moved.offset_m, moved.turn_rad),),
        (),
        0,
    )


def _trailer(timing: Timing, rng: np.random.Generator) -> _Plan:
    """Pull a flat trailer away from the camera: two plates are seen, one above the other."""
    track = drive(NEAR_M, [Leg(FAR_M, float(rng.uniform(1.5, 3.5)))], timing.frame_rate_hz)
    trailer = _actor("trailer rear", track, rng)
    truck = Actor("truck rear", "out", 0, track + 3.4, trailer.offset_m, trailer.turn_rad)
    return (trailer, truck), (), 0


def _motorcycle(timing: Timing, rng: np.random.Generator) -> _Plan:
    """Ride away from the camera."""
    track = drive(NEAR_M, [Leg(FAR_M, float(rng.uniform(2.0, 6.0)))], timing.frame_rate_hz)
    return (_actor("motorcycle rear", track, rng, is_wide=True),), (), 0


def _empty(timing: Timing, rng: np.random.Generator) -> _Plan:
    """Leave the lane to the leaves, the clouds and somebody on foot."""
    frames = round(timing.empty_s * timing.frame_rate_hz)
    first = int(rng.integers(0, max(1, frames // 2)))
    last = min(frames, first + round(6 * timing.frame_rate_hz))
    return (), ((first, last),), frames


SCENARIOS: Final[dict[str, Callable[[Timing, np.random.Generator], _Plan]]] = {
    "plain": _plain,
    "queue": _queue,
    "stop and go": _stop_and_go,
    "long stop": _long_stop,
    "tailgating": _tailgating,
    "reversing": _reversing,
    "trailer": _trailer,
    "motorcycle": _motorcycle,
    "empty": _empty,
}
"""All scenarios by name."""

CYCLE: Final = (
    "plain", "queue", "plain", "motorcycle", "plain", "tailgating", "plain", "trailer", "plain",
    "reversing", "stop and go", "plain", "empty", "plain", "motorcycle", "long stop", "plain",
)  # fmt: skip
"""Order in which they follow each other, over and over: 22 plates."""
