"""Reads pictures, packed or not, and puts many pictures on one sheet for a person to look at."""

import os
import tarfile
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import cv2
import numpy as np

from edge_lpr.core.errors import DataSetError
from edge_lpr.synthesis.pictures import BgrImage

MEMORY_SHARE: Final = 0.25
"""Share of the machine's memory that decoded pictures may fill."""


class PictureStore:
    """Photographs of a data set, decoded once and kept in memory as far as it goes."""

    def __init__(self, folder: Path, *, limit_bytes: int | None = None) -> None:
        """Begin with nothing in memory.

        Args:
            folder: Folder that the pictures' paths are relative to.
            limit_bytes: Most memory to fill; None takes a quarter of the machine's.
        """
        self._folder = folder
        self._kept: dict[str, BgrImage] = {}
        memory_bytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
        self._room_bytes = int(memory_bytes * MEMORY_SHARE) if limit_bytes is None else limit_bytes

    def read(self, image: str) -> BgrImage:
        """Return a picture.

        Args:
            image: Path of the picture, relative to the folder.

        Returns:
            Picture, shape (H, W, 3), uint8, BGR; shared, so it cannot be written to.

        Raises:
            DataSetError: There is no readable picture.
        """
        kept = self._kept.get(image)
        if kept is not None:
            return kept
        picture = read_picture(self._folder / image)
        picture.flags.writeable = False
        if picture.nbytes <= self._room_bytes:
            self._room_bytes -= picture.nbytes
            self._kept[image] = picture
        return picture

    def preload(self, images: Iterable[str]) -> None:
        """Read pictures before they are asked for, with all cores.

        To be called before processes are forked, so that they share the pictures.

        Args:
            images: Paths of pictures.

        Raises:
            DataSetError: One is not readable.
        """
        with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as readers:
            for _ in readers.map(self.read, images):
                pass


@dataclass(frozen=True, slots=True)
class _PackedPlace:
    """Where a file lies in an uncompressed archive."""

    archive: Path
    offset: int
    size: int


def read_picture(path: Path) -> BgrImage:
    """Read a picture file, or the picture of that path in a tar archive.

    A data set may come as archives of its folders; they need not be unpacked. A picture that is
    not there as a file is looked for in the archives beside the folders above it.

    Args:
        path: JPEG or PNG file.

    Returns:
        Picture, shape (H, W, 3), uint8, BGR.

    Raises:
        DataSetError: There is no readable picture.
    """
    octets = path.read_bytes() if path.is_file() else _read_packed(path)
    picture = cv2.imdecode(np.frombuffer(octets, np.uint8), cv2.IMREAD_COLOR) if octets else None
    if picture is None:
        raise DataSetError(
            f"{path} is not a readable picture; name the folder of the pictures or archives"
        )
    return picture.astype(np.uint8, copy=False)


def _read_packed(path: Path) -> bytes:
    """Return the content of a file in an archive of a folder above it; nothing if there is none."""
    for folder in path.parents:
        place = _packed_places(folder).get(path.relative_to(folder).as_posix())
        if place is not None:
            with place.archive.open("rb") as archive:
                archive.seek(place.offset)
                return archive.read(place.size)
    return b""


@cache
def _packed_places(folder: Path) -> dict[str, _PackedPlace]:
    """Say where in the archives of a folder each file lies."""
    places = {}
    for archive in sorted(folder.glob("*.tar")):
        places.update(_places_in(archive))
    return places


def _places_in(archive: Path) -> dict[str, _PackedPlace]:
    """Say where in an archive each file lies."""
    try:
        with tarfile.open(archive, "r:") as members:
            return {
                member.name: _PackedPlace(archive, member.offset_data, member.size)
                for member in members
            }
    except tarfile.TarError as error:
        raise DataSetError(
            f"{archive} is no whole, uncompressed tar archive ({error}); unpack or remove it."
        ) from error


def contact_sheet(pictures: Sequence[BgrImage], columns: int, cell_px: tuple[int, int]) -> BgrImage:
    """Put pictures side by side, so that a person can look at many.

    Args:
        pictures: Any number.
        columns: Pictures in a row.
        cell_px: Width and height that each is fitted into.

    Returns:
        One picture.
    """
    width, height = cell_px
    rows = -(-len(pictures) // columns)
    sheet = np.zeros((rows * height, columns * width, 3), np.uint8)
    for index, picture in enumerate(pictures):
        scale = min(width / picture.shape[1], height / picture.shape[0])
        size = (max(1, int(picture.shape[1] * scale)), max(1, int(picture.shape[0] * scale)))
        fitted = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
        top, left = index // columns * height, index % columns * width
        sheet[top : top + size[1], left : left + size[0]] = fitted
    return sheet
