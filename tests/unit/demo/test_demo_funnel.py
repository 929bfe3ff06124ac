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
    assert build_funnel(VISION, TOKENISER, PUBLISHER, received=9).is_complete
    assert not build_funnel(VISION, TOKENISER, PUBLISHER, received=8).is_complete


def test_process_that_logged_nothing_counts_as_zero() -> None:
    assert set(build_funnel({}, {}, {}, received=0).stages.values()) == {0}
