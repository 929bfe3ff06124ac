"""Frames go in, one consensus a passage comes out, and every loss is counted."""

import logging

import pytest

from edge_lpr.core.errors import CornerError, DetectorError, ReaderError
from edge_lpr.core.log import Log
from edge_lpr.core.settings import SourceSection, VisionSection
from edge_lpr.vision.contracts import (
    NANOSECONDS,
    CornerFinder,
    Engine,
    Moment,
    Pause,
    PlateDetector,
    PlateReader,
)
from edge_lpr.vision.fault_limit import FAILURES_IN_A_ROW
from edge_lpr.vision.funnel import Funnel
from edge_lpr.vision.pipeline import Pipeline
from tests.support.fakes import (
    ConsensusList,
    FailingCornerFinder,
    FailingDetector,
    FailingReader,
    ListedSource,
    PaintedCornerFinder,
    PaintedPlateDetector,
    StripeReader,
    fake_frame,
)

SETTINGS = VisionSection(
    source=SourceSection(kind="folder", address="frames"),
    faintly_read=0.0,  # stripes are not as steep as letters
    decide_after_s=2.0,
    motion_gate=False,
)


class _Run:
    """One run of the pipeline over fakes, and what came of it."""

    def __init__(
        self,
        moments: list[Moment],
        *,
        detector: PlateDetector | None = None,
        corner_finder: CornerFinder | None = None,
        reader: PlateReader | None = None,
        settings: VisionSection = SETTINGS,
        consumer: ConsensusList | None = None,
    ) -> None:
        self.consumer = consumer or ConsensusList()
        self._funnel = Funnel()
        self._moments = moments
        self._pipeline = Pipeline(
            Engine(
                detector or PaintedPlateDetector(),
                corner_finder or PaintedCornerFinder(),
                reader or StripeReader(),
            ),
            self.consumer,
            settings,
            funnel=self._funnel,
            log=Log("vision"),
        )

    def go(self) -> "_Run":
        self._pipeline.run(ListedSource(self._moments))
        return self

    def counted(self) -> dict[str, int]:
        return {name: number for name, number in self._funnel.counters().items() if number}


def _passage(text: str, *, first: int = 0, frames: int = 6, width_px: int = 120) -> list[Moment]:
    """Return frames in which a plate drives through the picture."""
    return [
        fake_frame(
            {text: (100 + 10 * step, 50 + 20 * step, 100 + 10 * step + width_px, 80 + 20 * step)},
            index=first + step,
        )
        for step in range(frames)
    ]


def _empty_road(first: int, frames: int) -> list[Moment]:
    return [fake_frame({}, index=first + step) for step in range(frames)]


def test_a_passage_is_handed_over_once() -> None:
    run = _Run(_passage("B101JGV") + _empty_road(6, 20)).go()
    assert run.consumer.texts == ["B101JGV"]
    assert run.consumer.taken[0].agreeing_readings == 6
    assert run.consumer.taken[0].confidence_bucket == 3
    assert run.counted() == {
        "frames": 26,
        "detections": 6,
        "readings": 6,
        "tracks": 1,
        "agreed": 1,
        "handed_over": 1,
    }


def test_a_passage_that_is_open_when_the_source_ends_is_handed_over() -> None:
    assert _Run(_passage("B101JGV")).go().consumer.texts == ["B101JGV"]


def test_two_vehicles_in_a_row_are_two_passages() -> None:
    moments = _passage("B101JGV") + _passage("SB90TZI", first=6)
    assert _Run(moments).go().consumer.texts == ["B101JGV", "SB90TZI"]


def test_two_vehicles_side_by_side_are_two_passages() -> None:
    moments: list[Moment] = [
        fake_frame({"AB1234": (50, 100, 170, 130), "ZX9876": (400, 100, 520, 130)}, index=index)
        for index in range(4)
    ]
    assert sorted(_Run(moments).go().consumer.texts) == ["AB1234", "ZX9876"]


def test_a_vehicle_that_hides_and_comes_back_is_one_passage() -> None:
    moments = _passage("B101JGV") + _empty_road(6, 20) + _passage("B101JGV", first=26)
    run = _Run(moments).go()
    assert run.consumer.texts == ["B101JGV"]
    assert run.counted()["repeated"] == 1


def test_a_standing_vehicle_is_handed_over_while_it_stands() -> None:
    moments: list[Moment] = [
        fake_frame({"B101JGV": (100, 100, 220, 130)}, index=index) for index in range(100)
    ]
    run = _Run(moments).go()
    assert run.consumer.texts == ["B101JGV"]
    assert run.consumer.taken[0].last_frame == 20


def test_a_decided_vehicle_is_read_again_now_and_then_only() -> None:
    moments: list[Moment] = [
        fake_frame({"B101JGV": (100, 100, 220, 130)}, index=index) for index in range(71)
    ]
    counted = _Run(moments).go().counted()
    # Read in every frame for two seconds, then twice a second for five.
    assert (counted["readings"], counted["known"]) == (21 + 10, 40)


def test_nothing_is_looked_at_while_a_decided_vehicle_stands_still() -> None:
    moments: list[Moment] = [
        fake_frame({"B101JGV": (100, 100, 220, 130)}, index=index) for index in range(121)
    ]
    settings = SETTINGS.model_copy(update={"motion_gate": True})
    run = _Run([*moments, *_empty_road(121, 20)], settings=settings).go()
    assert run.consumer.texts == ["B101JGV"]
    # One frame a second for ten seconds, then the empty road, which is looked at likewise.
    assert run.counted()["detections"] == 21 + 10
    assert run.counted()["still"] == 90 + 18


def test_a_failing_detector_is_asked_again_though_nothing_moves() -> None:
    settings = SETTINGS.model_copy(update={"motion_gate": True})
    run = _Run(_empty_road(0, 50), detector=FailingDetector(50), settings=settings)
    with pytest.raises(DetectorError):
        run.go()
    assert run.counted()["detector_failures"] == FAILURES_IN_A_ROW


def test_a_vehicle_that_takes_the_place_of_a_standing_one_is_a_passage_of_its_own() -> None:
    here = (100, 100, 220, 130)
    # The first one is decided in its very last frame.
    standing: list[Moment] = [fake_frame({"B311ALY": here}, index=index) for index in range(21)]
    next_one: list[Moment] = [fake_frame({"SB90TZI": here}, index=21 + step) for step in range(10)]
    assert _Run(standing + next_one).go().consumer.texts == ["B311ALY", "SB90TZI"]


def test_a_passage_ends_while_the_camera_is_silent() -> None:
    passage = _passage("B101JGV")
    pauses: list[Moment] = [Pause(second * NANOSECONDS) for second in range(1, 4)]
    run = _Run(passage + pauses + _passage("B101JGV", first=500)).go()
    assert run.consumer.texts == ["B101JGV", "B101JGV"]


def test_a_plate_seen_once_is_not_handed_over() -> None:
    run = _Run(_passage("B101JGV", frames=1)).go()
    assert run.consumer.texts == []
    assert run.counted()["read_too_seldom"] == 1


def test_the_frame_size_may_change_half_way() -> None:
    moments: list[Moment] = [
        fake_frame({"B101JGV": (100, 100, 220, 130)}, index=0, size_px=(640, 360)),
        fake_frame({"B101JGV": (100, 100, 220, 130)}, index=1, size_px=(320, 240)),
        fake_frame({"B101JGV": (100, 100, 220, 130)}, index=2, size_px=(1280, 720)),
    ]
    run = _Run(moments).go()
    assert run.consumer.texts == ["B101JGV"]
    assert run.consumer.taken[0].agreeing_readings == 3


def test_small_plates_are_counted_and_not_read() -> None:
    run = _Run(_passage("B101JGV", width_px=36)).go()
    assert run.counted() == {"frames": 6, "detections": 6, "small": 6}


def test_improbable_plates_are_counted_and_not_read() -> None:
    settings = SETTINGS.model_copy(update={"minimum_detection_confidence": 0.95})
    run = _Run(_passage("B101JGV"), settings=settings).go()
    assert run.counted() == {"frames": 6, "detections": 6, "low_confidence": 6}


def test_unsure_readings_are_counted_and_have_no_vote() -> None:
    settings = SETTINGS.model_copy(update={"minimum_reading_confidence": 0.95})
    run = _Run(_passage("B101JGV"), settings=settings).go()
    assert run.counted() == {
        "frames": 6,
        "detections": 6,
        "readings": 6,
        "unsure": 6,
        "tracks": 1,
        "unread": 1,
    }


def test_what_the_consumer_cannot_take_is_counted_as_lost() -> None:
    run = _Run(_passage("B101JGV"), consumer=ConsensusList(is_full=True)).go()
    assert run.counted()["undelivered"] == 1
    assert "handed_over" not in run.counted()


def test_the_consensus_is_wiped_after_the_consumer_had_it() -> None:
    run = _Run(_passage("B101JGV")).go()
    assert (run.consumer.taken[0].class_indices == 0xFF).all()


def test_single_detector_failures_are_counted_and_survived(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.ERROR, logger="edge_lpr")
    run = _Run(_passage("B101JGV"), detector=FailingDetector(FAILURES_IN_A_ROW - 1 - 5)).go()
    assert run.consumer.texts == ["B101JGV"]
    assert run.counted()["detector_failures"] == 4
    assert len(caplog.records) == 4


def test_a_detector_that_keeps_failing_ends_the_run() -> None:
    run = _Run(_empty_road(0, 50), detector=FailingDetector(50))
    with pytest.raises(DetectorError):
        run.go()
    assert run.counted() == {
        "frames": FAILURES_IN_A_ROW,
        "detector_failures": FAILURES_IN_A_ROW,
    }


def test_a_corner_finder_that_keeps_failing_ends_the_run() -> None:
    run = _Run(_passage("B101JGV", frames=12), corner_finder=FailingCornerFinder())
    with pytest.raises(CornerError):
        run.go()
    assert run.counted()["corner_failures"] == FAILURES_IN_A_ROW


def test_what_looks_like_a_plate_only_from_afar_is_counted_and_not_read() -> None:
    settings = SETTINGS.model_copy(update={"minimum_plate_confidence": 0.97})
    run = _Run(_passage("B101JGV"), settings=settings).go()
    assert run.counted() == {"frames": 6, "detections": 6, "no_plate": 6}


def test_a_reader_that_keeps_failing_ends_the_run() -> None:
    run = _Run(_passage("B101JGV", frames=12), reader=FailingReader())
    with pytest.raises(ReaderError):
        run.go()
    assert run.counted()["reader_failures"] == FAILURES_IN_A_ROW


def test_a_success_between_failures_starts_the_count_anew() -> None:
    # The reader fails on frames with a plate only, so each empty road in between is a success.
    moments: list[Moment] = []
    for round_ in range(5):
        moments += _passage("B101JGV", first=10 * round_, frames=FAILURES_IN_A_ROW - 1)
        moments += _empty_road(10 * round_ + 9, 1)
    run = _Run(moments, reader=FailingReader()).go()
    assert run.counted()["reader_failures"] == 5 * (FAILURES_IN_A_ROW - 1)


def test_other_errors_are_not_swallowed() -> None:
    class _Broken:
        def detect(self, frame_bgr: object, *, long_side_px: int | None) -> list[object]:
            del frame_bgr, long_side_px
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        _Run(_empty_road(0, 1), detector=_Broken()).go()  # type: ignore[arg-type]
