"""Readings that are none, or for which there is no key: refused, counted, and life goes on."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from edge_lpr.core.clock import EPOCH_LENGTH_S, epoch_of
from edge_lpr.core.errors import NoValidKeyError
from edge_lpr.core.settings import load_settings
from edge_lpr.handoff.seqpacket import Connection
from edge_lpr.tokeniser.chain import Passage
from edge_lpr.tokeniser.relay import PAST_KEY_KEPT_S, Relay
from edge_lpr.tokens.key_ring import KeyPurpose, KeyRing
from edge_lpr.tokens.suite1 import TokenKeys
from tests.support.booth import epoch_keys, lay_out_booth
from tests.support.clock import NOON_OF_THE_VECTORS, SetClock
from tests.support.readings import packed, reading_of
from tests.support.scripted_publisher import accepted, listening
from tests.support.tokeniser_process import (
    RunningTokeniser,
    hand_over,
    running_tokeniser,
    vision_of,
)
from tests.support.waiting import wait_until

LANE_AT, LAST_PADDING_AT = 5, 63
TODAY = epoch_of(NOON_OF_THE_VECTORS)


def changed(offset: int, octet: int) -> bytes:
    message = packed(reading_of())
    message[offset] = octet
    return bytes(message)


@pytest.fixture(scope="module")
def tokeniser_and_vision(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[RunningTokeniser, Connection]]:
    booth = lay_out_booth(tmp_path_factory.mktemp("b"))
    with running_tokeniser(booth) as tokeniser, vision_of(booth) as vision:
        yield tokeniser, vision


@pytest.mark.parametrize(
    "message",
    [
        pytest.param(b"L", id="one byte"),
        pytest.param(packed(reading_of())[:-1], id="a byte short"),
        pytest.param(packed(reading_of()) + b"\0", id="a byte long"),
        pytest.param(b"\xff\xd8\xff" + bytes(100_000), id="a picture"),
        pytest.param(changed(0, ord("X")), id="wrong magic"),
        pytest.param(changed(LAST_PADDING_AT, 1), id="padding that is not zero"),
        pytest.param(changed(LANE_AT, 17), id="lane that cannot exist"),
        pytest.param(changed(LANE_AT, 3), id="lane that the settings do not have"),
    ],
)
def test_bad_reading_is_refused_and_the_next_one_taken(
    tokeniser_and_vision: tuple[RunningTokeniser, Connection], message: bytes
) -> None:
    tokeniser, vision = tokeniser_and_vision
    assert hand_over(vision, bytes(message)) == b"R"
    assert hand_over(vision, reading_of()) == b"A"
    assert tokeniser.process.poll() is None


def test_passage_without_a_key_is_counted_and_not_published(tmp_path: Path) -> None:
    booth = lay_out_booth(tmp_path)
    booth.write_keys(KeyPurpose.TEST, TODAY)
    with (
        listening(booth.sightings_socket) as listener,
        running_tokeniser(booth) as tokeniser,
        accepted(listener) as publisher,
        vision_of(booth) as vision,
    ):
        publisher.say_hello()
        publisher.take_birth()
        assert hand_over(vision, reading_of()) == b"A"
        assert publisher.has_nothing_to_take()
        assert tokeniser.stop() == 0
        wait_until(lambda: tokeniser.has_said("reading_no_key"))
        assert tokeniser.counters()["no_key"] == 1
        assert tokeniser.counters()["delivered"] == 0


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
def relay(tmp_path: Path, clock: SetClock) -> Relay:
    settings = load_settings(lay_out_booth(tmp_path).settings_file)
    keys = {epoch: TokenKeys(*epoch_keys(epoch)) for epoch in (TODAY, TODAY + 1)}
    return Relay(settings, KeyRing(KeyPurpose.TEST, keys), clock)


def test_clock_that_stepped_back_an_hour_still_dates_the_passage(
    relay: Relay, clock: SetClock
) -> None:
    clock.now_unix_s -= 3600
    passage = relay.passage_of(reading_of(), received_unix_s=clock.unix_s())
    assert isinstance(passage, Passage)
    assert (passage.at_unix_s, passage.epoch) == (NOON_OF_THE_VECTORS - 3600, TODAY)


def test_clock_that_stepped_back_to_an_epoch_whose_key_is_gone_makes_no_token(
    relay: Relay, clock: SetClock
) -> None:
    clock.now_unix_s = (TODAY + 1) * EPOCH_LENGTH_S
    relay.forget_past_keys()
    clock.advance_s(PAST_KEY_KEPT_S)
    relay.forget_past_keys()
    clock.now_unix_s = NOON_OF_THE_VECTORS
    with pytest.raises(NoValidKeyError, match=f"epoch {TODAY}"):
        relay.passage_of(reading_of(), received_unix_s=clock.unix_s())
