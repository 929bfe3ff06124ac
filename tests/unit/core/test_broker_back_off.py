"""Waits before the broker is tried again."""

import pytest

from edge_lpr.core.broker_back_off import (
    BOOTH_LONGEST_WAIT_S,
    CONSUMER_LONGEST_WAIT_S,
    BrokerBackOff,
)


def test_first_wait_is_the_shortest() -> None:
    assert BrokerBackOff(BOOTH_LONGEST_WAIT_S).next_wait_s() == 1.0


@pytest.mark.parametrize(
    ("longest_s", "waits_s"),
    [
        pytest.param(BOOTH_LONGEST_WAIT_S, [1, 3, 9, 27, 60, 60], id="a booth to a minute"),
        pytest.param(CONSUMER_LONGEST_WAIT_S, [1, 3, 9, 27, 30, 30], id="a consumer to half of it"),
    ],
)
def test_waits_grow(longest_s: float, waits_s: list[float]) -> None:
    back_off = BrokerBackOff(longest_s, uniform=lambda _shortest, longest: longest)
    assert [back_off.next_wait_s() for _ in range(6)] == waits_s


def test_waits_are_never_shorter_than_a_second() -> None:
    back_off = BrokerBackOff(60, uniform=lambda shortest, _longest: shortest)
    assert [back_off.next_wait_s() for _ in range(3)] == [1, 1, 1]


def test_two_booths_do_not_come_back_together() -> None:
    booths = [BrokerBackOff(60) for _ in range(2)]
    waits_s = [[booth.next_wait_s() for _ in range(10)] for booth in booths]
    assert waits_s[0] != waits_s[1]
    assert all(1 <= wait_s <= 60 for wait_s in waits_s[0] + waits_s[1])


def test_success_makes_the_next_wait_short_again() -> None:
    back_off = BrokerBackOff(60, uniform=lambda _shortest, longest: longest)
    for _ in range(5):
        back_off.next_wait_s()
    back_off.reset()
    assert back_off.next_wait_s() == pytest.approx(1.0)
