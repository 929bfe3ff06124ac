"""An enrolment that is killed, anywhere, leaves the old identity or goes on to the new one."""

import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.parametrize(
    ("way", "stride", "least"), [("first", 1, 50), ("again", 3, 17), ("renew", 2, 12)]
)
def test_booth_killed_before_any_change_of_a_file_has_never_half_an_identity(
    tmp_path: Path, way: str, stride: int, least: int
) -> None:
    killing = subprocess.run(
        [sys.executable, "-m", "tests.support.enrolment_kills", str(tmp_path), way, str(stride)],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert killing.returncode == 0, killing.stderr
    # Too few kills would mean that the changes are no longer seen.
    assert int(killing.stdout) >= least
