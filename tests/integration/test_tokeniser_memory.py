"""No plate is found in the memory of the live tokeniser once it has answered."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.booth import Booth, lay_out_booth
from tests.support.memory_search import LEFT_READABLE, memory_of
from tests.support.readings import reading_of
from tests.support.scripted_publisher import accepted, listening
from tests.support.tokeniser_process import (
    RunningTokeniser,
    hand_over,
    running_tokeniser,
    vision_of,
)

PLATES = (b"QX77ZZK4", b"W0LFX9ZQ", b"K4YZ8QJ7W2", b"ZZ9PLURAL4")

NO_WIPING = """
import edge_lpr.core.wipe
edge_lpr.core.wipe.wipe = lambda buffer: None
"""


@pytest.fixture
def booth(tmp_path: Path) -> Booth:
    return lay_out_booth(tmp_path)


def forms_of(plate: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield every form in which a process would hold a plate.

    Exact bytes, since patterns over a whole process take minutes; logs and files, where a plate
    may be written in more ways, are searched with those.
    """
    for encoding in ("ascii", "utf-16-le", "utf-32-le"):
        yield encoding, plate.decode().encode(encoding)
    for width in (1, 4, 8):
        indices = reading_of(plate).class_indices
        array = b"".join(index.to_bytes(width, "little") for index in indices)
        yield f"class indices of {8 * width} bits", array


def forms_found(tokeniser: RunningTokeniser) -> set[str]:
    """Return in which forms a plate is found in a process."""
    forms = [form for plate in PLATES for form in forms_of(plate)]
    return {
        name
        for region in memory_of(tokeniser.process.pid)
        for name, content in forms
        if content in region
    }


def hand_over_plates(booth: Booth) -> None:
    """Let a publisher take the sightings of all plates."""
    with (
        listening(booth.sightings_socket) as listener,
        accepted(listener) as publisher,
        vision_of(booth) as vision,
    ):
        publisher.say_hello()
        publisher.take_birth()
        for plate in PLATES:
            assert hand_over(vision, reading_of(plate)) == b"A"
            publisher.commit_sighting()


def test_no_plate_is_left_in_memory_after_the_answer(booth: Booth) -> None:
    with running_tokeniser(booth, sabotage=LEFT_READABLE) as tokeniser:
        hand_over_plates(booth)
        assert forms_found(tokeniser) == set()


def test_search_finds_the_plates_of_a_tokeniser_that_does_not_wipe(booth: Booth) -> None:
    with running_tokeniser(booth, sabotage=LEFT_READABLE + NO_WIPING) as tokeniser:
        hand_over_plates(booth)
        assert {"ascii", "class indices of 8 bits"} <= forms_found(tokeniser)
