"""How many plates may be compiled a day, who may have more, and that it is all written down."""

from collections.abc import Iterator

import pytest

from edge_lpr.authority.authority import Authority
from edge_lpr.core.errors import NotAllowedError
from tests.support.authority import Folders, memory_folder, today


@pytest.fixture
def authority() -> Iterator[Authority]:
    with memory_folder() as folder, Folders(folder).create() as made:
        yield made


def test_nothing_is_compiled_before_the_list_is_registered(authority: Authority) -> None:
    with pytest.raises(NotAllowedError, match="--register N"):
        authority.claim_quota(today(authority), 1, None)
    assert authority.quota.used(today(authority)) == 0


def test_a_fifth_more_than_the_list_is_allowed_and_not_one_plate_beyond(
    authority: Authority,
) -> None:
    authority.quota.register(100)
    authority.claim_quota(today(authority), 100, None)
    authority.claim_quota(today(authority), 20, None)
    with pytest.raises(NotAllowedError, match="121 plates"):
        authority.claim_quota(today(authority), 1, None)
    assert authority.quota.used(today(authority)) == 120


def test_every_day_has_its_own_quota(authority: Authority) -> None:
    authority.quota.register(10)
    for ahead in range(3):
        authority.claim_quota(today(authority) + ahead, 12, None)
    assert [use.plates for use in authority.quota.uses(today(authority) + 1)] == [12, 12]


def test_reason_allows_more_and_stays_in_the_journal(authority: Authority) -> None:
    authority.quota.register(10)
    authority.claim_quota(today(authority), 12, "not needed, so not kept")
    authority.claim_quota(today(authority), 5, "list of the neighbouring state, order 7")
    entries = [each for each in authority.journal.entries() if each.call == "quota"]
    assert [entry.details.get("over_quota") for entry in entries] == [
        None,
        "list of the neighbouring state, order 7",
    ]
    assert authority.quota.used(today(authority)) == 17


def test_growth_of_the_list_is_in_the_journal(authority: Authority) -> None:
    authority.quota.register(10)
    authority.quota.register(1000)
    entries = [each for each in authority.journal.entries() if each.call == "quota-registered"]
    assert [(e.details["before"], e.details["plates"]) for e in entries] == [(0, 10), (10, 1000)]
