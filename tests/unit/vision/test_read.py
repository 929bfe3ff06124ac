"""What is unsure is read again, what is no plate is no reading, and no reading stays behind."""

from collections.abc import Sequence

import numpy as np
import pytest

from edge_lpr.core.errors import ReaderError
from edge_lpr.core.settings import SourceSection, VisionSection
from edge_lpr.vision.contracts import UNUSED_INDEX, BgrImage, Detection, Reading, empty_reading
from edge_lpr.vision.funnel import Funnel
from edge_lpr.vision.geometry import quad_of_box
from edge_lpr.vision.read import ReadStage, choose_reading, is_plate, read_plates
from tests.support.fakes import StripeReader, fake_frame, reading_of, text_of

BOX = np.array([100, 100, 220, 130], np.float32)
DETECTION = Detection(quad_of_box(BOX - np.array([0, 0, 1, 1], np.float32)), BOX, 0.9)


class _ListedReader:
    """Gives listed readings, whatever it sees, and notes how many plates it was asked for."""

    def __init__(self, readings: Sequence[Reading]) -> None:
        self._readings = list(readings)
        self.asked: list[int] = []

    def read(self, plates_bgr: Sequence[BgrImage]) -> list[Reading]:
        self.asked.append(len(plates_bgr))
        return [self._readings.pop(0) for _ in plates_bgr]


def _read(readings: Sequence[Reading], plates: int = 1) -> tuple[list[Reading], list[int]]:
    reader = _ListedReader(readings)
    frame = fake_frame({"B101JGV": (100, 100, 220, 130)})
    return read_plates(reader, frame.image_bgr, [DETECTION] * plates), reader.asked


def test_a_sure_plate_is_read_once() -> None:
    readings, asked = _read([reading_of("B101JGV", 0.91)])
    assert [text_of(reading.class_indices) for reading in readings] == ["B101JGV"]
    assert asked == [1]


def test_an_unsure_plate_is_read_three_times_more() -> None:
    again = [reading_of("B101JGV", 0.6)] * 3
    _, asked = _read([reading_of("B101JGV", 0.89), *again])
    assert asked == [1, 3]


def test_only_the_unsure_plates_of_a_frame_are_read_again() -> None:
    first = [reading_of("AA11AAA", 0.95), reading_of("BB22BBB", 0.5), empty_reading()]
    second = [reading_of("BB22BBB", 0.6), reading_of("BB22BBB", 0.6), empty_reading()]
    third = [reading_of("CC33CCC", 0.7), empty_reading(), reading_of("CC33CCC", 0.8)]
    readings, asked = _read([*first, *second, *third], plates=3)
    assert asked == [3, 6]
    texts = [text_of(reading.class_indices) for reading in readings]
    assert texts == ["AA11AAA", "BB22BBB", "CC33CCC"]


def test_a_reader_that_fails_the_second_time_leaves_no_reading_behind() -> None:
    first = [reading_of("B101JGV", 0.5)]

    class _FailsLater(_ListedReader):
        def read(self, plates_bgr: Sequence[BgrImage]) -> list[Reading]:
            if self.asked:
                raise ReaderError("the accelerator fell over")
            return super().read(plates_bgr)

    with pytest.raises(ReaderError):
        read_plates(_FailsLater(first), fake_frame({}).image_bgr, [DETECTION])
    assert (first[0].class_indices == UNUSED_INDEX).all()


def test_an_empty_frame_asks_the_reader_for_nothing_twice() -> None:
    assert _read([], plates=0) == ([], [0])


def test_the_other_views_show_the_whole_plate_to_a_real_rectifier() -> None:
    frame = fake_frame({"B101JGV": (100, 100, 220, 130)})
    slack = np.array([[-8, -3], [8, -3], [8, 3], [-8, 3]], np.float32)
    loose = Detection(DETECTION.quad_frame_px + slack, BOX, 0.9)
    (reading,) = read_plates(StripeReader(), frame.image_bgr, [loose])
    assert text_of(reading.class_indices) == "B101JGV"


def test_the_text_with_most_confidence_wins() -> None:
    readings = [reading_of("B75POX", 0.8), reading_of("B75PCX", 0.5), reading_of("B75PCX", 0.6)]
    chosen = choose_reading(readings)
    assert text_of(chosen.class_indices) == "B75PCX"
    assert chosen.confidences.max() == np.float32(0.6)


def test_readings_that_lose_are_wiped() -> None:
    readings = [reading_of("B75POX", 0.8), reading_of("B75PCX", 0.5)]
    chosen = choose_reading(readings)
    assert chosen is readings[0]
    assert (readings[1].class_indices == UNUSED_INDEX).all()


def test_nothing_read_at_all_is_an_empty_reading() -> None:
    assert choose_reading([empty_reading(), empty_reading()]).is_empty()


@pytest.mark.parametrize(
    ("text", "confidence", "expected"),
    [("B101JGV", 0.8, True), ("B101JGV", 0.6, False), ("B", 0.99, False), ("", 0.0, False)],
)
def test_a_detection_is_a_plate_if_it_reads_like_one(
    text: str, confidence: float, *, expected: bool
) -> None:
    assert is_plate(reading_of(text, confidence).confidences, 0.7) is expected


def test_one_uncertain_character_is_still_a_plate() -> None:
    confidences = reading_of("B101JGV", 0.99).confidences
    confidences[2] = 0.2
    assert is_plate(confidences, 0.7)


def test_what_is_no_plate_is_counted_and_wiped() -> None:
    settings = VisionSection(source=SourceSection(kind="folder", address="frames"))
    funnel = Funnel()
    readings = [reading_of("POLIZEI", 0.3) for _ in range(4)]
    stage = ReadStage(_ListedReader(readings), settings, funnel)
    (result,) = stage(fake_frame({}), [DETECTION], [False])
    assert result.is_empty()
    assert funnel.counters()["unsure"] == 1
    assert all((reading.class_indices == UNUSED_INDEX).all() for reading in readings)


def test_what_is_known_is_counted_and_not_read() -> None:
    settings = VisionSection(source=SourceSection(kind="folder", address="frames"))
    funnel, reader = Funnel(), _ListedReader([reading_of("AB1234", 0.99)])
    results = ReadStage(reader, settings, funnel)(
        fake_frame({}), [DETECTION, DETECTION, DETECTION], [True, False, True]
    )
    assert [text_of(reading.class_indices) for reading in results] == ["", "AB1234", ""]
    assert (funnel.counters()["known"], funnel.counters()["readings"]) == (2, 1)


def test_a_reading_weighs_what_the_plate_is_worth() -> None:
    frame = fake_frame({"B101JGV": (100, 100, 220, 130), "AB1234": (300, 100, 340, 110)})
    small = quad_of_box(np.array([300, 100, 339, 109], np.float32))
    far = Detection(small, np.array([300, 100, 340, 110], np.float32), 0.9)
    near, narrow = read_plates(StripeReader(), frame.image_bgr, [DETECTION, far])
    assert 0 < narrow.weight < near.weight / 10
