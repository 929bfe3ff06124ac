from edge_lpr.core.wipe import wipe


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
