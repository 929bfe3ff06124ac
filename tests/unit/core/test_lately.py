"""What counters have grown by lately."""

from edge_lpr.core.lately import Lately
from tests.support.clock import SetClock


def test_growth_is_that_of_the_last_minutes() -> None:
    clock, counters = SetClock(), {"lost": 5}
    lately = Lately(lambda: counters, clock, minutes=3)
    assert lately.growth() == {"lost": 0}
    for _ in range(3):
        counters["lost"] += 10
        clock.advance_s(60)
        lately.note()
        # Too early for another sample.
        lately.note()
    assert lately.growth() == {"lost": 30}
    clock.advance_s(60)
    lately.note()
    assert lately.growth() == {"lost": 20}


def test_counter_that_is_new_has_grown_by_all_of_it() -> None:
    counters: dict[str, int] = {}
    lately = Lately(lambda: counters, SetClock())
    counters["lost"] = 4
    assert lately.growth() == {"lost": 4}
