"""No plate is in the memory of the live processes two seconds after the tokeniser's answer.

Two dozen passages here; a thousand with ``python -m tests.support.plates_in_memory``.
"""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from edge_lpr.demo.brokers import EmbeddedBroker
from tests.support import memory_search
from tests.support.memory_search import FORMS, Form, folded, forms_found, numbered_plate
from tests.support.plates_in_memory import run_passages

PASSAGES = 24
EVERY = 8

KEEPER = """
import sys
kept = bytearray(octet ^ 0xA5 for octet in bytes.fromhex(sys.stdin.readline()))
print(flush=True)
sys.stdin.read()
"""
"""Holds what it is told in disguise, and nothing else of it."""

NO_WIPING = """
import edge_lpr.core.wipe
edge_lpr.core.wipe.wipe = lambda buffer: None
"""
KEEPING_VISION = """
from edge_lpr.vision import contracts
contracts.Reading.wipe = lambda reading: kept.append(reading)
kept = []
"""


@contextmanager
def _keeper(content: bytes) -> Iterator[int]:
    """Run a process that keeps some content in memory; give its number."""
    with subprocess.Popen(
        [sys.executable, "-c", KEEPER], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(bytes(octet ^ 0xA5 for octet in content).hex().encode() + b"\n")
        process.stdin.flush()
        process.stdout.readline()
        yield process.pid
        process.communicate()


@pytest.mark.broker
def test_no_plate_is_in_memory_two_seconds_after_the_answer(
    running_mosquitto: EmbeddedBroker, tmp_path: Path
) -> None:
    run = run_passages(tmp_path, running_mosquitto, PASSAGES, EVERY)
    assert run.searches == PASSAGES // EVERY
    assert run.found == set()


@pytest.mark.broker
def test_same_run_finds_the_plates_of_processes_that_do_not_wipe(
    running_mosquitto: EmbeddedBroker, tmp_path: Path
) -> None:
    sabotage = {"tokeniser": NO_WIPING, "vision": NO_WIPING + KEEPING_VISION}
    run = run_passages(tmp_path, running_mosquitto, 4, 4, sabotage=sabotage)
    assert {("tokeniser", "ascii"), ("tokeniser", "indices of 8 bits")} <= run.found
    assert ("vision", "indices of 8 bits") in run.found
    assert {process for process, _ in run.found} == {"tokeniser", "vision"}


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.name)
def test_search_finds_a_plate_that_is_kept(form: Form) -> None:
    plates = {numbered_plate(number) for number in range(100)}
    with _keeper(form.of(numbered_plate(42))) as process_id:
        assert form.name in forms_found(process_id, plates)


def test_search_finds_the_folded_form_too() -> None:
    plate = next(p for p in map(numbered_plate, range(100)) if folded(p) != p)
    with _keeper(folded(plate).encode()) as process_id:
        assert forms_found(process_id, {plate}) == {"ascii"}


def test_search_finds_nothing_where_another_plate_is_kept() -> None:
    with _keeper(numbered_plate(1).encode()) as process_id:
        assert forms_found(process_id, {numbered_plate(2)}) == set()


@pytest.mark.parametrize("distance", range(-8, 1))
def test_search_finds_a_plate_across_the_border_of_two_pieces(
    monkeypatch: pytest.MonkeyPatch, distance: int
) -> None:
    plate = numbered_plate(7)
    monkeypatch.setattr(memory_search, "_CHUNK_BYTES", 4096)
    content = bytearray(b"\x01" * 65_536)
    for border in range(4096, 65_536, 4096):
        content[border + distance : border + distance + len(plate)] = plate.encode()
    # Wherever it lies, some of them cross a border or end at one.
    with _keeper(bytes(content)) as process_id:
        assert forms_found(process_id, {plate}) == {"ascii"}


def test_plates_are_all_different() -> None:
    plates = [numbered_plate(number) for number in range(10_000)]
    assert len(set(plates)) == 10_000
    assert {len(plate) for plate in plates} == {7}
