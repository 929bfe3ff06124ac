"""Who asks too often is told so, without spoiling it for the others."""

from edge_lpr.authority.rate_limit import RateLimit
from tests.support.clock import SetClock


def allowed(limit: RateLimit, address: str, times: int) -> int:
    return sum(limit.allows(address) for _ in range(times))


def test_address_has_so_many_questions_a_minute() -> None:
    clock = SetClock()
    limit = RateLimit(clock, each_a_minute=10, all_a_minute=100)
    assert allowed(limit, "a", 30) == 10
    clock.advance_s(6)
    assert allowed(limit, "a", 30) == 1
    clock.advance_s(600)
    assert allowed(limit, "a", 30) == 10


def test_one_address_does_not_use_up_what_there_is_for_all() -> None:
    limit = RateLimit(SetClock(), each_a_minute=10, all_a_minute=15)
    assert allowed(limit, "a", 1000) == 10
    assert allowed(limit, "b", 1000) == 5


def test_many_addresses_together_have_a_limit_and_bounded_memory() -> None:
    limit = RateLimit(SetClock(), each_a_minute=10, all_a_minute=50)
    assert sum(limit.allows(f"address {number}") for number in range(10_000)) == 50
    assert len(limit._addresses) <= 4096
