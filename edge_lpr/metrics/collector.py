"""Asks a booth how it is, once a minute, and writes what may be told to a file in memory.

Root without a capability, because only root may ask the processes. It never speaks to whoever
reads: how often somebody scrapes changes nothing here, and tells nothing.
"""

import json
import re
from collections.abc import Callable, Mapping
from importlib import resources
from pathlib import Path
from typing import Final

from edge_lpr.core.clock import Clock
from edge_lpr.core.errors import HandoffError
from edge_lpr.core.log import Log
from edge_lpr.diagnostics.diagnosis import Diagnosis
from edge_lpr.diagnostics.finding import Finding
from edge_lpr.metrics.exposition import Picture, exposition
from edge_lpr.metrics.hours import HourlyReadings
from edge_lpr.metrics.readings import GROUPS, Readings, of_group, readings_of

METRICS_FILE: Final = Path("/run/edge-lpr-metrics/metrics.prom")

LOOK_EVERY_S: Final = 60.0

LOOKS_A_JUDGEMENT: Final = 60
"""systemd judges the three units once in so many looks: it takes it a second or so."""

_ROLES: Final = ("detector", "corners", "reader")
_DIGEST: Final = re.compile(r"[0-9a-f]{64}")
_MAXIMUM_BYTES: Final = 65_536
_MODE: Final = 0o640


class Collector:
    """What is told of one booth."""

    def __init__(
        self,
        look: Callable[[bool], Diagnosis],
        clock: Clock,
        file: Path = METRICS_FILE,
        models: Mapping[str, str] | None = None,
    ) -> None:
        """Know nothing yet.

        Args:
            look: Diagnoses; told whether systemd shall judge the units too.
            clock: The machine's.
            file: Where the text goes; its folder exists.
            models: SHA-256 by role; none if ``None``.
        """
        self._look = look
        self._clock = clock
        self._file = file
        self._models = models or {}
        self._looks = 0
        self._judged: tuple[Finding, ...] = ()
        self._groups = {group: HourlyReadings(clock) for group in GROUPS}

    def collect(self) -> None:
        """Look once, and write what may be told.

        Raises:
            HandoffError: The file cannot be written.
        """
        is_judging = self._looks % LOOKS_A_JUDGEMENT == 0
        self._looks += 1
        findings = self._look(is_judging).findings
        if is_judging:
            self._judged = tuple(each for each in findings if each.name.endswith("_exposure"))
        now = readings_of((*self._judged, *findings))
        for group, hourly in self._groups.items():
            hourly.note(of_group(now, group))
        self._write(exposition(self._picture(now)))

    def _picture(self, now: Readings) -> Picture:
        """Return what is to be told."""
        hourly: dict[str, int] = {}
        kept: Readings = {}
        for group, each in self._groups.items():
            kept = {**kept, **each.kept}
            if each.counted_s is not None:
                hourly[group] = each.counted_s
        return Picture(self._clock.unix_s(), self._clock.quality(), now, kept, hourly, self._models)

    def _write(self, text: bytes) -> None:
        """Put a text in place of the one before, whole or not at all."""
        new = self._file.with_suffix(".new")
        try:
            new.write_bytes(text)
            new.chmod(_MODE)
            new.replace(self._file)
        except OSError as error:
            raise HandoffError(
                f"{self._file}: cannot be written ({error.strerror}); "
                "edge-lpr-metrics-collect.service makes its folder"
            ) from error


def model_digests(folder: Path | None, log: Log) -> Mapping[str, str]:
    """Return the digests that the manifest has of the three models, by role.

    Args:
        folder: Of the models; that of the package if ``None``.
        log: Hears of a manifest that cannot be read. ``diagnose`` says so too (LPR-M03).
    """
    folder = folder or Path(str(resources.files("edge_lpr.models")))
    try:
        with (folder / "manifest.json").open("rb") as file:
            entries = json.loads(file.read(_MAXIMUM_BYTES))["files"].values()
        found = {entry["role"]: entry["sha256"] for entry in entries if entry["role"] in _ROLES}
        return {role: found[role] for role in _ROLES if _DIGEST.fullmatch(found[role])}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        log.warning("manifest_unreadable")
        return {}
