import pytest

from edge_lpr.core.errors import WireError
from edge_lpr.wire import base64url


@pytest.mark.parametrize(
    ("octets", "text"),
    [
        pytest.param(b"", b"", id="nothing"),
        pytest.param(b"\x00", b"AA", id="one byte"),
        pytest.param(b"\xfb\xff", b"-_8", id="both characters that differ from plain base64"),
        pytest.param(b"\x00\x00\x00", b"AAAA", id="whole group"),
        pytest.param(bytes(16), b"A" * 22, id="sixteen zero bytes"),
    ],
)
def test_bytes_have_one_text(octets: bytes, text: bytes) -> None:
    assert base64url.encode(octets) == text
    assert base64url.decode(text) == octets


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(b"AA==", id="padding"),
        pytest.param(b"AAAAA", id="impossible length"),
        pytest.param(b"AB", id="stray bits after one byte"),
        pytest.param(b"AAB", id="stray bits after two bytes"),
        pytest.param(b"+/8A", id="plain base64"),
        pytest.param(b"AA AA", id="space"),
        pytest.param(b"AAAA\n", id="newline at the end"),
        pytest.param(b"AA.AA", id="dot"),
        pytest.param("ÄAAA".encode(), id="not ASCII"),
    ],
)
def test_any_other_text_is_refused(text: bytes) -> None:
    with pytest.raises(WireError):
        base64url.decode(text)
