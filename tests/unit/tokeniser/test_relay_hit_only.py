"""Hit-only mode: what is not looked for ends in the relay."""

import pytest

from edge_lpr.core.clock import EPOCH_LENGTH_S, epoch_of
from edge_lpr.core.settings import (
    BoothSection,
    BoothSettings,
    LaneSection,
    SourceSection,
    TokeniserSection,
    VisionSection,
)
from edge_lpr.tokeniser import relay as relay_module
from edge_lpr.tokeniser.chain import Passage
from edge_lpr.tokeniser.hit_list import HitList
from edge_lpr.tokeniser.relay import PAST_KEY_KEPT_S, Relay
from edge_lpr.tokens import suite1
from edge_lpr.tokens.canonical import canonicalise
from edge_lpr.tokens.key_ring import KeyPurpose, KeyRing
from edge_lpr.tokens.suite1 import TokenKeys, TokenPair, TokenScope, make_tokens
from edge_lpr.wire.jws import SigningKey
from edge_lpr.wire.watch_list import ListEntry
from tests.support.booth import epoch_keys
from tests.support.clock import NOON_OF_THE_VECTORS, SetClock
from tests.support.readings import reading_of
from tests.support.watch_lists import ListMaker

TODAY = epoch_of(NOON_OF_THE_VECTORS)
MIDNIGHT = TODAY * EPOCH_LENGTH_S
AUTHORITY_KEY = SigningKey.generate()
ENTRY = b"entry id"

SETTINGS = BoothSettings(
    booth=BoothSection(tenant="agency", site="north", device="booth-1"),
    lanes=(LaneSection(number=1),),
    vision=VisionSection(source=SourceSection(kind="camera", address="0")),
    tokeniser=TokeniserSection(mode="hit-only"),
)


@pytest.fixture(autouse=True)
def _cheap_stretching(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stretch little: what stretching gives is a matter of the token vectors."""
    monkeypatch.setattr(suite1, "_ARGON2_MEMORY_KIB", 32)
    monkeypatch.setattr(suite1, "_ARGON2_PASSES", 1)


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
def key_ring() -> KeyRing:
    keys = {epoch: TokenKeys(*epoch_keys(epoch)) for epoch in (TODAY, TODAY + 1)}
    return KeyRing(KeyPurpose.LIVE, keys)


@pytest.fixture
def hit_list(key_ring: KeyRing) -> HitList:
    return HitList(
        "agency", "north", AUTHORITY_KEY.public_key, lambda epoch: key_ring.keys_for(epoch).site_key
    )


@pytest.fixture
def relay(key_ring: KeyRing, clock: SetClock, hit_list: HitList) -> Relay:
    return Relay(SETTINGS, key_ring, clock, hit_list)


def tokens_of(plate: str, epoch: int = TODAY) -> TokenPair:
    keys, scope = TokenKeys(*epoch_keys(epoch)), TokenScope("agency", "north", epoch)
    return make_tokens(canonicalise(plate), keys, scope)


def deliver(hit_list: HitList, *plates: str, epoch: int = TODAY, version: int = 1) -> None:
    """Have a list of plates taken."""
    entries = [
        ListEntry(tokens.exact, tokens.fold, ENTRY, is_variant=False)
        for tokens in (tokens_of(plate, epoch) for plate in plates)
    ]
    maker = ListMaker(AUTHORITY_KEY, epoch_keys(epoch)[1])
    manifest, chunks = maker.messages(epoch, version, entries)
    for message in (manifest, *chunks):
        hit_list.take(message)


def outcome_of(relay: Relay, plate: bytes) -> Passage | str:
    return relay.passage_of(reading_of(plate), received_unix_s=NOON_OF_THE_VECTORS)


@pytest.mark.parametrize(
    ("plate", "is_possible"),
    [pytest.param(b"B123ABC", False, id="exact"), pytest.param(b"8123ABC", True, id="fold alone")],
)
def test_hit_is_published_with_its_entry(
    relay: Relay, hit_list: HitList, plate: bytes, *, is_possible: bool
) -> None:
    deliver(hit_list, "B123ABC", "ZZ999")
    passage = outcome_of(relay, plate)
    assert isinstance(passage, Passage)
    assert (passage.entry, passage.possible) == (ENTRY, is_possible)
    assert passage.tokens == tokens_of(plate.decode())


def test_other_passage_leaves_nothing_but_its_counter(
    relay: Relay, hit_list: HitList, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[TokenPair] = []

    def keep(*arguments: object) -> TokenPair:
        made.append(make_tokens(*arguments))  # type: ignore[arg-type]
        return made[-1]

    deliver(hit_list, "B123ABC")
    monkeypatch.setattr(relay_module, "make_tokens", keep)
    reading = reading_of(b"QX77ZZ")
    assert relay.passage_of(reading, received_unix_s=NOON_OF_THE_VECTORS) == "not_listed"
    assert reading.class_indices == bytes(6)
    assert relay._canonical == bytes(12)
    # What was made was overwritten where it lay.
    assert [(tokens.exact, tokens.fold) for tokens in made] == [(bytes(16), bytes(16))]


def test_empty_list_publishes_nothing(relay: Relay, hit_list: HitList) -> None:
    deliver(hit_list)
    assert outcome_of(relay, b"B123ABC") == "not_listed"


def test_without_a_list_for_the_day_nothing_is_published_or_even_computed(
    relay: Relay, hit_list: HitList, monkeypatch: pytest.MonkeyPatch
) -> None:
    deliver(hit_list, "B123ABC", epoch=TODAY + 1)
    monkeypatch.setattr(relay_module, "make_tokens", None)
    assert outcome_of(relay, b"B123ABC") == "no_list"


def test_lists_of_past_days_go_with_their_keys(
    relay: Relay, hit_list: HitList, clock: SetClock
) -> None:
    deliver(hit_list, "B123ABC")
    deliver(hit_list, "B123ABC", epoch=TODAY + 1)
    clock.now_unix_s = MIDNIGHT + EPOCH_LENGTH_S
    relay.forget_past_keys()
    clock.advance_s(PAST_KEY_KEPT_S - 1)
    relay.forget_past_keys()
    assert hit_list.epochs() == (TODAY, TODAY + 1)
    clock.advance_s(1)
    relay.forget_past_keys()
    assert hit_list.epochs() == (TODAY + 1,)


def test_clock_that_was_ahead_does_not_keep_todays_list_out(
    relay: Relay, hit_list: HitList, clock: SetClock
) -> None:
    deliver(hit_list, "B123ABC")
    clock.now_unix_s += 3650 * EPOCH_LENGTH_S
    relay.forget_past_keys()
    clock.advance_s(PAST_KEY_KEPT_S)
    relay.forget_past_keys()
    assert hit_list.epochs() == ()
    clock.now_unix_s = NOON_OF_THE_VECTORS
    relay.forget_past_keys()
    relay._key_ring.replace({TODAY: TokenKeys(*epoch_keys(TODAY))}, KeyPurpose.LIVE)
    deliver(hit_list, "B123ABC")
    assert hit_list.epochs() == (TODAY,)
