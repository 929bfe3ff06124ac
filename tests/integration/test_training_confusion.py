"""The fold token's measurement on a few drawn plates."""

import json
from pathlib import Path

import pytest

pytest.importorskip("PIL")
pytest.importorskip("matplotlib")
from edge_lpr.training.confusion import main


def test_a_small_measurement_has_all_its_figures(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--plates", "70", "--list", "2000", "--passages", "5000", "--json"]
    assert main(words) == 0
    report = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert report["drawn"]["plates"] == 70
    assert 0 <= report["false folds, one state, right"] < 1e4
    assert len([name for name in report if name.startswith("false folds")]) == 4


def test_a_folder_without_labels_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--plates", "1", "--crops", str(tmp_path)]) == 2
    assert "crops.jsonl" in capsys.readouterr().err
