"""What a LED shows, and that there need not be one."""

from pathlib import Path

from edge_lpr.first_boot.status_led import StatusLed, find_led, pattern
from edge_lpr.first_boot.steps import State, Step
from tests.support.waiting import wait_until


def steps_of(*states: State) -> list[Step]:
    return [Step(f"step-{number}", state, "") for number, state in enumerate(states, 1)]


def blinks(round_: list[tuple[bool, float]]) -> int:
    """Return how often it lights up for long enough to be counted."""
    return sum(is_on and seconds >= 0.2 for is_on, seconds in round_)


def test_number_of_blinks_is_the_step_that_waits() -> None:
    for number in range(1, 11):
        before: list[State] = ["done"] * (number - 1)
        steps = steps_of(*before, "waiting", "waiting")
        assert blinks(pattern(steps)) == number


def test_failed_step_flickers_and_counts_the_same() -> None:
    waiting, failed = pattern(steps_of("done", "waiting")), pattern(steps_of("done", "failed"))
    assert blinks(waiting) == blinks(failed) == 2
    assert len(failed) > len(waiting)


def test_light_is_steady_once_all_is_well() -> None:
    assert all(is_on for is_on, _ in pattern(steps_of("done", "done")))


def test_machine_without_the_led_has_none(tmp_path: Path) -> None:
    assert find_led("auto", tmp_path) is None


def test_led_is_taken_from_the_kernel_and_lit(tmp_path: Path) -> None:
    led_folder = tmp_path / "ACT"
    led_folder.mkdir()
    (led_folder / "brightness").write_text("0")
    (led_folder / "trigger").write_text("mmc0")
    found = find_led("auto", tmp_path)
    assert found == led_folder
    led = StatusLed(found)
    led.show(steps_of("done"))
    with led.blinking():
        wait_until(lambda: (led_folder / "brightness").read_text() == "1", deadline_s=5)
    assert (led_folder / "trigger").read_text() == "none"
