"""A training's clock and learning rate."""

import pytest

from edge_lpr.training.progress import Progress, Screen, rate_share


def test_learning_rate_rises_briefly_and_falls_to_nearly_nothing() -> None:
    factors = [rate_share(step / 100) for step in range(101)]
    assert max(factors) > 0.99
    assert factors.index(max(factors)) <= 5
    assert 0 < factors[-1] < 0.02
    assert factors[4:] == sorted(factors[4:], reverse=True)


def test_time_between_two_starts_is_not_counted() -> None:
    stopped = Progress(budget_s=1000.0, peak_rate=1e-3, step=7, elapsed_s=400.0)
    resumed = Progress(**stopped.as_state())
    resumed.tick()
    assert resumed.elapsed_s == 400.0
    resumed.tick()
    assert 400.0 <= resumed.elapsed_s < 500.0
    assert resumed.step == 7


def test_a_training_is_never_more_than_done() -> None:
    assert Progress(budget_s=10.0, peak_rate=1.0, elapsed_s=25.0).share == 1.0


def test_screen_names_the_training_and_the_time_left(capsys: pytest.CaptureFixture[str]) -> None:
    progress = Progress(budget_s=1200.0, peak_rate=1.0)
    screen = Screen("reader", progress, batch_size=8)
    assert screen.is_due()
    progress.step, progress.elapsed_s = 30, 600.0
    screen.show({"ctc_loss": 0.25})
    assert not screen.is_due()
    line = capsys.readouterr().out
    assert line.startswith("reader")
    assert all(part in line for part in ("50.0%", "step 30", "0.4 pictures/s", "10.0 min left"))


def test_counting_passes_every_item_on() -> None:
    screen = Screen("detector", Progress(budget_s=1.0, peak_rate=1.0), batch_size=1)
    assert list(screen.counted("abc", "spelling")) == ["a", "b", "c"]
