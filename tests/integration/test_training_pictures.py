"""Pictures of a data set are read from its folders, or from the archives that it came in."""

import tarfile
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge_lpr.core.errors import DataSetError
from edge_lpr.training.pictures import read_picture


def write_picture(path: Path, grey: int) -> None:
    path.parent.mkdir(parents=True)
    assert cv2.imwrite(str(path), np.full((8, 16, 3), grey, np.uint8))  # noqa: TID251


def test_picture_is_read_from_its_archive_as_from_its_folder(tmp_path: Path) -> None:
    write_picture(tmp_path / "unpacked" / "street" / "00001.png", 77)
    packed = tmp_path / "packed"
    packed.mkdir()
    with tarfile.open(packed / "scenes-0.tar", "w") as archive:
        archive.add(tmp_path / "unpacked" / "street", "street")
    expected = read_picture(tmp_path / "unpacked" / "street" / "00001.png")
    assert (read_picture(packed / "street" / "00001.png") == expected).all()
    assert expected.shape == (8, 16, 3)


@pytest.mark.parametrize("content", [None, b"", b"this is no picture"])
def test_what_is_no_picture_is_named(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "00001.jpg"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(DataSetError, match=r"00001\.jpg is not a readable picture"):
        read_picture(path)
