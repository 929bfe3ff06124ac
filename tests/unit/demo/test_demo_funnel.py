import pytest

from edge_lpr.demo.funnel import REASONS, STAGES, build_funnel

VISION = {"frames": 200, "detections": 90, "readings": 80, "agreed": 10, "small": 7, "repeated": 0}
TOKENISER = {"received": 10, "tokenised": 9, "no_key": 1}
PUBLISHER = {"accepted": 9, "published": 9}


def test_funnel_has_every_stage_in_order() -> None:
    funnel = build_funnel(VISION, TOKENISER, PUBLISHER, received=9)
    assert tuple(funnel.stages) == STAGES
    assert list(funnel.stages.values()) == [200, 90, 80, 10, 9, 9]


def test_received_is_the_consumers_number_and_not_the_tokenisers() -> None:
    assert build_funnel(VISION, TOKENISER, PUBLISHER, received=3).stages["received"] == 3


def test_losses_are_named_and_zeros_left_out() -> None:
    funnel = build_funnel(VISION, TOKENISER, PUBLISHER, received=9)
    assert funnel.losses == {"small": 7, "no_key": 1}
    assert funnel.losses.keys() <= REASONS.keys()


def test_funnel_is_complete_when_everything_published_was_received() -> None:
    tokeniser = TOKENISER | {"tokenised": 10, "no_key": 0}
    publisher = {"accepted": 10, "published": 10}
    all_received = build_funnel(VISION, tokeniser, publisher, received=10)
    assert all_received.is_complete
    assert all_received.sentence() == "10 published, 10 received"
    assert not build_funnel(VISION, tokeniser, publisher, received=9).is_complete


@pytest.mark.parametrize(
    ("tokeniser", "publisher", "words"),
    [
        pytest.param({"no_key": 10}, {}, "lost: 10 no token key for the day", id="no key"),
        pytest.param({"refused": 10}, {}, "lost: 10 refused by the tokeniser", id="refused"),
        pytest.param({"undelivered": 2}, {}, "lost: 2 not handed over", id="undelivered"),
        pytest.param({}, {"dropped": 3}, "lost: 3 dropped from a full outbox", id="dropped"),
        pytest.param({}, {"unsent": 3}, "lost: 3 still in the outbox", id="unsent"),
        pytest.param({}, {}, "look at the logs for the reason", id="nobody knows"),
    ],
)
def test_agreed_plates_that_were_not_published_are_a_failure_with_a_reason(
    tokeniser: dict[str, int], publisher: dict[str, int], words: str
) -> None:
    funnel = build_funnel(VISION, tokeniser, publisher, received=0)
    assert not funnel.is_complete
    assert funnel.sentence() == f"10 agreed, 0 published, 0 received; {words}"


def test_lane_without_a_plate_is_no_failure() -> None:
    funnel = build_funnel({"frames": 200}, {}, {}, received=0)
    assert funnel.is_complete
    assert funnel.sentence() == "No plate was read: nothing was published"


def test_sighting_that_the_broker_took_in_the_end_is_not_lost() -> None:
    funnel = build_funnel({"agreed": 1}, {}, {"published": 1, "refused_by_broker": 4}, received=1)
    assert funnel.is_complete


def test_process_that_logged_nothing_counts_as_zero() -> None:
    assert set(build_funnel({}, {}, {}, received=0).stages.values()) == {0}
