"""What goes wrong between a virtual booth and its consumer, at rates that the command line sets.

A share of one in a hundred is written 0.01. Which sightings are hit follows from the seed.
"""

import random
from dataclasses import dataclass, fields
from enum import Enum
from typing import Final

from edge_lpr.core.errors import SettingsError

LONGEST_DELAY_S: Final = 30.0
"""Longest time that a delayed sighting is held back."""


@dataclass(frozen=True, slots=True)
class FaultRates:
    """How often something goes wrong; nothing does if everything is 0."""

    drop: float = 0.0
    """Share of sightings that are signed, kept and not sent until somebody asks for them."""
    lose: float = 0.0
    """Share of sightings that are signed, not kept, and named in a signed gap."""
    delay: float = 0.0
    """Share of sightings that are sent up to ``LONGEST_DELAY_S`` late."""
    duplicate: float = 0.0
    """Share of sightings that are sent twice."""
    reorder: float = 0.0
    """Share of sightings that are sent after the booth's next one."""
    reconnect_storms: float = 0.0
    """How often a minute all connections are cut at once, without a goodbye."""
    restarts: float = 0.0
    """How often a minute one of the booths restarts and begins a new boot."""

    def __post_init__(self) -> None:
        """Refuse rates that make no sense.

        Raises:
            SettingsError: A rate is negative, or the shares add up to more than 1.
        """
        if any(getattr(self, field.name) < 0 for field in fields(self)):
            raise SettingsError("a fault's rate must not be negative")
        if sum(self.shares()) > 1:
            raise SettingsError(
                "drop, lose, delay, duplicate and reorder are shares of all sightings; "
                "together they must not be more than 1"
            )

    def shares(self) -> tuple[float, ...]:
        """Return the shares of sightings that each fault hits, in the order of ``Fate``."""
        return self.drop, self.lose, self.delay, self.duplicate, self.reorder


class Fate(Enum):
    """What becomes of one sighting."""

    DROPPED = "dropped"
    """Kept, and sent when it is asked for."""
    LOST = "lost"
    """Gone; a gap says so."""
    DELAYED = "delayed"
    """Sent later."""
    DUPLICATED = "duplicated"
    """Sent twice."""
    REORDERED = "reordered"
    """Sent after the next one."""
    SENT = "sent"
    """Sent at once, as nearly all are."""


class FateDraw:
    """Draws the fate of each sighting."""

    def __init__(self, rates: FaultRates, chance: random.Random) -> None:
        """Draw by rates.

        Args:
            rates: How often what goes wrong.
            chance: Seeded; used by nobody else, so that fates depend on nothing but the seed.
        """
        self._shares = rates.shares()
        self._chance = chance

    def next(self) -> Fate:
        """Return the fate of the next sighting."""
        left = self._chance.random()
        for fate, share in zip(Fate, self._shares, strict=False):
            if left < share:
                return fate
            left -= share
        return Fate.SENT

    def delay_s(self) -> float:
        """Return how long a delayed sighting is held back, in seconds."""
        return self._chance.uniform(0, LONGEST_DELAY_S)
