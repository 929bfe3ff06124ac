"""Cut the power of a machine that works with the real outbox, thousands of times.

A program of its own, to be started with ``shims/record_writes.c`` preloaded::

    LD_PRELOAD=record_writes.so python -m tests.reliability.power_cuts FOLDER --cuts 1000 --seed 1

A process works with the outbox while everything that it writes is recorded, its own journal
included. The record is then cut at many places. For each the disk is rebuilt as a power cut may
leave it (``disk_image.py``), the outbox is opened there, and compared with what it had promised up
to that place. The last of these disks is where the next process goes on.

It prints one line of JSON. ``--synchronous OFF`` or ``NORMAL`` opens the database with less care
than the publisher does, and must find losses.
"""

import argparse
import ctypes
import json
import os
import random
import shutil
import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from edge_lpr.core.errors import OutboxDamagedError
from edge_lpr.publisher import outbox_file
from tests.reliability.disk_image import Change, DiskImage, Fate, read_record
from tests.reliability.outbox_ledger import Ledger
from tests.reliability.outbox_workload import (
    DocumentAlteredError,
    Note,
    Workload,
    open_outbox,
    parse_note,
    state_of,
)

CUTS_A_PROCESS: Final = 20
"""Places at which one record is cut."""

PROCESSES_AN_OUTBOX: Final = 5
"""Then a new outbox is made, so that the power goes during the making as well."""

_STEPS: Final = 12
_JOURNAL: Final = "journal"
_DAMAGED: Final = 3
_CHECKPOINT_PAGES: Final = (8, 40, 1000)
"""SQLite moves the write-ahead log into the database every 1,000 pages, too seldom to be met by
chance; the same work is done earlier in most runs."""


class Campaign:
    """Power cuts, one after the other."""

    def __init__(self, folder: Path, *, seed: int, synchronous: str) -> None:
        """Prepare; nothing is cut yet.

        Args:
            folder: Existing folder for outboxes and records.
            seed: Decides what is done, when the power goes and what the disk then holds.
            synchronous: SQLite's own word for how far it waits for the disk; the publisher's
                is ``FULL``.
        """
        self._folder = folder
        self._chance = random.Random(seed)  # noqa: S311 - a test, repeatable
        self._synchronous = synchronous
        self.cuts: Counter[str] = Counter()
        self.moments: Counter[str] = Counter()
        self.faults: Counter[str] = Counter()

    def run(self, cuts: int) -> None:
        """Cut so many times."""
        done = 0
        while done < cuts:
            before = self._make_folder("before")
            ledger = Ledger()
            for _ in range(PROCESSES_AN_OUTBOX):
                count = min(CUTS_A_PROCESS, cuts - done)
                if count:
                    ledger = self._cut_one_process(before, ledger, count)
                done += count
                if ledger.faults["damaged"]:
                    break

    def _cut_one_process(self, before: Path, ledger: Ledger, count: int) -> Ledger:
        """Let a process work, cut its record at so many places, and leave the last disk behind."""
        changes = self._record(before)
        image = DiskImage(before)
        journal = b""
        places = sorted(self._chance.choices(range(len(changes) + 1), k=count))
        after = ledger
        for place, change in enumerate([*changes, None]):
            for _ in range(places.count(place)):
                after = self._cut(image, ledger, journal)
            if change is None:
                break
            image.apply(change)
            journal += change.content if _is_journal(change, changes) else b""
        self._require_whole(image)
        shutil.rmtree(before)
        (self._folder / "after").rename(before)
        return after

    def _require_whole(self, image: DiskImage) -> None:
        """Raise if the process changed a file in a way that was not recorded."""
        working = self._folder / "working"
        truth = {path.name: path.read_bytes() for path in working.iterdir()}
        if image.after_power_cut(self._chance, Fate.THERE) != truth:
            raise AssertionError("the record and the files differ; record_writes.c misses a call")

    def _record(self, before: Path) -> list[Change]:
        """Return what a process does that starts from a folder."""
        working = self._make_folder("working")
        shutil.copytree(before, working, dirs_exist_ok=True)
        record = self._folder / "record"
        descriptor = os.open(record, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND, 0o600)
        seed = self._chance.getrandbits(32)
        worker = os.fork()
        if worker == 0:
            self._work(working, descriptor, seed)
        os.close(descriptor)
        status = os.waitstatus_to_exitcode(os.waitpid(worker, 0)[1])
        if status not in (0, _DAMAGED):
            raise AssertionError("the worker failed; its words are above")
        self.faults["damaged"] += status == _DAMAGED
        return list(read_record(record.read_bytes()))

    def _work(self, working: Path, descriptor: int, seed: int) -> None:
        """Be the worker; never returns."""
        status = 1
        try:
            ctypes.CDLL(None).record_writes_begin(str(working).encode(), descriptor)
            journal = os.open(working / _JOURNAL, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

            def note(line: Note) -> None:
                os.write(journal, (json.dumps(line) + "\n").encode())

            outbox_file._SETTINGS = (  # type: ignore[assignment,misc]
                *outbox_file._SETTINGS,
                f"PRAGMA synchronous={self._synchronous}",
                f"PRAGMA wal_autocheckpoint={random.Random(seed).choice(_CHECKPOINT_PAGES)}",  # noqa: S311
            )
            outbox = open_outbox(working)
            note({"opened": True} | state_of(outbox))
            Workload(outbox, note, seed).work(_STEPS)
            outbox.close()
            status = 0
        except (OutboxDamagedError, DocumentAlteredError):
            status = _DAMAGED
        finally:
            os._exit(status)

    def _cut(self, image: DiskImage, ledger: Ledger, journal: bytes) -> Ledger:
        """Rebuild the disk, open the outbox there, and compare."""
        fate = self._chance.choice(list(Fate))
        after = self._make_folder("after")
        for name, content in image.after_power_cut(self._chance, fate).items():
            if name != _JOURNAL:
                (after / name).write_bytes(content)
        judged = ledger.copy()
        notes = [parse_note(line) for line in journal.decode().split("\n")[:-1]]
        for note in notes:
            if "opened" in note:
                judged.see(note)
            else:
                judged.hear(note)
        self.cuts[fate.name.lower()] += 1
        self.moments[_moment(notes, judged)] += 1
        probe = self._make_folder("probe")
        shutil.copytree(after, probe, dirs_exist_ok=True)
        try:
            outbox = open_outbox(probe)
            judged.see(state_of(outbox))
            outbox.close()
        except (OutboxDamagedError, DocumentAlteredError):
            judged.faults["damaged"] += 1
        judged.faults["damaged"] += any(".damaged-" in path.name for path in probe.iterdir())
        self.faults += judged.faults
        return judged

    def _make_folder(self, name: str) -> Path:
        """Return an empty folder."""
        folder = self._folder / name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        return folder


def _is_journal(change: Change, changes: list[Change]) -> bool:
    """Return whether a change is a line of the journal."""
    return change.kind == b"w" and any(
        each.kind == b"c" and each.file == change.file and each.content == _JOURNAL.encode()
        for each in changes[:4]
    )


def _moment(notes: list[Note], judged: Ledger) -> str:
    """Return what the process was doing."""
    if not notes:
        return "opening"
    return f"{judged.wanted['want']}ing" if judged.wanted else "between"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a campaign and print what was found."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--cuts", type=int, required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--synchronous", choices=("FULL", "NORMAL", "OFF"), default="FULL")
    options = parser.parse_args(arguments)
    campaign = Campaign(options.folder, seed=options.seed, synchronous=options.synchronous)
    began_at = time.monotonic()
    campaign.run(options.cuts)
    found = {
        "cuts": options.cuts,
        "fates": campaign.cuts,
        "moments": campaign.moments,
        "faults": +campaign.faults,
        "seconds": round(time.monotonic() - began_at, 1),
    }
    sys.stdout.write(json.dumps(found) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
