"""Laws of what a device holds: files, deliveries, epochs."""

import tempfile
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from edge_lpr.core.errors import KeyFileDamagedError, VerificationError
from edge_lpr.core.secret_file import write_secret_file
from edge_lpr.tokeniser.key_desk import Holder, keys_after
from edge_lpr.tokens.key_ring import (
    MAXIMUM_EPOCHS,
    MAXIMUM_NUMBER,
    KeyPurpose,
    KeyRing,
    KeyState,
    read_key_state,
    write_key_state,
)
from edge_lpr.tokens.suite1 import TokenKeys
from edge_lpr.wire.key_delivery import EpochKeys, KeyDelivery
from tests.support.booth import ADDRESS

TODAY = 20_454
KEYS = st.binary(min_size=32, max_size=32)
NUMBERS = st.integers(0, MAXIMUM_NUMBER)
PAIRS = st.tuples(KEYS, KEYS)
RINGS = st.dictionaries(st.integers(0, 2**64 - 1), PAIRS, max_size=MAXIMUM_EPOCHS)
WITH_FILES = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.fixture(scope="module")
def path() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder) / "key-ring"


def state_of(
    keys: dict[int, tuple[bytes, bytes]], numbers: tuple[int, int, int], transport_key: bytes
) -> KeyState:
    return KeyState(
        ring=KeyRing(KeyPurpose.LIVE, {epoch: TokenKeys(*pair) for epoch, pair in keys.items()}),
        transport_key=bytearray(transport_key),
        transport_number=numbers[0],
        delivery_number=numbers[1],
        issued_at_s=numbers[2],
    )


@WITH_FILES
@given(RINGS, st.tuples(NUMBERS, NUMBERS, NUMBERS), KEYS)
def test_reading_undoes_writing(
    path: Path,
    keys: dict[int, tuple[bytes, bytes]],
    numbers: tuple[int, int, int],
    transport_key: bytes,
) -> None:
    write_key_state(path, state_of(keys, numbers, transport_key))
    state = read_key_state(path)
    assert {
        epoch: (bytes(pair.stretch_key), bytes(pair.site_key))
        for epoch in state.ring.epochs()
        for pair in [state.ring.keys_for(epoch)]
    } == keys
    assert (state.transport_number, state.delivery_number, state.issued_at_s) == numbers
    assert state.transport_key == transport_key


@WITH_FILES
@given(st.data())
def test_state_that_was_cut_or_grew_is_damaged_and_nothing_else(
    path: Path, data: st.DataObject
) -> None:
    write_key_state(path, state_of({1: (bytes(32), bytes(32))}, (1, 2, 3), bytes(32)))
    content = path.read_bytes()
    length = data.draw(st.integers(0, len(content) - 1))
    grown = data.draw(st.binary(min_size=1, max_size=100))
    for damaged in (content[:length], content + grown):
        write_secret_file(path, damaged)
        with pytest.raises(KeyFileDamagedError):
            read_key_state(path)


@WITH_FILES
# What begins like a sealed file is taken for one, and for that it needs a key.
@given(st.binary(max_size=1000).filter(lambda each: not each.startswith(b"EDGE-LPR-SEALED")))
@example(b"EDGE-LPR-KEYS")
def test_garbage_is_damaged_and_nothing_else(path: Path, garbage: bytes) -> None:
    write_secret_file(path, garbage)
    with pytest.raises(KeyFileDamagedError):
        read_key_state(path)


def delivery_of(epochs: AbstractSet[int]) -> KeyDelivery:
    return KeyDelivery(
        address=ADDRESS,
        number=1,
        issued_at=0,
        last_valid=0,
        purpose=KeyPurpose.LIVE,
        keys=tuple(EpochKeys(epoch, b"n" * 32, b"n" * 32) for epoch in sorted(epochs)),
    )


NEAR = st.sets(st.integers(TODAY - 10, TODAY + 10), max_size=8)


@given(NEAR, NEAR.filter(bool), st.integers(1, MAXIMUM_EPOCHS))
def test_what_is_held_after_a_delivery(
    held: set[int], delivered: set[int], epochs_held: int
) -> None:
    holder = Holder(ADDRESS, epochs_held, frozenset({KeyPurpose.LIVE}))
    before = {epoch: TokenKeys(b"o" * 32, b"o" * 32) for epoch in held}
    due = {epoch for epoch in delivered if TODAY <= epoch < TODAY + epochs_held}
    if not due:
        with pytest.raises(VerificationError):
            keys_after(delivery_of(delivered), holder, before, today=TODAY)
        return
    after = keys_after(delivery_of(delivered), holder, before, today=TODAY)
    # Never more than may be held, never later than may be held, ascending, nothing invented.
    assert len(after) <= MAXIMUM_EPOCHS
    assert max(after) < TODAY + epochs_held
    assert list(after) == sorted(after)
    assert set(after) <= held | delivered
    # What is past or under way stays as it was, unless there is no room.
    assert all(after[epoch] is before[epoch] for epoch in after if epoch <= TODAY and epoch in held)
    # Days to come have the newest keys.
    assert all(after[epoch].site_key == b"n" * 32 for epoch in after if epoch in due - held)
    assert all(
        after[epoch].site_key == b"n" * 32 for epoch in after if epoch in due and epoch > TODAY
    )
