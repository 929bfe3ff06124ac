"""What a log tells about keys, watch-lists and gaps: when each day's keys came and went.

Pure, as ``story.py`` is, and the tokeniser's word as far as it is about keys.
"""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from edge_lpr.audit.entry import Entry

MOST_SHOWN: Final = 10
"""Lines of one kind; the newest ones."""

LINGERS: Final = dt.timedelta(days=1, hours=1)
"""After the beginning of its day a key may be held that long: a quarter of an hour for vehicles
that passed before midnight, a look of the recorder's, and a booth that was switched on late."""

_NONE: Final = "none"


@dataclass(slots=True)
class _Epoch:
    """One day's keys, by times of entries."""

    held: str
    in_force: str = ""
    gone: str = ""


@dataclass(slots=True)
class Keeping:
    """What a booth held and what it let go of."""

    _epochs: dict[str, _Epoch] = field(default_factory=dict)
    _lists: list[tuple[str, str, str]] = field(default_factory=list)
    _gaps: list[str] = field(default_factory=list)
    _missing: int = 0
    _not_listed: int = 0
    _newest_at: str = ""

    def add(self, entry: Entry) -> None:
        """Take in an entry, of whichever event.

        Args:
            entry: Verified; they come in order.
        """
        self._newest_at = entry.at
        if entry.event == "epochs":
            self._add_epochs(entry)
        elif entry.event == "watch_list":
            day, version, digest = (
                str(entry.details.get(name)) for name in ("day", "version", "sha256")
            )
            what = f"no list for {day}" if version == "0" else f"{day} version {version}"
            if not self._lists or self._lists[-1][1:] != (what, digest):
                self._lists.append((entry.at, what, digest))
        elif entry.event == "gap":
            self._add_gap(entry)
        elif entry.event == "gaps":
            more = entry.details.get("not_listed")
            self._not_listed += more if isinstance(more, int) else 0

    def sentences(self) -> Iterator[str]:
        """Yield what is known, as lines; nothing about what was never recorded."""
        if self._epochs:
            yield "keys, by the day they are for"
            yield from _newest(
                [
                    f"{day:<12} came {each.held}"
                    + (f", in force {each.in_force}" if each.in_force else ", never in force")
                    + (f", gone {each.gone}" if each.gone else ", still held")
                    for day, each in self._epochs.items()
                ]
            )
        if self._lists:
            yield "watch-list in force"
            yield from _newest([f"{at}  {what}  {digest[:64]}" for at, what, digest in self._lists])
        if self._gaps or self._not_listed:
            yield f"sightings that will never come: {self._missing:,}, as the booth has signed"
            yield from _newest(self._gaps)
            if self._not_listed:
                yield f"  and {self._not_listed:,} more gaps, only counted"

    def flags(self) -> Iterator[str]:
        """Yield what somebody should look at."""
        newest = _time(self._newest_at)
        for day, each in self._epochs.items():
            began = _time(f"{day}T00:00:00Z")
            if each.gone or newest is None or began is None:
                continue
            if newest > began + LINGERS:
                yield f"{self._newest_at}: the keys of {day} were not gone yet"

    def _add_epochs(self, entry: Entry) -> None:
        """Note what is held, what is in force and what is held no more."""
        held = str(entry.details.get("held")).split()
        days = [] if held == [_NONE] else held
        for day in days:
            known = self._epochs.setdefault(day, _Epoch(entry.at))
            known.gone = ""
        in_force = str(entry.details.get("in_force"))
        if in_force in self._epochs and not self._epochs[in_force].in_force:
            self._epochs[in_force].in_force = entry.at
        for day, each in self._epochs.items():
            if day not in days and not each.gone:
                each.gone = entry.at

    def _add_gap(self, entry: Entry) -> None:
        """Note a run of numbers."""
        boot, reason = (str(entry.details.get(name))[:32] for name in ("boot", "reason"))
        first, last = (entry.details.get(name) for name in ("first", "last"))
        if isinstance(first, int) and isinstance(last, int) and first <= last:
            self._missing += last - first + 1
        self._gaps.append(
            f"within the hour before {entry.at}: {first} to {last} of {boot}, {reason}"
        )


def _time(text: str) -> dt.datetime | None:
    """Return a time as entries have it."""
    try:
        return dt.datetime.strptime(text, "%Y-%m-%dT%H:%M:%S%z")
    except ValueError:
        return None


def _newest(lines: list[str]) -> Iterator[str]:
    """Yield the newest lines, indented, and how many there are before them."""
    if len(lines) > MOST_SHOWN:
        yield f"  {len(lines) - MOST_SHOWN:,} earlier ones, and"
    yield from (f"  {line}" for line in lines[-MOST_SHOWN:])
