"""Power cuts at random places of one record, each judged offline.

The same record and seed give the same cuts. Each is a line of JSON in ``rows.jsonl``::

    python -m tests.emulated.random_cuts RECORDING FOLDER --cuts 250 --seed 1
"""

import argparse
import json
import random
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tests.emulated.cut_offline import OfflineJudge, Verdict
from tests.emulated.cut_record import Entry
from tests.emulated.cut_state import partitions

WEIGHTS: Final = {
    "partitions": 3,
    "enrolling": 4,
    "at work": 2,
    "keys issued anew": 2,
    "broker away": 3,
    "broker back": 2,
    "pushing": 2,
    "slot": 2,
    "notes": 5,
    "trial": 3,
    "kept": 2,
    "left": 2,
    "at work again": 1,
}
"""How often each phase is cut, against the others: what is short would never be hit by chance."""

_SHARE_WAITING: Final = 0.8
"""So many cuts fall right behind a write, which cannot have been flushed yet."""


@dataclass(frozen=True, slots=True)
class Cut:
    """One of them."""

    number: int
    """From 1."""
    place: int
    """Before this entry of the record."""
    phase: str
    seed: str
    """Draws what is lost."""


def draw(entries: list[Entry], phases: list[str], cuts: int, seed: int) -> list[Cut]:
    """Draw the cuts, in the order of their places.

    Args:
        entries: Of the record.
        phases: What was going on before each.
        cuts: How many.
        seed: Of all of it.
    """
    chance = random.Random(f"{seed}")  # noqa: S311 - no key
    every: dict[str, list[int]] = {}
    waiting: dict[str, list[int]] = {}
    for place in range(1, len(entries)):
        every.setdefault(phases[place], []).append(place)
        if entries[place - 1].is_write:
            waiting.setdefault(phases[place], []).append(place)
    known = [phase for phase in WEIGHTS if phase in every]
    drawn = []
    for phase in chance.choices(known, [WEIGHTS[each] for each in known], k=cuts):
        places = every[phase]
        if phase in waiting and chance.random() < _SHARE_WAITING:
            places = waiting[phase]
        drawn.append((chance.choice(places), phase))
    return [
        Cut(number, place, phase, f"{seed}/{number}")
        for number, (place, phase) in enumerate(sorted(drawn), 1)
    ]


class PowerCuts:
    """All cuts of one record."""

    def __init__(self, recording: Path, folder: Path, cuts: int, seed: int) -> None:
        """Draw them.

        Args:
            recording: Folder of ``cut_scenes.py``.
            folder: For everything.
            cuts: How many.
            seed: Draws where, and what is lost.
        """
        self._judge = OfflineJudge(recording, folder)
        phases = self._judge.story.phases(partitions(recording / "booth" / "card.img"))
        self.cuts = draw(self._judge.record.entries, phases, cuts, seed)
        self.phases = Counter(phases)

    def run(self) -> Iterator[dict[str, Any]]:
        """Judge each; yield its row."""
        entries = len(self._judge.record.entries)
        for cut in self.cuts:
            verdict = self._judge.judge(cut.place, random.Random(cut.seed))  # noqa: S311 - no key
            yield self._row(cut, entries, verdict)
        self._judge.close()

    def _row(self, cut: Cut, entries: int, verdict: Verdict) -> dict[str, Any]:
        promised = self._judge.story.promises(cut.place)
        found = verdict.found
        is_old = verdict.starts.get("version") == promised.before
        seen = "on trial" if verdict.starts.get("trial") == "yes" else "old" if is_old else "new"
        return {
            "cut": cut.number,
            "place": cut.place,
            "of": entries,
            "seed": cut.seed,
            "phase": cut.phase,
            "starts": verdict.starts,
            "seen": seen if verdict.starts else "nothing",
            "writes": {
                "waiting": verdict.loss.waiting,
                "lost": verdict.loss.lost,
                "bytes": verdict.loss.lost_bytes,
            },
            "notes": verdict.card.get("notes"),
            "spare": verdict.card.get("spare"),
            "slots": sum(each is not None for each in verdict.card.get("slots", {}).values()),
            "promised": len(promised.sightings),
            "sightings": len(found.sightings),
            "unsent": found.unsent,
            "audit": len(found.audit),
            "keys": found.keys,
            "problems": verdict.problems,
        }


def write_rows(cuts: PowerCuts, file: Path, say: Callable[[str], object]) -> list[dict[str, Any]]:
    """Judge all cuts into a file, and return their rows."""
    rows = []
    with file.open("w") as out:
        for row in cuts.run():
            out.write(json.dumps(row) + "\n")
            out.flush()
            rows.append(row)
            say(f"{row['cut']} {row['phase']} {row['writes']} {row['problems']}\n")
    return rows


def main(arguments: list[str]) -> None:
    """Judge a recording that lies there."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("recording", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--cuts", type=int, default=250)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args(arguments)
    cuts = PowerCuts(chosen.recording, chosen.folder, chosen.cuts, chosen.seed)
    write_rows(cuts, chosen.folder / "rows.jsonl", sys.stdout.write)


if __name__ == "__main__":
    main(sys.argv[1:])
