"""Photographs are decoded once, as long as there is room."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from edge_lpr.core.errors import DataSetError
from edge_lpr.training.pictures import PictureStore


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("one.png", "two.png"):
        cv2.imwrite(str(tmp_path / name), np.zeros((10, 20, 3), np.uint8))  # noqa: TID251 - drawn
    return tmp_path


def test_picture_is_read_once(folder: Path) -> None:
    store = PictureStore(folder)
    store.preload(["one.png", "two.png"])
    (folder / "one.png").unlink()
    assert store.read("one.png").shape == (10, 20, 3)


def test_memory_is_not_filled_beyond_the_limit(folder: Path) -> None:
    store = PictureStore(folder, limit_bytes=700)
    store.preload(["one.png"])
    assert store.read("one.png") is store.read("one.png")
    assert store.read("two.png") is not store.read("two.png")


def test_damaged_archive_is_named(tmp_path: Path) -> None:
    (tmp_path / "street.tar").write_bytes(b"no archive" * 100)
    with pytest.raises(DataSetError, match=r"street\.tar is no whole, uncompressed tar archive"):
        PictureStore(tmp_path).read("street/1.png")


def test_missing_picture_is_a_sentence(folder: Path) -> None:
    with pytest.raises(DataSetError, match="is not a readable picture"):
        PictureStore(folder).preload(["none.png"])
