"""How hot the board is."""

from pathlib import Path
from typing import Final

THERMAL_FOLDER: Final = Path("/sys/class/thermal")
"""Where the kernel shows its sensors, in thousandths of a degree (sysfs-class-thermal)."""

_MOST_SENSORS: Final = 32
_MOST_CHARACTERS: Final = 16
_MILLI: Final = 1000
_PLAUSIBLE_C: Final = range(-40, 151)
"""A sensor that is not fitted shows something absurd, on many boards."""


def hottest_c(folder: Path = THERMAL_FOLDER) -> int | None:
    """Return the temperature of the hottest sensor in degrees Celsius, ``None`` without any.

    Args:
        folder: Where the kernel shows its sensors.
    """
    sensors = sorted(folder.glob("thermal_zone*/temp"))[:_MOST_SENSORS]
    temperatures = [_read_c(sensor) for sensor in sensors]
    return max((each for each in temperatures if each is not None), default=None)


def _read_c(sensor: Path) -> int | None:
    """Return what a sensor shows, ``None`` if that is nothing."""
    try:
        with sensor.open(encoding="ascii") as opened:
            temperature_c = int(opened.read(_MOST_CHARACTERS)) // _MILLI
    except (OSError, ValueError):
        # A sensor that sleeps gives an error of its own, and no number.
        return None
    return temperature_c if temperature_c in _PLAUSIBLE_C else None
