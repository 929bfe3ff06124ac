"""The drill's central server on PostgreSQL, and what a thief copies of it."""

import random
from pathlib import Path

import pytest

from edge_lpr.core.clock import SystemClock
from edge_lpr.drill.crowd import make_crowd
from edge_lpr.drill.linking import key_of
from edge_lpr.drill.plate_shapes import SHAPES
from edge_lpr.drill.records import records_of_messages
from edge_lpr.drill.world import a_world
from tests.support.broker import Mosquitto
from tests.support.postgres import fresh_database

pytestmark = [pytest.mark.broker, pytest.mark.postgres]

PASSAGES = 60


def test_a_thief_of_postgres_has_every_token_that_the_broker_carried(tmp_path: Path) -> None:
    Mosquitto(tmp_path)  # Skips, or fails, where there is none.
    crowd = make_crowd(PASSAGES, SHAPES["us-state"], random.Random(7))  # noqa: S311 - people, no secrets
    with fresh_database() as dsn:
        with a_world(tmp_path / "w", SystemClock().unix_s(), dsn) as world:
            world.send_cheap(crowd)
            stolen = world.server.steal()
            recorded = {key_of(each): each for each in records_of_messages(world.recorder.messages)}
        assert world.server.store == "PostgreSQL"
    assert {key_of(each): each for each in stolen.records} == recorded
    assert len(recorded) == PASSAGES
    tables = dict(stolen.contents)
    assert all(each.exact in tables["sighting"] for each in stolen.records)
