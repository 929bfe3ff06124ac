"""Checkpoints: the form of C2SP to the byte, and nothing else passes for one."""

import base64
import hashlib
import re

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from hypothesis import given
from hypothesis import strategies as st

from edge_lpr.core.errors import VerificationError, WireError
from edge_lpr.wire.bounds import MAXIMUM_SEQUENCE
from edge_lpr.wire.checkpoint import (
    MAXIMUM_CHECKPOINT_BYTES,
    Checkpoint,
    note_key_id,
    parse_checkpoint,
    sign_checkpoint,
)
from edge_lpr.wire.jws import PublicKey, SigningKey
from edge_lpr.wire.topics import DeviceAddress

ADDRESS = DeviceAddress("agency", "north-crossing", "booth-1")
CHECKPOINT = Checkpoint(ADDRESS, 2016, hashlib.sha256(b"root").digest())
KEY = SigningKey.generate()
NOTE = sign_checkpoint(CHECKPOINT, KEY)
names = st.from_regex(r"[a-z0-9][a-z0-9-]{0,31}", fullmatch=True)


@given(names, names, names, st.integers(1, MAXIMUM_SEQUENCE), st.binary(min_size=32, max_size=32))
def test_what_is_signed_comes_back(
    tenant: str, site: str, device: str, size: int, root: bytes
) -> None:
    checkpoint = Checkpoint(DeviceAddress(tenant, site, device), size, root)
    note = sign_checkpoint(checkpoint, KEY)
    assert len(note) <= MAXIMUM_CHECKPOINT_BYTES
    assert parse_checkpoint(note).verified(KEY.public_key) == checkpoint


def test_longest_checkpoint_is_as_long_as_it_says() -> None:
    longest = DeviceAddress("a" * 32, "b" * 32, "c" * 32)
    note = sign_checkpoint(Checkpoint(longest, MAXIMUM_SEQUENCE, bytes(32)), KEY)
    assert len(note) == 375


def test_note_verifies_by_the_letter_of_the_specification() -> None:
    # c2sp.org/signed-note, read once more and without our code.
    text, signature_line = NOTE.split(b"\n\n")
    name, encoded = re.fullmatch(rb"\xe2\x80\x94 (\S+) (\S+)\n", signature_line).groups()  # type: ignore[union-attr]
    octets = base64.b64decode(encoded, validate=True)
    key = KEY.public_key.octets
    assert octets[:4] == hashlib.sha256(name + b"\n\x01" + key).digest()[:4]
    Ed25519PublicKey.from_public_bytes(key).verify(octets[4:], text + b"\n")
    origin, size, root = text.split(b"\n")
    assert origin == name == b"edge-lpr/agency/north-crossing/booth-1"
    assert int(size) == 2016
    assert base64.b64decode(root) == CHECKPOINT.root


def test_key_id_is_that_of_the_go_implementation() -> None:
    # golang.org/x/mod/sumdb/note, example of its documentation: a key's text is name, id, and key.
    name, key_id, key = ["PeterNeumann", "c74f20a3", "ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"]
    octets = base64.b64decode(key)
    assert octets[:1] == b"\x01"
    assert note_key_id(name, PublicKey(octets[1:])).hex() == key_id


@pytest.mark.parametrize(
    "note",
    [
        pytest.param(NOTE.replace(b"\n2016\n", b"\n02016\n"), id="leading zero"),
        pytest.param(NOTE.replace(b"\n2016\n", b"\n0\n"), id="empty log"),
        pytest.param(NOTE.replace(b"\n2016\n", b"\n" + b"9" * 15 + b"\n"), id="too large"),
        pytest.param(NOTE.replace(b"\n\n", b"\nextension\n\n"), id="extension"),
        pytest.param(NOTE.replace(b"edge-lpr/", b"other/"), id="origin"),
        pytest.param(NOTE.replace(b"/booth-1", b""), id="short origin"),
        pytest.param(NOTE.replace(b"booth-1", b"Booth-1"), id="capital"),
        pytest.param(NOTE.replace(b"booth-1", b"booth-2", 1), id="name of another"),
        pytest.param(NOTE + NOTE.split(b"\n\n")[1], id="two signatures"),
        pytest.param(NOTE[:-1], id="no line end"),
        pytest.param(NOTE.replace("—".encode(), b"-"), id="hyphen"),
        pytest.param(NOTE[:-3] + b"B=\n", id="stray bits"),
        pytest.param(NOTE[:-3] + b"?=\n", id="no base64"),
        pytest.param(NOTE[:-3] + b"\n", id="short signature"),
        pytest.param(NOTE[:-6] + b"A==\n", id="shorter signature"),
        pytest.param(NOTE + b" " * 300, id="too long"),
        pytest.param(b"\xff" + NOTE, id="no text"),
        pytest.param(b"", id="nothing"),
    ],
)
def test_anything_else_is_no_checkpoint(note: bytes) -> None:
    with pytest.raises(WireError):
        parse_checkpoint(note)


def test_change_and_another_key_show() -> None:
    changed = parse_checkpoint(NOTE.replace(b"\n2016\n", b"\n2017\n"))
    with pytest.raises(VerificationError, match="does not hold"):
        changed.verified(KEY.public_key)
    with pytest.raises(VerificationError, match="another key"):
        parse_checkpoint(NOTE).verified(SigningKey.generate().public_key)


@pytest.mark.parametrize(
    ("size", "root"), [pytest.param(0, bytes(32), id="size"), pytest.param(1, b"", id="root")]
)
def test_checkpoint_out_of_bounds_cannot_be_made(size: int, root: bytes) -> None:
    with pytest.raises(WireError):
        Checkpoint(ADDRESS, size, root)


def test_key_signs_no_note_that_could_be_another_document() -> None:
    with pytest.raises(WireError, match="line end"):
        KEY.sign_note(b"eyJhbGciOiJFZERTQSJ9.e30")
