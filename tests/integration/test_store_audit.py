"""What both stores find missing or not fitting: one contract, PostgreSQL and SQLite for real."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from edge_lpr.store.boot_book import FIRST_WAIT_S, SETTLE_S
from edge_lpr.wire.bounds import MAXIMUM_SEQUENCE
from edge_lpr.wire.gap import GapClaims, GapReason, sign_gap
from edge_lpr.wire.health import sign_health
from edge_lpr.wire.sighting import sighting_hash, sign_sighting
from edge_lpr.wire.topics import TopicKind
from tests.support.clock import NOON_OF_THE_VECTORS
from tests.support.fleet import DAY_S, HEALTH, SIGHTING, SignedBooth
from tests.support.stores import BOTH_STORES, StoreWorld, store_world

BOOTH = SignedBooth()


@pytest.fixture(params=BOTH_STORES)
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[StoreWorld]:
    with store_world(request.param, tmp_path) as world:
        yield world


def test_ledger_of_a_boot_without_gaps_is_one_row(world: StoreWorld) -> None:
    documents = BOOTH.sightings(6)
    world.store.add(world.sightings(BOOTH, documents[3:]))
    world.store.audit()
    world.store.add(world.sightings(BOOTH, documents[:3]))
    world.store.audit()
    runs = world.database.rows("SELECT first, last, last_link FROM run")
    assert [tuple(run) for run in runs] == [(1, 6, sighting_hash(documents[-1]))]
    assert world.database.rows("SELECT 1 FROM arrival") == []
    assert world.findings() == []


def test_hole_becomes_a_gap_once_it_has_stayed(world: StoreWorld) -> None:
    documents = BOOTH.sightings(6)
    world.store.add(world.sightings(BOOTH, [documents[0], *documents[3:]]))
    world.store.audit()
    assert world.gaps() == []
    world.clock.advance_s(SETTLE_S)
    report = world.store.audit()
    assert report is not None
    assert report.opened == 1
    assert world.gaps() == [(2, 3, 2, 0)]


def test_hole_that_another_worker_fills_at_once_is_no_gap(world: StoreWorld) -> None:
    documents = BOOTH.sightings(4)
    world.store.add(world.sightings(BOOTH, documents[2:]))
    world.store.audit()
    world.another_store().add(world.sightings(BOOTH, documents[:2]))
    world.clock.advance_s(SETTLE_S)
    world.store.audit()
    assert world.gaps() == []


def test_gap_is_asked_for_and_closed_by_arrival(world: StoreWorld) -> None:
    documents = BOOTH.sightings(6)
    world.store.add(world.sightings(BOOTH, [documents[0], *documents[3:]]))
    world.store.audit()
    world.clock.advance_s(SETTLE_S)
    report = world.store.audit()
    assert report is not None
    (request,) = report.requests
    assert (request.address, request.boot) == (BOOTH.address, SIGHTING.boot)
    assert (request.first, request.last) == (2, 3)
    world.store.add(world.sightings(BOOTH, documents[1:3]))
    report = world.store.audit()
    assert report is not None
    assert report.closed == 1
    assert report.requests == ()
    assert world.gaps() == [(2, 3, 0, 0)]


def test_unanswered_request_is_made_again_ever_more_rarely(world: StoreWorld) -> None:
    documents = BOOTH.sightings(3)
    world.store.add(world.sightings(BOOTH, [documents[0], documents[2]]))
    world.store.audit()
    asked_at = []
    for _ in range(200):
        world.clock.advance_s(1)
        report = world.store.audit()
        assert report is not None
        if report.requests:
            asked_at.append(world.clock.unix_s())
    pauses = [later - earlier for earlier, later in pairwise(asked_at)]
    assert pauses == [15, 30, 60]


def test_gaps_near_each_other_are_asked_for_together(world: StoreWorld) -> None:
    documents = BOOTH.sightings(9)
    world.store.add(world.sightings(BOOTH, [*documents[:2], *documents[3:5]]))
    world.audit_until_settled()
    world.store.add(world.sightings(BOOTH, documents[6:]))
    world.audit_until_settled()
    assert world.gaps() == [(3, 3, 1, 0), (6, 6, 1, 0)]
    world.clock.advance_s(FIRST_WAIT_S)
    report = world.store.audit()
    assert report is not None
    assert [(request.first, request.last) for request in report.requests] == [(3, 6)]


def test_gap_is_closed_by_a_devices_word(world: StoreWorld) -> None:
    documents = BOOTH.sightings(5)
    world.store.add(world.sightings(BOOTH, [documents[0], documents[4]]))
    world.audit_until_settled()
    world.store.add(world.batch(BOOTH, (TopicKind.GAP, BOOTH.gap(2, 3))))
    world.store.audit()
    assert world.gaps() == [(2, 4, 1, 0)]
    world.store.add(world.sightings(BOOTH, [documents[3]]))
    world.store.audit()
    assert world.gaps() == [(2, 4, 0, 2)]


def test_given_up_numbers_before_their_successors_open_no_gap(world: StoreWorld) -> None:
    gap = GapClaims(SIGHTING.boot, 1, 2, NOON_OF_THE_VECTORS, GapReason.OUTBOX_FULL)
    world.store.add(world.batch(BOOTH, (TopicKind.GAP, sign_gap(gap, BOOTH.event_key))))
    world.store.audit()
    world.store.add(world.sightings(BOOTH, BOOTH.sightings(3)[2:]))
    world.audit_until_settled()
    assert world.gaps() == []


def test_numbers_given_up_before_they_are_made_hide_no_loss(world: StoreWorld) -> None:
    world.store.add(world.sightings(BOOTH, BOOTH.sightings(2)))
    world.store.add(world.batch(BOOTH, (TopicKind.GAP, BOOTH.gap(3, MAXIMUM_SEQUENCE))))
    world.store.audit()
    world.clock.advance_s(60)
    world.store.add(world.batch(BOOTH, (TopicKind.HEALTH, BOOTH.health(4))))
    world.audit_until_settled()
    assert world.gaps() == [(3, 4, 2, 0)]
    assert world.database.rows("SELECT 1 FROM given_up") == []


def test_health_record_that_confirms_what_was_given_up_leaves_it(world: StoreWorld) -> None:
    world.store.add(world.sightings(BOOTH, BOOTH.sightings(2)))
    world.store.add(world.batch(BOOTH, (TopicKind.GAP, BOOTH.gap(3, 4))))
    world.store.audit()
    world.clock.advance_s(60)
    world.store.add(world.batch(BOOTH, (TopicKind.HEALTH, BOOTH.health(4))))
    world.audit_until_settled()
    assert world.gaps() == []


def test_later_birth_shows_what_was_given_up_beyond_the_end(world: StoreWorld) -> None:
    world.store.add(world.sightings(BOOTH, BOOTH.sightings(2)))
    world.store.add(world.batch(BOOTH, (TopicKind.GAP, BOOTH.gap(3, 9))))
    world.store.audit()
    world.clock.advance_s(60)
    birth = BOOTH.birth("ffffffffffffffff", BOOTH.previous(4))
    world.store.add(world.batch(BOOTH, (TopicKind.BIRTH, birth)))
    world.audit_until_settled()
    assert world.gaps() == [(3, 4, 2, 0)]


def test_what_is_given_up_piece_by_piece_is_kept_as_one(world: StoreWorld) -> None:
    world.store.add(world.sightings(BOOTH, BOOTH.sightings(9)[8:]))
    for first, last in ((1, 2), (5, 6), (3, 4), (2, 5), (1, 2)):
        world.store.add(world.batch(BOOTH, (TopicKind.GAP, BOOTH.gap(first, last))))
        world.store.audit()
    rows = world.database.rows("SELECT first, last FROM given_up")
    assert [tuple(row) for row in rows] == [(1, 6)]


def test_scattered_words_fill_no_tables(world: StoreWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge_lpr.store.boot_book.MAXIMUM_GIVEN_UP", 2)
    world.store.add(world.sightings(BOOTH, BOOTH.sightings(9)[8:]))
    for seq in (1, 3, 5):
        world.store.add(world.batch(BOOTH, (TopicKind.GAP, BOOTH.gap(seq, seq))))
    world.audit_until_settled()
    assert world.gaps() == [(2, 2, 1, 0), (4, 8, 5, 0)]


def test_health_record_shows_that_the_newest_are_missing(world: StoreWorld) -> None:
    world.store.add(world.sightings(BOOTH, BOOTH.sightings(2)))
    world.store.add(world.batch(BOOTH, (TopicKind.HEALTH, BOOTH.health(4))))
    world.audit_until_settled()
    assert world.gaps() == [(3, 4, 2, 0)]


def test_birth_shows_that_the_end_of_the_boot_before_is_missing(world: StoreWorld) -> None:
    world.store.add(world.sightings(BOOTH, BOOTH.sightings(2)))
    birth = BOOTH.birth("ffffffffffffffff", BOOTH.previous(3))
    world.store.add(world.batch(BOOTH, (TopicKind.BIRTH, birth)))
    world.audit_until_settled()
    assert world.gaps() == [(3, 3, 1, 0)]
    assert world.findings() == []


def test_broken_chain_is_found_whichever_comes_first(world: StoreWorld) -> None:
    first, second, third = BOOTH.sightings(3)
    forged = sign_sighting(replace(SIGHTING, seq=2, prev=b"x" * 16), BOOTH.event_key)
    world.store.add(world.sightings(BOOTH, [first, third]))
    world.store.audit()
    world.store.add(world.sightings(BOOTH, [forged]))
    world.store.audit()
    assert world.findings() == [(2, "broken_chain"), (3, "broken_chain")]
    assert sighting_hash(second) not in {
        bytes(link) for (link,) in world.database.rows("SELECT link FROM sighting")
    }


@pytest.mark.parametrize("later_s", [0, DAY_S // 2 + 1], ids=["same day", "other partition"])
def test_second_sighting_under_a_number_is_found(world: StoreWorld, later_s: int) -> None:
    world.store.add(world.sightings(BOOTH, BOOTH.sightings(2)))
    world.store.audit()
    forged = replace(SIGHTING, at=SIGHTING.at + later_s, lane=9)
    world.store.add(world.sightings(BOOTH, [sign_sighting(forged, BOOTH.event_key)]))
    world.store.audit()
    assert (1, "conflict") in world.findings()


def test_health_record_that_names_another_sighting_is_found(world: StoreWorld) -> None:
    documents = BOOTH.sightings(4)
    world.store.add(world.sightings(BOOTH, documents))
    world.store.audit()
    for seq in (2, 4):
        honest = BOOTH.health(seq)
        world.store.add(world.batch(BOOTH, (TopicKind.HEALTH, honest)))
    world.store.audit()
    assert world.findings() == []
    for seq in (3, 4):
        forged = sign_health(replace(HEALTH, seq=seq, link=b"x" * 16), BOOTH.event_key)
        world.store.add(world.batch(BOOTH, (TopicKind.HEALTH, forged)))
    world.store.audit()
    assert world.findings() == [(3, "broken_end"), (4, "broken_end")]


def test_device_that_forgot_its_boots_is_found(world: StoreWorld) -> None:
    world.store.add(world.batch(BOOTH, (TopicKind.BIRTH, BOOTH.birth())))
    world.store.add(world.batch(BOOTH, (TopicKind.BIRTH, BOOTH.birth("ffffffffffffffff"))))
    world.store.audit()
    assert world.findings() == [(0, "forgotten")]


def test_sighting_beyond_the_end_of_its_boot_is_found(world: StoreWorld) -> None:
    world.store.add(world.sightings(BOOTH, BOOTH.sightings(4)))
    birth = BOOTH.birth("ffffffffffffffff", BOOTH.previous(3))
    world.store.add(world.batch(BOOTH, (TopicKind.BIRTH, birth)))
    world.store.audit()
    assert world.findings() == [(4, "beyond_end")]


def test_gap_that_is_older_than_the_retention_is_given_up(world: StoreWorld) -> None:
    world.store.add(world.sightings(BOOTH, BOOTH.sightings(3)[2:]))
    world.audit_until_settled()
    world.clock.advance_s(31 * DAY_S)
    report = world.store.audit()
    assert report is not None
    assert report.closed == 1
    assert world.gaps() == [(1, 2, 0, 2)]


def test_figures_say_what_is_missing(world: StoreWorld) -> None:
    world.store.add(world.batch(BOOTH, (TopicKind.BIRTH, BOOTH.birth())))
    world.store.add(world.sightings(BOOTH, BOOTH.sightings(4)[3:]))
    world.store.add(world.batch(BOOTH, (TopicKind.GAP, BOOTH.gap(1, 1))))
    world.audit_until_settled()
    world.clock.advance_s(7)
    figures = world.store.figures()
    assert (figures["gaps_open"], figures["numbers_missing"]) == (1, 2)
    assert (figures["oldest_gap_seconds"], figures["numbers_given_up"]) == (7, 1)
    assert (figures["booths"], figures["findings"], figures["hits_waiting"]) == (1, 0, 0)
