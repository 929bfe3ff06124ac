"""What a line of the audit may say to an auditor's terminal: printable words, and nothing else."""

import json

import pytest

from edge_lpr.audit.entry import parse_entry

GOOD = {"number": 1, "at": "2026-01-01T12:00:00Z", "event": "asked", "person": "anna ~ (1)"}


def line(**changes: object) -> bytes:
    return json.dumps({**GOOD, **changes}).encode("ascii")


def test_line_is_read() -> None:
    entry = parse_entry(line())
    assert entry is not None
    assert entry.details == {"person": "anna ~ (1)"}


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"person": "\x1b[2J\x1b[1;1Hholds"}, id="escape sequence"),
        pytest.param({"person": "a\nholds   all"}, id="another line"),
        pytest.param({"person": "\ud800"}, id="half a character"),
        pytest.param({"person": "\x9b31m"}, id="escape of eight bits"),
        pytest.param({"\x1b[2J": "anna"}, id="in a name"),
        pytest.param({"at": "\x1b[2J"}, id="in the time"),
        pytest.param({"at": "yesterday"}, id="no time"),
        pytest.param({"at": "2026-01-01T12:00:00Z\n"}, id="time and another line"),
        pytest.param({"person": True}, id="neither text nor number"),
    ],
)
def test_anything_else_is_no_entry(changes: dict[str, object]) -> None:
    assert parse_entry(line(**changes)) is None
