"""Waits between attempts double up to a limit, and start again after a success."""

from edge_lpr.handoff.back_off import FIRST_WAIT_S, LONGEST_WAIT_S, BackOff


def test_waits_double_up_to_the_longest() -> None:
    back_off = BackOff()
    waits_s = [back_off.next_wait_s() for _ in range(8)]
    assert waits_s[:3] == [FIRST_WAIT_S, 2 * FIRST_WAIT_S, 4 * FIRST_WAIT_S]
    assert waits_s[-2:] == [LONGEST_WAIT_S, LONGEST_WAIT_S]


def test_first_wait_is_short_again_after_a_success() -> None:
    back_off = BackOff()
    back_off.next_wait_s()
    back_off.reset()
    assert back_off.next_wait_s() == FIRST_WAIT_S
