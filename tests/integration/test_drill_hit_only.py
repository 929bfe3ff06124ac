"""What is searched for after a day in hit-only mode is found where it was left."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Final, cast

import pytest

from edge_lpr.drill.central_side import StolenDatabase
from edge_lpr.drill.crowd import TENANT
from edge_lpr.drill.hit_only import HitOnlyDay, People
from edge_lpr.drill.hit_only_checks import hit_only_checks
from edge_lpr.drill.records import TokenRecord
from edge_lpr.drill.world import HIT_ONLY_TIERS, World
from edge_lpr.tokens.suite1 import TokenKeys, TokenPair, TokenScope, make_tokens
from edge_lpr.wire import base64url
from edge_lpr.wire.key_delivery import EpochKeys

EPOCH: Final = 20_000
KEYS: Final = EpochKeys(EPOCH, b"s" * 32, b"k" * 32)
LISTED: Final = b"ABC1234"
OTHER: Final = b"XYZ9876"
BOOTH: Final = min(HIT_ONLY_TIERS)
NOT_LISTED: Final = "hit-only: vehicles not on the list of which anything is found anywhere"
STRAY: Final = "hit-only: records of vehicles that were not on the list"


def tokens_of(plate: bytes) -> TokenPair:
    keys = TokenKeys(bytearray(KEYS.stretch), bytearray(KEYS.site))
    return make_tokens(plate, keys, TokenScope(TENANT, BOOTH.site, EPOCH))


def record_of(seq: int, tokens: TokenPair) -> TokenRecord:
    where = BOOTH.site, BOOTH.device, "boot", seq
    return TokenRecord(*where, EPOCH, 0, 1, "in", tokens.exact, tokens.fold)


@pytest.fixture(scope="module")
def clean_day() -> HitOnlyDay:
    hit = tokens_of(LISTED)
    return HitOnlyDay(
        people=People([LISTED], [OTHER]),
        epoch=EPOCH,
        hits={(BOOTH.device, "boot", 1): LISTED},
        stolen=[],
        logs=[("publisher.log", b"started")],
        messages=[],
        database=StolenDatabase([("sighting", b"." + hit.exact)], [record_of(1, hit)]),
        told_early=0,
        told_hourly=2,
    )


def faults(day: HitOnlyDay) -> list[str]:
    keys = SimpleNamespace(keys=lambda _site, _epoch: KEYS)
    world = cast("World", SimpleNamespace(custodian=keys))
    return [check.name for check in hit_only_checks(day, world) if not check.holds]


def test_a_day_that_left_hits_alone_is_as_promised(clean_day: HitOnlyDay) -> None:
    assert faults(clean_day) == []


def test_whatever_is_left_of_somebody_who_is_not_listed_is_found(clean_day: HitOnlyDay) -> None:
    tokens = tokens_of(OTHER)
    for left in (OTHER, OTHER.decode().encode("utf-16-le"), base64url.encode(tokens.fold)):
        logs = [("tokeniser.log", b"a line with " + left)]
        assert faults(replace(clean_day, logs=logs)) == [NOT_LISTED]
    database = clean_day.database
    more = StolenDatabase(database.contents, [*database.records, record_of(2, tokens)])
    assert faults(replace(clean_day, database=more)) == [STRAY]


def test_a_search_that_finds_no_hits_proves_nothing(clean_day: HitOnlyDay) -> None:
    assert len(faults(replace(clean_day, database=StolenDatabase([], [])))) == 2


def test_health_records_that_tell_too_early_or_wrongly_are_told(clean_day: HitOnlyDay) -> None:
    assert len(faults(replace(clean_day, told_early=1))) == 1
    assert len(faults(replace(clean_day, told_hourly=1))) == 1
