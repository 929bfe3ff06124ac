"""Kill a process that works with the real outbox at random moments, thousands of times.

A program of its own: one process that forks, so that a kill costs milliseconds::

    python -m tests.reliability.outbox_kills FOLDER --kills 10000 --seed 1

It prints one line of JSON: how many kills, at which step they came, and what the outbox broke of
its promises. ``--control`` confirms sightings before they are committed, and must find losses.
"""

import argparse
import json
import os
import random
import select
import shutil
import signal
import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from edge_lpr.publisher.outbox import Outbox
from tests.reliability.outbox_ledger import Ledger
from tests.reliability.outbox_workload import (
    Note,
    Number,
    Workload,
    open_outbox,
    parse_note,
    state_of,
)

KILLS_AN_OUTBOX: Final = 100
"""Then a new one is made, so that the making is killed as well."""

LONGEST_WAIT_S: Final = 0.02
"""Opening takes a few milliseconds on an idle machine, a step less than one."""

_WORKING: Final = 0.7
_CHUNK_BYTES: Final = 65_536
_FOR_EVER: Final = 1_000_000


class _HastyOutbox(Outbox):
    """Confirms a sighting before it is committed: what the ledger must find out."""

    late: tuple[str, int, bytes] | None = None

    def add_sighting(self, boot: str, seq: int, document: bytes) -> bool:
        if self.late is not None:
            super().add_sighting(*self.late)
        self.late = boot, seq, document
        return True


class Campaign:
    """Kills, one after the other."""

    def __init__(self, folder: Path, *, seed: int, is_control: bool) -> None:
        """Prepare; nothing is killed yet.

        Args:
            folder: Existing folder for the outboxes.
            seed: Decides when, and what is done until then.
            is_control: Whether the outbox is the hasty one.
        """
        self._folder = folder
        self._chance = random.Random(seed)  # noqa: S311 - a test, repeatable
        self._is_control = is_control
        self.moments: Counter[str] = Counter()
        self.faults: Counter[str] = Counter()
        self.promised = 0

    def run(self, kills: int) -> None:
        """Kill so many times."""
        for first in range(0, kills, KILLS_AN_OUTBOX):
            folder = self._folder / "outbox"
            folder.mkdir()
            ledger = Ledger()
            for _ in range(min(KILLS_AN_OUTBOX, kills - first)):
                self._kill_once(folder, ledger)
            outbox = open_outbox(folder)
            ledger.see(state_of(outbox))
            outbox.close()
            self.faults += ledger.faults
            self.promised += len(ledger.committed)
            shutil.rmtree(folder)

    def _kill_once(self, folder: Path, ledger: Ledger) -> None:
        """Fork a worker, let it work for a moment, kill it and read its journal to the end."""
        again = _unanswered(ledger)
        seed = self._chance.getrandbits(32)
        reading, writing = os.pipe()
        worker = os.fork()
        if worker == 0:
            self._work(folder, writing, again, seed)
        os.close(writing)
        journal = b""
        if self._chance.random() < _WORKING:
            # Else, on a busy machine, hardly any would live to do a step.
            journal += os.read(reading, _CHUNK_BYTES)
        kill_at = time.monotonic() + self._chance.uniform(0, LONGEST_WAIT_S)
        while (left_s := kill_at - time.monotonic()) > 0:
            if select.select([reading], [], [], left_s)[0]:
                journal += os.read(reading, _CHUNK_BYTES)
        os.kill(worker, signal.SIGKILL)
        while chunk := os.read(reading, _CHUNK_BYTES):
            journal += chunk
        os.close(reading)
        if os.waitpid(worker, 0)[1] != signal.SIGKILL:
            raise AssertionError("the worker ended by itself; its words are above")
        self._read(journal, ledger)

    def _read(self, journal: bytes, ledger: Ledger) -> None:
        """Take a journal whose last line may be cut."""
        notes = [parse_note(line) for line in journal.decode().split("\n")[:-1]]
        if not notes:
            self.moments["opening"] += 1
            return
        ledger.see(notes[0])
        for note in notes[1:]:
            ledger.hear(note)
        self.moments[f"{ledger.wanted['want']}ing" if ledger.wanted else "between"] += 1

    def _work(self, folder: Path, writing: int, again: Number | None, seed: int) -> None:
        """Be the worker; never returns."""
        status = 1
        try:
            outbox = open_outbox(folder)
            if self._is_control:
                outbox.__class__ = _HastyOutbox

            def note(line: Note) -> None:
                os.write(writing, (json.dumps(line) + "\n").encode())

            note(state_of(outbox))
            workload = Workload(outbox, note, seed)
            if again is not None:
                workload.hand_over_again(again)
            workload.work(_FOR_EVER)
        finally:
            os._exit(status)


def _unanswered(ledger: Ledger) -> Number | None:
    """Return the sighting that the tokeniser would hand over again."""
    if ledger.wanted is None or ledger.wanted["want"] != "add":
        return None
    number: Number = ledger.wanted["numbers"][0]
    return number


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a campaign and print what was found."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--kills", type=int, required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--control", action="store_true")
    options = parser.parse_args(arguments)
    campaign = Campaign(options.folder, seed=options.seed, is_control=options.control)
    began_at = time.monotonic()
    campaign.run(options.kills)
    found = {
        "kills": options.kills,
        "moments": campaign.moments,
        "promised": campaign.promised,
        "faults": +campaign.faults,
        "seconds": round(time.monotonic() - began_at, 1),
    }
    sys.stdout.write(json.dumps(found) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
