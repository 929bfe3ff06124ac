"""Where ``edge-lpr subscribe`` shows what it is given, and the form of it that programs read."""

import json
import sys
from collections.abc import Iterable
from typing import Protocol

from edge_lpr.core.errors import BrokerError
from edge_lpr.subscriber.fleet_state import DeviceState
from edge_lpr.subscriber.json_lines import device_object, event_object
from edge_lpr.subscriber.verdicts import Verdict


class Screen(Protocol):
    """Shows events, booths, and whether there is a connection."""

    period_s: float
    """How often ``fleet`` is to be called."""

    def event(self, event: Verdict) -> None:
        """Show what a booth said."""
        ...

    def fleet(self, devices: Iterable[DeviceState], now_unix_s: int) -> None:
        """Show how the booths are."""
        ...

    def trouble(self, error: BrokerError | None) -> None:
        """Show that the connection broke, and why, or that it is back."""
        ...

    def close(self) -> None:
        """Leave the terminal as it was."""
        ...


class JsonScreen:
    """One JSON object a line on standard output, at once; trouble on standard error."""

    def __init__(self, *, is_fleet: bool) -> None:
        """Write to standard output.

        Args:
            is_fleet: Whether to print the booths, every ten seconds, instead of what they say.
        """
        self.period_s = 10.0 if is_fleet else float("inf")
        self._is_fleet = is_fleet

    def event(self, event: Verdict) -> None:
        """Print an event."""
        if not self._is_fleet:
            _print(event_object(event))

    def fleet(self, devices: Iterable[DeviceState], now_unix_s: int) -> None:
        """Print the booths."""
        if self._is_fleet:
            for device in devices:
                _print(device_object(device, now_unix_s))

    def trouble(self, error: BrokerError | None) -> None:
        """Print why there is no connection where it spoils no JSON."""
        if error is not None:
            sys.stderr.write(f"edge-lpr subscribe: {error}\n")

    def close(self) -> None:
        """Leave everything as it is."""


def _print(line: object) -> None:
    """Print one object, at once: what reads this may be what the acknowledgement waits for."""
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()
