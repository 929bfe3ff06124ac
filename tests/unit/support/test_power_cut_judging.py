"""What is judged after a power cut can be seen to be wrong; and the table of what was found."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.emulated import cut_judging
from tests.emulated.power_cut_table import BEGIN, END, main, put_into, table_of
from tests.emulated.random_cuts import AIMS, plan_of

OLD = {"version": "0.1.0+1", "slot": "A"}
NEW = {"version": "0.1.0+2", "slot": "B"}
KEYS = "digest  /etc/credstore.encrypted/key\n"
HEALTH = {
    "failed": "",
    "state": "/dev/mapper/state ext4 rw,nosuid,nodev,noexec,noatime\n",
    "fsck": "/dev/mapper/state: recovering journal\n/dev/mapper/state: clean, 80/65536 files\n",
    "kernel": "",
    "keys": KEYS,
    "outbox": "outbox.sqlite3\noutbox.sqlite3-wal\n",
    "attempt": "",
}


def a_card(order: str = "A", trial: str = "", **other: Any) -> dict[str, Any]:  # noqa: ANN401
    notes = {"ORDER": order, "TRIAL": trial}
    slots = {"A": OLD["version"], "B": NEW["version"]}
    return {"notes": notes, "spare": {"ORDER": order}, "slots": slots, "boot": "", **other}


def a_block(order: str = "A", trial: str = "") -> str:
    return f"# GRUB Environment Block\nORDER={order}\nTRIAL={trial}\n{'#' * 100}"


def an_identity(runs: dict[str, str], order: str = "A", words: str = "", **other: str) -> Any:  # noqa: ANN401
    return {
        "image": json.dumps({"version": runs["version"]}),
        "cmdline": f"root=x rauc.slot={runs['slot']} quiet {words}",
        "notes": a_block(order),
        **other,
    }


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


@pytest.mark.parametrize(
    ("identity", "target", "why"),
    [
        (an_identity(OLD), None, ""),
        (an_identity(NEW, "A", "edge_lpr.trial"), NEW, ""),
        (an_identity(NEW, "B A"), NEW, ""),
        (an_identity(NEW, "B A"), None, "neither"),
        (an_identity({"version": NEW["version"], "slot": "A"}), NEW, "neither"),
        (an_identity(OLD, "A", "edge_lpr.trial"), NEW, "is tried"),
        (an_identity(NEW, "A"), NEW, "the notes say"),
        (an_identity(OLD, notes=a_block("A", "B")), NEW, "a trial is left"),
    ],
)
def test_what_answers_agrees_with_the_notes(
    identity: dict[str, str], target: dict[str, str] | None, why: str
) -> None:
    memory = {"current": OLD, "target": target}
    problems = cut_judging.identity_problems(identity, memory)
    assert any(why in each for each in problems) if why else problems == []


def test_a_system_that_is_not_what_its_slot_held_is_seen() -> None:
    memory = {"current": OLD, "target": None, "card": {"slots": {"A": "0.1.0+9"}}}
    (problem,) = cut_judging.identity_problems(an_identity(OLD), memory)
    assert "held 0.1.0+9" in problem


def test_a_booth_that_recovers_its_journal_is_well() -> None:
    assert cut_judging.health_problems(HEALTH, KEYS) == []


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"failed": "edge-lpr-vision.service loaded failed\n"}, "failed: edge-lpr-vision"),
        ({"state": ""}, "not mounted"),
        ({"fsck": "state: UNEXPECTED INCONSISTENCY; RUN fsck"}, "check of the state"),
        ({"kernel": "EXT4-fs error (device dm-0)\n"}, "the kernel"),
        ({"keys": "other  /etc/credstore.encrypted/key\n"}, "/etc/credstore.encrypted/key"),
        ({"outbox": "outbox.sqlite3\noutbox.sqlite3.damaged-1\n"}, "put aside"),
    ],
)
def test_an_ill_booth_is_seen(changed: dict[str, str], why: str) -> None:
    (problem,) = cut_judging.health_problems(HEALTH | changed, KEYS)
    assert why in problem


def sightings(*numbers: int) -> list[dict[str, Any]]:
    return [{"event": "sighting", "boot": "b1", "seq": number} for number in numbers]


def test_sightings_that_are_missing_doubled_or_refused_are_seen() -> None:
    assert cut_judging.missing({"b1": 3}, sightings(1, 2, 3)) == {}
    assert cut_judging.missing({"b1": 3, "b2": 1}, sightings(1, 3)) == {"b1": 1, "b2": 1}
    assert cut_judging.consumer_facts(sightings(1, 2))["problems"] == []
    for events, why in (
        (sightings(1, 3), "missing"),
        (sightings(1, 2, 2), "twice"),
        ([{"event": "gap"}], "1 gap"),
        ([{"event": "refusal"}], "1 refusal"),
    ):
        (problem,) = cut_judging.consumer_facts(events)["problems"]
        assert why in problem


def test_plans_are_drawn_again_alike_and_cover_everything() -> None:
    plans = [plan_of(7, number) for number in range(1, 301)]
    assert plans == [plan_of(7, number) for number in range(1, 301)]
    assert {plan.phase for plan in plans} == {"running", "updating"}
    assert {plan.aim for plan in plans} == {None, *AIMS}
    assert all(plan.aim is None for plan in plans if plan.phase == "running")
    assert all(0 <= plan.share < 1 for plan in plans)


def test_the_table_counts_cuts_and_what_came_after_them() -> None:
    def a_cut(number: int, phase: str, stage: str, problem: str = "") -> dict[str, Any]:
        return {
            "cut": number,
            "phase": phase,
            "stage": stage,
            "unsent": 2,
            "writes": {"waiting": 5, "lost": 3, "bytes": 1536},
            "card": a_card(),
            "problems": [problem] if problem else [],
        }

    def a_start(covers: list[int], version: str, *, is_trial: bool = False) -> dict[str, Any]:
        seen = {"sightings": 9, "boots": 4, "gap": 0, "refusal": 0}
        common = {"version": version, "trial": is_trial, "consumer": seen, "problems": []}
        return {"found": max(covers, default=0) + 1, "covers": covers, **common}

    rows = [
        a_start([], "0.1.0+1"),
        a_cut(1, "running", "at work"),
        a_cut(2, "running", "starting"),
        a_start([1, 2], "0.1.0+1"),
        a_cut(3, "updating", "installed"),
        a_start([3], "0.1.0+2", is_trial=True),
        a_cut(4, "updating", "judged", "something is wrong"),
        a_start([4], "0.1.0+1"),
        a_cut(5, "updating", "kept"),
        a_start([5], "0.1.0+2"),
    ]
    table = table_of(map(json.dumps, rows))
    assert "| **all** | 5 | 3 / 1 / 1 | 25 / 15 |" in table
    assert "| at work | 1 | 1 / 0 / 0 | 5 / 3 |" in table
    assert "| right after it was kept | 1 | 0 / 1 / 0 | 5 / 3 |" in table
    assert "10 lay unsent" in table
    assert "5 of the cuts were verified by 5 whole starts" in table
    assert "Problems: 1.\n- something is wrong" in table


def test_the_table_goes_between_the_marks_of_a_document(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert put_into(f"a\n{BEGIN}old\n{END}b\n", "new\n") == f"a\n{BEGIN}new\n{END}b\n"
    with pytest.raises(ValueError, match="lacks a line"):
        put_into("no marks", "new\n")
    rows, document = tmp_path / "rows", tmp_path / "page.md"
    rows.write_text("")
    document.write_text(f"{BEGIN}{END}")
    main([str(rows)])
    printed = capsys.readouterr().out
    main([str(rows), "--into", str(document)])
    assert document.read_text() == f"{BEGIN}{printed}{END}"
