"""A plate seen again within the window is a repeat; after it, not even its digest is left."""

import numpy as np
import pytest

from edge_lpr.vision.repeat_memory import RepeatMemory

SECOND_NS = 1_000_000_000
PLATE = np.arange(7, dtype=np.uint8)


@pytest.fixture
def memory() -> RepeatMemory:
    return RepeatMemory(10 * SECOND_NS)


def test_same_plate_within_the_window_is_a_repeat(memory: RepeatMemory) -> None:
    digest = memory.digest(PLATE)
    memory.remember(digest, 0)
    assert memory.is_repeat(memory.digest(PLATE.copy()), 9 * SECOND_NS)
    assert not memory.is_repeat(digest, 10 * SECOND_NS)


def test_passage_that_began_within_the_window_is_a_repeat_when_decided_late(
    memory: RepeatMemory,
) -> None:
    digest = memory.digest(PLATE)
    memory.remember(digest, 0)
    memory.forget_past(15 * SECOND_NS)
    assert memory.is_repeat(digest, 9 * SECOND_NS)


def test_digest_is_forgotten_when_its_window_is_over(memory: RepeatMemory) -> None:
    digest = memory.digest(PLATE)
    memory.remember(digest, 0)
    memory.forget_past(21 * SECOND_NS)
    assert not memory.is_repeat(digest, 1 * SECOND_NS)


def test_two_runs_remember_a_plate_by_different_digests(memory: RepeatMemory) -> None:
    assert memory.digest(PLATE) != RepeatMemory(SECOND_NS).digest(PLATE)


def test_memory_has_a_bound(memory: RepeatMemory) -> None:
    for number in range(5000):
        memory.remember(number.to_bytes(16, "big"), 0)
    assert not memory.is_repeat((0).to_bytes(16, "big"), 1)
    assert memory.is_repeat((4999).to_bytes(16, "big"), 1)
