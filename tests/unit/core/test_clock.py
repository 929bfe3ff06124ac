"""Epochs are whole days of UTC, and the system clock says how good it is."""

import ctypes
from pathlib import Path

import pytest

from edge_lpr.core import clock as clock_module
from edge_lpr.core.clock import SystemClock, TimeQuality, epoch_of


@pytest.mark.parametrize(
    ("unix_s", "epoch"),
    [
        pytest.param(0, 0, id="1970 begins"),
        pytest.param(86_399, 0, id="last second of a day"),
        pytest.param(86_400, 1, id="first second of a day"),
        pytest.param(20454 * 86_400 + 43_200, 20454, id="noon of the test vectors' day"),
    ],
)
def test_epoch_is_the_day_since_1970(unix_s: int, epoch: int) -> None:
    assert epoch_of(unix_s) == epoch


def test_monotonic_clock_does_not_go_back() -> None:
    clock = SystemClock()
    first = clock.monotonic_ns()
    assert clock.monotonic_ns() >= first


def test_reset_clock_has_no_quality(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = SystemClock()
    monkeypatch.setattr(clock, "unix_s", lambda: 1_000_000)
    assert clock.quality() is TimeQuality.NONE


def test_plausible_clock_has_some_quality() -> None:
    assert SystemClock().quality() is not TimeQuality.NONE


class DenyingLibrary:
    """A C library in the units' sandbox, which denies asking the kernel about its clock."""

    def __init__(self, name: None) -> None:
        del name

    def ntp_gettime(self, buffer: object) -> int:
        del buffer
        return -1


@pytest.mark.parametrize(
    ("mark", "is_synchronised"),
    [pytest.param("/", True, id="mark"), pytest.param("/no-such-file", False, id="no mark")],
)
def test_sandboxed_process_goes_by_the_mark_of_timesyncd(
    monkeypatch: pytest.MonkeyPatch, mark: str, *, is_synchronised: bool
) -> None:
    monkeypatch.setattr(ctypes, "CDLL", DenyingLibrary)
    monkeypatch.setattr(clock_module, "TIMESYNCD_MARK", Path(mark))
    assert (SystemClock().quality() is TimeQuality.NTP) is is_synchronised
