import base64
import secrets

from edge_lpr.drill.controls import planted_pictures
from edge_lpr.drill.pictures import find_pictures

JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00\xff\xdb\x00\x43\x00"


def test_planted_pictures_are_found() -> None:
    control = planted_pictures()
    assert control.holds
    assert control.at_stake == 2


def test_a_jpeg_among_other_bytes_is_found() -> None:
    assert find_pictures([("file", bytes(100) + JPEG + bytes(100))]) == ["file: JPEG"]


def test_a_jpeg_in_base64_is_found() -> None:
    text = base64.b64encode(JPEG + bytes(60))
    assert find_pictures([("message", b'{"x":"' + text + b'"}')]) == ["message: JPEG in base64"]


def test_the_first_bytes_of_a_jpeg_alone_are_chance() -> None:
    assert find_pictures([("tokens", b"\x01\xff\xd8\xff\xe0\x00\x10" + bytes(100))]) == []


def test_a_megabyte_of_tokens_is_no_picture() -> None:
    assert find_pictures([("tokens", secrets.token_bytes(1 << 20))]) == []
