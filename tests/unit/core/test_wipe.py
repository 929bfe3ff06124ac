import secrets

import pytest

from edge_lpr.core.wipe import wipe, wipe_octets


def test_wiped_memory_is_the_same_memory() -> None:
    buffer = bytearray(b"ABC123")
    with memoryview(buffer) as view:
        wipe(buffer)
        assert bytes(view) == bytes(6)


def test_part_of_a_buffer_is_wiped_through_a_view() -> None:
    buffer = bytearray(b"ABC123")
    with memoryview(buffer) as view:
        wipe(view[2:4])
    assert buffer == b"AB\0\x0023"


@pytest.mark.parametrize("length", [2, 16, 32, 1000])
def test_octets_that_a_library_has_made_are_wiped_where_they_are(length: int) -> None:
    octets = secrets.token_bytes(length)
    with memoryview(octets) as view:
        wipe_octets(octets)
        assert bytes(view) == bytes(length)


def test_octets_behind_those_that_are_wiped_stay() -> None:
    made = [secrets.token_bytes(16) for _ in range(100)]
    kept = [bytearray(octets) for octets in made]
    for octets in made[::2]:
        wipe_octets(octets)
    assert made[1::2] == kept[1::2]
    assert set(made[::2]) == {bytes(16)}


@pytest.mark.parametrize("octets", [b"", b"x"], ids=["none", "one"])
def test_octets_that_the_interpreter_shares_are_left_alone(octets: bytes) -> None:
    with pytest.raises(ValueError, match="are shared"):
        wipe_octets(octets)
