"""What is shown is all that is written."""

import json
import re

import pytest

from edge_lpr.report.content import Report
from edge_lpr.report.screen import shown
from tests.support.reports import largest_report, report_of


@pytest.mark.parametrize("report", [report_of(), largest_report()], ids=["ordinary", "largest"])
def test_every_number_and_every_word_of_a_report_is_shown(report: Report) -> None:
    said = json.loads(report.text())
    del said["made_at"]
    text = shown(report)
    for digest in re.findall(r'"[0-9a-f]{64}"', report.text().decode()):
        text = text.replace(digest[1:17], digest.strip('"'))
    # Names of fields that hold others are headings in other words, and `v` is the form itself.
    for value in _values({name: value for name, value in said.items() if name != "v"}):
        assert str(value) in text, value


def _values(said: object) -> list[object]:
    """Return all numbers and words, and the names of checks and their numbers."""
    if isinstance(said, list):
        return [value for each in said for value in _values(each)]
    if not isinstance(said, dict):
        return [] if said is None or isinstance(said, bool) else [said]
    named = said.get("checks", {}) | said.get("machine", {}) | said.get("numbers", {})
    return [*named, *(value for each in said.values() for value in _values(each))]


def test_ordinary_report_fits_a_terminal_of_100_columns() -> None:
    assert all(len(line) <= 100 for line in shown(report_of()).splitlines())


def test_process_that_does_not_answer_is_said_to() -> None:
    assert "publisher: does not answer" in shown(report_of())
