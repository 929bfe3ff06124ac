"""Past keys are nowhere in the memory of the live tokeniser, and present ones are there once.

A copy that somebody forgot would stay when its key is wiped: whoever takes a running booth away
could open with it what the broker recorded yesterday.
"""

from collections.abc import Mapping
from pathlib import Path

import pytest

from edge_lpr.core.clock import EPOCH_LENGTH_S
from edge_lpr.tokens.key_ring import read_key_state
from tests.integration import test_tokeniser_deliveries
from tests.integration.test_tokeniser_deliveries import Scene, at_work
from tests.support.booth import epoch_keys
from tests.support.memory_search import LEFT_READABLE, memory_of
from tests.support.waiting import wait_until


@pytest.fixture(autouse=True)
def _tokeniser_can_be_looked_into(monkeypatch: pytest.MonkeyPatch) -> None:
    readable = LEFT_READABLE + test_tokeniser_deliveries.SET_CLOCK
    monkeypatch.setattr(test_tokeniser_deliveries, "SET_CLOCK", readable)


def _copies(scene: Scene, secrets: Mapping[str, bytes]) -> dict[str, int]:
    """Return how often each secret is in the tokeniser's memory, where it is there at all."""
    copies = dict.fromkeys(secrets, 0)
    for content in memory_of(scene.tokeniser.process.pid, overlap=0):
        for name, secret in secrets.items():
            copies[name] += content.count(secret)
    return {name: count for name, count in copies.items() if count}


def _epoch(scene: Scene, day: int) -> dict[str, bytes]:
    stretch, site = epoch_keys(scene.today + day)
    return {f"stretch {day}": stretch, f"site {day}": site}


def _transport_key(scene: Scene) -> bytes:
    return bytes(read_key_state(scene.booth.key_ring_file).transport_key)


def test_transport_key_of_yesterday_is_nowhere_in_memory(tmp_path: Path) -> None:
    with at_work(tmp_path, 0) as scene:
        scene.listen_until_announced(0, scene.today)
        keys = {"first": _transport_key(scene)}
        assert _copies(scene, keys) == {"first": 1}
        scene.deliver(scene.today + 1)
        keys["second"] = _transport_key(scene)
        scene.deliver(scene.today + 2)
        keys["third"] = _transport_key(scene)
        assert _copies(scene, keys) == {"third": 1}


def test_delivered_keys_are_in_memory_once_and_past_ones_not_at_all(tmp_path: Path) -> None:
    with at_work(tmp_path, 0, kept_s=1) as scene:
        scene.listen_until_announced(0, scene.today)
        scene.deliver(scene.today + 1, scene.today + 2)
        scene.sighting_of(b"QX77ZZK4")
        secrets = {**_epoch(scene, 0), **_epoch(scene, 1), **_epoch(scene, 2)}
        assert _copies(scene, secrets) == dict.fromkeys(secrets, 1)

        midnight = (scene.today + 1) * EPOCH_LENGTH_S
        scene.clock_file.write_text(str(midnight + 2))
        scene.listen_until_announced(1, scene.today + 1, scene.today + 2)
        scene.sighting_of(b"QX77ZZK4")
        wait_until(lambda: not _copies(scene, _epoch(scene, 0)))
        secrets = {**_epoch(scene, 1), **_epoch(scene, 2)}
        assert _copies(scene, secrets) == dict.fromkeys(secrets, 1)
