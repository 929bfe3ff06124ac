"""The test card among the readings: kept back while somebody tests, a plate like others else."""

import pytest

from edge_lpr.core.clock import epoch_of
from edge_lpr.core.errors import HandoffError
from edge_lpr.core.reserved_plate import RESERVED_PLATE
from edge_lpr.core.settings import (
    BoothSection,
    BoothSettings,
    LaneSection,
    SourceSection,
    VisionSection,
)
from edge_lpr.handoff.card_message import (
    MOST_WITHHELD,
    NOTHING_LIKE_IT,
    OPEN_NS,
    CardHeard,
    card_question,
    parse_heard,
)
from edge_lpr.handoff.diagnosis_message import CARD, CHECKS, Question, parse_answer
from edge_lpr.tokeniser.card_watch import CardDesk, CardWatch
from edge_lpr.tokeniser.chain import Passage
from edge_lpr.tokeniser.relay import Relay
from edge_lpr.tokens import card_vector, suite1
from edge_lpr.tokens.key_ring import KeyPurpose, KeyRing
from edge_lpr.tokens.suite1 import TokenKeys
from tests.support.booth import epoch_keys
from tests.support.clock import NOON_OF_THE_VECTORS, SetClock
from tests.support.readings import reading_of

TODAY = epoch_of(NOON_OF_THE_VECTORS)
SETTINGS = BoothSettings(
    booth=BoothSection(tenant="agency", site="north", device="booth-1"),
    lanes=(LaneSection(number=1),),
    vision=VisionSection(source=SourceSection(kind="camera", address="0")),
)
EMPTY = CardHeard(0, NOTHING_LIKE_IT, has_other=False, vector="not_made")
OTHER = CardHeard(0, NOTHING_LIKE_IT, has_other=True, vector="not_made")


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
def relay(clock: SetClock) -> Relay:
    return Relay(SETTINGS, KeyRing(KeyPurpose.LIVE, {TODAY: TokenKeys(*epoch_keys(TODAY))}), clock)


def hear(relay: Relay, text: bytes) -> Passage | str:
    return relay.passage_of(reading_of(text), received_unix_s=NOON_OF_THE_VECTORS)


def test_card_is_no_passage_while_somebody_tests(relay: Relay) -> None:
    assert relay.card.ask(begin=True) == EMPTY
    assert hear(relay, RESERVED_PLATE) == "refused"
    assert relay.card.ask(begin=False) == CardHeard(1, 0, has_other=False, vector="right")


def test_card_is_a_passage_like_others_when_nobody_tests(relay: Relay, clock: SetClock) -> None:
    """Nobody hides behind a printed card."""
    assert isinstance(hear(relay, RESERVED_PLATE), Passage)
    relay.card.ask(begin=True)
    clock.advance_s(OPEN_NS // 1_000_000_000)
    assert isinstance(hear(relay, RESERVED_PLATE), Passage)


def test_other_plate_is_published_during_a_test_and_nothing_of_its_text_is_told(
    relay: Relay,
) -> None:
    relay.card.ask(begin=True)
    assert isinstance(hear(relay, b"B123ABC"), Passage)
    first = relay.card.ask(begin=False)
    relay.card.ask(begin=True)
    assert isinstance(hear(relay, b"ZZ99XY8"), Passage)
    assert first == relay.card.ask(begin=False) == OTHER


def test_card_that_is_read_wrongly_is_no_passage_and_the_best_reading_is_told(relay: Relay) -> None:
    relay.card.ask(begin=True)
    for text in (b"TETPLAE", b"YESTPLATE", b"T8SYPLAT6"):
        assert hear(relay, text) == "refused"
    assert relay.card.ask(begin=False) == CardHeard(3, 1, has_other=False, vector="not_made")


def test_card_needs_no_key_of_the_booth(clock: SetClock) -> None:
    relay = Relay(SETTINGS, KeyRing(KeyPurpose.LIVE, {}), clock)
    relay.card.ask(begin=True)
    assert hear(relay, RESERVED_PLATE) == "refused"
    assert relay.card.ask(begin=False).vector == "right"


def test_reading_leaves_no_text_behind(relay: Relay) -> None:
    relay.card.ask(begin=True)
    reading = reading_of(RESERVED_PLATE)
    relay.passage_of(reading, received_unix_s=NOON_OF_THE_VECTORS)
    assert not any(reading.class_indices)
    assert not any(relay._canonical)


def test_question_keeps_a_test_open_and_a_late_one_begins_anew(clock: SetClock) -> None:
    watch = CardWatch(clock)
    assert not watch.is_open()
    watch.ask(begin=True)
    watch.take(RESERVED_PLATE)
    for _ in range(3):
        clock.advance_s(20)
        assert watch.is_open()
        assert watch.ask(begin=False).withheld == 1
    clock.advance_s(31)
    assert not watch.is_open()
    assert watch.ask(begin=False).withheld == 0


def test_right_token_stays_right_when_the_card_is_read_wrongly_after(clock: SetClock) -> None:
    watch = CardWatch(clock)
    watch.ask(begin=True)
    assert watch.take(RESERVED_PLATE)
    assert watch.take(b"YESTPLATE")
    assert not watch.take(b"B123ABC")
    assert watch.ask(begin=False) == CardHeard(2, 0, has_other=True, vector="right")


def test_token_that_comes_out_wrong_is_told(
    clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(card_vector, "_FOLD", "0" * 32)
    watch = CardWatch(clock)
    watch.ask(begin=True)
    watch.take(RESERVED_PLATE)
    assert watch.ask(begin=False).vector == "wrong"


def test_withheld_readings_are_counted_no_further_than_they_can_be_told(
    clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(suite1, "_ARGON2_MEMORY_KIB", 32)
    watch = CardWatch(clock)
    watch.ask(begin=True)
    for _ in range(MOST_WITHHELD + 2):
        watch.take(b"YESTPLATE")
    assert watch.ask(begin=False).withheld == MOST_WITHHELD


def test_desk_answers_about_the_card_and_leaves_the_rest(clock: SetClock) -> None:
    watch = CardWatch(clock)
    desk = CardDesk(lambda _: b"others", watch)
    assert desk(Question(CHECKS)) == b"others"
    packed = desk(card_question(begin=True))
    assert packed is not None
    assert parse_heard(parse_answer(packed, "tokeniser", CARD).body) == watch.ask(begin=False)
    with pytest.raises(HandoffError):
        desk(Question(CARD, bytes([9]) * 56))
