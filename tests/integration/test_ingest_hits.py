"""Hits of booths that publish hits alone, through a broker and a worker to a webhook."""

import json
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from edge_lpr.core.clock import epoch_of
from edge_lpr.wire import base64url
from edge_lpr.wire.sighting import sign_sighting
from edge_lpr.wire.topics import TopicKind
from tests.support.broker import Mosquitto, running_mosquitto
from tests.support.fleet import SIGHTING
from tests.support.hit_receiver import SECRET, Receiver, receiver
from tests.support.ingest import IngestProcess, LiveBooth, ingest_process
from tests.support.waiting import wait_until

pytestmark = pytest.mark.broker

eventually = partial(wait_until, deadline_s=90.0)


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    with running_mosquitto(tmp_path, is_persistent=False) as broker:
        yield broker


@pytest.fixture
def worker(broker: Mosquitto, tmp_path: Path) -> Iterator[IngestProcess]:
    place = ["--sqlite", str(tmp_path / "store.sqlite3")]
    with ingest_process(broker.port, tmp_path, place) as worker:
        yield worker


@pytest.fixture
def webhook(tmp_path: Path) -> Iterator[tuple[list[str], type[Receiver]]]:
    """Give the words that name a receiver, and the receiver."""
    (secret := tmp_path / "secret").write_bytes(SECRET)
    secret.chmod(0o600)
    with receiver() as (port, received):
        # It refuses the first that comes.
        received.refused.append(b"")
        url = f"http://127.0.0.1:{port}/hits"
        yield ["--webhook", url, "--webhook-secret", str(secret)], received


def hit_of(booth: LiveBooth, *, possible: bool) -> bytes:
    """Return a booth's first sighting, which its own list has."""
    claims = replace(
        SIGHTING, at=booth.now, epoch=epoch_of(booth.now), entry=b"entry-17", possible=possible
    )
    return sign_sighting(claims, booth.event_key)


def publish_until_taken(
    booth: LiveBooth, broker: Mosquitto, document: bytes, received: type[Receiver], count: int
) -> bool:
    """Publish again and again: before it has subscribed, a worker gets nothing."""
    booth.publish(broker.port, TopicKind.SIGHTING, [document])
    return len(received.taken) >= count


def test_hit_of_a_booth_needs_no_list_of_the_server(
    worker: IngestProcess, broker: Mosquitto, webhook: tuple[list[str], type[Receiver]]
) -> None:
    (words, received), booth = webhook, LiveBooth()
    booth.publish_birth(broker.port)
    worker.start(*words)
    document = hit_of(booth, possible=True)
    eventually(lambda: publish_until_taken(booth, broker, document, received, 1))
    assert worker.stop() == 0
    (body,) = received.taken
    hit = json.loads(body)
    assert (hit["device"], hit["seq"], hit["match"]) == ("booth-1", 1, "booth")
    assert (hit["entry"], hit["booth_entry"]) == ("ZW50cnktMTc", "ZW50cnktMTc")
    assert hit["possible"] is True
    assert base64url.encode(SIGHTING.exact) not in body


def test_list_that_has_changed_is_compared_with_without_a_restart(
    worker: IngestProcess,
    broker: Mosquitto,
    webhook: tuple[list[str], type[Receiver]],
    tmp_path: Path,
) -> None:
    (words, received), booth = webhook, LiveBooth()
    booth.publish_birth(broker.port)
    # As the authority compiles them: a file for each site and day, in one folder.
    watch_list = (
        tmp_path / "lists" / booth.address.site / str(epoch_of(booth.now)) / "servers.jsonl"
    )
    watch_list.parent.mkdir(parents=True)
    watch_list.write_bytes(b"")
    worker.start("--watchlist", str(tmp_path / "lists"), *words)
    document = hit_of(booth, possible=False)
    eventually(lambda: publish_until_taken(booth, broker, document, received, 1))
    # Written in place, and wrong at first: the worker says so and goes on.
    watch_list.write_bytes(b"{}")
    eventually(lambda: worker.says("watch_list_refused"))
    entry = {
        "site": booth.address.site,
        "epoch": epoch_of(booth.now),
        "exact": base64url.encode(SIGHTING.exact).decode(),
        "fold": base64url.encode(SIGHTING.fold).decode(),
        "entry": "case-4711",
    }
    (new := tmp_path / "watchlist.new").write_text(json.dumps(entry))
    new.replace(watch_list)
    eventually(lambda: worker.says("watch_list_changed"))
    eventually(lambda: publish_until_taken(booth, broker, document, received, 2))
    assert worker.stop() == 0
    hits = [json.loads(body) for body in received.taken]
    assert [(hit["match"], hit["entry"]) for hit in hits] == [
        ("booth", "ZW50cnktMTc"),
        ("exact", "case-4711"),
    ]
    assert [(hit["booth_entry"], hit["possible"]) for hit in hits] == [("ZW50cnktMTc", False)] * 2
