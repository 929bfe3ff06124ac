"""What vision answers about its camera, its speed, its models and its lanes."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from edge_lpr.core.lately import HOURLY_MIN, LATELY_MIN
from edge_lpr.core.settings import LaneSection, SourceSection, VisionSection
from edge_lpr.core.vision_counts import VISION_COUNTERS, CameraState
from edge_lpr.handoff.diagnosis_message import AIM, CHECKS, Check, Question, parse_answer
from edge_lpr.vision.answers import MANY_FAILURES, CameraChecks, FunnelChecks, VisionAnswers
from edge_lpr.vision.beyond import LAST_LOOKS, LOOK_EVERY_NS, BeyondLanes
from edge_lpr.vision.capture import LiveSource
from edge_lpr.vision.contracts import BgrImage, Detection, Engine, Frame, Pause
from edge_lpr.vision.lanes import Lanes
from edge_lpr.vision.self_test import SELF_TEST_PLATES, SelfTest, picture, read_digest
from edge_lpr.vision.workload import Workload
from tests.support.clock import SetClock
from tests.support.fakes import (
    FailingDetector,
    ListedSource,
    PaintedCornerFinder,
    PaintedPlateDetector,
    StripeReader,
    paint_plate,
)

SETTINGS = VisionSection(source=SourceSection(kind="folder", address="/frames"))
ENGINE = Engine(PaintedPlateDetector(), PaintedCornerFinder(), StripeReader())


class Camera(LiveSource):
    """A live camera that says what a test wants."""

    def __init__(self) -> None:
        self.state: CameraState = "good"
        self.counted = dict.fromkeys(
            ("opened", "lost", "frames", "skipped", "frozen", "black", "stamp_faults"), 0
        )

    def camera_state(self) -> CameraState:
        return self.state

    def counters(self) -> dict[str, int]:
        return dict(self.counted)


def by_name(checks: Sequence[Check]) -> dict[str, Check]:
    return {check.name: check for check in checks}


def frame(image_bgr: BgrImage, number: int = 0) -> Frame:
    return Frame(image_bgr, number, number)


@pytest.mark.parametrize(
    ("state", "check"),
    [("away", "camera_present"), ("frozen", "camera_frozen"), ("dark", "camera_dark")],
)
def test_state_of_the_camera_is_told(state: CameraState, check: str) -> None:
    camera, clock = Camera(), SetClock()
    camera.state = state
    checks = CameraChecks(camera, clock, is_hourly=False)
    found = by_name(checks())
    assert found[check].verdict == "bad"
    assert [name for name, each in found.items() if each.verdict == "bad"] == [check]
    camera.state = "good"
    assert by_name(checks())[check].verdict == "good"


def test_camera_is_away_since_it_went_and_not_since_somebody_asked() -> None:
    camera, clock = Camera(), SetClock()
    checks = CameraChecks(camera, clock, is_hourly=False)
    checks.note(Pause(1))
    camera.state = "away"
    for number in range(3):
        checks.note(Pause(number))
        clock.advance_s(3600)
    assert by_name(checks())["camera_present"].numbers["away_s"] == 3 * 3600
    camera.state = "good"
    checks.note(Pause(4))
    assert by_name(checks())["camera_present"].numbers["away_s"] == 0
    camera.state = "away"
    # Not noted yet.
    assert by_name(checks())["camera_present"].numbers["away_s"] == 0


def test_camera_that_comes_and_goes_or_was_frozen_is_suspect() -> None:
    camera, clock = Camera(), SetClock()
    checks = CameraChecks(camera, clock, is_hourly=False)
    camera.counted |= {"lost": 5, "frozen": 90, "stamp_faults": 1}
    found = by_name(checks())
    assert {found[name].verdict for name in ("camera_present", "camera_frozen")} == {"warning"}
    assert found["camera_stamps"].verdict == "warning"
    camera.state = "not_known"
    assert by_name(checks())["camera_present"].verdict == "not_known"
    camera.state = "good"
    for number in range(LATELY_MIN + 2):
        clock.advance_s(60)
        checks.note(Pause(number))
    # Once upon a time; the numbers are told all the same.
    found = by_name(checks())
    assert {found[name].verdict for name in found if name.startswith("camera_p")} == {"good"}
    assert (found["camera_frozen"].verdict, found["camera_stamps"].verdict) == ("good", "good")
    assert found["camera_frozen"].numbers == {"frozen_frames": 90}


@pytest.mark.parametrize(
    ("frames", "skipped", "verdict"), [(75, 5, "good"), (15, 0, "bad"), (150, 100, "warning")]
)
def test_rate_of_the_camera_is_measured(frames: int, skipped: int, verdict: str) -> None:
    camera, clock = Camera(), SetClock()
    checks = CameraChecks(camera, clock, is_hourly=False)
    assert by_name(checks())["camera_rate"].verdict == "not_known"
    camera.counted |= {"frames": frames, "skipped": skipped}
    clock.advance_s(5)
    checks.note(frame(np.zeros((720, 1280, 3), np.uint8)))
    checks.note(Pause(1))
    rate = by_name(checks())["camera_rate"]
    assert (rate.verdict, rate.numbers["rate_tenth_hz"]) == (verdict, 2 * frames)
    assert by_name(checks())["camera_size"].numbers == {"width_px": 1280, "height_px": 720}


def test_hit_only_booth_tells_no_rate_and_a_replay_has_none() -> None:
    assert "camera_rate" not in by_name(CameraChecks(Camera(), SetClock(), is_hourly=True)())
    replay = by_name(CameraChecks(ListedSource([]), SetClock(), is_hourly=False)())
    assert "camera_rate" not in replay
    assert replay["camera_present"].numbers["is_replay"] == 1


def test_each_kind_of_question_has_one_who_answers() -> None:
    counters = dict.fromkeys(VISION_COUNTERS, 3)
    funnel = FunnelChecks(lambda: counters, SetClock(), is_hourly=False)
    answers = VisionAnswers([funnel], lambda question: question.parameters)
    packed = answers(Question(CHECKS))
    assert packed is not None
    found = by_name(parse_answer(packed, "vision", CHECKS).checks)
    assert found["funnel"].numbers["detections"] == 3
    assert answers(Question(AIM, bytes([7] * 56))) == bytes([7] * 56)
    assert VisionAnswers([])(Question(AIM)) is None


@pytest.mark.parametrize("is_hourly", [False, True])
def test_failures_and_losses_are_judged_by_what_was_lately(
    is_hourly: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    counters, clock = dict.fromkeys(VISION_COUNTERS, 0), SetClock()
    funnel = FunnelChecks(lambda: counters, clock, is_hourly=is_hourly)

    def told() -> tuple[str, str]:
        found = by_name(funnel())
        return found["funnel_failures"].verdict, found["funnel_passages"].verdict

    counters |= {"agreed": 1000, "glimpsed": 700, "repeated": 300}
    assert told() == ("good", "good")
    for _ in range(HOURLY_MIN + 2):
        clock.advance_s(60)
        funnel.note()
    counters |= {"reader_failures": 1, "agreed": 1003, "read_faintly": 9}
    assert told() == ("warning", "warning")
    counters["corner_failures"] = MANY_FAILURES
    assert told() == ("bad", "warning")
    for _ in range(HOURLY_MIN + 2):
        clock.advance_s(60)
        funnel.note()
    assert told() == ("good", "good")
    assert by_name(funnel())["funnel_failures"].numbers["reader_failures"] == 1
    # Too few to tell.
    counters["read_faintly"] += 5
    assert told() == ("good", "good")


def test_time_of_each_stage_is_measured_and_too_much_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = [0]
    monkeypatch.setattr("edge_lpr.vision.workload.time.monotonic_ns", lambda: now[0])
    workload = Workload(ENGINE)
    assert workload.checks()[0].verdict == "not_known"
    image_bgr = np.zeros((240, 320, 3), np.uint8)
    for each_ms, verdict in ((20, "good"), (200, "warning"), (400, "bad")):
        for moment in workload.watch([frame(image_bgr)] * 100):
            assert isinstance(moment, Frame)
            workload.engine.detector.detect(moment.image_bgr)
            workload.engine.corner_finder.find([])
            workload.engine.corner_finder.find([np.zeros((80, 160, 3), np.uint8)])
            workload.engine.reader.read([])
            workload.engine.reader.read([np.zeros((64, 192, 3), np.uint8)])
            now[0] += each_ms * 1_000_000
        (check,) = workload.checks()
        assert (check.verdict, check.numbers["frame_tenth_ms"]) == (verdict, 10 * each_ms)
        assert check.numbers["busy_permille"] == 1000


def elsewhere() -> Lanes:
    corner = ((0.0, 0.0), (0.3, 0.0), (0.3, 0.3), (0.0, 0.3))
    return Lanes([LaneSection(number=1, region=corner)])


def passing(place: tuple[int, int, int, int]) -> BgrImage:
    image_bgr = np.full((480, 640, 3), 60, np.uint8)
    paint_plate(image_bgr, "AB12", place)
    return image_bgr


@pytest.mark.parametrize(
    ("place", "verdict"), [((300, 300, 440, 340), "bad"), ((20, 40, 160, 80), "good")]
)
def test_plates_that_pass_outside_the_lanes_are_noticed(
    place: tuple[int, int, int, int], verdict: str
) -> None:
    clock = SetClock()
    beyond = BeyondLanes(ENGINE, SETTINGS, elsewhere(), clock)
    for number in range(8):
        x0, y0, x1, y1 = place
        moved = (x0 + 3 * number, y0, x1 + 3 * number, y1)
        beyond.see(frame(passing(moved) if number % 2 else passing(place) // 2, number), [])
        clock.advance_s(LOOK_EVERY_NS / 1_000_000_000)
    (check,) = beyond.checks()
    assert check.verdict == verdict


def test_camera_that_is_knocked_aside_after_weeks_is_noticed() -> None:
    clock = SetClock()
    beyond = BeyondLanes(ENGINE, SETTINGS, elsewhere(), clock)
    number = 0

    def look(x0: int, y0: int) -> str:
        nonlocal number
        number += 1
        moved = x0 + 3 * (number % 8), y0, x0 + 3 * (number % 8) + 140, y0 + 40
        beyond.see(frame(passing(moved) if number % 2 else passing(moved) // 2, number), [])
        clock.advance_s(LOOK_EVERY_NS / 1_000_000_000)
        return beyond.checks()[0].verdict

    sound = [look(20, 40) for _ in range(5 * LAST_LOOKS)]
    assert sound[-1] == "good"
    aside = [look(300, 300) for _ in range(2 * LAST_LOOKS)]
    assert aside[-1] == "bad"


def test_whole_picture_is_not_looked_at_twice_and_a_failure_is_the_pipelines_to_say() -> None:
    clock = SetClock()
    whole = BeyondLanes(ENGINE, SETTINGS, Lanes([LaneSection(number=1)]), clock)
    whole.see(frame(passing((300, 300, 440, 340))), [])
    failing = BeyondLanes(
        Engine(FailingDetector(1), PaintedCornerFinder(), StripeReader()),
        SETTINGS,
        elsewhere(),
        clock,
    )
    plate = Detection(np.zeros((4, 2), np.float32), np.zeros(4, np.float32), 0.9)
    failing.see(frame(passing((300, 300, 440, 340))), [plate])
    assert whole.checks()[0].numbers["looks"] == failing.checks()[0].numbers["looks"] == 0


def test_built_in_plates_are_rendered_scenes() -> None:
    for name in SELF_TEST_PLATES:
        assert picture(name).shape == (192, 320, 3)


def test_models_that_read_something_else_fail_their_self_test() -> None:
    tested: Any = SelfTest(ENGINE)
    tested._wanted.set()
    for _ in SELF_TEST_PLATES:
        # One between two frames: a slow board's watchdog hears of the frames meanwhile.
        assert tested._wanted.is_set()
        tested.turn()
    # Made a moment ago: it is not made again.
    (check,) = tested.checks()
    assert (check.verdict, check.numbers["read_right"]) == ("bad", 0)
    assert not tested._wanted.is_set()


def test_self_test_that_does_not_come_about_is_not_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge_lpr.vision.self_test._PATIENCE_S", 0.01)
    assert SelfTest(ENGINE).checks()[0].verdict == "not_known"


def test_engine_that_fails_reads_nothing() -> None:
    failing = Engine(FailingDetector(1), PaintedCornerFinder(), StripeReader())
    assert read_digest(failing, np.zeros((192, 320, 3), np.uint8)) == ""
