"""What eight passages leave behind, given to forensics; long runs by ``scripts/forensics``."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.forensics.carvers import missing
from tests.forensics.leaks import LEAKS
from tests.forensics.searching import Plates, search
from tests.support.disks import without_disks

pytestmark = pytest.mark.broker

PASSAGES = 8
LIMIT_S = 1800.0
"""On a machine that is busy with other things; an idle one needs a twentieth."""

_IN_A_NAMESPACE = ("unshare", "--mount", "--propagation", "private")


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """Live through both days side by side: each searches for long."""
    _require_everything()
    started = {
        name: _start(tmp_path_factory.mktemp(name), options)
        for name, options in (("honest", ()), ("leaking", ("--leaking",)))
    }
    results = {}
    for name, process in started.items():
        out, _ = process.communicate(timeout=LIMIT_S)
        assert out, f"the {name} run broke off"
        results[name] = json.loads(out)
    return results


def _start(scratch: Path, options: Sequence[str]) -> "subprocess.Popen[bytes]":
    # What measures coverage writes files, which nobody may there.
    environment = {name: value for name, value in os.environ.items() if "COVERAGE" not in name}
    command = (sys.executable, "-m", "tests.forensics", "--scratch", str(scratch))
    return subprocess.Popen(
        [*_IN_A_NAMESPACE, *command, "--passages", str(PASSAGES), *options],
        stdout=subprocess.PIPE,
        env=environment,
        cwd=Path(__file__).parents[2],
    )


def _require_everything() -> None:
    programs = [*missing(), *(p for p in ("tcpdump", "mkfs.ext4") if shutil.which(p) is None)]
    if programs:
        without_disks(f"apt-get install {' '.join(programs)}")
    allowed = (
        os.geteuid() == 0
        and not subprocess.run(
            [*_IN_A_NAMESPACE, "mount", "-t", "tmpfs", "trial", "/mnt"],
            check=False,
            capture_output=True,
        ).returncode
    )
    if not allowed or not Path("/dev/loop-control").exists():
        without_disks("needs root that may mount a disk of its own")


def test_real_processes_leave_no_plate_and_no_picture(runs: dict[str, dict[str, Any]]) -> None:
    run = runs["honest"]
    assert run["findings"] == []
    assert run["passages"] == run["different_plates"] == PASSAGES
    assert run["counters"]["published"] == run["counters"]["received"] >= PASSAGES - 1
    assert run["counters"]["refused"] == 0


def test_all_that_is_left_was_searched(runs: dict[str, dict[str, Any]]) -> None:
    evidence = {each["where"]: each["bytes"] for each in runs["honest"]["evidence"]}
    assert set(evidence) == {leak.where for leak in LEAKS}
    assert all(evidence.values())
    assert evidence["disk"] == 96 << 20
    assert min(evidence[f"memory of the {name}"] for name in ("tokeniser", "publisher")) > 8 << 20


def test_processes_could_write_nowhere_else(runs: dict[str, dict[str, Any]]) -> None:
    assert runs["honest"]["writable_besides_the_disk"] == []


def test_same_search_finds_every_leak_of_processes_that_leak(
    runs: dict[str, dict[str, Any]],
) -> None:
    run = runs["leaking"]
    assert run["leaks"] == len(LEAKS)
    assert run["leaks_not_found"] == []


def test_plate_from_before_the_first_passage_is_no_finding_and_another_one_is(
    tmp_path: Path,
) -> None:
    _require_everything()
    before, after = tmp_path / "before", tmp_path / "after"
    before.write_bytes(b"x25519.X25519PrivateKey")
    plates = Plates(["19X255", "AB123CD"], decoys=["ZZ987YY"])
    after.write_bytes(before.read_bytes())
    searched = search("memory", after, plates, tmp_path / "carved-1", before=before)
    assert (searched.findings, searched.there_before, searched.decoys) == (set(), 1, 0)
    assert search("memory", after, plates, tmp_path / "carved-2").findings
    after.write_bytes(before.read_bytes() + b" AB123CD ZZ987YY")
    searched = search("memory", after, plates, tmp_path / "carved-3", before=before)
    assert {each.form for each in searched.findings} == {
        "plate: text",
        "plate: text, whatever stands between",
    }
    assert searched.decoys == 1
