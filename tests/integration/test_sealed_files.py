from pathlib import Path

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from edge_lpr.core.errors import KeyFileError, KeyFileMissingError
from edge_lpr.core.secret_file import write_secret_file
from edge_lpr.tokens import sealing
from edge_lpr.tokens.sealing import (
    SealingKey,
    read_sealed_file,
    read_sealing_key,
    write_sealed_file,
)
from edge_lpr.wire.jws import SigningKey, load_signing_key, write_signing_key

MAGIC = b"EDGE-LPR-SEALED\x01"
OCTETS = bytes(range(32))
SECRET = b"what no thief of the card may read"


@pytest.fixture
def key() -> SealingKey:
    return SealingKey(OCTETS)


def _sealed(folder: Path, key: SealingKey | None, content: bytes = SECRET) -> Path:
    path = folder / "key-ring"
    write_sealed_file(path, content, key)
    return path


@pytest.mark.parametrize(
    "content", [b"", b"x", b"s" * 15, b"s" * 16, b"s" * 17, b"s" * 1000], ids=len
)
def test_sealed_content_is_read_back(tmp_path: Path, key: SealingKey, content: bytes) -> None:
    assert read_sealed_file(_sealed(tmp_path, key, content), key, 1000) == content


def test_plain_content_is_read_back_in_a_laboratory(tmp_path: Path) -> None:
    path = _sealed(tmp_path, None)
    assert path.read_bytes() == SECRET
    assert read_sealed_file(path, None, 100) == SECRET


def test_layout_is_the_documented_one(tmp_path: Path, key: SealingKey) -> None:
    content = _sealed(tmp_path, key).read_bytes()
    assert content[:16] == MAGIC
    assert AESGCM(OCTETS).decrypt(content[16:28], content[28:], MAGIC + b"key-ring") == SECRET


def test_neither_secret_nor_key_is_in_the_file(tmp_path: Path, key: SealingKey) -> None:
    content = _sealed(tmp_path, key).read_bytes()
    assert SECRET[:8] not in content
    assert OCTETS[:8] not in content


def test_same_content_is_never_sealed_alike(tmp_path: Path, key: SealingKey) -> None:
    files = {_sealed(tmp_path, key).read_bytes() for _ in range(100)}
    assert len({content[16:28] for content in files}) == 100


def test_sealed_file_is_for_its_owner_alone(tmp_path: Path, key: SealingKey) -> None:
    path = _sealed(tmp_path, key)
    path.chmod(0o640)
    with pytest.raises(KeyFileError, match="others can reach it"):
        read_sealed_file(path, key, 100)


def test_sealed_file_without_a_key_is_refused(tmp_path: Path, key: SealingKey) -> None:
    with pytest.raises(KeyFileError, match=r"key-ring: is sealed; tokeniser\.sealing_key_file"):
        read_sealed_file(_sealed(tmp_path, key), None, 100)


@pytest.mark.parametrize(
    "content", [b"", b"k" * 100, MAGIC[:-1] + b"\x02" + bytes(80)], ids=["empty", "raw", "version"]
)
def test_plain_file_with_a_key_is_refused(tmp_path: Path, key: SealingKey, content: bytes) -> None:
    with pytest.raises(KeyFileError, match="is not sealed, though"):
        read_sealed_file(_sealed(tmp_path, None, content), key, 100)


def test_another_devices_key_opens_nothing(tmp_path: Path, key: SealingKey) -> None:
    with pytest.raises(KeyFileError, match="cannot be opened with this device's sealing key"):
        read_sealed_file(_sealed(tmp_path, key), SealingKey(b"k" * 32), 100)


def test_sealed_file_under_another_name_is_refused(tmp_path: Path, key: SealingKey) -> None:
    moved = _sealed(tmp_path, key).rename(tmp_path / "event-key")
    with pytest.raises(KeyFileError, match="under another name"):
        read_sealed_file(moved, key, 100)


@pytest.mark.parametrize("place", [16, 27, 28, 40, -17, -16, -1])
def test_one_changed_bit_is_refused(tmp_path: Path, key: SealingKey, place: int) -> None:
    path = _sealed(tmp_path, key)
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    write_secret_file(path, content)
    with pytest.raises(KeyFileError, match="cannot be opened"):
        read_sealed_file(path, key, 100)


@pytest.mark.parametrize(
    ("length", "words"),
    [
        pytest.param(16, "its end is missing", id="after the magic"),
        pytest.param(43, "its end is missing", id="in the tag"),
        pytest.param(44, "cannot be opened", id="shorter content"),
    ],
)
def test_cut_file_is_refused(tmp_path: Path, key: SealingKey, length: int, words: str) -> None:
    path = _sealed(tmp_path, key)
    write_secret_file(path, path.read_bytes()[:length])
    with pytest.raises(KeyFileError, match=words):
        read_sealed_file(path, key, 100)


@pytest.mark.parametrize("is_sealed", [True, False], ids=["sealed", "plain"])
def test_content_of_its_longest_length_is_read_and_a_longer_one_refused(
    tmp_path: Path, key: SealingKey, *, is_sealed: bool
) -> None:
    chosen = key if is_sealed else None
    assert len(read_sealed_file(_sealed(tmp_path, chosen, b"s" * 50), chosen, 50)) == 50
    with pytest.raises(KeyFileError, match="longer than"):
        read_sealed_file(_sealed(tmp_path, chosen, b"s" * 51), chosen, 50)


def test_missing_file_is_said_to_be_missing(tmp_path: Path, key: SealingKey) -> None:
    with pytest.raises(KeyFileMissingError):
        read_sealed_file(tmp_path / "absent", key, 50)


def test_nothing_stays_of_what_a_broken_seal_held(
    tmp_path: Path, key: SealingKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    wiped: list[bytearray] = []
    path = _sealed(tmp_path, key)
    write_secret_file(path, path.read_bytes()[:-1] + b"\x00")
    monkeypatch.setattr(sealing, "wipe", lambda content: wiped.append(bytearray(content)))
    with pytest.raises(KeyFileError):
        read_sealed_file(path, key, 100)
    # What was decrypted before the tag was looked at: the very memory that is handed to ``wipe``.
    assert [content[: len(SECRET)] for content in wiped] == [SECRET]


def test_sealing_key_is_read_from_its_file(tmp_path: Path, key: SealingKey) -> None:
    write_secret_file(tmp_path / "sealing-key", OCTETS)
    read = read_sealing_key(tmp_path / "sealing-key")
    assert read_sealed_file(_sealed(tmp_path, key), read, 100) == SECRET


@pytest.mark.parametrize("length", [0, 31, 33])
def test_sealing_key_of_another_length_is_refused(tmp_path: Path, length: int) -> None:
    write_secret_file(tmp_path / "sealing-key", bytes(length))
    with pytest.raises(KeyFileError, match="32"):
        read_sealing_key(tmp_path / "sealing-key")
    with pytest.raises(ValueError, match="32 bytes"):
        SealingKey(bytes(length))


def test_wiped_key_opens_nothing(tmp_path: Path, key: SealingKey) -> None:
    path = _sealed(tmp_path, key)
    key.wipe()
    with pytest.raises(KeyFileError, match="cannot be opened"):
        read_sealed_file(path, key, 100)


def test_wiping_a_key_leaves_the_callers_octets_alone() -> None:
    octets = bytearray(OCTETS)
    SealingKey(octets).wipe()
    assert octets == OCTETS


def test_key_does_not_show_itself(key: SealingKey) -> None:
    assert OCTETS.hex()[:8] not in repr(key)
    assert repr(OCTETS)[2:10] not in repr(key)


def test_signing_key_is_sealed_and_read_back(tmp_path: Path, key: SealingKey) -> None:
    signing_key = SigningKey.generate()
    write_signing_key(tmp_path / "event-key", signing_key, key)
    assert signing_key.private_octets() not in (tmp_path / "event-key").read_bytes()
    assert load_signing_key(tmp_path / "event-key", key).kid == signing_key.kid


def test_plain_signing_key_is_refused_where_keys_are_sealed(
    tmp_path: Path, key: SealingKey
) -> None:
    write_signing_key(tmp_path / "event-key", SigningKey.generate())
    with pytest.raises(KeyFileError, match="is not sealed"):
        load_signing_key(tmp_path / "event-key", key)
