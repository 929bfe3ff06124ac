"""The file of a device's token keys."""

from pathlib import Path

import pytest

from edge_lpr.core.errors import (
    KeyFileDamagedError,
    KeyFileError,
    KeyFileMissingError,
    NoValidKeyError,
)
from edge_lpr.core.secret_file import write_secret_file
from edge_lpr.tokens.key_ring import (
    KeyPurpose,
    KeyRing,
    KeyState,
    read_key_ring,
    read_key_state,
    write_key_ring,
    write_key_state,
)
from edge_lpr.tokens.sealing import SealingKey
from edge_lpr.tokens.suite1 import TokenKeys

MAGIC = b"EDGE-LPR-KEYS\x02"
NUMBERS = (5).to_bytes(8, "big") + (6).to_bytes(8, "big") + (7).to_bytes(8, "big")
TRANSPORT_KEY = b"t" * 32
SEALING_KEY = SealingKey(b"z" * 32)


def _ring(folder: Path, *epochs: int, purpose: KeyPurpose = KeyPurpose.TEST) -> KeyRing:
    path = folder / "key-ring"
    write_key_ring(path, purpose, {epoch: (bytes([epoch]) * 32, b"s" * 32) for epoch in epochs})
    return read_key_ring(path)


def _state(*epochs: int) -> KeyState:
    keys = {epoch: TokenKeys(b"k" * 32, b"s" * 32) for epoch in epochs}
    return KeyState(
        ring=KeyRing(KeyPurpose.LIVE, keys),
        transport_key=bytearray(TRANSPORT_KEY),
        transport_number=5,
        delivery_number=6,
        issued_at_s=7,
    )


def _entry(epoch: int) -> bytes:
    return epoch.to_bytes(8, "big") + b"k" * 32 + b"s" * 32


def _content(purpose_and_count: bytes, *entries: bytes) -> bytes:
    return MAGIC + purpose_and_count + NUMBERS + TRANSPORT_KEY + b"".join(entries)


@pytest.mark.parametrize("purpose", KeyPurpose)
def test_written_ring_is_read_back(tmp_path: Path, purpose: KeyPurpose) -> None:
    ring = _ring(tmp_path, 9, 7, 8, purpose=purpose)
    assert ring.purpose is purpose
    assert ring.epochs() == (7, 8, 9)
    assert ring.keys_for(8).stretch_key == b"\x08" * 32
    assert ring.keys_for(8).site_key == b"s" * 32


@pytest.mark.parametrize("sealing_key", [None, SEALING_KEY], ids=["plain", "sealed"])
@pytest.mark.parametrize("epochs", [(), (3,), tuple(range(8))])
def test_written_state_is_read_back(
    tmp_path: Path, sealing_key: SealingKey | None, epochs: tuple[int, ...]
) -> None:
    path = tmp_path / "key-ring"
    write_key_state(path, _state(*epochs), sealing_key)
    state = read_key_state(path, sealing_key)
    assert state.ring.epochs() == epochs
    assert state.transport_key == TRANSPORT_KEY
    assert (state.transport_number, state.delivery_number, state.issued_at_s) == (5, 6, 7)


def test_layout_is_the_documented_one(tmp_path: Path) -> None:
    path = tmp_path / "key-ring"
    write_key_state(path, _state(20_454))
    assert path.read_bytes() == _content(b"\x00\x01", _entry(20_454))


def test_two_rings_have_two_transport_keys(tmp_path: Path) -> None:
    for name in ("one", "other"):
        write_key_ring(tmp_path / name, KeyPurpose.TEST, {1: (bytes(32), bytes(32))})
    one, other = (read_key_state(tmp_path / name).transport_key for name in ("one", "other"))
    assert one != other


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


def test_ring_holds_what_it_is_given_and_nothing_else(tmp_path: Path) -> None:
    ring = _ring(tmp_path, 7, 8)
    with ring.changing() as keys:
        ring.replace({9: TokenKeys(b"a" * 32, b"b" * 32), 8: keys[8]}, KeyPurpose.LIVE)
    assert ring.epochs() == (8, 9)
    assert ring.purpose is KeyPurpose.LIVE
    assert ring.keys_for(8).stretch_key == b"\x08" * 32


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="empty"),
        pytest.param(_content(b"\x00\x00")[:-1], id="cut in the header"),
        pytest.param(b"EDGE-LPR-KEYS\x01" + _content(b"\x00\x00")[14:], id="another version"),
        pytest.param(_content(b"\x02\x01", _entry(1)), id="unknown purpose"),
        pytest.param(_content(b"\x00\x02", _entry(1)), id="an epoch too few"),
        pytest.param(_content(b"\x00\x01", _entry(1)[:-1]), id="cut"),
        pytest.param(_content(b"\x00\x01", _entry(1), b"\x00"), id="a byte too many"),
        pytest.param(_content(b"\x00\x02", _entry(2), _entry(1)), id="epochs descend"),
        pytest.param(_content(b"\x00\x02", _entry(2), _entry(2)), id="an epoch twice"),
        pytest.param(_content(b"\x00\x09", *map(_entry, range(9))), id="nine epochs"),
        pytest.param(_content(b"\x00\x00").replace(NUMBERS[:8], b"\xff" * 8), id="huge number"),
        pytest.param(bytes(5000), id="long"),
    ],
)
def test_damaged_ring_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "key-ring"
    write_secret_file(path, content)
    with pytest.raises(KeyFileDamagedError, match="key-ring"):
        read_key_ring(path)


@pytest.mark.parametrize("length", [0, 10, 40, -1])
def test_sealed_state_that_is_cut_is_damaged(tmp_path: Path, length: int) -> None:
    path = tmp_path / "key-ring"
    write_key_state(path, _state(1), SEALING_KEY)
    write_secret_file(path, path.read_bytes()[:length])
    with pytest.raises(KeyFileDamagedError, match="key-ring"):
        read_key_state(path, SEALING_KEY)


def test_state_that_was_sealed_by_another_device_says_so(tmp_path: Path) -> None:
    path = tmp_path / "key-ring"
    write_key_state(path, _state(1), SealingKey(b"y" * 32))
    with pytest.raises(KeyFileDamagedError, match="another device"):
        read_key_state(path, SEALING_KEY)


@pytest.mark.parametrize(
    ("written_with", "read_with", "words"),
    [
        pytest.param(None, SEALING_KEY, "is not sealed", id="plain"),
        pytest.param(SEALING_KEY, None, "is sealed", id="sealed"),
    ],
)
def test_seal_that_the_settings_do_not_expect_is_no_damage(
    tmp_path: Path, written_with: SealingKey | None, read_with: SealingKey | None, words: str
) -> None:
    path = tmp_path / "key-ring"
    write_key_state(path, _state(1), written_with)
    with pytest.raises(KeyFileError, match=words) as refusal:
        read_key_state(path, read_with)
    assert not isinstance(refusal.value, KeyFileDamagedError)


def test_missing_state_is_no_damage(tmp_path: Path) -> None:
    with pytest.raises(KeyFileMissingError):
        read_key_state(tmp_path / "key-ring")


def test_ring_that_others_can_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "key-ring"
    write_key_ring(path, KeyPurpose.LIVE, {1: (bytes(32), bytes(32))})
    path.chmod(0o640)
    with pytest.raises(KeyFileError, match="others can reach it") as refusal:
        read_key_ring(path)
    assert not isinstance(refusal.value, KeyFileDamagedError)


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


@pytest.mark.parametrize("number", [-1, 2**48])
def test_number_that_the_file_cannot_hold_is_refused(number: int) -> None:
    with pytest.raises(ValueError, match="numbers of a key state"):
        KeyState(
            ring=KeyRing(KeyPurpose.LIVE, {}),
            transport_key=bytearray(32),
            transport_number=number,
        )


def test_transport_key_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        KeyState(ring=KeyRing(KeyPurpose.LIVE, {}), transport_key=bytearray(31), transport_number=1)


def test_keys_do_not_stay_in_memory_after_a_ring_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[bytearray] = []

    def keep_and_fail(path: Path, content: bytearray, sealing_key: SealingKey | None) -> None:
        del sealing_key
        written.append(content)
        raise KeyFileError(f"{path}: cannot be written")

    monkeypatch.setattr("edge_lpr.tokens.key_ring.replace_secret_file", keep_and_fail)
    with pytest.raises(KeyFileError):
        write_key_ring(tmp_path / "key-ring", KeyPurpose.LIVE, {1: (b"k" * 32, b"k" * 32)})
    assert [any(content) for content in written] == [False]


def test_neither_ring_nor_state_shows_its_keys(tmp_path: Path) -> None:
    assert "sss" not in repr(_ring(tmp_path, 1))
    assert "ttt" not in repr(_state(1))
