"""Blinks the number of the step that waits, for a booth without a screen. Untested on hardware.

A steady light: all is well. N blinks and a pause: step N waits. The same with a flicker in the
pause: step N has failed.
"""

import contextlib
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from edge_lpr.first_boot.steps import Step

LEDS: Final = Path("/sys/class/leds")
"""The kernel's."""

_GREEN_OF_A_RASPBERRY_PI: Final = "ACT"
_BLINK_S: Final = 0.3
_PAUSE_S: Final = 1.5
_FLICKER_S: Final = 0.05
_FLICKERS: Final = 15
_LOOK_S: Final = 2.0


def find_led(name: str, leds: Path = LEDS) -> Path | None:
    """Return the folder of a LED, or ``None`` if this machine has none of that name.

    Args:
        name: As below ``/sys/class/leds``; ``auto`` for the one that shows activity on a Raspberry
            Pi. A PC has none.
        leds: Where the kernel shows them.
    """
    led = leds / (_GREEN_OF_A_RASPBERRY_PI if name == "auto" else name)
    return led if (led / "brightness").exists() else None


def pattern(steps: Sequence[Step]) -> list[tuple[bool, float]]:
    """Return one round of the LED: on or off, and for how many seconds.

    Args:
        steps: How far each step is.
    """
    for number, step in enumerate(steps, 1):
        if step.state == "done":
            continue
        blinks = [(True, _BLINK_S), (False, _BLINK_S)] * number
        pause = [(False, _PAUSE_S)]
        if step.state == "failed":
            flicker = [(True, _FLICKER_S), (False, _FLICKER_S)] * _FLICKERS
            return [*blinks, *pause, *flicker, *pause]
        return [*blinks, *pause]
    return [(True, _LOOK_S)]


class StatusLed:
    """One LED that shows how far it is, from a thread of its own."""

    def __init__(self, led: Path) -> None:
        """Show nothing yet.

        Args:
            led: Its folder.
        """
        self._led = led
        self._round: list[tuple[bool, float]] = [(False, _LOOK_S)]
        self._stopped = threading.Event()

    def show(self, steps: Sequence[Step]) -> None:
        """Show how far it is, from the next round on.

        Args:
            steps: How far each step is.
        """
        self._round = pattern(steps)

    @contextlib.contextmanager
    def blinking(self) -> Iterator[None]:
        """Blink until the block is left."""
        thread = threading.Thread(target=self._blink, name="status-led", daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._stopped.set()
            thread.join()

    def _blink(self) -> None:
        """Go through rounds."""
        while not self._stopped.is_set():
            # Each time: the LED may become ours only later in a start.
            self._set("trigger", "none")
            for is_on, seconds in self._round:
                self._set("brightness", "1" if is_on else "0")
                if self._stopped.wait(seconds):
                    return

    def _set(self, name: str, value: str) -> None:
        """Tell the kernel; a LED that cannot be set stays as it is."""
        with contextlib.suppress(OSError):
            (self._led / name).write_text(value)
