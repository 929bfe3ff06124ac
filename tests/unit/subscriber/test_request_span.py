"""Gaps that lie near each other are asked for together."""

import pytest

from edge_lpr.subscriber.request_span import WORTH_REPEATING, first_request
from edge_lpr.subscriber.sequence import SequenceRange
from edge_lpr.wire.request import MAXIMUM_REQUESTED


@pytest.mark.parametrize(
    ("received_between", "last"),
    [(WORTH_REPEATING, 6 + WORTH_REPEATING), (WORTH_REPEATING + 1, 5)],
    ids=["just near enough", "one too many"],
)
def test_gap_is_asked_for_with_the_one_near_behind_it(received_between: int, last: int) -> None:
    second = 5 + received_between + 1
    missing = [SequenceRange(2, 5), SequenceRange(second, second)]
    assert first_request(missing) == SequenceRange(2, last)


def test_near_gaps_are_followed_one_by_one() -> None:
    missing = [SequenceRange(first, first) for first in (1, 90, 180, 281, 9_000)]
    assert first_request(missing) == SequenceRange(1, 281)


def test_request_is_no_longer_than_a_booth_takes() -> None:
    assert len(first_request([SequenceRange(7, 10**9)])) == MAXIMUM_REQUESTED
