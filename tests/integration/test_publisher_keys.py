"""Keys and watch-lists through the broker as it is shipped, over TLS, to the publisher process."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from edge_lpr.core.clock import SystemClock
from edge_lpr.handoff.record_message import KeysMessage, WatchListMessage
from edge_lpr.tokens.key_ring import KeyPurpose
from edge_lpr.wire.jwe import TransportKey
from edge_lpr.wire.key_delivery import EpochKeys, KeyDelivery, open_delivery, sign_delivery
from edge_lpr.wire.topics import TopicKind, WatchListTopic, topic, watch_list_topic
from edge_lpr.wire.transport import verify_transport
from tests.support.mqtt_peer import Peer, closing_peers, listening
from tests.support.publisher_bench import PublisherProcess, TokeniserStandIn
from tests.support.signer import BOOTH, Signer
from tests.support.tls_broker import TlsMosquitto
from tests.support.waiting import wait_until

pytestmark = pytest.mark.broker

KEYS = topic(BOOTH, TopicKind.KEYS)
TRANSPORT = topic(BOOTH, TopicKind.TRANSPORT)
SIGHTING = topic(BOOTH, TopicKind.SIGHTING)
CHUNKS = 200
CHUNK = b"sealed-for-another" * 160
"""About as long as a chunk is; and to be looked for where it must not be."""


class Booth:
    """A publisher in hit-only mode, what stands in for its tokeniser, and everybody else."""

    def __init__(
        self, folder: Path, broker: TlsMosquitto, peers: list[Peer], *, mode: str = "hit-only"
    ) -> None:
        files = broker.device()
        self.broker = broker
        self.epoch = SystemClock().unix_s() // 86_400
        self.process = PublisherProcess(
            folder / "publisher",
            broker.port,
            {
                "broker_host": "localhost",
                "tls_ca_file": str(files.ca_file),
                "tls_certificate_file": str(files.certificate_file),
                "tls_key_file": str(files.key_file),
            },
            {"authority_file": str(folder / "authority.pub"), "mode": mode},
        )
        self.process.start()
        self.signer = Signer()
        self.signer.clock.now_unix_s = SystemClock().unix_s()
        self.tokeniser = TokeniserStandIn(self.process.socket_path, self.signer)
        self._peers = peers

    def server(self, name: str, *topics: str) -> Peer:
        """Return somebody who comes through the consumers' port, and listens."""
        context = self.broker.consumer(name).context()
        peer = Peer("localhost", self.broker.consumer_port, context, client_id=name)
        return listening(peer, self._peers, *topics)

    def authority(self) -> Peer:
        """Return the authority, which sees what is announced."""
        return self.server("custodian", "lpr/v1/agency/+/+/transport")

    def issue(self, authority: Peer, number: int, announcement: bytes) -> None:
        """Seal keys to the announced key, and send them until the broker has somebody for them."""
        key = self.signer.authority_key
        now = SystemClock().unix_s()
        _, claims = verify_transport(announcement, key.public_key, now)
        keys = (EpochKeys(self.epoch, bytes(range(32)), bytes(32)),)
        delivery = KeyDelivery(BOOTH, number, now, now + 86_400, KeyPurpose.TEST, keys)
        # 16: taken, but nobody has subscribed yet.
        document = sign_delivery(delivery, claims.key, key)
        wait_until(lambda: authority.publish(KEYS, document, expiry_s=86_400) == 0)

    def take_keys(self) -> KeyDelivery:
        """Ask until a delivery comes, and open it as the tokeniser does."""
        message = self.ask_for(KeysMessage)
        assert isinstance(message, KeysMessage)
        key = self.signer.authority_key.public_key
        return open_delivery(message.untrusted_jws, key, self.signer.transport_key)

    def ask_for(self, kind: type) -> object:
        """Ask until something of a kind comes."""
        found: list[object] = []

        def is_found() -> bool:
            wish = self.tokeniser.attend()
            found.extend([wish] if isinstance(wish, kind) else [])
            return bool(found)

        wait_until(is_found)
        return found[0]

    def publish_list(self, authority: Peer, manifest: bytes) -> None:
        """Publish a watch-list as the authority does: the manifest last."""
        for index in range(CHUNKS):
            authority.publish_only(
                self.part_topic(index), CHUNK + b"%d" % index, is_retained=True, expiry_s=172_800
            )
        authority.publish(self.part_topic(None), manifest, is_retained=True, expiry_s=172_800)

    def parts_sent(self) -> int:
        """Return how many parts the broker has sent to this booth, by its log."""
        lines = self.broker.log_file.read_text().splitlines()
        return sum(
            f"Sending PUBLISH to {BOOTH.device} " in line and "watchlist" in line for line in lines
        )

    def part_topic(self, index: int | None) -> str:
        return watch_list_topic(WatchListTopic(BOOTH.tenant, BOOTH.site, self.epoch, index))

    def take_list(self) -> list[WatchListMessage]:
        """Take the whole list, in the order in which it comes."""
        parts: list[WatchListMessage] = []

        def is_whole() -> bool:
            parts.extend(self.parts_now())
            return len({part.index for part in parts}) == CHUNKS + 1

        wait_until(is_whole)
        return parts

    def parts_now(self) -> Iterator[WatchListMessage]:
        """Take what waits, without a pause, as the tokeniser does."""
        while isinstance(wish := self.tokeniser.attend(), WatchListMessage):
            yield wish

    def close(self) -> None:
        self.tokeniser.close()
        self.process.close()


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[TlsMosquitto]:
    broker = TlsMosquitto(tmp_path)
    # Says what it sends to whom.
    broker.configure(more="log_type debug")
    broker.start()
    try:
        yield broker
    finally:
        broker.kill()


@pytest.fixture
def peers() -> Iterator[list[Peer]]:
    with closing_peers() as peers:
        yield peers


@pytest.fixture
def booth(tmp_path: Path, broker: TlsMosquitto, peers: list[Peer]) -> Iterator[Booth]:
    with closing(Booth(tmp_path, broker, peers)) as booth:
        yield booth


def heard(peer: Peer, announcement: bytes) -> None:
    """Wait until somebody has heard the announcement."""
    peer.wait_for(announcement)
    last = [each for each in peer.heard.messages if each.topic == TRANSPORT][-1]
    assert last.payload == announcement


def test_announced_transport_key_is_answered_with_keys_and_then_replaced(booth: Booth) -> None:
    booth.tokeniser.greet()
    first = booth.tokeniser.announce()
    authority = booth.authority()
    heard(authority, first)
    booth.issue(authority, 1, first)
    delivery = booth.take_keys()
    assert (delivery.number, [keys.epoch for keys in delivery.keys]) == (1, [booth.epoch])
    booth.signer.transport_key = TransportKey.generate()
    second = booth.tokeniser.announce(delivery=1)
    heard(authority, second)
    late = booth.server("worker-1", "lpr/v1/#")
    late.wait_for(booth.signer.birth())
    assert second not in late.payloads()
    booth.issue(authority, 2, second)
    assert booth.take_keys().number == 2


def test_announcement_is_back_when_the_broker_has_lost_it(booth: Booth) -> None:
    booth.tokeniser.greet()
    announcement = booth.tokeniser.announce()
    heard(booth.authority(), announcement)
    booth.broker.kill()
    # What Mosquitto has not written yet is gone, and here it has written nothing.
    booth.broker.start()
    booth.process.wait_for_event("broker_connected", 2)
    heard(booth.authority(), announcement)


def test_killed_publisher_loses_a_delivery_that_is_issued_again(booth: Booth) -> None:
    booth.tokeniser.greet()
    announcement = booth.tokeniser.announce()
    authority = booth.authority()
    heard(authority, announcement)
    booth.issue(authority, 1, announcement)
    booth.process.kill()
    booth.process.start()
    booth.tokeniser.close()
    booth.tokeniser.greet()
    again = booth.tokeniser.announce()
    heard(authority, again)
    # The announcement names no delivery: so the authority knows that it must issue once more.
    booth.issue(authority, 2, again)
    assert booth.take_keys().number == 2


def test_watch_list_reaches_every_tokeniser_manifest_first_and_no_disk(booth: Booth) -> None:
    booth.tokeniser.greet()
    authority = booth.authority()
    booth.publish_list(authority, b"manifest of version 1")
    parts = booth.take_list()
    assert parts[0].index is None
    assert {part.untrusted_content for part in parts if part.index is not None} == {
        CHUNK + b"%d" % index for index in range(CHUNKS)
    }
    sent = booth.parts_sent()
    assert sent >= CHUNKS
    # Another tokeniser: the publisher connects to the broker again, whose Last Will names the boot.
    booth.tokeniser.close()
    booth.signer.begin_boot()
    booth.tokeniser.greet()
    assert booth.take_list()[0].index is None
    booth.process.wait_for_event("broker_connected", 2)
    assert booth.parts_sent() == sent
    # Another publisher: the broker has all of it still.
    booth.process.kill()
    booth.process.start()
    booth.tokeniser.close()
    booth.tokeniser.greet()
    assert booth.take_list()[0].index is None
    for file in booth.process.folder.iterdir():
        content = file.read_bytes()
        assert CHUNK[:40] not in content, file.name
        assert b"manifest of version 1" not in content, file.name


def test_new_version_is_handed_on_whole_behind_its_manifest(booth: Booth) -> None:
    booth.tokeniser.greet()
    authority = booth.authority()
    booth.publish_list(authority, b"version 1")
    booth.take_list()
    authority.publish(booth.part_topic(0), b"chunk of version 2", is_retained=True)
    authority.publish(booth.part_topic(None), b"version 2", is_retained=True)
    parts: list[WatchListMessage] = []

    def is_whole() -> bool:
        parts.extend(booth.parts_now())
        contents = [part.untrusted_content for part in parts]
        return b"version 2" in contents and len(contents) - contents.index(b"version 2") > CHUNKS

    wait_until(is_whole)
    start = [part.untrusted_content for part in parts].index(b"version 2")
    assert parts[start + 1].untrusted_content == b"chunk of version 2"
    assert [part.index for part in parts[start:]] == [None, *range(CHUNKS)]


def test_booth_in_stream_mode_takes_keys_and_no_watch_list(
    tmp_path: Path, broker: TlsMosquitto, peers: list[Peer]
) -> None:
    with closing(Booth(tmp_path, broker, peers, mode="stream")) as booth:
        booth.tokeniser.greet()
        announcement = booth.tokeniser.announce()
        authority = booth.authority()
        heard(authority, announcement)
        booth.publish_list(authority, b"for other booths")
        booth.issue(authority, 1, announcement)
        assert booth.take_keys().number == 1
        assert booth.parts_sent() == 0
        assert not isinstance(booth.tokeniser.attend(), WatchListMessage)


def test_flood_of_both_holds_up_neither_sightings_nor_health(booth: Booth) -> None:
    booth.tokeniser.greet()
    announcement = booth.tokeniser.announce()
    consumer = booth.server("analytics", SIGHTING, topic(BOOTH, TopicKind.HEALTH))
    authority = booth.authority()
    heard(authority, announcement)
    for number in range(700):
        authority.publish_only(KEYS, b"%d" % number + bytes(3800))
        authority.publish_only(booth.part_topic(number % 100), b"%d" % number + bytes(3000))
        authority.publish_only(booth.part_topic(None), b"%d" % number)
    for _ in range(50):
        booth.tokeniser.hand_over(1)
        booth.tokeniser.attend()
    wait_until(lambda: len([p for p in consumer.heard.messages if p.topic == SIGHTING]) >= 50)
    wait_until(lambda: any(each.topic != SIGHTING for each in consumer.heard.messages))
    booth.process.stop()
    assert booth.process.counters()["deliveries_dropped"] > 0
