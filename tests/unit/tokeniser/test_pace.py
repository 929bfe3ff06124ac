"""At most two readings a second and lane; whoever comes too early waits."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from edge_lpr.tokeniser.pace import SPACING_NS, Pace


def test_first_reading_of_a_lane_does_not_wait() -> None:
    assert Pace().claim_ns(1, 1_000) == 0


def test_second_reading_waits_for_half_a_second_after_the_first() -> None:
    pace = Pace()
    pace.claim_ns(1, 1_000)
    assert pace.claim_ns(1, 1_001) == SPACING_NS - 1


def test_lane_does_not_wait_for_another_one() -> None:
    pace = Pace()
    pace.claim_ns(1, 1_000)
    assert pace.claim_ns(2, 1_000) == 0


def test_pause_earns_no_burst() -> None:
    pace = Pace()
    pace.claim_ns(1, 0)
    assert pace.claim_ns(1, 100 * SPACING_NS) == 0
    assert pace.claim_ns(1, 100 * SPACING_NS) == SPACING_NS


@given(st.lists(st.integers(0, 3 * SPACING_NS), max_size=50))
def test_turns_of_a_lane_are_never_closer_than_half_a_second(pauses_ns: list[int]) -> None:
    pace = Pace()
    now_ns = 0
    turns_ns = []
    for pause_ns in pauses_ns:
        now_ns += pause_ns
        now_ns += pace.claim_ns(1, now_ns)
        turns_ns.append(now_ns)
    gaps_ns = [later - sooner for sooner, later in itertools.pairwise(turns_ns)]
    assert all(gap_ns >= SPACING_NS for gap_ns in gaps_ns)
