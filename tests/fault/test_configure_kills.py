"""``edge-lpr configure`` that loses its power anywhere is completed by the next start."""

import subprocess
import sys
import tempfile
from pathlib import Path


def test_booth_killed_before_any_change_of_a_file_goes_on_at_the_next_start(tmp_path: Path) -> None:
    # In memory where there is some: a disk would take its time for thousands of waits.
    memory = Path("/dev/shm")  # noqa: S108 - a folder of our own there
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else tmp_path) as folder:
        killing = subprocess.run(
            [sys.executable, "-m", "tests.support.configure_kills", folder],
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
    assert killing.returncode == 0, killing.stderr
    # Too few kills would mean that the changes are no longer seen.
    assert int(killing.stdout) >= 40
