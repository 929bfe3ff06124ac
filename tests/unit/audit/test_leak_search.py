"""The search finds a leak in every form it claims to know, and nothing where there is none."""

import base64
import secrets
import struct
from collections.abc import Callable

import cv2
import numpy as np
import pytest

from edge_lpr.audit.leak_search import PICTURE_SIGNATURES, LeakSearch
from edge_lpr.core.alphabet import PLATE_ALPHABET

PLATE = "BN57CAH"
INDICES = [PLATE_ALPHABET.index(c.encode()) for c in PLATE]
INDICES_AFTER_BLANK = [index + 1 for index in INDICES]

CONTROLS = {
    "ascii": PLATE.encode(),
    "utf-16-le": PLATE.encode("utf-16-le"),
    "utf-16-be": PLATE.encode("utf-16-be"),
    "utf-32-le": PLATE.encode("utf-32-le"),
    "utf-32-be": PLATE.encode("utf-32-be"),
    "hexadecimal": PLATE.encode().hex().encode(),
    "text in base64": base64.b64encode(b"xx" + PLATE.encode() + b"yyy"),
} | {
    f"{name}{form}": content
    for name, indices in {
        "class indices": INDICES,
        "class indices + 1": INDICES_AFTER_BLANK,
    }.items()
    for form, content in {
        ", 8 bits, little": np.array(indices, np.uint8).tobytes(),
        ", 16 bits, little": np.array(indices, "<u2").tobytes(),
        ", 16 bits, big": np.array(indices, ">u2").tobytes(),
        ", 32 bits, little": np.array(indices, "<i4").tobytes(),
        ", 32 bits, big": np.array(indices, ">i4").tobytes(),
        ", 64 bits, little": np.array(indices, "<i8").tobytes(),
        ", 64 bits, big": np.array(indices, ">i8").tobytes(),
        ", as numbers": repr(np.array(indices, np.uint8)).encode(),
        ", repr of bytes": repr(bytes(indices)).encode(),
        " in base64": base64.urlsafe_b64encode(bytes(indices)),
    }.items()
}
"""Content that must be found, by the form in which it is found."""


def encoded(suffix: str) -> bytes:
    """Return a small picture as OpenCV writes it."""
    picture = np.full((16, 24, 3), 90, np.uint8)
    done, content = cv2.imencode(suffix, picture)  # noqa: TID251 - the search must find these
    assert done
    return content.tobytes()


PICTURES: dict[str, Callable[[], bytes]] = {
    "JPEG": lambda: encoded(".jpg"),
    "PNG": lambda: encoded(".png"),
    "BMP": lambda: encoded(".bmp"),
    "TIFF": lambda: encoded(".tiff"),
    "WebP": lambda: encoded(".webp"),
    "Netpbm": lambda: encoded(".ppm"),
    "GIF": lambda: b"GIF89a" + bytes(7),
    "AVI": lambda: b"RIFF" + struct.pack("<I", 4096) + b"AVI LIST",
    "MP4": lambda: b"\0\0\0\x20ftypisom" + bytes(16),
    "Matroska": lambda: b"\x1a\x45\xdf\xa3\x9f",
    "NumPy array": lambda: b"\x93NUMPY\x01\x00",
    "JPEG in base64": lambda: base64.b64encode(encoded(".jpg")),
    "PNG in base64": lambda: base64.b64encode(encoded(".png")),
}


def found_forms(content: bytes) -> set[str]:
    return {leak.form for leak in LeakSearch([PLATE, "K097SAZ"]).search(content, "here")}


@pytest.mark.parametrize("form", CONTROLS)
def test_plate_is_found_in_every_form(form: str) -> None:
    assert form in found_forms(b"\x07\x07\x07before " + CONTROLS[form] + b" after\x07")


@pytest.mark.parametrize("form", PICTURES)
def test_picture_is_found_by_its_beginning(form: str) -> None:
    assert form in found_forms(PICTURES[form]())


def test_every_form_has_a_positive_control() -> None:
    assert set(LeakSearch([PLATE]).forms) == set(CONTROLS) | set(PICTURES)
    assert set(PICTURES) == set(PICTURE_SIGNATURES)


@pytest.mark.parametrize("printed", ["bn57cah", "BN57 CAH", "BN-57-CAH", "b.n.5.7.c.a.h"])
def test_plate_is_found_as_people_write_it(printed: str) -> None:
    assert found_forms(printed.encode()) == {"ascii"}


@pytest.mark.parametrize("lead", range(3))
@pytest.mark.parametrize("tail", range(3))
def test_plate_inside_a_base64_document_is_found_wherever_it_stands(lead: int, tail: int) -> None:
    document = base64.urlsafe_b64encode(
        bytes(range(200, 200 + lead)) + PLATE.encode() + b"~" * tail
    )
    assert "text in base64" in found_forms(document)


def test_another_plate_is_not_found() -> None:
    for content in ("BN57CAJ", "KN57CAH", "BN57CA"):
        assert found_forms(content.encode()) == set()


def test_random_bytes_hold_no_leak() -> None:
    assert not found_forms(base64.b64encode(secrets.token_bytes(200_000)))


def test_finding_says_where_and_not_which_plate() -> None:
    (leak,) = LeakSearch([PLATE]).search(b"1234" + PLATE.encode(), "vision.log")
    assert (leak.where, leak.form, leak.offset) == ("vision.log", "ascii", 4)
    assert PLATE not in repr(leak)


KEY = bytes(range(200, 232))

KEY_CONTROLS = {
    "key": KEY,
    "key, repr of bytes": repr(KEY).encode(),
    "key, hexadecimal": KEY.hex(":").upper().encode(),
    "key, as numbers": repr(list(KEY)).encode(),
    "key in base64": base64.urlsafe_b64encode(b"x" + KEY + b"yy"),
}


@pytest.mark.parametrize("form", KEY_CONTROLS)
def test_key_is_found_in_every_form(form: str) -> None:
    content = b"before" + KEY_CONTROLS[form] + b"after"
    assert form in {leak.form for leak in LeakSearch([], [KEY]).search(content, "here")}


def test_other_keys_are_not_found() -> None:
    others = secrets.token_bytes(100_000) + repr(secrets.token_bytes(1000)).encode()
    key_forms = {leak.form for leak in LeakSearch([], [KEY]).search(others, "here")}
    assert not key_forms & set(KEY_CONTROLS)


def test_finding_and_search_show_no_key() -> None:
    search = LeakSearch([], [KEY])
    shown = repr(search) + repr(search.search(KEY, "here"))
    assert LeakSearch([], [KEY]).search(shown.encode(), "here") == []
