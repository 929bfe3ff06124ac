"""How long to wait before the broker is tried again."""

import random
from collections.abc import Callable
from typing import Final

SHORTEST_WAIT_S: Final = 1.0
"""Also the first wait: a broker that restarts is back within seconds."""

BOOTH_LONGEST_WAIT_S: Final = 60.0
"""A booth that was cut off for days should be back within a minute of the link."""

CONSUMER_LONGEST_WAIT_S: Final = 30.0
"""Less than a booth's: a server pays for no octets, and its watch-list waits for sightings."""

_GROWTH: Final = 3
_RANDOM: Final = random.SystemRandom()


class BrokerBackOff:
    """Waits from 1 s on that grow, with jitter.

    The jitter matters: all booths of a crossing and all consumers lose the same broker in the same
    second, and would otherwise all come back in the same second.

    Source:
        "Decorrelated jitter": M. Brooker, "Exponential Backoff And Jitter", 2015.
    """

    def __init__(
        self, longest_s: float, *, uniform: Callable[[float, float], float] = _RANDOM.uniform
    ) -> None:
        """Begin with the shortest wait.

        Args:
            longest_s: No wait is longer.
            uniform: Returns a random number between two others.
        """
        self._longest_s = longest_s
        self._uniform = uniform
        self._wait_s = 0.0

    def next_wait_s(self) -> float:
        """Return the wait before the next attempt."""
        longest_s = min(self._longest_s, max(SHORTEST_WAIT_S, _GROWTH * self._wait_s))
        self._wait_s = self._uniform(SHORTEST_WAIT_S, longest_s)
        return self._wait_s

    def reset(self) -> None:
        """Begin again with the shortest wait, because the broker has done its work for a while."""
        self._wait_s = 0.0
