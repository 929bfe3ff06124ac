"""The same thief on a sound design and on worse ones: the drill must be able to fail."""

import hashlib
import random
from collections.abc import Callable

from edge_lpr.drill.controls import leaked_key, plain_hash
from edge_lpr.drill.crowd import TENANT, make_crowd
from edge_lpr.drill.linking import PassageKey, key_of
from edge_lpr.drill.loot import Loot
from edge_lpr.drill.plate_shapes import SHAPES
from edge_lpr.drill.records import TokenRecord
from edge_lpr.drill.rows import Row, Theft, judge, nothing, of_days
from edge_lpr.drill.thief import Dictionary, Knowledge, Thief
from edge_lpr.drill.world import plates_by_passages
from edge_lpr.tokens.laboratory import stretch_plate_cheaply
from edge_lpr.tokens.suite1 import TokenPair, TokenScope, finish_tokens
from edge_lpr.wire.jws import SigningKey
from edge_lpr.wire.key_delivery import EpochKeys

FIRST = 20_000
CROWD = make_crowd(150, SHAPES["us-state"], random.Random(3))  # noqa: S311 - people, no secret
AUTHORITY = SigningKey.generate().public_key
KNOWLEDGE = Knowledge(TENANT, AUTHORITY, (TENANT.encode(),))
THIEF = Thief(KNOWLEDGE, Dictionary(plates_by_passages(CROWD), []))


def keys_of(site: str, epoch: int) -> EpochKeys:
    return EpochKeys(
        epoch,
        hashlib.sha256(b"stretch %d" % epoch).digest(),
        hashlib.sha256(f"{site} {epoch}".encode()).digest(),
    )


def sound(plate: bytes, site: str, epoch: int) -> TokenPair:
    keys, scope = keys_of(site, epoch), TokenScope(TENANT, site, epoch)
    stretched = stretch_plate_cheaply(plate, bytes(keys.stretch), scope)
    return finish_tokens(stretched, plate, bytes(keys.site), scope)


def without_keys(plate: bytes, _site: str, _epoch: int) -> TokenPair:
    digest = hashlib.sha256(TENANT.encode() + plate).digest()
    return TokenPair(digest[:16], digest[16:])


def records_by(
    make: Callable[[bytes, str, int], TokenPair],
) -> tuple[list[TokenRecord], dict[PassageKey, bytes]]:
    records, truth = [], {}
    for seq, each in enumerate(CROWD):
        site, epoch = each.booth.site, FIRST + each.day
        pair = make(each.plate, site, epoch)
        where = (site, each.booth.device, "boot", seq, epoch, each.second)
        records.append(TokenRecord(*where, each.lane, each.direction, pair.exact, pair.fold))
        truth[key_of(records[-1])] = each.plate
    return records, truth


def row_of(make: Callable[[bytes, str, int], TokenPair], *, day: int | None = None) -> Row:
    """Return what comes of a theft, of the records alone or with all keys of a day."""
    records, truth = records_by(make)
    loot = Loot(records=records)
    if day is not None:
        for site in {each.site for each in records}:
            loot.add_keys(site, keys_of(site, FIRST + day))
    reach = nothing if day is None else of_days(FIRST + day)
    theft = Theft("theft", "promise", loot, reach)
    return judge(theft, THIEF.attack(loot), truth, frozenset(), tried=frozenset())


def test_records_without_keys_yield_nothing() -> None:
    assert row_of(sound).holds


def test_keys_of_a_day_yield_that_day_whole_and_no_other() -> None:
    row = row_of(sound, day=2)
    assert row.holds
    assert row.found.passages == sum(each.day == 2 for each in CROWD)


def test_a_design_without_keys_breaks_the_table() -> None:
    row = row_of(without_keys)
    assert not row.holds
    assert row.surplus == len(CROWD)
    assert row.linked_across > 0


def test_controls_fall_to_the_thief_whole() -> None:
    records, truth = records_by(sound)
    hashed, joined = plain_hash(THIEF, records, truth)
    assert hashed.found == hashed.at_stake == len(CROWD)
    assert joined.holds
    assert leaked_key(THIEF, records, truth).holds


def test_a_thief_without_the_plates_makes_the_controls_fail() -> None:
    records, truth = records_by(sound)
    blind = Thief(KNOWLEDGE, Dictionary([b"ZZZ9999"], []))
    hashed, _ = plain_hash(blind, records, truth)
    assert not hashed.holds
    assert not leaked_key(blind, records, truth).holds
