"""What the bench prints."""

import json

import pytest

from edge_lpr.bench.figures import Figure, Goal
from edge_lpr.bench.report import Machine, as_json, as_table

MACHINE: Machine = {"processor": "Abacus", "cores": 2}
MET = Figure("empty", "empty lane", 4.0, "%", Goal(5, "at_most"), "ten seconds")
MISSED = Figure("booth", "start", 12.25, "s", Goal(3, "at_most"))
UNKNOWN = Figure("booth", "memory", None, "MB", Goal(350, "at_most"), "not measured")


def test_table_says_of_each_goal_whether_it_is_met() -> None:
    lines = as_table(MACHINE, [MET, MISSED, UNKNOWN]).splitlines()
    rows = {words[0]: words for words in (line.split("  ") for line in lines) if words[0]}
    assert "met" in rows["empty lane"]
    assert "MISSED" in rows["start"]
    assert not {"met", "MISSED"} & set(rows["memory"])


def test_table_names_the_machine() -> None:
    assert "Abacus" in as_table(MACHINE, [])


def test_json_holds_what_the_table_holds() -> None:
    report = json.loads(as_json(MACHINE, [MET, UNKNOWN]))
    assert report["machine"] == MACHINE
    assert report["figures"] == [
        {
            "row": "empty",
            "name": "empty lane",
            "value": 4.0,
            "unit": "%",
            "goal": {"at_most": 5},
            "is_met": True,
            "remark": "ten seconds",
        },
        {
            "row": "booth",
            "name": "memory",
            "value": None,
            "unit": "MB",
            "goal": {"at_most": 350},
            "is_met": None,
            "remark": "not measured",
        },
    ]


def test_a_figure_that_is_no_number_is_no_json() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        as_json(MACHINE, [Figure("speed", "broken", float("nan"), "1/s")])
