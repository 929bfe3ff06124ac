from pathlib import Path

import pytest

from edge_lpr.core.errors import KeyFileError, NoValidKeyError
from edge_lpr.core.secret_file import write_secret_file
from edge_lpr.tokens.key_ring import KeyPurpose, KeyRing, read_key_ring, write_key_ring

MAGIC = b"EDGE-LPR-KEYS\x01"


def _ring(folder: Path, *epochs: int, purpose: KeyPurpose = KeyPurpose.TEST) -> KeyRing:
    path = folder / "key-ring"
    write_key_ring(path, purpose, {epoch: (bytes([epoch]) * 32, b"s" * 32) for epoch in epochs})
    return read_key_ring(path)


def _entry(epoch: int) -> bytes:
    return epoch.to_bytes(8, "big") + b"k" * 64


@pytest.mark.parametrize("purpose", KeyPurpose)
def test_written_ring_is_read_back(tmp_path: Path, purpose: KeyPurpose) -> None:
    ring = _ring(tmp_path, 9, 7, 8, purpose=purpose)
    assert ring.purpose is purpose
    assert ring.epochs() == (7, 8, 9)
    assert ring.keys_for(8).stretch_key == b"\x08" * 32
    assert ring.keys_for(8).site_key == b"s" * 32


def test_layout_is_the_documented_one(tmp_path: Path) -> None:
    path = tmp_path / "key-ring"
    write_key_ring(path, KeyPurpose.LIVE, {20_454: (b"a" * 32, b"b" * 32)})
    expected = MAGIC + b"\x00\x01" + (20_454).to_bytes(8, "big") + b"a" * 32 + b"b" * 32
    assert path.read_bytes() == expected


def test_no_other_epochs_key_will_do(tmp_path: Path) -> None:
    with pytest.raises(NoValidKeyError, match="epoch 10"):
        _ring(tmp_path, 9, 11).keys_for(10)


def test_past_keys_are_overwritten_and_forgotten(tmp_path: Path) -> None:
    ring = _ring(tmp_path, 7, 8, 9)
    past, present = ring.keys_for(8), ring.keys_for(9)
    ring.wipe_before(9)
    assert ring.epochs() == (9,)
    assert past.stretch_key == past.site_key == bytes(32)
    assert present.stretch_key == b"\x09" * 32


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="empty"),
        pytest.param(MAGIC + b"\x00", id="cut in the header"),
        pytest.param(b"EDGE-LPR-KEYS\x02\x00\x01" + _entry(1), id="another version"),
        pytest.param(MAGIC + b"\x02\x01" + _entry(1), id="unknown purpose"),
        pytest.param(MAGIC + b"\x00\x00", id="no epoch"),
        pytest.param(MAGIC + b"\x00\x02" + _entry(1), id="an epoch too few"),
        pytest.param(MAGIC + b"\x00\x01" + _entry(1)[:-1], id="cut"),
        pytest.param(MAGIC + b"\x00\x01" + _entry(1) + b"\x00", id="a byte too many"),
        pytest.param(MAGIC + b"\x00\x02" + _entry(2) + _entry(1), id="epochs descend"),
        pytest.param(MAGIC + b"\x00\x02" + _entry(2) + _entry(2), id="an epoch twice"),
        pytest.param(
            MAGIC + b"\x00\x09" + b"".join(_entry(epoch) for epoch in range(9)), id="nine epochs"
        ),
    ],
)
def test_damaged_ring_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "key-ring"
    write_secret_file(path, content)
    with pytest.raises(KeyFileError, match="key-ring"):
        read_key_ring(path)


def test_ring_that_others_can_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "key-ring"
    write_key_ring(path, KeyPurpose.LIVE, {1: (bytes(32), bytes(32))})
    path.chmod(0o640)
    with pytest.raises(KeyFileError, match="others can reach it"):
        read_key_ring(path)


def test_largest_ring_is_read_back(tmp_path: Path) -> None:
    assert _ring(tmp_path, *range(8)).epochs() == tuple(range(8))


@pytest.mark.parametrize("count", [0, 9])
def test_ring_of_an_impossible_size_is_not_written(tmp_path: Path, count: int) -> None:
    keys = {epoch: (bytes(32), bytes(32)) for epoch in range(count)}
    with pytest.raises(ValueError, match="1 to 8 epochs"):
        write_key_ring(tmp_path / "key-ring", KeyPurpose.LIVE, keys)


def test_key_of_another_length_is_not_written(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        write_key_ring(tmp_path / "key-ring", KeyPurpose.LIVE, {1: (bytes(32), bytes(31))})
    assert not (tmp_path / "key-ring").exists()


def test_keys_do_not_stay_in_memory_after_a_ring_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[bytearray] = []

    def keep_and_fail(path: Path, content: bytearray) -> None:
        written.append(content)
        raise KeyFileError(f"{path}: cannot be written")

    monkeypatch.setattr("edge_lpr.tokens.key_ring.write_secret_file", keep_and_fail)
    with pytest.raises(KeyFileError):
        write_key_ring(tmp_path / "key-ring", KeyPurpose.LIVE, {1: (b"k" * 32, b"k" * 32)})
    assert [any(content) for content in written] == [False]


def test_ring_does_not_show_its_keys(tmp_path: Path) -> None:
    assert "sss" not in repr(_ring(tmp_path, 1))
