"""A booth at a broker, and a consumer to be."""

from edge_lpr.subscriber import Subscriber
from edge_lpr.wire.topics import TopicKind
from tests.support.broker import Mosquitto
from tests.support.fleet import AUTHORITY, SignedBooth
from tests.support.mqtt_peer import Peer, connected
from tests.support.waiting import wait_until


class Crossing:
    """A broker, a booth that is connected to it, and a consumer to be."""

    def __init__(self, broker: Mosquitto, peers: list[Peer]) -> None:
        self.broker = broker
        self.peers = peers
        self.booth = SignedBooth.of_today()
        self._peer = connected(Peer("127.0.0.1", broker.port, None), peers)

    def subscriber(self, **changes: object) -> Subscriber:
        options = {"name": "server", "order_s": 1.0} | changes
        url = f"mqtt://127.0.0.1:{self.broker.port}"
        return Subscriber(url, authority_key=AUTHORITY.public_key, **options)  # type: ignore[arg-type]

    def say(self, kind: TopicKind, *documents: bytes) -> None:
        for document in documents:
            is_retained = kind in (TopicKind.BIRTH, TopicKind.STATUS)
            self._peer.publish(self.booth.topic(kind), document, is_retained=is_retained)

    def say_quickly(self, kind: TopicKind, documents: list[bytes]) -> None:
        """Publish without waiting for every acknowledgement."""
        topic = self.booth.topic(kind)
        waiting = [self._peer.publish_only(topic, document) for document in documents]
        wait_until(lambda: all(each in self._peer.heard.acknowledged for each in waiting))
