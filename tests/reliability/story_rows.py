"""Rows whose trials are tests already: they run those tests, again and again.

Not every fault gets worse with its number. What a full disk or a revoked certificate does is told
by one test each, and the row says how many of them held.
"""

import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any, Final

from tests.reliability.row import Row, counted

_PROJECT: Final = Path(__file__).parents[2]


def run_stories(*selection: str, times: int) -> dict[str, Any]:
    """Run tests.

    Args:
        selection: What pytest is given: files, names, options.
        times: How often.

    Returns:
        ``passed``, ``failed`` (with their names), ``skipped`` (with their reasons).
    """
    passed = 0
    failed: list[str] = []
    skipped: list[str] = []
    for _ in range(times):
        with tempfile.TemporaryDirectory() as folder:
            report = Path(folder) / "report.xml"
            command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
            subprocess.run(
                [*command, f"--junit-xml={report}", *selection],
                cwd=_PROJECT,
                check=False,
                stdout=sys.stderr,
            )
            # Written by the process that has just ended, in a folder of ours.
            cases = ET.parse(report).getroot().iter("testcase")  # noqa: S314
            for case in cases:
                name = case.get("name", "")
                skip = case.find("skipped")
                if skip is not None:
                    skipped.append(f"{name}: {skip.get('message')}")
                elif case.find("failure") is not None or case.find("error") is not None:
                    failed.append(name)
                else:
                    passed += 1
    return {"passed": passed, "failed": failed, "skipped": skipped}


def story_row(name: str, tried: str, goal: str, *selection: str, times: int) -> Row:
    """Return a row about tests.

    Args:
        name: Of the row.
        tried: What the tests do.
        goal: What they demand.
        selection: What pytest is given.
        times: How often they are run.
    """
    found = run_stories(*selection, times=times)
    said = f"{counted(found['passed'], 'trials')} held, {len(found['failed'])} did not"
    if found["skipped"]:
        said += f", {len(found['skipped'])} could not be made here"
    return Row(
        name=name,
        tried=tried,
        goal=goal,
        found=said,
        is_reached=bool(found["passed"]) and not found["failed"] and not found["skipped"],
        figures=found,
    )


def disk(scale: float) -> Row:
    """Return the row about disks that fail."""
    return story_row(
        "disk",
        "the outbox's disk full, read-only, failing to write, sync or read, and its file damaged, "
        "while the publisher runs and at its start",
        "service up, said within 60 s, 0 acknowledged and not kept",
        "tests/fault/test_disk_faults.py",
        "tests/fault/test_outbox_disk.py",
        "tests/fault/test_outbox_damage.py",
        times=max(1, round(5 * scale)),
    )


def certificates(scale: float) -> Row:
    """Return the row about the publisher's and the broker's certificates."""
    return story_row(
        "certificates",
        "certificates expired, revoked, of another authority, for another host, renewed while "
        "running, and renewed with a broken pair",
        "each told apart and said what to do; a good renewal needs no restart",
        "tests/integration/test_publisher_tls.py",
        "tests/integration/test_tls_identity.py",
        times=max(1, round(3 * scale)),
    )


def broker_words(scale: float) -> Row:
    """Return the row about a broker that answers, but not as it should."""
    return story_row(
        "broker-words",
        "a broker that says no, dies before the PUBACK, answers it with an error, says nothing, "
        "stands still, or is started again; a second publisher beside the first",
        "0 lost, 0 doubled, in order",
        "tests/fault/test_broker_acknowledgement.py",
        "tests/fault/test_broker_connection.py",
        "tests/fault/test_broker_faults.py",
        "tests/integration/test_outbox.py::test_second_publisher_is_kept_out",
        times=max(1, round(3 * scale)),
    )


def hang(scale: float) -> Row:
    """Return the row about threads that hang."""
    return story_row(
        "hang",
        "a thread of a running process hangs, with and without the interpreter's lock",
        "ended within 15 s, to be started again",
        "tests/fault/test_hanging_thread.py",
        times=max(1, round(3 * scale)),
    )
