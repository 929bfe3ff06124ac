"""A compilation that is killed goes on where it was, and ends as if nothing had happened."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from edge_lpr.authority.watchlist_add import Effort, add_plate
from edge_lpr.authority.watchlist_compile import compile_list
from edge_lpr.core.errors import AuthorityError
from edge_lpr.core.secret_file import write_secret_file
from edge_lpr.tokens.canonical import Octets
from edge_lpr.tokens.suite1 import TokenScope
from tests.support.waiting import wait_until
from tests.support.watchlist_compiling import (
    SITES,
    Compiling,
    Counting,
    cheap_stretch,
    compiling,
    plate,
)

LIST = [plate(f"case-{n}", f"KLM{n:02d}") for n in range(20)]


class PowerCutError(Exception):
    """Everything stops here."""


class StopsAfter(Counting):
    """Cuts the power after some plates."""

    def __init__(self, steps: int) -> None:
        super().__init__()
        self._left = steps

    def step(self, epoch: int) -> None:
        super().step(epoch)
        self._left -= 1
        if self._left < 0:
            raise PowerCutError


@pytest.fixture
def bench() -> Iterator[Compiling]:
    with compiling() as made:
        yield made


def server_files(folder: Path) -> dict[str, bytes]:
    """Return what servers get, by place."""
    return {
        str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("servers.jsonl")
    }


def undisturbed(bench: Compiling) -> dict[str, bytes]:
    """Return what servers get where nothing happens."""
    order = replace(bench.order(epochs=2), folder=bench.folders.base / "undisturbed")
    bench.compile(LIST, order)
    return server_files(order.folder)


@pytest.mark.parametrize("steps", [0, 1, 19, 20, 39])
def test_resumed_compilation_is_that_of_an_undisturbed_one(bench: Compiling, steps: int) -> None:
    expected = undisturbed(bench)
    cut = StopsAfter(steps)
    with pytest.raises(PowerCutError):
        compile_list(bench.authority, LIST, bench.order(epochs=2), cut, cheap_stretch)
    assert (cut.total, cut.ends) == (40, 1)
    bench.compile(LIST, bench.order(epochs=2))
    assert bench.progress.total == 40 - steps - 1
    assert server_files(bench.out) == expected
    # Counted for each of the two folders, and not once more for the interruption.
    assert bench.authority.quota.used(bench.today) == 2 * len(LIST)


@pytest.mark.parametrize("lost", [1, 76, 77, 78, 200])
def test_torn_end_of_what_is_kept_is_made_anew(bench: Compiling, lost: int) -> None:
    expected = undisturbed(bench)
    with pytest.raises(PowerCutError):
        compile_list(bench.authority, LIST, bench.order(epochs=2), StopsAfter(10), cheap_stretch)
    kept = bench.out / "work" / f"{bench.today}.stretched"
    with kept.open("r+b") as file:
        file.truncate(kept.stat().st_size - lost)
    bench.compile(LIST, bench.order(epochs=2))
    torn = -(-lost // 77)
    assert bench.progress.total == 40 - 11 + torn
    assert server_files(bench.out) == expected


def test_zeros_after_a_power_cut_are_no_plates(bench: Compiling) -> None:
    expected = undisturbed(bench)
    with pytest.raises(PowerCutError):
        compile_list(bench.authority, LIST, bench.order(epochs=2), StopsAfter(10), cheap_stretch)
    kept = bench.out / "work" / f"{bench.today}.stretched"
    with kept.open("ab") as file:
        file.write(bytes(1000))
    bench.compile(LIST, bench.order(epochs=2))
    assert bench.progress.total == 40 - 11
    assert server_files(bench.out) == expected


def test_what_is_kept_cannot_be_read_without_the_epochs_wrapping_key(bench: Compiling) -> None:
    bench.compile(LIST)
    kept = (bench.out / "work" / f"{bench.today}.stretched").read_bytes()
    keys = bench.authority.epoch_keys("north", bench.today)
    scope = TokenScope("agency", "north", bench.today)
    for each in LIST:
        stretched = cheap_stretch(each.canonical, bytes(keys.stretch), scope)
        assert each.canonical not in kept
        assert stretched not in kept


def test_what_is_kept_of_another_authority_is_refused(bench: Compiling) -> None:
    bench.compile(LIST)
    with compiling() as other:
        other.compile(LIST)
        kept = other.out / "work" / f"{other.today}.stretched"
        kept.write_bytes((bench.out / "work" / kept.name).read_bytes())
        with pytest.raises(AuthorityError):
            other.compile(LIST)


def test_plate_that_cannot_be_stretched_stops_the_compilation(bench: Compiling) -> None:
    def fails(canonical: Octets, key: bytes | bytearray, scope: TokenScope) -> bytes:
        if bytes(canonical) == b"KLM10":
            raise PowerCutError
        return cheap_stretch(canonical, key, scope)

    progress = Counting()
    with pytest.raises(PowerCutError):
        compile_list(bench.authority, LIST, bench.order(workers=2), progress, fails)
    assert progress.steps == 10
    bench.compile(LIST)
    assert bench.progress.total == 10


def test_full_disk_is_said_and_what_was_done_is_kept(
    bench: Compiling, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = os.write
    calls = iter(range(1_000))

    def full(descriptor: int, octets: bytes) -> int:
        if len(octets) == 77 and next(calls) >= 5:
            raise OSError(28, "No space left on device")
        return written(descriptor, octets)

    monkeypatch.setattr("os.write", full)
    with pytest.raises(AuthorityError, match="No space left on device"):
        bench.compile(LIST)
    monkeypatch.undo()
    bench.compile(LIST)
    assert bench.progress.total == 15


@pytest.mark.parametrize("writes", range(6))
def test_addition_that_is_cut_off_is_completed_by_the_same_addition(
    bench: Compiling, monkeypatch: pytest.MonkeyPatch, writes: int
) -> None:
    bench.compile(LIST)
    added = plate("case-new", "NEW1", "NEVV1")
    effort = Effort(stretch=cheap_stretch)
    left = iter(range(writes))

    def cut(path: Path, content: bytes) -> None:
        if next(left, None) is None:
            raise PowerCutError
        write_secret_file(path, content)

    monkeypatch.setattr("edge_lpr.authority.watchlist_files.write_secret_file", cut)
    with pytest.raises(PowerCutError):
        add_plate(bench.authority, bench.out, added, None, effort)
    monkeypatch.undo()
    add_plate(bench.authority, bench.out, added, None, effort)
    for site in SITES:
        lines = bench.day(site).read_servers().splitlines()
        assert [json.loads(line)["entry"] for line in lines[-3:]] == [
            "case-19",
            "case-new",
            "case-new",
        ]
        found = bench.booths_list(site).find(bench.today, bench.tokens("NEW1", site))
        assert found is not None
        assert not found.possible


def test_killed_program_goes_on_where_it_was(bench: Compiling) -> None:
    listed = bench.folders.base / "list.csv"
    listed.write_text("plate,entry\n" + "".join(f"KLM{n},case-{n}\n" for n in range(10, 16)))
    command = [
        *(sys.executable, "-m", "edge_lpr", "authority", "watchlist", "compile", str(listed)),
        *("--folder", str(bench.folders.folder), "--out", str(bench.out)),
        *("--epochs", "1", "--workers", "1"),
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as first:
        wait_until(lambda: size_of_kept(bench.out) > 8 * 77, deadline_s=60)
        first.send_signal(signal.SIGKILL)
    assert first.returncode == -signal.SIGKILL
    assert not list(bench.out.rglob("servers.jsonl"))
    second = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert second.returncode == 0, second.stderr
    left = int(second.stderr.split()[0])
    assert 1 <= left <= 5
    assert len(list(bench.out.rglob("servers.jsonl"))) == 2
    third = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert "0 lists written, 2 as they were" in third.stdout


def size_of_kept(folder: Path) -> int:
    """Return how long the file of stretched plates is."""
    return sum(file.stat().st_size for file in folder.glob("work/*.stretched"))
