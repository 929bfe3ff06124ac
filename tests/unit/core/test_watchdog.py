"""A heart tells how long it has been silent, and where its thread is."""

import threading

import pytest

from edge_lpr.core.watchdog import HANG_LIMIT_S, WATCHDOG_VARIABLE, Heart
from tests.support.clock import SetClock


def test_thread_that_has_not_begun_is_not_watched() -> None:
    clock = SetClock()
    heart = Heart("relay", clock)
    clock.advance_s(1000)
    assert not heart.is_hanging()
    assert heart.silent_s() == 0


def test_silence_beyond_the_limit_is_a_hang() -> None:
    clock = SetClock()
    heart = Heart("relay", clock)
    heart.beat()
    clock.advance_s(HANG_LIMIT_S)
    assert not heart.is_hanging()
    clock.advance_s(0.1)
    assert heart.is_hanging()
    heart.beat()
    assert not heart.is_hanging()


def test_what_is_done_once_may_take_longer_once() -> None:
    clock = SetClock()
    heart = Heart("frames", clock)
    heart.beat(next_within_s=60)
    clock.advance_s(59)
    assert not heart.is_hanging()
    heart.beat()
    clock.advance_s(59)
    assert heart.is_hanging()


@pytest.mark.parametrize(
    ("told", "limit_s"),
    [("60000000", 60), ("10000000", 10), ("1000000", 10), ("", 10), ("soon", 10), ("-1", 10)],
)
def test_more_patience_of_the_service_manager_is_taken_over_and_less_is_not(
    told: str, limit_s: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(WATCHDOG_VARIABLE, told)
    clock = SetClock()
    heart = Heart("frames", clock)
    heart.beat()
    clock.advance_s(limit_s)
    assert not heart.is_hanging()
    clock.advance_s(0.1)
    assert heart.is_hanging()


def test_thread_at_its_end_rests() -> None:
    clock = SetClock()
    heart = Heart("relay", clock)
    heart.beat()
    heart.rest()
    clock.advance_s(1000)
    assert not heart.is_hanging()


def test_clock_of_the_day_has_no_say() -> None:
    clock = SetClock()
    heart = Heart("relay", clock)
    heart.beat()
    clock.now_unix_s += 10 * 365 * 86_400
    assert not heart.is_hanging()


def test_place_of_a_hanging_thread_is_a_file_and_a_line() -> None:
    heart = Heart("relay", SetClock())
    assert heart.place() == ""
    has_begun, may_end = threading.Event(), threading.Event()

    def work() -> None:
        heart.beat()
        has_begun.set()
        may_end.wait()

    thread = threading.Thread(target=work)
    thread.start()
    has_begun.wait()
    place = heart.place()
    may_end.set()
    thread.join()
    assert "test_watchdog.py:" in place
    assert place.rpartition(" > ")[2].startswith("threading.py:")
