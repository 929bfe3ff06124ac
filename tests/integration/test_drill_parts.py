"""Parts of the drill that touch the system: its clock, memory of processes, waiting, the screen."""

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from edge_lpr.core.clock import SystemClock, TimeQuality
from edge_lpr.drill.dated_clock import DatedClock
from edge_lpr.drill.memory import read_memory
from edge_lpr.drill.records import records_of_outbox
from edge_lpr.drill.waiting import DrillError, wait_until

HOLDER = """
import sys
secret = bytearray(b"a secret of this " + b"very process")
print("ready", flush=True)
sys.stdin.read()
"""


def test_a_dated_clock_says_what_it_was_set_to(tmp_path: Path) -> None:
    clock = DatedClock(tmp_path / "clock")
    clock.set(1_800_000_000)
    assert clock.unix_s() in (1_800_000_000, 1_800_000_001)
    assert clock.quality() is TimeQuality.NTP


def test_whoever_shares_the_file_has_the_same_time(tmp_path: Path) -> None:
    one, other = DatedClock(tmp_path / "clock"), DatedClock(tmp_path / "clock")
    one.set(1_800_000_000)
    one.hasten(1_000)
    assert other.unix_s() - 1_800_001_000 in (0, 1)


def test_hastening_moves_both_times_and_setting_only_one(tmp_path: Path) -> None:
    clock = DatedClock(tmp_path / "clock")
    real = SystemClock().monotonic_ns()
    clock.set(1_800_000_000)
    assert clock.monotonic_ns() - real < 900e9
    clock.hasten(1_000)
    assert clock.monotonic_ns() - real >= 1_000e9


def test_a_neighbours_memory_holds_what_it_wrote() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"ready\n"
        memory = read_memory(holder.pid)
        holder.communicate(b"", timeout=20)
    if memory is None:
        pytest.skip("the kernel lets nobody read another process's memory here")
    assert b"a secret of this very process" in memory


def test_waiting_ends_with_a_sentence() -> None:
    wait_until(lambda: True, "never", within_s=0.1)
    with pytest.raises(DrillError, match=r"the broker does not answer within 0\.1 s"):
        wait_until(lambda: False, "the broker does not answer", within_s=0.1)


def test_a_thief_reads_nothing_from_an_empty_outbox(tmp_path: Path) -> None:
    outbox = tmp_path / "outbox.sqlite3"
    with closing(sqlite3.connect(outbox)) as connection:
        connection.execute("CREATE TABLE origin (id INTEGER PRIMARY KEY, head BLOB)")
        connection.execute("CREATE TABLE sighting (origin_id INTEGER, tail BLOB)")
    assert records_of_outbox("elm", "elm-1", outbox) == []
