"""Which checkpoints both stores keep, what contradicts what, and what an auditor gets from them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from edge_lpr.store import checkpoint_table
from edge_lpr.store.checkpoint_table import KEPT_WHOLE_S, OVERTAKING_S
from edge_lpr.store.intake import Intake, Work
from edge_lpr.subscriber.authenticity import Authenticator
from edge_lpr.subscriber.checkpoint_record import Growth
from edge_lpr.subscriber.messages import Message
from edge_lpr.wire.jws import SigningKey
from edge_lpr.wire.topics import DeviceAddress, TopicKind
from tests.support.fleet import AUTHORITY, DAY_S, SignedBooth
from tests.support.stores import BOTH_STORES, StoreWorld, store_world

BOOTH = SignedBooth()
OTHER = SignedBooth("booth-2")
ROOT, OTHER_ROOT = bytes(32), bytes([1] * 32)
LATER_S = OVERTAKING_S + 1


@pytest.fixture(params=BOTH_STORES)
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[StoreWorld]:
    with store_world(request.param, tmp_path) as world:
        yield world


def receive(
    world: StoreWorld, *notes: bytes, booth: SignedBooth = BOOTH
) -> list[tuple[DeviceAddress, Growth]]:
    """Store what has come, and return what contradicts; time passes before and after."""
    world.clock.advance_s(LATER_S)
    batch = world.batch(booth, *((TopicKind.CHECKPOINT, note) for note in notes))
    return list(world.store.add(batch).contradictions)


def contradictions(world: StoreWorld) -> int:
    return world.store.figures()["checkpoint_contradictions"]


def test_log_that_grows_is_kept_each_once(world: StoreWorld) -> None:
    notes = [BOOTH.checkpoint(size) for size in (3, 7, 9)]
    assert receive(world, *notes[:2]) == []
    assert receive(world, notes[1], notes[2], notes[0]) == []
    assert receive(world, OTHER.checkpoint(2), booth=OTHER) == []
    assert world.store.checkpoints.of(BOOTH.address) == notes
    assert world.store.checkpoints.of(OTHER.address) == [OTHER.checkpoint(2)]
    assert contradictions(world) == 0


def test_two_roots_at_one_size_are_a_fork_and_both_are_kept(world: StoreWorld) -> None:
    fork = BOOTH.checkpoint(7, OTHER_ROOT)
    receive(world, BOOTH.checkpoint(7), BOOTH.checkpoint(9))
    assert receive(world, fork) == [(BOOTH.address, Growth.FORKED)]
    # Said once, however often it is played again.
    assert receive(world, fork) == []
    assert contradictions(world) == 1
    assert set(world.store.checkpoints.of(BOOTH.address)) == {
        BOOTH.checkpoint(7),
        fork,
        BOOTH.checkpoint(9),
    }


def test_log_that_was_put_back_is_said_and_kept(world: StoreWorld) -> None:
    receive(world, BOOTH.checkpoint(9))
    assert receive(world, BOOTH.checkpoint(4)) == [(BOOTH.address, Growth.SHRUNK)]
    assert len(world.store.checkpoints.of(BOOTH.address)) == 2
    assert contradictions(world) == 1


def test_checkpoints_that_overtake_each_other_in_a_backlog_are_no_news(world: StoreWorld) -> None:
    receive(world, BOOTH.checkpoint(9))
    batch = world.batch(BOOTH, (TopicKind.CHECKPOINT, BOOTH.checkpoint(4)))
    assert world.another_store().add(batch).contradictions == ()
    assert receive(world, BOOTH.checkpoint(5)) == [(BOOTH.address, Growth.SHRUNK)]


def test_booth_that_was_enrolled_anew_begins_with_another_key(world: StoreWorld) -> None:
    anew = SignedBooth()
    receive(world, BOOTH.checkpoint(9))
    assert anew.event_key.kid != BOOTH.event_key.kid
    assert receive(world, anew.checkpoint(4), booth=anew) == []
    assert len(world.store.checkpoints.of(BOOTH.address)) == 2


def test_flood_of_contradictions_is_bounded(
    world: StoreWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoint_table, "MOST_CONTRADICTIONS", 4)
    receive(world, BOOTH.checkpoint(9))
    forks = [BOOTH.checkpoint(9, bytes([number] * 32)) for number in range(1, 8)]
    assert len(receive(world, *forks)) == 4
    assert receive(world, *forks) == []
    assert contradictions(world) == 4


def test_after_a_week_the_last_of_each_day_stays_and_every_contradiction(world: StoreWorld) -> None:
    for day in range(3):
        receive(world, *(BOOTH.checkpoint(100 * day + size) for size in (1, 2, 3)))
        world.clock.advance_s(DAY_S - LATER_S)
    receive(world, BOOTH.checkpoint(2, OTHER_ROOT))
    world.store.keep_house()
    assert len(world.store.checkpoints.of(BOOTH.address)) == 10
    world.clock.advance_s(KEPT_WHOLE_S)
    world.store.keep_house()
    assert world.store.checkpoints.of(BOOTH.address) == [
        BOOTH.checkpoint(2, OTHER_ROOT),
        *(BOOTH.checkpoint(100 * day + 3) for day in range(3)),
    ]


def _nothing() -> None:
    """Acknowledge to nobody."""


def test_worker_puts_what_the_broker_delivers_into_its_batch(world: StoreWorld) -> None:
    intake = Intake(Authenticator(AUTHORITY.public_key, world.clock), None)
    work = Work()
    forged = SignedBooth()
    forged.event_key = SigningKey.generate()
    for kind, document in (
        (TopicKind.BIRTH, BOOTH.birth()),
        (TopicKind.CHECKPOINT, BOOTH.checkpoint(3)),
        (TopicKind.CHECKPOINT, forged.checkpoint(4)),
    ):
        message = Message(BOOTH.topic(kind), document, is_retained=False, acknowledge=_nothing)
        intake.receive(message, work)
    assert [each.document for each in work.batch.checkpoints] == [BOOTH.checkpoint(3)]
    assert len(work.refusals) == 1
    world.store.add(work.batch)
    assert world.store.checkpoints.of(BOOTH.address) == [BOOTH.checkpoint(3)]
