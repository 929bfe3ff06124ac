"""A demo's child processes: their ends, their sentences and their numbers."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from edge_lpr.demo.children import Child, ProcessStoppedError
from tests.support.waiting import wait_until


def python(program: str, log_file: Path) -> Child:
    return Child("worker", (sys.executable, "-c", program), log_file)


def logged(**line: object) -> str:
    return f"import sys; sys.stderr.write({json.dumps(line)!r} + chr(10))\n"


def ended(child: Child) -> Child:
    wait_until(lambda: child.exit_status() is not None)
    return child


def test_failed_process_is_reported_in_its_own_words(tmp_path: Path) -> None:
    program = logged(event="failure", detail="there is no camera") + "sys.exit(2)"
    child = ended(python(program, tmp_path / "log"))
    with pytest.raises(ProcessStoppedError, match="worker process stopped: there is no camera"):
        child.check()


def test_process_that_fails_without_a_word_points_to_its_log(tmp_path: Path) -> None:
    child = ended(python("raise SystemExit(3)", tmp_path / "worker.log"))
    with pytest.raises(ProcessStoppedError, match=r"exit status 3\).*DIR/logs/worker.log"):
        child.check()


def test_process_that_has_done_its_work_is_no_failure(tmp_path: Path) -> None:
    child = ended(python("pass", tmp_path / "log"))
    child.check()
    assert child.stop(1)


def test_process_that_does_not_stop_is_ended(tmp_path: Path) -> None:
    program = (
        "import signal, sys\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        + logged(event="started")
        + "signal.pause()"
    )
    log_file = tmp_path / "log"
    child = python(program, log_file)
    wait_until(lambda: log_file.read_bytes() != b"")
    assert not child.stop(0.1)
    assert child.exit_status() == -signal.SIGKILL


def test_process_is_asked_to_stop_when_the_demo_is_killed(tmp_path: Path) -> None:
    log_file = tmp_path / "log"
    child = (
        "import os, signal, sys\n"
        "def leave(*_):\n"
        "    os.write(1, b'asked')\n"
        "    sys.exit()\n"
        "signal.signal(signal.SIGTERM, leave)\n"
        "os.write(1, b'started ')\n"
        "signal.pause()\n"
    )
    demo = (
        "import pathlib, signal, sys\n"
        "from edge_lpr.demo.children import Child\n"
        f"Child('worker', (sys.executable, '-c', {child!r}), pathlib.Path({str(log_file)!r}))\n"
        "signal.pause()\n"
    )
    with subprocess.Popen((sys.executable, "-c", demo)) as process:
        wait_until(lambda: log_file.exists() and log_file.read_bytes() == b"started ")
        process.kill()
    wait_until(lambda: log_file.read_bytes() == b"started asked")


def test_counters_are_the_last_funnel_of_this_run(tmp_path: Path) -> None:
    log_file = tmp_path / "log"
    log_file.write_text(json.dumps({"event": "funnel", "counters": {"published": 99}}) + "\n")
    program = (
        logged(event="funnel", counters={"published": 1})
        + logged(event="funnel", counters={"published": 2})
        + "sys.stderr.write('no JSON\\n[]\\n')"
    )
    assert ended(python(program, log_file)).counters() == {"published": 2}


def test_earlier_runs_numbers_do_not_count(tmp_path: Path) -> None:
    log_file = tmp_path / "log"
    log_file.write_text(json.dumps({"event": "funnel", "counters": {"published": 99}}) + "\n")
    assert ended(python("pass", log_file)).counters() == {}
