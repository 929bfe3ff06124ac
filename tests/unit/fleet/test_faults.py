"""Rates of faults, and what they do to sightings."""

import random
from collections import Counter

import pytest

from edge_lpr.core.errors import SettingsError
from edge_lpr.fleet.faults import LONGEST_DELAY_S, Fate, FateDraw, FaultRates


def fates(rates: FaultRates, seed: int = 1) -> list[Fate]:
    draw = FateDraw(rates, random.Random(seed))  # noqa: S311 - a test
    return [draw.next() for _ in range(10_000)]


def test_without_rates_every_sighting_is_sent() -> None:
    assert set(fates(FaultRates())) == {Fate.SENT}


def test_shares_are_what_they_say() -> None:
    rates = FaultRates(drop=0.05, lose=0.1, delay=0.15, duplicate=0.2, reorder=0.25)
    counts = Counter(fates(rates))
    expected = {
        Fate.DROPPED: 500,
        Fate.LOST: 1000,
        Fate.DELAYED: 1500,
        Fate.DUPLICATED: 2000,
        Fate.REORDERED: 2500,
        Fate.SENT: 2500,
    }
    # Five standard deviations of the largest share.
    assert all(abs(counts[fate] - count) < 220 for fate, count in expected.items())


def test_seed_decides_the_fates() -> None:
    rates = FaultRates(drop=0.5)
    assert fates(rates) == fates(rates)
    assert fates(rates) != fates(rates, seed=2)


def test_delays_have_a_limit() -> None:
    draw = FateDraw(FaultRates(), random.Random(1))  # noqa: S311 - a test
    delays_s = [draw.delay_s() for _ in range(1000)]
    assert min(delays_s) >= 0
    assert LONGEST_DELAY_S / 2 < max(delays_s) <= LONGEST_DELAY_S


@pytest.mark.parametrize(
    "rates",
    [
        pytest.param({"drop": -0.1}, id="negative-share"),
        pytest.param({"restarts": -1.0}, id="negative-restarts"),
        pytest.param({"drop": 0.6, "lose": 0.5}, id="more-than-all"),
    ],
)
def test_rates_that_make_no_sense_are_refused(rates: dict[str, float]) -> None:
    with pytest.raises(SettingsError):
        FaultRates(**rates)
