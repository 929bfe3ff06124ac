"""Cut the power of a machine that works with a real authority, and kill its process.

A program of its own, to be started with ``shims/record_writes.c`` preloaded::

    LD_PRELOAD=record_writes.so python -m tests.reliability.authority_cuts FOLDER --cuts 99 --seed 1

As ``power_cuts.py`` does for the outbox: everything that a process writes is recorded, the disk is
rebuilt as a power cut may leave it at many places (``disk_image.py``), and what is found there is
held against what had been promised. With ``--kills`` instead, processes are killed (SIGKILL) at
random moments of a real folder, one after the other.

It prints one line of JSON. ``--careless`` waits for the disk less than the authority does, and must
find losses.
"""

import argparse
import ctypes
import json
import os
import random
import shutil
import signal
import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NoReturn

from edge_lpr.authority import file_wrapping
from edge_lpr.authority import store as store_module
from edge_lpr.core import secret_file
from tests.reliability.authority_workload import (
    FIRST_DAY,
    Note,
    Promises,
    Workload,
    judge,
    make_authority,
    parse_notes,
)
from tests.reliability.disk_image import Change, DiskImage, Fate, read_record

CUTS_A_PROCESS: Final = 12
PROCESSES_AN_AUTHORITY: Final = 6

_STEPS: Final = 8
_STEPS_UNTIL_KILLED: Final = 100_000
_JOURNAL: Final = "notes"
_LONGEST_LIFE_S: Final = 0.15


class Campaign:
    """Power cuts or kills, one after the other."""

    def __init__(self, folder: Path, *, seed: int, careless: str) -> None:
        """Prepare; nothing is cut yet.

        Args:
            folder: Existing folder for authorities and records.
            seed: Decides what is done, when it ends and what the disk then holds.
            careless: ``database`` or ``files`` for not waiting for the disk there; else empty.
        """
        self._folder = folder
        self._chance = random.Random(seed)  # noqa: S311 - a test, repeatable
        self._careless = careless
        self.fates: Counter[str] = Counter()
        self.moments: Counter[str] = Counter()
        self.faults: Counter[str] = Counter()

    def cut(self, cuts: int) -> None:
        """Cut the power so many times."""
        done = 0
        while done < cuts:
            before = self._make_folder("before")
            make_authority(before)
            promises = Promises()
            for day in range(FIRST_DAY, FIRST_DAY + PROCESSES_AN_AUTHORITY):
                count = min(CUTS_A_PROCESS, cuts - done)
                if count and not self.faults:
                    promises.claimed = 0
                    promises = self._cut_one_process(before, promises, count, day)
                done += count

    def kill(self, kills: int) -> None:
        """Kill so many processes, one after the other, at the same authority."""
        folder = self._make_folder("working")
        make_authority(folder)
        promises = Promises()
        for number in range(kills):
            day = FIRST_DAY + number // 2
            promises.claimed = promises.claimed if number % 2 else 0
            reader, writer = os.pipe()
            seed = self._chance.getrandbits(32)
            worker = os.fork()
            if worker == 0:
                os.close(reader)
                self._work(folder, writer, seed, day, _STEPS_UNTIL_KILLED)
            os.close(writer)
            # It begins to work once it has opened; kill it from then on.
            os.set_blocking(reader, True)
            heard = os.read(reader, 1)
            time.sleep(self._chance.random() * _LONGEST_LIFE_S)
            os.kill(worker, signal.SIGKILL)
            os.waitpid(worker, 0)
            while piece := os.read(reader, 65_536):
                heard += piece
            os.close(reader)
            for note in parse_notes(heard):
                promises.hear(note)
            self.moments[promises.moment] += 1
            self.faults.update(judge(folder, promises, day))

    def _cut_one_process(self, before: Path, promises: Promises, count: int, day: int) -> Promises:
        """Let a process work, cut its record at so many places, and leave the last disk behind."""
        changes = self._record(before, day)
        image = DiskImage(before)
        notes = b""
        places = sorted(self._chance.choices(range(len(changes) + 1), k=count))
        after = promises
        for place, change in enumerate([*changes, None]):
            for _ in range(places.count(place)):
                after = self._cut(image, promises, notes, day)
            if change is None:
                break
            image.apply(change)
            notes += change.content if _is_note(change, changes) else b""
        shutil.rmtree(before)
        (self._folder / "after").rename(before)
        return after

    def _record(self, before: Path, day: int) -> list[Change]:
        """Return what a process does that starts from a folder."""
        working = self._make_folder("working")
        shutil.copytree(before, working, dirs_exist_ok=True)
        working.chmod(0o700)
        record = self._folder / "record"
        log = os.open(record, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND, 0o600)
        seed = self._chance.getrandbits(32)
        worker = os.fork()
        if worker == 0:
            ctypes.CDLL(None).record_writes_begin(str(working).encode(), log)
            notes = os.open(working / _JOURNAL, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            self._work(working, notes, seed, day, _STEPS)
        os.close(log)
        if os.waitstatus_to_exitcode(os.waitpid(worker, 0)[1]):
            raise AssertionError("the worker failed; its words are above")
        return list(read_record(record.read_bytes()))

    def _work(self, folder: Path, notes: int, seed: int, day: int, steps: int) -> NoReturn:
        """Be the worker."""
        status = 1
        try:

            def note(line: Note) -> None:
                os.write(notes, (json.dumps(line) + "\n").encode())

            self._wait_less()
            workload = Workload(folder, note, seed, day)
            note({"opened": day})
            workload.work(steps)
            status = 0
        finally:
            os._exit(status)

    def _wait_less(self) -> None:
        """Be as careless as was asked."""
        if self._careless == "files":
            for user in (secret_file, file_wrapping):
                if "sync_folder" not in vars(user):
                    raise AssertionError(f"{user.__name__} no longer waits by that name")
                vars(user)["sync_folder"] = _do_not_wait
        if self._careless == "database":
            store_module._DURABLE = "PRAGMA synchronous = OFF"  # type: ignore[misc]

    def _cut(self, image: DiskImage, promises: Promises, notes: bytes, day: int) -> Promises:
        """Rebuild the disk, open the authority there, and compare."""
        fate = self._chance.choice(list(Fate))
        after = self._make_folder("after")
        for name, content in image.after_power_cut(self._chance, fate).items():
            # The index of the write-ahead log is a memory map: made anew after a power cut.
            if name != _JOURNAL and not name.endswith("-shm"):
                (after / name).write_bytes(content)
                (after / name).chmod(0o600)
        after.chmod(0o700)
        judged = promises.copy()
        for note in parse_notes(notes):
            judged.hear(note)
        self.fates[fate.name.lower()] += 1
        self.moments[judged.moment] += 1
        probe = self._make_folder("probe")
        shutil.copytree(after, probe, dirs_exist_ok=True)
        probe.chmod(0o700)
        self.faults.update(judge(probe, judged, day))
        return judged

    def _make_folder(self, name: str) -> Path:
        """Return an empty folder."""
        folder = self._folder / name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(mode=0o700)
        return folder


def _do_not_wait(folder: Path) -> None:
    """Take the place of a sync of the folder."""
    del folder


def _is_note(change: Change, changes: list[Change]) -> bool:
    """Return whether a change is a line of the notes."""
    return change.kind == b"w" and any(
        each.kind == b"c" and each.file == change.file and each.content == _JOURNAL.encode()
        for each in changes[:4]
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a campaign and print what was found."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--cuts", type=int, default=0)
    parser.add_argument("--kills", type=int, default=0)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--careless", choices=("", "database", "files"), default="")
    options = parser.parse_args(arguments)
    campaign = Campaign(options.folder, seed=options.seed, careless=options.careless)
    campaign.kill(options.kills) if options.kills else campaign.cut(options.cuts)
    found = {
        "faults": dict(campaign.faults),
        "fates": dict(campaign.fates),
        "moments": dict(campaign.moments),
    }
    sys.stdout.write(json.dumps(found) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
