"""Counters start at zero and count."""

from edge_lpr.tokeniser.funnel import Funnel
from edge_lpr.wire.health import TOKENISER_COUNTERS


def test_every_counter_is_shown_from_the_start() -> None:
    assert Funnel().counters() == dict.fromkeys(TOKENISER_COUNTERS, 0)


def test_counter_counts() -> None:
    funnel = Funnel()
    funnel.count("received")
    funnel.count("undelivered", 3)
    assert funnel.counters()["received"] == 1
    assert funnel.counters()["undelivered"] == 3
