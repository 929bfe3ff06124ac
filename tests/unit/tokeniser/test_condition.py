"""What the tokeniser says about the booth."""

from dataclasses import replace

import pytest

from edge_lpr.core.clock import EPOCH_LENGTH_S, TimeQuality, epoch_of
from edge_lpr.core.vision_counts import VISION_COUNTERS, CameraState
from edge_lpr.handoff.vision_report import VisionReport
from edge_lpr.tokeniser.condition import Condition, HitOnly
from edge_lpr.tokeniser.vision_watch import VisionWatch
from edge_lpr.wire.health import PUBLISHER_COUNTERS, TOKENISER_COUNTERS, BoothFigures, HealthClaims
from tests.support.clock import NOON_OF_THE_VECTORS, SetClock
from tests.support.passages import condition_of

BOOT = "00112233445566aa"
TODAY = epoch_of(NOON_OF_THE_VECTORS)
FIGURES = BoothFigures(
    counters=dict.fromkeys(PUBLISHER_COUNTERS, 1), unsent=2, oldest_unsent_s=3, kept=4
)
COUNTED_BY_VISION = dict.fromkeys(VISION_COUNTERS, 7)


def claims_of(condition: Condition, *, test: bool = False) -> HealthClaims:
    return condition.claims(FIGURES, boot=BOOT, end=(5, bytes(16)), queued=6, test=test)


def booth(clock: SetClock, *epochs: int, camera: CameraState = "good") -> Condition:
    vision = VisionWatch(clock)
    vision.take(VisionReport(camera, COUNTED_BY_VISION))
    return condition_of(vision, clock, *epochs)


def test_health_says_what_everybody_knows() -> None:
    clock = SetClock()
    condition = booth(clock, TODAY, TODAY + 1, TODAY + 2)
    clock.advance_s(61)
    assert claims_of(condition, test=True) == HealthClaims(
        boot=BOOT,
        seq=5,
        link=bytes(16),
        at=NOON_OF_THE_VECTORS + 61,
        tq=TimeQuality.NTP,
        up_s=61,
        camera="good",
        vision=COUNTED_BY_VISION,
        tokeniser=dict.fromkeys(TOKENISER_COUNTERS, 0),
        queued=6,
        certificate_days=99,
        key_days=2,
        figures=FIGURES,
        alarms=(),
        test=True,
    )


def test_longest_record_can_be_signed() -> None:
    claims = claims_of(booth(SetClock(), TODAY))
    assert HealthClaims.decode(claims.encode()).vision == COUNTED_BY_VISION


@pytest.mark.parametrize(
    ("epochs", "days", "is_alarming"),
    [
        pytest.param((), 0, True, id="none"),
        pytest.param((TODAY,), 0, True, id="today"),
        pytest.param((TODAY - 1, TODAY, TODAY + 1), 1, False, id="tomorrow"),
        pytest.param((TODAY, TODAY + 2, TODAY + 3), 0, True, id="hole"),
        pytest.param(tuple(range(TODAY, TODAY + 8)), 7, False, id="a week"),
    ],
)
def test_key_days_count_to_the_first_day_without_a_key(
    epochs: tuple[int, ...], days: int, *, is_alarming: bool
) -> None:
    claims = claims_of(booth(SetClock(), *epochs))
    assert claims.key_days == days
    assert ("keys_end" in claims.alarms) == is_alarming


@pytest.mark.parametrize(
    ("later_s", "days", "is_alarming"),
    [
        pytest.param(0, 100, False, id="new"),
        pytest.param(86 * EPOCH_LENGTH_S, 14, False, id="14 days"),
        pytest.param(86 * EPOCH_LENGTH_S + 1, 13, True, id="less than 14 days"),
        pytest.param(101 * EPOCH_LENGTH_S, 0, True, id="over"),
        pytest.param(-200 * 365 * EPOCH_LENGTH_S, 36_525, False, id="clock of another century"),
    ],
)
def test_certificate_days_are_told_in_time(later_s: int, days: int, *, is_alarming: bool) -> None:
    clock = SetClock()
    condition = Condition(
        VisionWatch(clock),
        dict,
        lambda: range(TODAY - 80_000, TODAY + 1000),
        certificate_ends_s=NOON_OF_THE_VECTORS + 100 * EPOCH_LENGTH_S,
        clock=clock,
    )
    clock.now_unix_s += later_s
    claims = claims_of(condition)
    # Before 1970 there is no time that a record could hold.
    assert claims.certificate_days == (days if later_s >= 0 else 20_554)
    assert ("certificate_ends" in claims.alarms) == is_alarming


def test_vision_that_is_away_is_an_alarm_and_its_camera_is_not_known() -> None:
    clock = SetClock()
    condition = booth(clock, TODAY, TODAY + 1, camera="away")
    clock.now_monotonic_ns += 76_000_000_000
    claims = claims_of(condition)
    assert (claims.camera, claims.vision, claims.alarms) == ("not_known", None, ("vision_away",))


def test_vision_that_is_starting_is_no_alarm() -> None:
    clock = SetClock()
    claims = claims_of(condition_of(VisionWatch(clock), clock, TODAY, TODAY + 1))
    assert (claims.camera, claims.vision, claims.alarms) == ("not_known", None, ())


@pytest.mark.parametrize(
    ("camera", "alarms"),
    [
        ("good", ()),
        ("not_known", ()),
        ("away", ("camera_away",)),
        ("frozen", ("camera_frozen",)),
        ("dark", ("camera_dark",)),
    ],
)
def test_camera_that_shows_nothing_is_an_alarm(
    camera: CameraState, alarms: tuple[str, ...]
) -> None:
    claims = claims_of(booth(SetClock(), TODAY, TODAY + 1, camera=camera))
    assert (claims.camera, claims.alarms) == (camera, alarms)


def test_clock_that_nothing_has_set_is_an_alarm() -> None:
    clock = SetClock(now_quality=TimeQuality.NONE)
    assert claims_of(booth(clock, TODAY, TODAY + 1)).alarms == ("no_clock",)


@pytest.mark.parametrize("unix_s", [-5, 4_102_444_800 + 10**9])
def test_clock_that_is_centuries_off_does_not_silence_the_booth(unix_s: int) -> None:
    clock = SetClock()
    condition = booth(clock)
    clock.now_unix_s = unix_s
    assert HealthClaims.decode(claims_of(condition).encode()).seq == 5


class HitOnlyBooth:
    """A booth in hit-only mode whose counters a test sets."""

    def __init__(self, *listed: int) -> None:
        self.clock = SetClock()
        self.vision = VisionWatch(self.clock)
        self.counted = dict.fromkeys(TOKENISER_COUNTERS, 0)
        self.condition = Condition(
            self.vision,
            lambda: self.counted,
            lambda: (TODAY, TODAY + 1),
            certificate_ends_s=NOON_OF_THE_VECTORS + 100 * EPOCH_LENGTH_S,
            clock=self.clock,
            hit_only=HitOnly(
                self.vision, lambda: self.counted, lambda epoch: epoch in listed, self.clock
            ),
        )

    def count(self, number: int) -> None:
        """Count so many passages, everywhere."""
        self.counted = dict.fromkeys(TOKENISER_COUNTERS, number)
        self.vision.hear()
        self.vision.take(VisionReport("good", dict.fromkeys(VISION_COUNTERS, number)))


def test_minutes_of_a_hit_only_booth_do_not_tell_when_somebody_passed() -> None:
    booth = HitOnlyBooth(TODAY)
    booth.clock.advance_s(60)
    booth.count(1)
    claims = claims_of(booth.condition)
    assert claims.vision == dict.fromkeys(VISION_COUNTERS, 0)
    assert {name: number for name, number in claims.tokeniser.items() if number} == {
        "deliveries": 1,
        "deliveries_refused": 1,
    }
    booth.clock.advance_s(3540)
    booth.count(2)
    hour_over = claims_of(booth.condition)
    assert hour_over.vision == dict.fromkeys(VISION_COUNTERS, 2)
    assert set(hour_over.tokeniser.values()) == {2}
    booth.clock.advance_s(60)
    booth.count(3)
    assert claims_of(booth.condition).vision == dict.fromkeys(VISION_COUNTERS, 2)


@pytest.mark.parametrize(
    ("listed", "is_alarming"), [(TODAY, False), (TODAY + 1, True)], ids=["today", "tomorrow"]
)
def test_hit_only_booth_without_a_list_for_today_is_an_alarm(
    listed: int, *, is_alarming: bool
) -> None:
    claims = claims_of(HitOnlyBooth(listed).condition)
    assert ("watch_list_missing" in claims.alarms) == is_alarming


def test_first_minute_of_a_vision_that_begins_anew_is_not_told_apart() -> None:
    booth = HitOnlyBooth(TODAY)
    booth.clock.advance_s(3600)
    booth.count(9)
    booth.clock.advance_s(3570)
    # A new process, half a minute before the hour.
    booth.vision.begin()
    booth.count(1)
    booth.clock.advance_s(30)
    booth.count(2)
    half_a_minute = claims_of(booth.condition)
    assert half_a_minute.vision == dict.fromkeys(VISION_COUNTERS, 9)
    assert half_a_minute.tokeniser["received"] == 9
    booth.clock.advance_s(3600)
    booth.count(3)
    assert claims_of(booth.condition).vision == dict.fromkeys(VISION_COUNTERS, 3)
    assert claims_of(booth.condition).tokeniser["received"] == 3


def test_board_that_a_vehicle_warms_says_so_once_an_hour() -> None:
    booth = HitOnlyBooth(TODAY)

    def told(temperature_c: int | None) -> int | None:
        figures = replace(FIGURES, temperature_c=temperature_c)
        claims = booth.condition.claims(
            figures, boot=BOOT, end=(5, bytes(16)), queued=6, test=False
        )
        return claims.figures.temperature_c

    assert told(50) is None
    booth.clock.advance_s(3600)
    assert told(51) == 51
    booth.clock.advance_s(60)
    assert told(58) == 51
    booth.clock.advance_s(3540)
    assert told(None) is None


def test_hours_are_counted_also_while_vision_is_away() -> None:
    booth = HitOnlyBooth(TODAY)
    booth.count(1)
    booth.clock.advance_s(3600)
    claims = claims_of(booth.condition)
    assert claims.vision is None
    assert claims.tokeniser["not_listed"] == 1
    booth.vision.hear()
    assert claims_of(booth.condition).vision == dict.fromkeys(VISION_COUNTERS, 1)
