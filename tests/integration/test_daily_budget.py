"""What a day's budget counts, when a day is over, and what is remembered over a restart."""

from pathlib import Path

import pytest

from edge_lpr.core.clock import TimeQuality
from edge_lpr.core.log import Log
from edge_lpr.publisher.budget import LONGEST_DAY_S, BudgetState, DailyBudget
from tests.support.clock import SetClock
from tests.support.session_bench import logged

MEGABYTE = 1_000_000
DAY_S = 86_400


def after(budget: DailyBudget, bytes_sent: int) -> BudgetState:
    """Return the state when so much has been sent in all."""
    budget.count(bytes_sent)
    return budget.state


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
def spent_file(tmp_path: Path) -> Path:
    return tmp_path / "bytes-sent-today"


def budget_of(clock: SetClock, spent_file: Path, megabytes: int | None = 1) -> DailyBudget:
    return DailyBudget(megabytes, spent_file, clock, Log("test"))


def test_alarm_comes_before_the_budget_is_spent(
    clock: SetClock, spent_file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    budget = budget_of(clock, spent_file)
    states = []
    for megabytes in (0.0, 0.79, 0.8, 0.99, 1.0, 5.0):
        budget.count(round(megabytes * MEGABYTE))
        states.append(budget.state)
    near, spent = BudgetState.NEAR, BudgetState.SPENT
    assert states == [BudgetState.ENOUGH, BudgetState.ENOUGH, near, near, spent, spent]
    assert [line["bytes"] for line in logged(caplog, "budget_near")] == [800_000]
    (line,) = logged(caplog, "budget_spent")
    assert "live sightings go on" in str(line["detail"])


def test_without_a_budget_nothing_is_counted_or_written(clock: SetClock, spent_file: Path) -> None:
    budget = budget_of(clock, spent_file, megabytes=None)
    budget.count(10**12)
    budget.close()
    assert budget.state is BudgetState.ENOUGH
    assert not spent_file.exists()


def test_next_utc_day_begins_with_the_whole_budget(clock: SetClock, spent_file: Path) -> None:
    budget = budget_of(clock, spent_file)
    budget.count(MEGABYTE)
    # The clock stands at noon.
    clock.advance_s(DAY_S / 2 - 1)
    assert after(budget, MEGABYTE) is BudgetState.SPENT
    clock.advance_s(1)
    assert after(budget, MEGABYTE + 10) is BudgetState.ENOUGH
    assert after(budget, 2 * MEGABYTE - 100_000) is BudgetState.NEAR


def test_clock_set_back_makes_no_new_day_and_no_endless_one(
    clock: SetClock, spent_file: Path
) -> None:
    budget = budget_of(clock, spent_file)
    budget.count(MEGABYTE)
    clock.now_unix_s -= 10 * 365 * DAY_S
    assert after(budget, MEGABYTE) is BudgetState.SPENT
    clock.advance_s(LONGEST_DAY_S)
    assert after(budget, MEGABYTE) is BudgetState.ENOUGH


def test_clock_set_forward_makes_one_new_day(clock: SetClock, spent_file: Path) -> None:
    budget = budget_of(clock, spent_file)
    budget.count(MEGABYTE)
    clock.now_unix_s += 10 * 365 * DAY_S
    assert after(budget, MEGABYTE) is BudgetState.ENOUGH
    assert after(budget, 2 * MEGABYTE) is BudgetState.SPENT


def test_clock_that_nobody_has_set_ends_no_day(clock: SetClock, spent_file: Path) -> None:
    budget = budget_of(clock, spent_file)
    budget.count(MEGABYTE)
    clock.now_quality = TimeQuality.NONE
    clock.now_unix_s += 2 * DAY_S
    assert after(budget, MEGABYTE) is BudgetState.SPENT


def test_restart_goes_on_with_what_was_spent(clock: SetClock, spent_file: Path) -> None:
    budget = budget_of(clock, spent_file)
    budget.count(700_000)
    budget.close()
    next_one = budget_of(clock, spent_file)
    assert after(next_one, 0) is BudgetState.ENOUGH
    assert after(next_one, 150_000) is BudgetState.NEAR


def test_crash_forgets_a_hundredth_of_the_budget_at_most(clock: SetClock, spent_file: Path) -> None:
    budget = budget_of(clock, spent_file)
    for hundreds in range(1, 8_100):
        budget.count(hundreds * 100)
    assert budget_of(clock, spent_file).state is BudgetState.NEAR


def test_count_of_yesterday_is_not_todays(clock: SetClock, spent_file: Path) -> None:
    budget = budget_of(clock, spent_file)
    budget.count(MEGABYTE)
    budget.close()
    clock.advance_s(DAY_S)
    assert budget_of(clock, spent_file).state is BudgetState.ENOUGH


def test_start_without_a_clock_goes_on_with_the_last_count(
    clock: SetClock, spent_file: Path
) -> None:
    budget = budget_of(clock, spent_file)
    budget.count(MEGABYTE)
    budget.close()
    clock.now_unix_s, clock.now_quality = 0, TimeQuality.NONE
    assert budget_of(clock, spent_file).state is BudgetState.SPENT


@pytest.mark.parametrize(
    "content",
    [
        pytest.param("", id="empty"),
        pytest.param("[]", id="list"),
        pytest.param('{"day": 20454}', id="half"),
        pytest.param('{"day": 20454, "bytes": -5}', id="negative"),
        pytest.param('{"day": 20454, "bytes": "many"}', id="text"),
        pytest.param('{"day": 1e400, "bytes": 1}', id="infinite"),
        pytest.param("9" * 1000, id="long"),
    ],
)
def test_damaged_count_is_a_missing_one(clock: SetClock, spent_file: Path, content: str) -> None:
    spent_file.write_text(content)
    budget = budget_of(clock, spent_file)
    assert after(budget, 0) is BudgetState.ENOUGH
    assert after(budget, MEGABYTE) is BudgetState.SPENT


def test_folder_that_is_gone_is_said_and_nothing_worse(
    clock: SetClock, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    budget = budget_of(clock, tmp_path / "gone" / "bytes-sent-today")
    assert after(budget, MEGABYTE) is BudgetState.SPENT
    assert "No such file" in str(logged(caplog, "budget_not_kept")[0]["reason"])
