"""The manifest that ``export`` writes, and the device's reading of it."""

import hashlib
import json
from pathlib import Path

import pytest

from edge_lpr.core.errors import DataSetError
from edge_lpr.training.export import main
from edge_lpr.training.manifest import read_training_summary, write_manifest
from edge_lpr.vision.models import load_models


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "detector.onnx").write_bytes(b"finds")
    (tmp_path / "corners.onnx").write_bytes(b"looks")
    (tmp_path / "reader.onnx").write_bytes(b"reads")
    return tmp_path


def test_device_accepts_what_export_wrote(folder: Path) -> None:
    write_manifest(folder, {})
    models = load_models(folder)
    assert models.detector.onnx == b"finds"
    assert models.corners.onnx == b"looks"
    assert models.reader.onnx == b"reads"
    assert models.detector.entry.output == "detections"


def test_manifest_names_only_files_that_are_there(folder: Path) -> None:
    write_manifest(folder, {})
    files = json.loads((folder / "manifest.json").read_text())["files"]
    assert set(files) == {"detector.onnx", "corners.onnx", "reader.onnx"}
    assert files["reader.onnx"] == {
        "sha256": hashlib.sha256(b"reads").hexdigest(),
        "size_bytes": 5,
        "role": "reader",
    }


def test_renewed_manifest_keeps_the_notes_about_training(folder: Path) -> None:
    assert main(["--models", str(folder), "--note", "detector=an hour"]) == 0
    assert main(["--models", str(folder), "--note", "reader=half an hour"]) == 0
    assert read_training_summary(folder) == {"detector": "an hour", "reader": "half an hour"}


def test_models_too_heavy_for_the_package_are_refused(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge_lpr.training.manifest.MAX_TOTAL_BYTES", 9)
    with pytest.raises(DataSetError, match="weigh 15 bytes"):
        write_manifest(folder, {})


def test_damaged_manifest_is_not_written_over(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "manifest.json").write_text("{")
    assert main(["--models", str(folder)]) == 2
    assert "is not a manifest" in capsys.readouterr().err


def test_missing_weights_are_a_sentence_and_not_a_traceback(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("ultralytics")
    assert main(["--models", str(folder), "--detector", str(folder / "absent.pt")]) == 2
    assert "absent.pt is not a file" in capsys.readouterr().err
