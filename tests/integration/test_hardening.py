"""Nobody but root looks into a process of the booth, and its memory stays out of swap files."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.booth import Booth, lay_out_booth
from tests.support.readings import reading_of
from tests.support.scripted_publisher import accepted, listening
from tests.support.tokeniser_process import hand_over, running_tokeniser, vision_of

UNPRIVILEGED = () if os.geteuid() else ("setpriv", "--bounding-set=-all", "--inh-caps=-all")
"""Root may look into everything; what is left of root without that is a user like the others."""

NEIGHBOUR = """
import subprocess
import sys
from pathlib import Path

target = subprocess.Popen(
    [sys.executable, "-c", sys.argv[1]], stdin=subprocess.PIPE, stdout=subprocess.PIPE
)
target.stdout.readline()
for name in ("mem", "environ", "maps"):
    try:
        with Path(f"/proc/{target.pid}/{name}").open("rb") as file:
            if name != "mem":
                file.read()
        print(name, "open")
    except PermissionError:
        print(name, "closed")
target.communicate()
"""
"""Starts a process and tries to read it, as another process of the same user."""

WAIT = "\nprint(flush=True)\nimport sys; sys.stdin.read()"
HARDENED = "from edge_lpr.core.hardening import forbid_inspection; forbid_inspection()" + WAIT

UNLIMITED = """
import edge_lpr.core.hardening
edge_lpr.core.hardening._may_lock_without_limit = lambda: True
"""
LIMITED = UNLIMITED.replace("True", "False")

NEVER_EXECUTABLE = """
import ctypes, os, sys
PR_SET_MDWE = 65
if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_MDWE, 1, 0, 0, 0) != 0:
    sys.exit(77)
os.execv(sys.executable, [sys.executable, "-c", sys.argv[1]])
"""
"""Does to the program what ``MemoryDenyWriteExecute`` does, on kernels from 6.3 on."""


def _run(*program: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*UNPRIVILEGED, sys.executable, "-c", *program],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.fixture
def booth(tmp_path: Path) -> Booth:
    return lay_out_booth(tmp_path)


def test_no_process_of_the_same_user_reads_its_memory() -> None:
    done = _run(NEIGHBOUR, HARDENED)
    assert done.stdout.split() == ["mem", "closed", "environ", "closed", "maps", "closed"]


def test_same_neighbour_reads_a_process_that_is_left_as_it_is() -> None:
    done = _run(NEIGHBOUR, WAIT)
    assert done.stdout.split() == ["mem", "open", "environ", "open", "maps", "open"]


def test_hardened_process_still_opens_its_own_files_by_descriptor() -> None:
    # The publisher reads its TLS key so (publisher/tls_identity.py).
    program = (
        "import os; from edge_lpr.core.hardening import forbid_inspection; forbid_inspection()\n"
        "handle = os.memfd_create('key'); os.write(handle, b'content')\n"
        "print(open(f'/proc/self/fd/{handle}').read())"
    )
    assert _run(program).stdout == "content\n"


@pytest.mark.parametrize("process", ["vision", "tokeniser", "publisher"])
def test_every_process_of_the_booth_closes_itself_before_it_reads_a_setting(
    process: str,
) -> None:
    program = (
        "import ctypes, sys; sys.argv = ['', '--settings', '/none']\n"
        f"from edge_lpr.{process}.__main__ import main; main()\n"
        "PR_GET_DUMPABLE = 3\n"
        "print(ctypes.CDLL(None).prctl(PR_GET_DUMPABLE, 0, 0, 0, 0))"
    )
    assert _run(program).stdout == "0\n"


def _locked_kb(process_id: int) -> int:
    status = Path(f"/proc/{process_id}/status").read_text()
    (line,) = [line for line in status.splitlines() if line.startswith("VmLck:")]
    return int(line.split()[1])


def _make_a_token(booth: Booth, process_id: int) -> int:
    """Let a tokeniser make a token; return how much of its memory is locked afterwards."""
    with (
        listening(booth.sightings_socket) as listener,
        accepted(listener) as publisher,
        vision_of(booth) as vision,
    ):
        publisher.say_hello()
        publisher.take_birth()
        assert hand_over(vision, reading_of()) == b"A"
        publisher.commit_sighting()
        return _locked_kb(process_id)


def test_tokens_are_made_in_locked_memory(booth: Booth) -> None:
    with running_tokeniser(booth) as tokeniser:
        locked_kb = _make_a_token(booth, tokeniser.process.pid)
        if tokeniser.has_said("memory_not_locked"):
            pytest.skip("this user may not lock as much memory as it wants")
    assert tokeniser.has_said("memory_locked")
    assert locked_kb > 65_536


def test_tokeniser_that_may_not_lock_says_so_once_and_goes_on(booth: Booth) -> None:
    with running_tokeniser(booth, sabotage=LIMITED) as tokeniser:
        assert _make_a_token(booth, tokeniser.process.pid) == 0
        said = [entry for entry in tokeniser.events() if entry["event"] == "memory_not_locked"]
    assert len(said) == 1
    assert "LimitMEMLOCK=infinity" in said[0]["detail"]


def test_process_that_the_kernel_denies_it_says_why(booth: Booth) -> None:
    denied = UNLIMITED + (
        "import edge_lpr.core.hardening as hardening\nhardening._MCL_ONFAULT = 1 << 20\n"
    )
    with running_tokeniser(booth, sabotage=denied) as tokeniser:
        _make_a_token(booth, tokeniser.process.pid)
        (said,) = [entry for entry in tokeniser.events() if entry["event"] == "memory_not_locked"]
    assert "Invalid argument" in said["detail"]


def test_hardening_works_where_written_memory_can_never_be_executed() -> None:
    program = (
        "from edge_lpr.core.hardening import forbid_inspection, lock_memory\n"
        "from edge_lpr.core.log import Log\n"
        "forbid_inspection(); lock_memory(Log('tokeniser')); print('hardened')"
    )
    done = _run(NEVER_EXECUTABLE, program)
    if done.returncode == 77:
        pytest.skip("this kernel is older than 6.3")
    assert done.stdout == "hardened\n"


def test_memory_of_a_hardened_process_is_still_measured() -> None:
    program = (
        "import subprocess, sys\n"
        "from edge_lpr.bench.process_memory import memory_of\n"
        "target = subprocess.Popen([sys.executable, '-c', sys.argv[1]],\n"
        "    stdin=subprocess.PIPE, stdout=subprocess.PIPE)\n"
        "target.stdout.readline()\n"
        "memory = memory_of(target.pid)\n"
        "print(memory.resident_mb > 1, memory.proportional_mb == memory.resident_mb)\n"
        "target.communicate()"
    )
    assert _run(program, HARDENED).stdout == "True True\n"
