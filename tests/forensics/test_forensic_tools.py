"""The searches find what they are for, wherever it lies, and nothing in noise."""

import base64
import bz2
import gzip
import io
import json
import lzma
import random
import zipfile
import zlib
from collections.abc import Callable

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from edge_lpr.synthesis.lane import render_lane
from tests.forensics.canary import is_in_picture, places_in
from tests.forensics.canary_lane import canary_frames
from tests.forensics.plate_search import PlateSearch
from tests.forensics.unpacking import unpacked
from tests.support.memory_search import numbered_plate

PLATES = [numbered_plate(number) for number in range(2000)]
PLATE = next(plate for plate in PLATES[1000:] if plate.translate({79: "0", 66: "8"}) != plate)
SEARCH = PlateSearch(PLATES)
NOISE = random.Random(0).randbytes(1 << 20)  # noqa: S311 (noise)


def indices(width: int, first: int = 0) -> bytes:
    alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    return b"".join((alphabet.index(c) + first).to_bytes(width, "little") for c in PLATE)


@pytest.mark.parametrize(
    ("content", "form"),
    [
        (PLATE.encode(), "text"),
        (PLATE.lower().encode(), "text in lower case"),
        (PLATE[::-1].encode(), "text, reversed"),
        *((PLATE.encode(f"utf-{n}-le"), f"text, {n} bits, little") for n in (16, 32)),
        *((PLATE.encode(f"utf-{n}-be"), f"text, {n} bits, big") for n in (16, 32)),
        (f"{PLATE[:3]}-{PLATE[3:5]} {PLATE[5:]}".encode(), "text, whatever stands between"),
        (" ".join(PLATE).encode("utf-16-le"), "text, whatever stands between"),
        (PLATE[:3].lower().encode() + PLATE[3:].encode(), "text, whatever stands between"),
        (PLATE.translate(str.maketrans("ODQIZSBG", "00012586")).encode(), "text, folded"),
        (indices(1), "class indices"),
        (indices(1, 1), "class indices + 1"),
        *((indices(n), f"class indices, {8 * n} bits, little") for n in (2, 4, 8)),
    ],
)
@pytest.mark.parametrize("lead", range(4))
def test_plate_is_found_in_every_form(content: bytes, form: str, lead: int) -> None:
    around = b"\xff" * 8
    found = SEARCH.search(NOISE[: 1000 + lead] + around + content + around + NOISE[:1000])
    assert form in [name for name, _ in found]


def test_plate_is_found_across_the_border_of_two_chunks() -> None:
    for distance in range(-8, 2):
        content = bytearray(b"\xff" * ((1 << 22) + 4096))
        place = (1 << 22) + distance
        content[place : place + len(PLATE)] = PLATE.encode()
        assert ("text", place) in SEARCH.search(bytes(content))


def test_noise_holds_no_plate_and_no_picture() -> None:
    assert SEARCH.search(NOISE) == []
    assert places_in(NOISE) == []
    assert all(SEARCH.search(inner) == [] for _, inner in unpacked(NOISE))


def zipped(content: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("name", content)
    return file.getvalue()


@pytest.mark.parametrize(
    ("pack", "way"),
    [
        (gzip.compress, "gzip"),
        (zlib.compress, "zlib"),
        (lzma.compress, "xz"),
        (bz2.compress, "bzip2"),
        (zipped, "zip"),
        (base64.b64encode, "base64"),
        (lambda content: base64.urlsafe_b64encode(content).rstrip(b"="), "base64"),
        (lambda content: content.hex().encode(), "hexadecimal"),
        (lambda content: content.hex(":").upper().encode(), "hexadecimal"),
        (lambda content: json.dumps(list(content)).encode(), "numbers"),
        (lambda content: base64.b64encode(gzip.compress(content)), "gzip in base64"),
        (lambda content: gzip.compress(content)[:-6], "gzip"),
    ],
)
@pytest.mark.parametrize("lead", [b"", b"\0", b"ab", b"\xff" * 3])
def test_what_is_packed_is_found(pack: Callable[[bytes], bytes], way: str, lead: bytes) -> None:
    packed = lead + pack(b"seen: " + PLATE.encode() + b" at noon") + b"\0\0"
    assert way in [name for name, inner in unpacked(packed) if SEARCH.search(inner)]


@pytest.fixture(scope="module")
def frame_bgr() -> NDArray[np.uint8]:
    return list(canary_frames(1, 0)[0])[6]


def test_code_is_found_in_raw_frames_of_every_layout(frame_bgr: NDArray[np.uint8]) -> None:
    grey = cv2.cvtColor(frame_bgr, cv2.COLOR_BGR2GRAY)
    layouts = {
        "BGR": frame_bgr,
        "grey": grey,
        "BGRA": cv2.cvtColor(frame_bgr, cv2.COLOR_BGR2BGRA),
        "I420": cv2.cvtColor(frame_bgr, cv2.COLOR_BGR2YUV_I420),
        "YUYV": np.dstack([grey, np.full_like(grey, 128)]),
        "planes of floats": (frame_bgr.astype(np.float32) / 255).transpose(2, 0, 1),
        "mirrored": frame_bgr[:, ::-1],
        "negative": 255 - frame_bgr,
        **{
            f"1/{n}": cv2.resize(frame_bgr, None, fx=1 / n, fy=1 / n, interpolation=cv2.INTER_AREA)
            for n in (2, 3, 4, 8)
        },
    }
    for name, picture in layouts.items():
        assert places_in(NOISE[:999] + np.ascontiguousarray(picture).tobytes()), name


def test_code_is_found_in_pictures_that_a_decoder_gives_back(frame_bgr: NDArray[np.uint8]) -> None:
    for suffix, quality in ((".jpg", [cv2.IMWRITE_JPEG_QUALITY, 30]), (".png", [])):
        packed = cv2.imencode(suffix, frame_bgr, quality)[1]  # noqa: TID251 (not on a device)
        picture = cv2.imdecode(packed, cv2.IMREAD_UNCHANGED)
        assert picture is not None
        assert is_in_picture(picture.astype(np.uint8))
    assert is_in_picture(np.rot90(frame_bgr))


def test_lane_without_the_code_shows_none() -> None:
    for frame in list(render_lane(1, 0)[0])[::4]:
        assert not is_in_picture(frame)
        assert places_in(frame.tobytes()) == []
