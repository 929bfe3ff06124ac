"""What is judged after a power cut can be seen to be wrong; and the table of what was found."""

import json
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from edge_lpr.emulation.machine import EmulatedBooth
from tests.emulated import cut_judging
from tests.emulated.cut_booth import ask
from tests.emulated.cut_record import Entry, Kind
from tests.emulated.cut_start import Found
from tests.emulated.cut_story import Promises
from tests.emulated.power_cut_table import BEGIN, END, main, put_into, table_of
from tests.emulated.random_cuts import WEIGHTS, draw

OLD = {"version": "0.1.0+1", "slot": "A"}
NEW = {"version": "0.1.0+2", "slot": "B"}
HEALTH = {
    "failed": "",
    "state": "/dev/mapper/state ext4 rw,nosuid,nodev,noexec,noatime\n",
    "fsck": "/dev/mapper/state: recovering journal\n/dev/mapper/state: clean, 80/65536 files\n",
    "kernel": "",
    "outbox": "outbox.sqlite3\noutbox.sqlite3-wal\n",
}


def a_card(order: str = "A", trial: str = "", **other: Any) -> dict[str, Any]:  # noqa: ANN401
    notes = {"ORDER": order, "TRIAL": trial}
    slots = {"A": OLD["version"], "B": NEW["version"]}
    return {"notes": notes, "spare": {"ORDER": order}, "slots": slots, "boot": "", **other}


@pytest.mark.parametrize(
    ("card", "target"),
    [
        (a_card(), None),
        (a_card(), NEW),
        (a_card("A", "B"), NEW),
        (a_card("B A"), NEW),
        (a_card(notes={}), NEW),
        (a_card(spare={}), NEW),
    ],
)
def test_old_and_new_are_well(card: dict[str, Any], target: dict[str, str] | None) -> None:
    assert cut_judging.card_problems(card, OLD, target) == []


@pytest.mark.parametrize(
    ("card", "target", "why"),
    [
        (a_card(notes={}, spare={}), NEW, "torn"),
        (a_card(boot="FATs differ"), NEW, "boot partition: FATs differ"),
        (a_card("B A"), None, "B is started next"),
        (a_card("A", "B"), None, "slot B is to be tried"),
        (a_card("A", "B", slots={"A": "0.1.0+1", "B": None}), NEW, "holds no whole system"),
        (a_card(slots={"A": None}), NEW, "slot A, which holds no whole system"),
        (a_card("B A", slots={"A": "0.1.0+1", "B": "0.1.0+1"}), NEW, "neither old nor new"),
        (a_card(spare={"ORDER": "A", "TRIAL": "B"}), NEW, "spare block has a trial"),
        (a_card(order="C"), NEW, "no slot to start"),
    ],
)
def test_a_mixed_card_is_seen(
    card: dict[str, Any], target: dict[str, str] | None, why: str
) -> None:
    assert any(why in each for each in cut_judging.card_problems(card, OLD, target))


def test_a_booth_that_recovers_its_journal_is_well() -> None:
    assert cut_judging.health_problems(HEALTH) == []


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"failed": "edge-lpr-vision.service loaded failed\n"}, "failed: edge-lpr-vision"),
        ({"state": ""}, "not mounted"),
        ({"fsck": "state: UNEXPECTED INCONSISTENCY; RUN fsck"}, "check of the state"),
        ({"kernel": "EXT4-fs error (device dm-0)\n"}, "the kernel"),
        ({"outbox": "outbox.sqlite3\noutbox.sqlite3.damaged-1\n"}, "put aside"),
    ],
)
def test_an_ill_booth_is_seen(changed: dict[str, str], why: str) -> None:
    (problem,) = cut_judging.health_problems(HEALTH | changed)
    assert why in problem


def test_of_the_boot_partition_only_what_matters_is_told() -> None:
    said = (
        "fsck.fat 4.2 (2021-01-31)\n"
        "There are differences between boot sector and its backup.\n"
        "This is mostly harmless. Differences: (offset:original/backup)\n  65:01/00\n"
        "  Not automatically fixing this.\n"
        "Dirty bit is set. Fs was not properly unmounted and some data may be corrupt.\n"
        " Automatically removing dirty bit.\n"
        "Free cluster summary wrong (256204 vs. really 256206)\n  Auto-correcting.\n"
        "Leaving filesystem unchanged.\nboot.img: 10 files, 1873/258078 clusters\n"
    )
    assert cut_judging.fat_complaints(said) == []
    lost = "Orphaned long file name part\n"
    assert cut_judging.fat_complaints(said + lost) == [lost.strip()]


def some(last: int) -> list[tuple[str, int]]:
    return [("b1", number) for number in range(1, last + 1)]


PROMISED = Promises(OLD, OLD["version"], sightings=frozenset(some(2)), waiting=2, is_enrolled=True)
LINES = [b"1", b"2", b"3"]


def found(last: int = 3, **other: Any) -> Found:  # noqa: ANN401
    return replace(Found(some(last), audit=LINES, keys="1"), **other)


@pytest.mark.parametrize("here", [found(), found(2), found(audit=LINES[:2])])
def test_the_newest_may_be_lost_for_nobody_was_told(here: Found) -> None:
    assert cut_judging.state_problems(here, found(), PROMISED) == []


@pytest.mark.parametrize(
    ("here", "why"),
    [
        (found(1), "1 sightings were committed"),
        (found(1), "1 sightings are at the consumer"),
        (found(1), "2 sightings waited"),
        (found(sightings=[("b1", 1), ("b1", 3), ("b1", 2)]), "the numbers are not 1 to 3"),
        (found(sightings=[*some(3), ("b1", 3)]), "the numbers are not 1 to 4"),
        (found(audit=LINES[:1]), "the audit has lost 2"),
        (found(audit=[b"1", b"x"]), "not those that were written"),
        (found(keys=""), "has no keys"),
    ],
)
def test_what_was_committed_and_is_gone_is_seen(here: Found, why: str) -> None:
    problems = cut_judging.state_problems(here, found(), PROMISED)
    assert any(why in each for each in problems), problems


def test_cuts_are_drawn_again_alike_and_hit_what_is_short() -> None:
    entries = [
        Entry(Kind.FLUSH if number % 5 == 0 else Kind.WRITE, 0, 512, 0) for number in range(10_000)
    ]
    phases = ["notes" if 700 <= number < 704 else "slot" for number in range(10_000)]
    cuts = draw(entries, phases, 200, 7)
    assert cuts == draw(entries, phases, 200, 7)
    assert cuts != draw(entries, phases, 200, 8)
    assert [cut.place for cut in cuts] == sorted(cut.place for cut in cuts)
    assert all(phases[cut.place] == cut.phase for cut in cuts)
    # Five to two, although one is two thousand times as long as the other.
    assert 120 < sum(cut.phase == "notes" for cut in cuts) < 170
    assert {cut.phase for cut in cuts} < set(WEIGHTS)
    behind_a_write = sum(entries[cut.place - 1].is_write for cut in cuts)
    assert 160 < behind_a_write < 200


class Answering(EmulatedBooth):
    """Gives orders to this machine's shell."""

    def __init__(self) -> None:
        pass

    def run(self, command: str, patience_s: float = 10.0) -> tuple[int, str]:
        done = subprocess.run(
            ["/bin/sh", "-c", command],
            capture_output=True,
            text=True,
            check=False,
            timeout=patience_s,
        )
        return done.returncode, done.stdout


def test_answers_are_told_apart_though_a_file_ends_without_a_line() -> None:
    questions = {"image": "printf '{}'", "none": "false", "words": "echo a; echo b"}
    answers = ask(Answering(), questions, 10.0)
    assert answers == {"image": "{}\n", "none": "", "words": "a\nb\n"}


def test_the_table_counts_cuts_and_what_would_start() -> None:
    def a_cut(number: int, phase: str, seen: str, *problems: str) -> dict[str, Any]:
        return {
            "cut": number,
            "place": number * 10,
            "of": 1000,
            "phase": phase,
            "seen": seen,
            "writes": {"waiting": 5, "lost": 3, "bytes": 1_536_000},
            "notes": {"ORDER": "A"},
            "spare": {} if number == 1 else {"ORDER": "A"},
            "slots": 2,
            "sightings": 7,
            "unsent": 2,
            "audit": 3,
            "problems": problems,
        }

    runs = {"version": "0.1.0+2", "slot": "B", "trial": "yes"}
    rows = [
        a_cut(1, "notes", "on trial"),
        a_cut(2, "notes", "old", "something is wrong"),
        a_cut(3, "kept", "new"),
        {"booted": 1, "phase": "notes", "runs": runs, "seconds": 200, "problems": []},
        {"booted": 3, "phase": "kept", "seconds": 9, "problems": ["it does not come back"]},
    ]
    table = table_of(map(json.dumps, rows))
    assert "| **all** | 3 | 1 / 1 / 1 | 15 / 9 |" in table
    assert "| after the gate has kept the update | 1 | 0 / 1 / 0 | 5 / 3 |" in table
    assert "3 power cuts at 3 places of a record of 1000" in table
    assert "torn 1 times" in table
    assert "Problems: 1.\n- cut 2: something is wrong" in table
    assert "| 0.1.0+2, on trial | yes, 200 s |" in table
    assert "| nothing | it does not come back |" in table


def test_the_table_goes_between_the_marks_of_a_document(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert put_into(f"a\n{BEGIN}old\n{END}b\n", "new\n") == f"a\n{BEGIN}new\n{END}b\n"
    with pytest.raises(ValueError, match="lacks a line"):
        put_into("no marks", "new\n")
    rows, document = tmp_path / "rows", tmp_path / "page.md"
    row = {"cut": 1, "place": 1, "of": 2, "phase": "slot", "seen": "old", "problems": []}
    row |= {"writes": {"waiting": 0, "lost": 0, "bytes": 0}, "notes": {"ORDER": "A"}}
    row |= {"spare": {"ORDER": "A"}, "slots": 1, "sightings": 0, "unsent": 0, "audit": 0}
    rows.write_text(json.dumps(row) + "\n")
    document.write_text(f"{BEGIN}{END}")
    main([str(rows)])
    printed = capsys.readouterr().out
    main([str(rows), "--into", str(document)])
    assert document.read_text() == f"{BEGIN}{printed}{END}"
