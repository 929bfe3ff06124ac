import pytest

from edge_lpr.drill.plate_shapes import SHAPES
from edge_lpr.drill.price import (
    ARGON2_A_SECOND,
    HMAC_A_SECOND,
    SHA256_A_SECOND,
    Price,
    day_price,
    price_of,
)

US, GERMANY = SHAPES["us-state"], SHAPES["germany"]


def test_a_state_costs_what_the_design_says() -> None:
    assert day_price(US).seconds / 3600 == pytest.approx(29, abs=0.5)
    assert day_price(US).dollars == pytest.approx(10, abs=0.5)


def test_germany_costs_what_the_design_says() -> None:
    assert day_price(GERMANY).seconds / 86_400 == pytest.approx(34, abs=0.5)


def test_a_plain_hash_of_a_state_falls_within_milliseconds() -> None:
    assert price_of(US.size, SHA256_A_SECOND).seconds == pytest.approx(0.008, abs=0.0005)
    assert price_of(GERMANY.size, SHA256_A_SECOND).seconds == pytest.approx(0.22, abs=0.01)


def test_stretching_buys_six_and_a_half_million() -> None:
    assert HMAC_A_SECOND.value / ARGON2_A_SECOND.value == pytest.approx(6.6e6, rel=0.02)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        pytest.param(0.008, "8 ms (less than a cent)", id="milliseconds"),
        pytest.param(1.5, "1.5 seconds (less than a cent)", id="seconds"),
        pytest.param(7_200, "2 hours (0.70 dollars)", id="hours"),
        pytest.param(864_000, "10 days (84.00 dollars)", id="days"),
    ],
)
def test_prices_are_said_in_words(seconds: float, words: str) -> None:
    assert Price(seconds).words() == words
