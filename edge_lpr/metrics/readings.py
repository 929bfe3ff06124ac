"""What of a diagnosis metrics are made from: names out of closed lists, verdicts and numbers.

A finding has its evidence in words too, which may hold a path or a host. Here the words end: a
``Reading`` has no field for a text that is not on a list.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from edge_lpr.core.check_words import (
    NONE,
    PROCESSES,
    VERDICTS,
    WORD_OF_NAME,
    ProcessName,
    Verdict,
)
from edge_lpr.core.errors import HandoffError
from edge_lpr.diagnostics.codes import BY_CODE
from edge_lpr.diagnostics.finding import Finding
from edge_lpr.wire.health import two_digits

BOARD: Final = "board"
"""Group of all checks that no process answers."""

GROUPS: Final = (*PROCESSES, BOARD)

MACHINE_CHECKS: Final = frozenset(
    {
        "settings",
        "disk_space",
        "clock",
        "temperature",
        "throttling",
        "memory",
        "disk_wear",
        "models_digests",
        "vision_network",
        "vision_written",
        *PROCESSES,
        *(f"{process}_exposure" for process in PROCESSES),
    }
)
"""Checks that ``edge-lpr diagnose`` makes itself."""

CHECKS: Final = frozenset(WORD_OF_NAME) | MACHINE_CHECKS

MOST: Final = 10**15
"""Larger than every range of ``check_words.py``, and exact as a float."""

_WEIGHT: Final[Mapping[Verdict, int]] = {"bad": 2, "warning": 1, "good": 0, "not_known": -1}


@dataclass(frozen=True, slots=True)
class Reading:
    """What was found about one thing.

    Raises:
        HandoffError: A name is on no list, or a number is none.
    """

    check: str
    """Of ``CHECKS``."""
    verdict: Verdict
    code: str
    """Of ``codes.CODES``, or empty."""
    numbers: Mapping[str, int]
    """By names that ``words.SOURCES`` looks for; others are never looked at."""

    def __post_init__(self) -> None:
        """Check everything."""
        is_listed = self.check in CHECKS and self.verdict in VERDICTS
        if not is_listed or (self.code and self.code not in BY_CODE):
            raise HandoffError("a reading has a check, a verdict or a code that is on no list")
        for number in self.numbers.values():
            if type(number) is not int or not -MOST <= number <= MOST:
                raise HandoffError(f"{self.check}: has a number that is out of range")

    @property
    def value(self) -> int:
        """The verdict as a number: -1 not known, 0 good, 1 warning, 2 bad."""
        return _WEIGHT[self.verdict]

    def number(self, name: str) -> int | None:
        """Return one of its numbers; ``None`` where there is none.

        Args:
            name: As the check calls it.
        """
        said = self.numbers.get(name)
        word = WORD_OF_NAME.get(self.check)
        least = {each.name: each.least for each in word.numbers} if word else {}
        return None if said == NONE and least.get(name) == NONE else said


Readings = Mapping[str, Reading]
"""By the names of the checks."""


def readings_of(findings: Iterable[Finding]) -> dict[str, Reading]:
    """Return what metrics may know of findings; of two about one thing, the worse one.

    Args:
        findings: Of a diagnosis. One that is on no list is left out.
    """
    readings: dict[str, Reading] = {}
    for finding in findings:
        if finding.name not in CHECKS:
            continue
        reading = Reading(finding.name, finding.verdict, finding.code, dict(finding.numbers))
        other = readings.get(finding.name)
        if other is not None:
            numbers = {**other.numbers, **reading.numbers}
            worse = max(other, reading, key=lambda each: each.value)
            reading = Reading(worse.check, worse.verdict, worse.code, numbers)
        readings[finding.name] = reading
    return readings


def group_of(check: str) -> str:
    """Return whose check it is.

    Args:
        check: Of ``CHECKS``.
    """
    word = WORD_OF_NAME.get(check)
    return BOARD if word is None else word.process


def of_group(readings: Readings, group: str) -> dict[str, Reading]:
    """Return the readings of one group.

    Args:
        readings: Any.
        group: Of ``GROUPS``.
    """
    return {name: each for name, each in readings.items() if group_of(name) == group}


def coarse(number: int) -> int:
    """Round a number towards zero, to two significant digits, as health records do.

    Args:
        number: Of either sign.
    """
    return two_digits(number) if number >= 0 else -two_digits(-number)


def counters_of(readings: Readings) -> Iterator[tuple[tuple[str, str], int]]:
    """Give every number that only grows while its process lives.

    Args:
        readings: Of one process.

    Yields:
        Check and number, and how much.
    """
    for name, reading in readings.items():
        if name.startswith("funnel"):
            for number, value in reading.numbers.items():
                yield (name, number), value


def is_answering(readings: Readings, process: ProcessName) -> bool:
    """Tell whether a process has said anything itself.

    Args:
        readings: Of one look.
        process: Which one.
    """
    return bool(of_group(readings, process))
