"""``edge-lpr ingest`` as a process: a real broker and database, and whatever happens to them."""

import json
import resource
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import psycopg
import pytest
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from edge_lpr.wire import base64url
from edge_lpr.wire.jws import SigningKey, write_signing_key
from edge_lpr.wire.request import REQUEST_TYP, RequestClaims, parse_request
from edge_lpr.wire.topics import TopicKind
from tests.support.broker import Mosquitto, free_port, running_mosquitto
from tests.support.fleet import SIGHTING
from tests.support.hit_receiver import SECRET, receiver
from tests.support.ingest import IngestProcess, LiveBooth, ingest_process
from tests.support.mqtt_peer import Peer, closing_peers, connected
from tests.support.postgres import fresh_database, new_server
from tests.support.tls_broker import running_tls_mosquitto
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.broker, pytest.mark.postgres]

eventually = partial(wait_until, deadline_s=90.0)
"""A worker loads its libraries, migrates and connects first, on machines that are slow."""


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    with running_mosquitto(tmp_path, is_persistent=False) as broker:
        yield broker


@pytest.fixture
def dsn() -> Iterator[str]:
    with fresh_database() as dsn:
        yield dsn


@pytest.fixture
def worker(broker: Mosquitto, dsn: str, tmp_path: Path) -> Iterator[IngestProcess]:
    with ingest_process(broker.port, tmp_path, ["--database", dsn]) as worker:
        yield worker


def numbers(dsn: str) -> list[int]:
    try:
        with psycopg.connect(dsn) as connection:
            rows = connection.execute("SELECT seq FROM sighting ORDER BY seq").fetchall()
    except psycopg.Error:
        return []
    return [seq for (seq,) in rows]


def test_sightings_are_stored_and_copies_change_nothing(
    worker: IngestProcess, broker: Mosquitto, dsn: str
) -> None:
    booth = LiveBooth()
    booth.publish_birth(broker.port)
    worker.start()
    eventually(lambda: worker.says("started"))
    documents = booth.sightings(20)
    eventually(lambda: publish_until_stored(booth, broker, documents[:1], dsn))
    booth.publish(broker.port, TopicKind.SIGHTING, [*documents, *documents[::-1]])
    eventually(lambda: numbers(dsn) == list(range(1, 21)))
    assert worker.stop() == 0


def publish_until_stored(
    booth: LiveBooth, broker: Mosquitto, documents: list[bytes], dsn: str
) -> bool:
    """Publish again and again: before it has subscribed, a worker gets nothing."""
    booth.publish(broker.port, TopicKind.SIGHTING, documents)
    return len(numbers(dsn)) >= len(documents)


def test_one_booth_is_stored_in_a_file(broker: Mosquitto, tmp_path: Path) -> None:
    import sqlite3  # noqa: PLC0415

    file = tmp_path / "store.sqlite3"
    booth = LiveBooth()
    booth.publish_birth(broker.port)

    def stored() -> int:
        booth.publish(broker.port, TopicKind.SIGHTING, booth.sightings(3))
        connection = sqlite3.connect(file)
        try:
            return int(connection.execute("SELECT count(*) FROM sighting").fetchone()[0])
        except sqlite3.OperationalError:
            return 0
        finally:
            connection.close()

    with ingest_process(broker.port, tmp_path, ["--sqlite", str(file)]) as worker:
        worker.start()
        eventually(lambda: stored() == 3)
        assert worker.stop() == 0


def test_crash_of_a_worker_would_leave_no_core_dump(worker: IngestProcess) -> None:
    worker.start()
    eventually(lambda: worker.says("started"))
    # A byte, or nothing if that was the hard limit before: nothing of a worker fits into it.
    assert max(resource.prlimit(worker.pid, resource.RLIMIT_CORE)) <= 1
    assert worker.stop() == 0


def test_killed_worker_loses_and_doubles_nothing(
    worker: IngestProcess, broker: Mosquitto, dsn: str
) -> None:
    booth = LiveBooth()
    booth.publish_birth(broker.port)
    documents = booth.sightings(400)
    worker.start("--batch", "10")
    eventually(lambda: publish_until_stored(booth, broker, documents[:1], dsn))
    for begin in range(0, 400, 100):
        booth.publish(broker.port, TopicKind.SIGHTING, documents[begin : begin + 100])
        worker.kill()
        worker.start("--batch", "10")
    eventually(lambda: len(numbers(dsn)) == 400)
    assert numbers(dsn) == list(range(1, 401))


def test_shipped_broker_lets_a_worker_in_with_its_certificate(dsn: str, tmp_path: Path) -> None:
    access = "device tenant-a/lane-07/booth-1\nconsumer analytics tenant-a requests\n"
    with running_tls_mosquitto(tmp_path, access) as broker:
        files = broker.consumer()
        url = f"mqtts://localhost:{broker.consumer_port}"
        booth = LiveBooth()
        booth.tls = broker.device().context()
        booth.publish_birth(broker.port)
        with ingest_process(url, tmp_path, ["--database", dsn]) as worker:
            worker.start(
                *("--ca", str(files.ca_file), "--certificate", str(files.certificate_file)),
                *("--key", str(files.key_file)),
            )
            eventually(lambda: publish_until_stored(booth, broker, booth.sightings(2), dsn))
            assert worker.stop() == 0


def test_worker_that_another_threw_out_says_so_in_its_log(dsn: str, tmp_path: Path) -> None:
    access = "consumer analytics tenant-a requests\n"
    with running_tls_mosquitto(tmp_path, access) as broker, closing_peers() as peers:
        files = broker.consumer()
        url = f"mqtts://localhost:{broker.consumer_port}"
        with ingest_process(url, tmp_path, ["--database", dsn]) as worker:
            worker.start(
                *("--ca", str(files.ca_file), "--certificate", str(files.certificate_file)),
                *("--key", str(files.key_file)),
            )
            eventually(lambda: "as analytics " in broker.log_file.read_text())
            connected(Peer("localhost", broker.consumer_port, files.context()), peers)
            eventually(lambda: "with the same certificate" in worker.log_file.read_text())
            assert worker.says("broker_away")
            assert worker.stop() == 0


def test_two_workers_share_what_comes(
    worker: IngestProcess, broker: Mosquitto, dsn: str, tmp_path: Path
) -> None:
    booth = LiveBooth()
    booth.publish_birth(broker.port)
    documents = booth.sightings(100)
    other_folder = tmp_path / "other"
    other_folder.mkdir()
    with ingest_process(broker.port, other_folder, ["--database", dsn]) as other:
        worker.start("--worker", "a")
        other.start("--worker", "b")
        eventually(lambda: worker.says("started") and other.says("started"))
        eventually(lambda: publish_until_stored(booth, broker, documents[:1], dsn))
        booth.publish(broker.port, TopicKind.SIGHTING, documents)
        eventually(lambda: numbers(dsn) == list(range(1, 101)))
        assert (worker.stop(), other.stop()) == (0, 0)


def test_sightings_before_their_birth_wait_for_it(
    worker: IngestProcess, broker: Mosquitto, dsn: str
) -> None:
    booth = LiveBooth()
    known = LiveBooth("booth-2")
    known.publish_birth(broker.port)
    worker.start()
    eventually(lambda: publish_until_stored(known, broker, known.sightings(1), dsn))
    booth.publish(broker.port, TopicKind.SIGHTING, booth.sightings(3))

    def parked() -> int:
        with psycopg.connect(dsn) as connection:
            (row,) = connection.execute("SELECT count(*) FROM parked").fetchall()
            return int(row[0])

    eventually(lambda: parked() == 3)
    booth.publish_birth(broker.port)
    eventually(lambda: numbers(dsn) == [1, 1, 2, 3])
    eventually(lambda: parked() == 0)


def test_database_that_was_away_gets_everything(broker: Mosquitto, tmp_path: Path) -> None:
    server = new_server(is_durable=True)
    try:
        server.start()
        booth = LiveBooth()
        booth.publish_birth(broker.port)
        dsn = server.dsn()
        with ingest_process(broker.port, tmp_path, ["--database", dsn]) as worker:
            worker.start()
            documents = booth.sightings(50)
            eventually(lambda: publish_until_stored(booth, broker, documents[:1], dsn))
            server.kill()
            booth.publish(broker.port, TopicKind.SIGHTING, documents)
            eventually(lambda: "the database" in worker.log_file.read_text())
            server.start()
            eventually(lambda: numbers(dsn) == list(range(1, 51)))
            assert worker.stop() == 0
    finally:
        server.remove()


def test_booth_is_asked_for_what_is_missing(
    worker: IngestProcess, broker: Mosquitto, dsn: str, tmp_path: Path
) -> None:
    key = SigningKey.generate()
    write_signing_key(tmp_path / "request-key", key)
    booth = LiveBooth()
    booth.publish_birth(broker.port)
    documents = booth.sightings(5)
    with requests_to(booth, broker.port) as requests:
        worker.start("--request-key", str(tmp_path / "request-key"))
        eventually(lambda: publish_until_stored(booth, broker, [documents[0], documents[4]], dsn))
        eventually(lambda: bool(requests))
    document = parse_request(requests[0]).verified(REQUEST_TYP, key.public_key)
    claims = RequestClaims.decode(document)
    assert (claims.address, claims.boot) == (booth.address, SIGHTING.boot)
    assert (claims.first, claims.last) == (2, 4)


@contextmanager
def requests_to(booth: LiveBooth, port: int) -> Iterator[list[bytes]]:
    """Give what is published under a booth's request topic, as it comes."""
    received: list[bytes] = []
    client = Client(CallbackAPIVersion.VERSION2, protocol=MQTTProtocolVersion.MQTTv5)
    subscribed = threading.Event()

    def subscribe(*_: Any) -> None:  # noqa: ANN401 - paho's own signature
        client.subscribe(booth.topic(TopicKind.REQUEST), 1)

    client.on_connect = subscribe
    client.on_subscribe = lambda *_: subscribed.set()
    client.on_message = lambda _client, _userdata, message: received.append(bytes(message.payload))
    client.connect("127.0.0.1", port)
    client.loop_start()
    try:
        assert subscribed.wait(20)
        yield received
    finally:
        client.disconnect()
        client.loop_stop()


def test_hit_reaches_a_webhook_that_refused_it_at_first(
    worker: IngestProcess, broker: Mosquitto, dsn: str, tmp_path: Path
) -> None:
    booth = LiveBooth()
    booth.publish_birth(broker.port)
    (tmp_path / "secret").write_bytes(SECRET + b"\n")
    (tmp_path / "secret").chmod(0o600)
    entry = {
        "site": booth.address.site,
        "epoch": booth.now // 86_400,
        "exact": base64url.encode(b"e" * 16).decode(),
        "fold": base64url.encode(b"f" * 16).decode(),
        "entry": "case-4711",
    }
    (tmp_path / "watchlist").write_text(json.dumps(entry) + "\n")
    with receiver() as (port, received):
        worker.start(
            *("--watchlist", str(tmp_path / "watchlist")),
            *("--webhook", f"http://127.0.0.1:{port}/hits"),
            *("--webhook-secret", str(tmp_path / "secret")),
        )
        eventually(lambda: publish_until_stored(booth, broker, booth.sightings(1), dsn))
        eventually(lambda: bool(received.taken))
        worker.stop()
    hit = json.loads(received.taken[0])
    assert (hit["entry"], hit["match"], hit["attempt"]) == ("case-4711", "exact", 2)
    assert (hit["device"], hit["seq"], hit["at"]) == ("booth-1", 1, booth.now)
    assert b"ZWVl" not in received.taken[0]


def test_prometheus_is_answered_with_counts_alone(
    worker: IngestProcess, broker: Mosquitto, dsn: str
) -> None:
    booth = LiveBooth()
    booth.publish_birth(broker.port)
    port = free_port()
    worker.start("--metrics-port", str(port))
    eventually(lambda: publish_until_stored(booth, broker, booth.sightings(2), dsn))

    def metrics() -> str:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
            return str(answer.read().decode())

    eventually(lambda: 'edge_lpr_sightings_total{result="new"} 2.0' in metrics())
    assert "edge_lpr_connected 1.0" in metrics()
    assert "booth-1" not in metrics()
    assert worker.stop() == 0


def test_database_of_a_later_version_ends_the_worker_with_a_sentence(
    worker: IngestProcess, dsn: str
) -> None:
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("CREATE TABLE migration (number integer, applied_at bigint)")
        connection.execute("INSERT INTO migration VALUES (9999, 0)")
    worker.start()
    assert worker.wait() == 2
    assert "migration 9999" in worker.log_file.read_text()


def test_database_that_does_not_answer_ends_the_start(broker: Mosquitto, tmp_path: Path) -> None:
    place = ["--database", f"host={tmp_path} dbname=lpr"]
    with ingest_process(broker.port, tmp_path, place) as worker:
        worker.start()
        assert worker.wait() == 1
        assert "StoreError" in worker.log_file.read_text()
