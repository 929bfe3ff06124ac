"""The shipped models load, and none that differs from the manifest does."""

import hashlib
import json
import shutil
from collections.abc import Callable
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edge_lpr.core.errors import ModelError
from edge_lpr.core.settings import SourceSection, VisionSection
from edge_lpr.vision.engine import load_engine
from edge_lpr.vision.models import MANIFEST_NAME, MAXIMUM_MANIFEST_BYTES, load_models

SHIPPED = Path(str(resources.files("edge_lpr.models")))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with copies of the shipped manifest and ONNX models."""
    for name in (MANIFEST_NAME, "detector.onnx", "corners.onnx", "reader.onnx"):
        shutil.copy(SHIPPED / name, tmp_path)
    return tmp_path


def _settings(folder: Path | None) -> VisionSection:
    return VisionSection(
        source=SourceSection(kind="folder", address="frames"), models_folder=folder, threads=1
    )


def _edit_manifest(folder: Path, edit: Callable[[dict[str, Any]], None]) -> None:
    manifest = json.loads((folder / MANIFEST_NAME).read_text())
    edit(manifest)
    (folder / MANIFEST_NAME).write_text(json.dumps(manifest))


def _sign_off(folder: Path, name: str) -> None:
    """Make the manifest agree with whatever a file holds now."""
    content = (folder / name).read_bytes()

    def edit(manifest: dict[str, Any]) -> None:
        manifest["files"][name]["sha256"] = hashlib.sha256(content).hexdigest()
        manifest["files"][name]["size_bytes"] = len(content)

    _edit_manifest(folder, edit)


def test_the_shipped_models_are_the_manifests_and_run() -> None:
    engine = load_engine(_settings(None))
    assert engine.detector.detect(np.full((360, 640, 3), 114, np.uint8)) == []
    assert len(engine.corner_finder.find([np.zeros((80, 160, 3), np.uint8)])) == 1
    assert len(engine.reader.read([np.zeros((64, 192, 3), np.uint8)])) == 1


def test_a_copy_of_the_shipped_models_runs_from_another_folder(folder: Path) -> None:
    load_engine(_settings(folder))


@pytest.mark.parametrize("name", [MANIFEST_NAME, "detector.onnx", "corners.onnx", "reader.onnx"])
def test_a_missing_file_is_named(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(ModelError, match=f"{name}: cannot be read .*; reinstall"):
        load_models(folder)


@pytest.mark.parametrize("name", ["detector.onnx", "corners.onnx", "reader.onnx"])
def test_a_truncated_model_is_refused(folder: Path, name: str) -> None:
    content = (folder / name).read_bytes()
    (folder / name).write_bytes(content[: len(content) // 2])
    with pytest.raises(ModelError, match=f"{name}: .* cut short, or another model"):
        load_models(folder)


def test_a_model_with_one_bit_changed_is_refused(folder: Path) -> None:
    content = bytearray((folder / "reader.onnx").read_bytes())
    content[len(content) // 2] ^= 1
    (folder / "reader.onnx").write_bytes(content)
    with pytest.raises(ModelError, match=r"reader\.onnx: is not the model in the manifest"):
        load_models(folder)


def test_a_model_that_is_too_long_is_refused_unread(folder: Path) -> None:
    with (folder / "reader.onnx").open("ab") as file:
        file.write(b"more")
    with pytest.raises(ModelError, match=r"reader\.onnx: is longer than"):
        load_models(folder)


def test_what_is_no_onnx_is_refused_even_if_the_manifest_vouches_for_it(folder: Path) -> None:
    (folder / "reader.onnx").write_bytes(b"this is no model")
    _sign_off(folder, "reader.onnx")
    with pytest.raises(ModelError, match=r"reader\.onnx: ONNX Runtime cannot load it"):
        load_engine(_settings(folder))


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("reader.onnx", "detector.onnx"),
        ("detector.onnx", "reader.onnx"),
        ("corners.onnx", "reader.onnx"),
    ],
)
def test_another_kind_of_model_is_refused_even_if_the_manifest_vouches_for_it(
    folder: Path, name: str, other: str
) -> None:
    shutil.copy(SHIPPED / other, folder / name)
    _sign_off(folder, name)
    with pytest.raises(ModelError, match=f"{name}: is another kind of model"):
        load_engine(_settings(folder))


def test_a_manifest_whose_plates_do_not_fit_the_reader_is_refused(folder: Path) -> None:
    _edit_manifest(folder, lambda manifest: manifest["reader"].update(width_px=16))
    with pytest.raises(ModelError, match=r"reader\.onnx: "):
        load_engine(_settings(folder))


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"{", id="cut short"),
        pytest.param(b"[]", id="a list"),
        pytest.param(b'{"version": 2}', id="of another version"),
        pytest.param(b"\xff\xfe", id="no text"),
        pytest.param(b" " * (MAXIMUM_MANIFEST_BYTES + 1), id="too long"),
    ],
)
def test_what_is_no_manifest_is_refused(folder: Path, content: bytes) -> None:
    (folder / MANIFEST_NAME).write_bytes(content)
    with pytest.raises(ModelError, match=r"manifest\.json: .*; reinstall"):
        load_models(folder)


def _point_outside(manifest: dict[str, Any]) -> None:
    manifest["files"]["../reader.onnx"] = manifest["files"].pop("reader.onnx")


def _name_two_readers(manifest: dict[str, Any]) -> None:
    manifest["files"]["second.onnx"] = manifest["files"]["reader.onnx"]


def _ask_for_a_gigabyte(manifest: dict[str, Any]) -> None:
    manifest["files"]["reader.onnx"]["size_bytes"] = 2**30


@pytest.mark.parametrize("edit", [_point_outside, _name_two_readers, _ask_for_a_gigabyte])
def test_a_manifest_that_means_harm_is_refused(
    folder: Path, edit: Callable[[dict[str, Any]], None]
) -> None:
    _edit_manifest(folder, edit)
    with pytest.raises(ModelError, match=r"manifest\.json: "):
        load_models(folder)
