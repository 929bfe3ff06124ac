"""A consumer that is killed again and again, at any moment, is still given everything."""

import json
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from edge_lpr.wire import base64url
from edge_lpr.wire.topics import TopicKind
from tests.support.broker import running_mosquitto
from tests.support.fleet import AUTHORITY, SignedBooth
from tests.support.mqtt_peer import Peer, closing_peers, connected

pytestmark = pytest.mark.broker

ROOT = Path(__file__).parents[2]
COUNT = 120
EVERYTHING = set(range(1, COUNT + 1))
LIVES = 4
"""How often it is started, about: it is killed after a share of the sightings."""
MOST_LIVES = 20
LIFE_S = 30.0
"""A life is over within seconds; one that is given nothing more would wait for ever."""


def _live(port: int, authority_file: Path, memory: Path, known: set[int]) -> set[int]:
    """Run a consumer until it has printed its share, and kill it in the middle of its work."""
    url = f"mqtt://127.0.0.1:{port}"
    command = ("subscribe", url, "--authority", str(authority_file), "--json")
    with subprocess.Popen(
        [sys.executable, "-m", "edge_lpr", *command, "--name", "mortal", "--memory", str(memory)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        # A few lines: it must not run ahead of us to its end.
        pipesize=4096,
    ) as consumer:
        assert consumer.stdout is not None
        fence = threading.Timer(LIFE_S, consumer.kill)
        fence.start()
        found: set[int] = set()
        has_share = False
        for line in consumer.stdout:
            event = json.loads(line)
            found |= {event["seq"]} if event["event"] == "sighting" else set()
            has_share = len(found) >= COUNT // LIVES or known | found >= EVERYTHING
            if has_share:
                consumer.kill()
        fence.cancel()
    assert has_share, f"within {LIFE_S} s only {sorted(found)} were printed"
    return found


def test_killed_consumer_is_given_everything(tmp_path: Path) -> None:
    authority_file = tmp_path / "authority.pub"
    authority_file.write_bytes(base64url.encode(AUTHORITY.public_key.octets))
    booth = SignedBooth.of_today()
    memory = tmp_path / "memory"
    with running_mosquitto(tmp_path, is_persistent=False) as broker, closing_peers() as peers:
        peer = connected(Peer("127.0.0.1", broker.port, None), peers)
        peer.publish(booth.topic(TopicKind.BIRTH), booth.birth(), is_retained=True)
        first, *rest = booth.sightings(COUNT)
        # One that has a place with the broker is given what comes from then on.
        subscribed = connected(
            Peer("127.0.0.1", broker.port, None, client_id="mortal", session_expiry_s=600), peers
        )
        subscribed.subscribe(booth.topic(TopicKind.SIGHTING))
        subscribed.close()
        for document in (first, *rest):
            peer.publish(booth.topic(TopicKind.SIGHTING), document)
        found: set[int] = set()
        lives = 0
        while found != EVERYTHING:
            lives += 1
            assert lives <= MOST_LIVES, f"still missing: {sorted(EVERYTHING - found)}"
            found |= _live(broker.port, authority_file, memory, found)
    assert lives >= LIVES - 1
