"""The page for people is made from the contract, and says so when it is not."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.contract_schemas import CONTRACT, SCHEMAS, schema

SCRIPT = Path("scripts") / "contract_page"
ROOT = CONTRACT.parents[1]


def check(root: Path) -> subprocess.CompletedProcess[str]:
    """Ask the script whether the page below a root is up to date."""
    return subprocess.run(
        [sys.executable, str(root / SCRIPT), "--check"], check=False, capture_output=True, text=True
    )


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """Give a copy of contract and script that a test may change."""
    shutil.copytree(
        CONTRACT, tmp_path / "docs" / "contract", ignore=shutil.ignore_patterns("node_modules")
    )
    (tmp_path / "scripts").mkdir()
    shutil.copy(ROOT / SCRIPT, tmp_path / "scripts")
    return tmp_path


def test_page_is_up_to_date() -> None:
    assert check(ROOT).returncode == 0


@pytest.mark.parametrize("file", ["asyncapi.yaml", "schemas/sighting.json", "index.md"])
def test_change_of_a_bound_makes_the_page_stale(copy: Path, file: str) -> None:
    changed = copy / "docs" / "contract" / file
    changed.write_text(re.sub(r"\b(512|16)\b", "17", changed.read_text()))
    answer = check(copy)
    assert answer.returncode == 1
    assert "run scripts/contract_page" in answer.stderr


@pytest.mark.parametrize("name", [name for name in SCHEMAS if not name.endswith("-header")])
def test_page_explains_every_claim(name: str) -> None:
    page = (CONTRACT / "index.md").read_text()
    for claim, definition in schema(name)["properties"].items():
        assert f"| `{claim}`" in page
        assert definition["description"] in page
