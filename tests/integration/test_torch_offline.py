"""The stock libraries reach for no network, install nothing and leave the user's home alone."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.torch

PATIENCE_S = 300
"""Twenty seconds on two slow cores: torch and its libraries are large."""

WITHOUT_NETWORK = ("unshare", "--net", "--map-root-user")


def watched(home: Path, *words: str) -> dict[str, list[str]]:
    """Run the watch without a network and with a home of its own."""
    if subprocess.run([*WITHOUT_NETWORK, "true"], check=False, capture_output=True).returncode:
        pytest.skip("this system lets nobody make a network namespace (unshare --net)")
    command = (*WITHOUT_NETWORK, sys.executable, "-m", "tests.support.network_watch", *words)
    # Not the name of a test run in its environment: ultralytics reports nothing from one.
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("PYTEST", "YOLO"))}
    done = subprocess.run(
        command,
        check=False,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        cwd=Path(__file__).parents[2],
        env={**environment, "HOME": str(home), "XDG_CONFIG_HOME": str(home / "config")},
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    report: dict[str, list[str]] = json.loads(done.stdout)
    return report


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def report(home: Path) -> dict[str, list[str]]:
    return watched(home)


def test_an_attempt_to_reach_out_would_be_seen(tmp_path: Path) -> None:
    (attempt,) = watched(tmp_path, "--reach-out")["reached"]
    assert "getaddrinfo" in attempt or "example.org" in attempt


def test_nothing_tries_to_reach_a_network(report: dict[str, Any]) -> None:
    assert report["reached"] == []


def test_nothing_is_installed(report: dict[str, Any]) -> None:
    assert [each for each in report["started"] if "pip" in each or "uv" in each] == []


def test_no_file_of_the_users_is_written(report: dict[str, Any], home: Path) -> None:
    assert list(home.rglob("*")) == []
    # What is written is laid out in folders of our own, which are gone by now.
    laid_out = [Path(name) for name in report["written"] if "/edge-lpr-" in name]
    assert laid_out
    assert [file for file in laid_out if file.parent.exists()] == []
