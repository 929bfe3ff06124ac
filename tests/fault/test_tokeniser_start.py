"""The process that cannot start says why, and ends with a status that tells whom to call."""

import os
from pathlib import Path

import pytest

from edge_lpr.core.clock import SystemClock, epoch_of
from edge_lpr.core.errors import NeighbourAwayError
from edge_lpr.tokens.key_ring import KeyPurpose
from tests.support.booth import Booth, lay_out_booth
from tests.support.readings import reading_of
from tests.support.tokeniser_process import hand_over, running_tokeniser, vision_of
from tests.support.waiting import wait_until


@pytest.fixture
def booth(tmp_path: Path) -> Booth:
    return lay_out_booth(tmp_path)


def sentence_of_refusal(booth: Booth) -> str:
    """Start the tokeniser, expect exit status 2, and return what it said."""
    with running_tokeniser(booth) as tokeniser:
        assert tokeniser.wait_for_exit() == 2, tokeniser.log_file.read_text()
        return tokeniser.failure()


def test_missing_settings_are_named(booth: Booth) -> None:
    booth.settings_file.unlink()
    assert str(booth.settings_file) in sentence_of_refusal(booth)


def test_key_that_others_can_read_stops_the_start(booth: Booth) -> None:
    booth.key_ring_file.chmod(0o644)
    sentence = sentence_of_refusal(booth)
    assert str(booth.key_ring_file) in sentence
    assert "mode 0600" in sentence


def test_replayed_frames_under_live_keys_stop_the_start(booth: Booth) -> None:
    booth.write_keys(KeyPurpose.LIVE, epoch_of(SystemClock().unix_s()))
    assert "key ring made for tests" in sentence_of_refusal(booth)


def test_missing_models_stop_the_start(tmp_path: Path) -> None:
    booth = lay_out_booth(tmp_path, more_vision_settings=f'models_folder = "{tmp_path}"')
    assert str(tmp_path / "manifest.json") in sentence_of_refusal(booth)


def test_unknown_user_of_vision_is_named(tmp_path: Path) -> None:
    booth = lay_out_booth(tmp_path, more_tokeniser_settings='vision_user = "no-such-user"')
    assert (
        "tokeniser.vision_user is no-such-user, a user that does not exist"
        in sentence_of_refusal(booth)
    )


def test_hit_only_without_an_authority_stops_the_start(tmp_path: Path) -> None:
    booth = lay_out_booth(tmp_path, more_tokeniser_settings='mode = "hit-only"')
    assert "needs tokeniser.authority_file" in sentence_of_refusal(booth)


def test_second_tokeniser_leaves_the_first_alone(booth: Booth) -> None:
    with running_tokeniser(booth) as first:
        wait_until(lambda: first.has_said("started"))
        with running_tokeniser(booth) as second:
            assert second.wait_for_exit() == 1
        assert first.process.poll() is None
        assert "another process listens there" in first.failure()


def test_process_of_another_user_hands_over_nothing(tmp_path: Path) -> None:
    somebody_else = "nobody" if os.geteuid() == 0 else "root"
    booth = lay_out_booth(tmp_path, more_tokeniser_settings=f'vision_user = "{somebody_else}"')
    with running_tokeniser(booth) as tokeniser, vision_of(booth) as vision:
        with pytest.raises(NeighbourAwayError):
            hand_over(vision, reading_of())
        assert tokeniser.stop() == 0
        assert tokeniser.has_said("vision_refused")
        assert tokeniser.counters()["received"] == 0
