"""Whom a report asks: nobody who is down; a question at systemd's socket would start him."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from edge_lpr.core.check_words import PROCESSES, ProcessName
from edge_lpr.core.log import Log
from edge_lpr.handoff.diagnosis_desk import Answerer, open_desk
from edge_lpr.handoff.diagnosis_message import Question, pack_checks
from edge_lpr.report import gathering

STATES = """#!/bin/sh
for unit; do case "$unit" in
*-vision.service) state=inactive;;
*-tokeniser.service) state=failed;;
*.service) state=active;;
*) continue;;
esac
printf 'Id=%s\\nActiveState=%s\\nResult=success\\nNRestarts=0\\n\\n' "$unit" "$state"
done
"""


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Stand three desks in for systemd's sockets, which take any question at any time."""
    said: list[str] = []

    def answerer(process: ProcessName) -> Answerer:
        def answer(_: Question) -> bytes:
            said.append(process)
            return pack_checks(process, [])

        return answer

    desks = [
        open_desk(tmp_path / f"{process}.sock", answerer(process), Log(process))
        for process in PROCESSES
    ]
    systemctl = tmp_path / "systemctl"
    systemctl.write_text(STATES)
    systemctl.chmod(0o700)
    monkeypatch.setattr(gathering, "_SYSTEMCTL", str(systemctl))
    yield said
    for desk in desks:
        assert desk is not None
        desk.close()


def test_process_that_is_down_is_not_started_by_a_question(
    asked: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gathering, "SOCKET_FOLDER", tmp_path)
    answered = {name: said.answered for name, said in gathering.processes(tmp_path).items()}
    assert answered == {"vision": False, "tokeniser": False, "publisher": True}
    assert asked == ["publisher"]


def test_trial_asks_all_whatever_the_service_manager_says(asked: list[str], tmp_path: Path) -> None:
    assert all(said.answered for said in gathering.processes(tmp_path).values())
    assert asked == list(PROCESSES)
