import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]


def test_tests_are_found_where_the_laboratory_is_not_installed() -> None:
    """The readme's second command installs no torch; one import would end it before it begins."""
    plugin = ("-p", "tests.support.without_laboratory", "-p", "no:cacheprovider")
    marks = ("-m", "not torch and not hardware")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "--collect-only", "-q", *plugin, *marks],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout[-2000:]
