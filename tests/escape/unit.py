"""Runs the hostile program in vision's place: in its unit, or without any walls."""

import json
import os
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.escape import outside
from tests.escape.attempt import ATTEMPTS, SINK_PORT, SUITE_FOLDER
from tests.escape.helper import Helper

VISION: Final = "edge-lpr-vision.service"
_TOKENISER: Final = "edge-lpr-tokeniser.service"
_DROP_IN: Final = Path(f"/run/systemd/system/{VISION}.d/90-edge-lpr-escape.conf")
_PYTHON: Final = "/opt/edge-lpr/bin/python"
_PATIENCE_S: Final = 300
_MANY_FILES: Final = 6


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one attempt."""

    succeeded: bool
    """Whether it reached something by its own word, or its picture was found outside."""
    seen: str
    """What the program was told, or where the picture was found."""
    absent: bool = False
    """Whether there was nothing to try it on."""


def suite_file() -> Path:
    """Return the file that this program is."""
    return Path(sys.argv[0]).resolve()


def run_in_unit(helper: Helper, more: str = "", only: tuple[str, ...] = ()) -> dict[str, Outcome]:
    """Run the attempts in vision's unit.

    Args:
        helper: Listens outside.
        more: Further lines of ``[Service]``, for experiments; none is the unit as it is.
        only: Names of attempts; all if empty.
    """
    _call("systemctl", "stop", VISION)
    _DROP_IN.parent.mkdir(parents=True, exist_ok=True)
    command = " ".join((_PYTHON, str(suite_file()), "hostile", *only))
    _DROP_IN.write_text(f"[Service]\nExecStart=\nExecStart={command}\n{more}")
    _call("systemctl", "daemon-reload")
    _call("systemctl", "reset-failed", VISION)
    outside.clean()
    helper.arrived()
    cursor = outside.journal_cursor()
    before = outside.open_files_of(_TOKENISER)
    _call("systemctl", "start", "--no-block", VISION)
    try:
        said = _wait_for_end(cursor)
        living = _look_at_the_living(before)
    finally:
        _call("systemctl", "stop", VISION)
        _DROP_IN.unlink()
        _call("systemctl", "daemon-reload")
    return _judge(helper, said, living, cursor)


def run_without_walls(helper: Helper) -> dict[str, Outcome]:
    """Run the attempts as root, with nothing around them: so that each is seen to be possible."""
    outside.clean()
    helper.arrived()
    cursor = outside.journal_cursor()
    environment = dict(os.environ) | {"EDGE_LPR_ESCAPE_READINGS": str(helper.readings_socket)}
    environment.pop("NOTIFY_SOCKET", None)
    log = SUITE_FOLDER / "control.log"
    to_helper = ("127.0.0.1", SINK_PORT)
    with log.open("w") as lines, socket.create_connection(to_helper) as inherited:
        control = subprocess.Popen(
            [_PYTHON, str(suite_file()), "hostile"],
            env=environment,
            stderr=lines,
            pass_fds=[inherited.fileno()],
            start_new_session=True,
        )
        try:
            said = _wait_for_lines(log)
            living = outside.pictures_of_the_living()
        finally:
            control.kill()
            control.wait()
    return _judge(helper, said, living, cursor)


def _look_at_the_living(open_files_before: int) -> set[str]:
    """Look for what is there only while the program runs."""
    living = outside.pictures_of_the_living() - {"child_that_stays"}
    if outside.stored_files(VISION) > 0:
        living.add("file_store")
    if outside.open_files_of(_TOKENISER) - open_files_before > _MANY_FILES:
        living.add("file_beside_reading")
    return living


def _judge(
    helper: Helper, said: dict[str, dict[str, str]], living: set[str], cursor: str
) -> dict[str, Outcome]:
    """Put together what the program said and what was found outside."""
    arrived = living | helper.arrived() | outside.pictures_in_journal(cursor)
    arrived |= outside.children_that_stayed() | outside.pictures_in_files()
    outcomes: dict[str, Outcome] = {}
    for name, claim in said.items():
        succeeded = name in arrived or claim["outcome"] == "reached"
        seen = claim["seen"]
        if claim["outcome"] == "done":
            seen = "found outside" if succeeded else "found nowhere outside"
        outcomes[name] = Outcome(succeeded, seen, absent=claim["outcome"] == "absent")
    return outcomes


def _wait_for_end(cursor: str) -> dict[str, dict[str, str]]:
    """Wait for the program's last line in the journal, and return its lines by attempt."""
    deadline = time.monotonic() + _PATIENCE_S
    command = ("journalctl", "--no-pager", "--output=cat", f"--unit={VISION}")
    while time.monotonic() < deadline:
        time.sleep(1)
        found = _lines(_call(*command, f"--after-cursor={cursor}"))
        if "end" in found:
            del found["end"]
            return found
    raise TimeoutError(f"{VISION} did not come to an end: see journalctl --unit={VISION}")


def _wait_for_lines(log: Path) -> dict[str, dict[str, str]]:
    """The same for the control, whose lines go to a file."""
    deadline = time.monotonic() + _PATIENCE_S
    while time.monotonic() < deadline:
        time.sleep(0.5)
        found = _lines(log.read_text())
        if "end" in found:
            del found["end"]
            return found
    raise TimeoutError(f"the control did not come to an end: see {log}")


def _lines(text: str) -> dict[str, dict[str, str]]:
    """Take the program's lines out of a log."""
    found: dict[str, dict[str, str]] = {}
    for line in text.splitlines():
        if line.startswith('[{"attempt"'):
            for said in json.loads(line):
                if said["attempt"] == "end" or said["attempt"] in ATTEMPTS:
                    found[said["attempt"]] = said
    return found


def _call(*command: str) -> str:
    """Run a program of the system and return what it says."""
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout
