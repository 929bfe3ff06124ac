"""A first boot without power, anywhere, comes to its end at the next start, by itself."""

import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.parametrize(("way", "stride", "least"), [("service", 3, 25), ("files", 7, 12)])
def test_booth_that_lost_its_power_before_any_change_of_a_file_is_enrolled_at_its_next_start(
    tmp_path: Path, way: str, stride: int, least: int
) -> None:
    cutting = subprocess.run(
        [sys.executable, "-m", "tests.support.first_boot_kills", str(tmp_path), way, str(stride)],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert cutting.returncode == 0, cutting.stderr
    # Too few would mean that the changes are no longer seen.
    assert int(cutting.stdout) >= least
