"""What only the store in PostgreSQL has: several sessions, and days that come and go."""

from pathlib import Path

import pytest

from edge_lpr.core.errors import StoreError
from tests.support.clock import NOON_OF_THE_VECTORS
from tests.support.fleet import DAY_S, SignedBooth
from tests.support.stores import store_world

pytestmark = pytest.mark.postgres

BOOTH = SignedBooth()


def test_two_sessions_do_not_audit_at_the_same_time(tmp_path: Path) -> None:
    with store_world("postgres", tmp_path) as world:
        other = world.another_store()
        with world.database.transaction():
            assert world.database.try_audit_lock()
            assert other.audit() is None
        assert other.audit() is not None


def test_day_that_another_worker_dropped_is_made_again(tmp_path: Path) -> None:
    with store_world("postgres", tmp_path) as world:
        documents = BOOTH.sightings(2)
        world.store.add(world.sightings(BOOTH, documents[:1]))
        world.session().drop_days_before(NOON_OF_THE_VECTORS // DAY_S + 1)
        with pytest.raises(StoreError, match="no partition"):
            world.store.add(world.sightings(BOOTH, documents[1:]))
        assert world.store.add(world.sightings(BOOTH, documents[1:])).new == 1
