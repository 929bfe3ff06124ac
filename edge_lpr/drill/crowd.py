"""The people of the drill: commuters with habits, and strangers. Ground truth, and no I/O.

Who crosses every day does so at a minute of his own, in a lane of his own, a little earlier or
later; who crosses twice drives back in the afternoon. So the same plate comes again where a thief
would look for it, and the drill knows each time whether a thief was right.
"""

import math
import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Final

from edge_lpr.drill.plate_shapes import PlateShape, draw_plates
from edge_lpr.wire.sighting import Direction

TENANT: Final = "drill"
SITES: Final = ("alder", "birch", "cedar", "elm", "fir")
"""Five crossings."""

BOOTHS_A_SITE: Final = 2
DAYS: Final = 5

LANES: Final[tuple[tuple[int, Direction], ...]] = ((1, "in"), (2, "in"), (3, "out"), (4, "out"))
"""Lanes of every booth, and which way they go."""

_LATEST_S: Final = 84_000
"""The last passages are an hour before midnight: the drill changes days between two of them."""

_EARLIEST_S: Final = 1_800
_RUSH_S: Final = (27_000, 61_200)
"""Half past seven and five in the afternoon."""

_RUSH_SPREAD_S: Final = 5_400
_PUNCTUALITY_S: Final = (15.0, 300.0)
"""How far people stray from their minute, one standard deviation: from 15 s to 5 minutes."""

_STAYS_AT_HOME: Final = 0.05
_SHARES: Final = (0.45, 0.20, 0.10)
"""Shares of all passages: twice a day, daily, weekly. Strangers are the rest."""


class Habit(Enum):
    """How often somebody crosses."""

    TWICE_A_DAY = "twice a day"
    DAILY = "daily"
    WEEKLY = "weekly"
    STRANGER = "once"


_CROSSINGS: Final = {
    Habit.TWICE_A_DAY: 2 * DAYS * (1 - _STAYS_AT_HOME),
    Habit.DAILY: DAYS * (1 - _STAYS_AT_HOME),
    Habit.WEEKLY: 1.0,
    Habit.STRANGER: 1.0,
}


@dataclass(frozen=True, slots=True, order=True)
class Booth:
    """One booth of the drill."""

    site: str
    """Its crossing."""
    number: int
    """1 or 2."""

    @property
    def device(self) -> str:
        """Its name in topics."""
        return f"{self.site}-{self.number}"


BOOTHS: Final = tuple(
    Booth(site, number) for site in SITES for number in range(1, BOOTHS_A_SITE + 1)
)
"""Ten of them."""


@dataclass(frozen=True, slots=True)
class Crossing:
    """One vehicle passes one booth: the truth."""

    day: int
    """0 to 4."""
    second: int
    """Seconds since midnight UTC."""
    booth: Booth
    """Where."""
    lane: int
    """In which lane."""
    direction: Direction
    """Which way."""
    plate: bytes
    """Canonical plate."""
    habit: Habit
    """Whose it is."""


def make_crowd(count: int, shape: PlateShape, chance: random.Random) -> list[Crossing]:
    """Make up a working week.

    Args:
        count: How many crossings, at least 1.
        shape: Plate space.
        chance: Source of randomness, advanced.

    Returns:
        Exactly ``count`` crossings, by day and time.
    """
    people = _people(count, chance)
    plates = draw_plates(shape, len(people), chance)
    crossings = [
        crossing
        for habit, plate in zip(people, plates, strict=True)
        for crossing in _week(habit, plate, chance)
    ]
    # The shares give about as many; what is missing are more strangers.
    used = frozenset(plates)
    while len(crossings) < count:
        (plate,) = draw_plates(shape, 1, chance, but=used)
        used |= {plate}
        crossings.extend(_week(Habit.STRANGER, plate, chance))
    # Left out are the last ones drawn, strangers, so that no habit is torn apart.
    return sorted(crossings[:count], key=lambda each: (each.day, each.second, each.plate))


def plates_of(crossings: Iterable[Crossing]) -> list[bytes]:
    """Return every plate that crossed, once, sorted."""
    return sorted({each.plate for each in crossings})


def _people(count: int, chance: random.Random) -> list[Habit]:
    """Return the habit of everybody who is expected to make so many crossings together."""
    habits = (Habit.TWICE_A_DAY, Habit.DAILY, Habit.WEEKLY)
    people = [
        habit
        for habit, share in zip(habits, _SHARES, strict=True)
        for _ in range(int(count * share / _CROSSINGS[habit]))
    ]
    chance.shuffle(people)
    return people + [Habit.STRANGER] * int(count * (1 - sum(_SHARES)) * 0.9)


def _week(habit: Habit, plate: bytes, chance: random.Random) -> Iterator[Crossing]:
    """Yield one person's crossings."""
    booth = chance.choice(BOOTHS)
    lane_in, lane_out = chance.choice(LANES[:2]), chance.choice(LANES[2:])
    if habit in (Habit.WEEKLY, Habit.STRANGER):
        second = chance.randrange(_EARLIEST_S, _LATEST_S)
        lane, direction = chance.choice(LANES)
        yield Crossing(chance.randrange(DAYS), second, booth, lane, direction, plate, habit)
        return
    punctuality_s = math.exp(chance.uniform(*map(math.log, _PUNCTUALITY_S)))
    back = Booth(booth.site, chance.randint(1, BOOTHS_A_SITE))
    ways = [(booth, lane_in, chance.gauss(_RUSH_S[0], _RUSH_SPREAD_S))]
    if habit is Habit.TWICE_A_DAY:
        ways.append((back, lane_out, chance.gauss(_RUSH_S[1], _RUSH_SPREAD_S)))
    for day in range(DAYS):
        if chance.random() < _STAYS_AT_HOME:
            continue
        for place, (lane, direction), usual_s in ways:
            second = round(chance.gauss(usual_s, punctuality_s))
            second = min(max(second, _EARLIEST_S), _LATEST_S)
            yield Crossing(day, second, place, lane, direction, plate, habit)
