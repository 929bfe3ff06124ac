"""What a record tells of its booth: what was going on at each place, and what was promised by then.

A mark in the record stands behind all that it rests on. So a cut behind a mark must keep what the
mark says.
"""

import re
from bisect import bisect_right
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from tests.emulated.cut_judging import as_object
from tests.emulated.cut_record import Record
from tests.emulated.cut_state import HEADER_BYTES, Partition

_BLOCK: Final = b"# GRUB Environment Block\n"
_STEP: Final = 512
NOTES_NEAR: Final = 3
"""So many writes around one to the loader's notes belong to it."""


@dataclass(frozen=True, slots=True)
class Promises:
    """What must be so after a cut at one place, whatever is lost."""

    current: dict[str, str]
    """``version`` and ``slot`` of the system that is good."""
    before: str
    """Version of the one that was good when this scene began."""
    target: dict[str, str] | None = None
    """Those of an update that has begun and whose end nobody has seen."""
    sightings: frozenset[tuple[str, int]] = frozenset()
    """Boot and number of those that the consumer has seen."""
    waiting: int = 0
    """As many sightings, or more, the publisher said were in its outbox."""
    is_enrolled: bool = False
    """The booth has called itself by its certificate."""


class Story:
    """One record, read through once."""

    def __init__(self, record: Record, base: Path, boot: Partition, versions: list[str]) -> None:
        """Read the marks.

        Args:
            record: Of ``cut_scenes.py``.
            base: The card as it was flashed.
            boot: Its boot partition.
            versions: Of the system that was flashed, and of the updates in their order.
        """
        self._record = record
        self._boot = boot
        self._notes = _notes_of(base, boot)
        self.scenes: list[int] = []
        """Where each begins, by number of an entry."""
        self._places: list[int] = []
        self._promises: list[Promises] = []
        self._stages: list[tuple[str, str]] = []
        now = Promises({"version": versions[0], "slot": "A"}, versions[0])
        scene, stage, updates = "", "", iter(versions[1:])
        for place, mark in record.marks():
            if "scene" in mark:
                scene, stage = mark["scene"], ""
                self.scenes.append(place)
                now = replace(now, before=now.current["version"])
                if "update" in scene:
                    slot = "B" if now.current["slot"] == "A" else "A"
                    now = replace(now, target={"version": next(updates), "slot": slot})
            elif "consumer" in mark:
                now = _with_event(now, mark["consumer"])
            else:
                said = mark["said"]
                now = _with_word(now, said)
                attempt = as_object(said["attempt"])
                if now.target is None or attempt.get("version") == now.target["version"]:
                    stage = attempt.get("stage", "") if "update" in scene else ""
            self._places.append(place)
            self._promises.append(now)
            self._stages.append((scene, stage))
        self._first = Promises({"version": versions[0], "slot": "A"}, versions[0])

    def promises(self, place: int) -> Promises:
        """Return what must be so after a cut before an entry."""
        found = bisect_right(self._places, place - 1) - 1
        return self._promises[found] if found >= 0 else self._first

    def phases(self, partitions: dict[str, Partition]) -> list[str]:
        """Return what was going on before each entry, in a few words.

        Args:
            partitions: Of the card at the end.
        """
        notes = self._near_notes()
        phases = []
        has_table = has_state = False
        writing = ""
        state = partitions["state"]
        found = -1
        for number, entry in enumerate(self._record.entries):
            while found + 1 < len(self._places) and self._places[found + 1] < number:
                found += 1
                if self._places[found] in self.scenes:
                    writing = ""
            scene, stage = self._stages[found] if found >= 0 else ("first start", "")
            if scene == "first start":
                phase = "enrolling" if has_state else "partitions"
            else:
                phase = _phase(scene, stage, writing)
            phases.append("notes" if number in notes else phase)
            if not entry.is_write:
                continue
            where = _name_of(partitions, entry.offset)
            if where.startswith("system-"):
                writing = "slot"
            elif where == "boot" and writing == "slot":
                # The notes are there, and they come next.
                writing = "written"
            has_table = has_table or where == "table"
            has_state = has_table and (has_state or entry.offset >= state.start + HEADER_BYTES)
        return phases

    def _near_notes(self) -> set[int]:
        """Return the numbers of the entries around each write to the loader's notes."""
        near: set[int] = set()
        for number, entry in enumerate(self._record.entries):
            if entry.is_write and any(
                entry.offset <= each < entry.offset + entry.length for each in self._notes
            ):
                near.update(range(number, number + NOTES_NEAR + 1))
        return near


def _phase(scene: str, stage: str, writing: str) -> str:
    if "update" not in scene:
        return scene
    if stage in ("kept", "left"):
        return stage
    if writing == "written" or stage in ("installed", "judged"):
        return "trial"
    return writing or "pushing"


def _name_of(partitions: dict[str, Partition], offset: int) -> str:
    """Return the partition that a place of the card is in, or that it is its table."""
    for name, each in partitions.items():
        if each.start <= offset < each.start + each.size:
            return name
    return "table"


def _with_event(now: Promises, event: dict[str, Any]) -> Promises:
    if event["event"] == "sighting":
        seen = (str(event["boot"]), int(event["seq"]))
        return replace(now, sightings=now.sightings | {seen})
    return replace(now, is_enrolled=True) if event["event"] == "birth" else now


def _with_word(now: Promises, said: dict[str, str]) -> Promises:
    """Return what is promised when a booth has said how it is."""
    found = re.search(r"(\d+) sightings wait", said["publisher"])
    now = replace(now, waiting=max(now.waiting, int(found[1]) if found else 0))
    attempt = as_object(said["attempt"])
    if now.target is None or attempt.get("version") != now.target["version"]:
        return now
    if attempt["stage"] == "kept":
        return replace(now, current=now.target, target=None)
    is_trial = "edge_lpr.trial" in said["cmdline"].split()
    return replace(now, target=None) if attempt["stage"] == "left" and not is_trial else now


def _notes_of(base: Path, boot: Partition) -> list[int]:
    """Return where on the card GRUB's blocks begin."""
    with base.open("rb") as card:
        card.seek(boot.start)
        content = card.read(boot.size)
    found, place = [], content.find(_BLOCK)
    while place >= 0:
        if place % _STEP == 0:
            found.append(boot.start + place)
        place = content.find(_BLOCK, place + 1)
    return found
