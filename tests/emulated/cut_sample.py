"""Starts the booth from a card that was put together from a record, and compares with the verdict.

``python -m tests.emulated.cut_sample RECORDING FOLDER [NUMBER ...]`` starts those cuts of a
``rows.jsonl``; without numbers it takes the most interesting ones.
"""

import argparse
import json
import random
import shutil
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from edge_lpr.core.errors import EmulationError
from edge_lpr.emulation.host_side import HostSide
from edge_lpr.emulation.machine import EmulatedBooth
from tests.emulated.cut_booth import PATIENCE_S, UNITS, VISION, ask
from tests.emulated.cut_judging import as_object, health_problems, slot_of
from tests.emulated.cut_offline import OfflineJudge

INTERESTING: Final = (
    ("notes", "on trial"),
    ("slot", "old"),
    ("broker away", "old"),
    ("keys issued anew", "old"),
    ("trial", "old"),
    ("kept", "new"),
    ("notes", "old"),
    ("enrolling", "old"),
    ("partitions", "old"),
)
"""Phase, and what a start should lead to: of each, that cut is started which has lost most."""

HEALTH: Final = {
    "image": "cat /usr/lib/edge-lpr/image.json",
    "cmdline": "cat /proc/cmdline",
    "failed": "systemctl --failed --no-legend --plain",
    "state": "findmnt -nro SOURCE,FSTYPE,OPTIONS /state",
    "fsck": "journalctl -b -q -o cat --no-pager -u 'systemd-fsck@*'",
    "kernel": "journalctl -b -q -o cat --no-pager -k | grep -iE 'EXT4-fs (error|warning)|I/O error|"
    "FAT-fs|SQUASHFS error|dm-verity.*(corrupt|fail)'",
    "outbox": "ls /var/lib/edge-lpr/publisher",
}
_OUTBOX: Final = """\
rm -rf /run/o; mkdir -m 700 /run/o; cp /var/lib/edge-lpr/publisher/outbox.sqlite3* /run/o/
python3 -I -S -c "
import json, sqlite3
print(json.dumps(list(sqlite3.connect('/run/o/outbox.sqlite3').execute(
    'SELECT boot, max(seq), count(*) FROM sighting JOIN origin ON origin.id = origin_id'
    ' GROUP BY boot'))))
"
"""
"""What lies in the outbox, from a copy: the publisher's own is locked."""


def choose(rows: list[dict[str, Any]], most: int) -> list[int]:
    """Return the numbers of the cuts that are started."""
    chosen = []
    for phase, seen in INTERESTING:
        fitting = [row for row in rows if (row["phase"], row["seen"]) == (phase, seen)]
        if fitting:
            chosen.append(max(fitting, key=lambda row: row["writes"]["lost"])["cut"])
    return chosen[:most]


class Sample:
    """Starts cards of one record, one after the other."""

    def __init__(self, recording: Path, folder: Path) -> None:
        """Go on with the agency of the recording.

        Args:
            recording: Folder of ``cut_scenes.py``.
            folder: For the cards.
        """
        self._recording = recording
        self._folder = folder
        self._host = HostSide(recording / "host", goes_on=True)

    def start(self, row: dict[str, Any]) -> dict[str, Any]:
        """Start the card of one cut.

        Args:
            row: What was found of it offline.

        Returns:
            What the booth says, and ``problems``: where it contradicts the row.
        """
        folder = self._folder / "booted"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        recorded = self._recording / "booth"
        booth = EmulatedBooth(None, folder, probe=True)
        judge = OfflineJudge(self._recording, self._folder / "again")
        judge.judge(row["place"], random.Random(row["seed"]), keep=booth.disk)  # noqa: S311
        judge.close()
        for name in ("firmware", "lane.img"):
            shutil.copy(recorded / name, folder / name)
        booth.drop_in("edge-lpr-vision.service", VISION)
        began = time.monotonic()
        with self._host, booth:
            booth.start()
            try:
                found = self._look(booth, row)
            except (EmulationError, AssertionError) as error:
                said = f"{error}\n{booth.console()[-1500:]}"
                found = {"problems": [f"it does not come back: {said}"]}
        found["booted"] = row["cut"]
        found["phase"] = row["phase"]
        found["seconds"] = round(time.monotonic() - began)
        booth.disk.unlink()
        return found

    def _look(self, booth: EmulatedBooth, row: dict[str, Any]) -> dict[str, Any]:
        deadline = time.monotonic() + PATIENCE_S
        health = ask(booth, HEALTH, PATIENCE_S)
        # Keys and broker come only to a booth that had enrolled.
        is_enrolled = bool(row["keys"])
        wanted = (
            f"systemctl is-active {UNITS}" if is_enrolled else "systemctl is-active state.mount"
        )
        booth.wait_for(wanted, deadline - time.monotonic())
        health |= ask(booth, HEALTH, 300)
        version = as_object(health["image"]).get("version")
        runs = {
            "version": str(version),
            "slot": slot_of(health),
            "trial": "yes" if "edge_lpr.trial" in health["cmdline"].split() else "no",
        }
        problems = health_problems(health)
        if runs != row["starts"]:
            problems.append(f"{runs} runs; the card said {row['starts']}")
        outbox: list[list[Any]] = []
        if is_enrolled:
            outbox = json.loads(booth.wait_for(_OUTBOX, deadline - time.monotonic()))
            if sum(each[2] for each in outbox) < row["sightings"]:
                problems.append(f"the outbox holds {outbox}, and held {row['sightings']}")
        return {"runs": runs, "outbox": outbox, "problems": problems}


def start_some(
    recording: Path, folder: Path, rows: list[dict[str, Any]], numbers: list[int]
) -> Iterator[dict[str, Any]]:
    """Start the cards of some cuts; yield what was found of each, and add it to the rows.

    Args:
        recording: Folder of ``cut_scenes.py``.
        folder: With ``rows.jsonl``.
        rows: Of the cuts.
        numbers: Which.
    """
    sample = Sample(recording, folder)
    for row in rows:
        if row["cut"] in numbers:
            found = sample.start(row)
            with (folder / "rows.jsonl").open("a") as out:
                out.write(json.dumps(found) + "\n")
            yield found


def main(arguments: list[str]) -> None:
    """Start some, and add what was found to the rows."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("recording", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("numbers", type=int, nargs="*")
    chosen = parser.parse_args(arguments)
    lines = (chosen.folder / "rows.jsonl").read_text().splitlines()
    rows = [row for row in map(json.loads, lines) if "cut" in row]
    numbers = chosen.numbers or choose(rows, len(INTERESTING))
    for found in start_some(chosen.recording, chosen.folder, rows, numbers):
        sys.stdout.write(json.dumps(found) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
