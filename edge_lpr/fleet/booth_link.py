"""One booth's connection to the broker, once it was dialled.

Everything that is particular to paho is here. What is sent, and when, is left to
``booth_session.py``. Every connection gets a client of its own, because what is unanswered is
remembered by the session and not by the library.
"""

import selectors
import socket
import ssl
from typing import Any, Final, Protocol, cast

from paho.mqtt.client import Client, ConnectFlags, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from edge_lpr.core.errors import BrokerUnreachableError, EdgeLprError
from edge_lpr.fleet.link_loop import Dialled, LinkLoop, LinkTarget
from edge_lpr.wire.status import encode_status
from edge_lpr.wire.topics import TopicKind, topic

MOST_ON_THEIR_WAY: Final = 20
"""Unanswered messages of one booth, as on a real one."""

_KEEPALIVE_S: Final = 30
_SESSION_EXPIRY_S: Final = 300
_WILL_DELAY_S: Final = 30
_EXPIRY_S: Final = {
    TopicKind.SIGHTING: 7 * 86_400,
    TopicKind.GAP: 7 * 86_400,
    TopicKind.HEALTH: 600,
}
"""How long the broker keeps what (contract, 3.1); the others have no expiry."""

_RETAINED: Final = frozenset({TopicKind.BIRTH, TopicKind.STATUS, TopicKind.TRANSPORT})


class LinkOwner(Protocol):
    """Hears what happens to a link."""

    def came_online(self) -> None:
        """Take notice that the broker has let us in."""

    def was_answered(self, message_id: int, *, is_taken: bool) -> None:
        """Take the broker's word about a message."""

    def was_asked(self, untrusted_request: bytes) -> None:
        """Take what arrived under the booth's request topic."""

    def went_away(self) -> None:
        """Take notice that the connection is gone."""


class _DialledClient(Client):
    """The library's client on a connection that was made elsewhere: its own way blocks."""

    dialled: socket.socket
    """Kept for the one time that the library asks for it."""

    def _create_socket(self) -> socket.socket:
        """Return what was dialled, in place of dialling."""
        return self.dialled


class BoothLink:
    """One booth's connection; ``connect`` again after it was lost."""

    def __init__(self, target: LinkTarget, loop: LinkLoop, owner: LinkOwner) -> None:
        """Prepare a link that is not connected.

        Args:
            target: Where to connect, and as whom.
            loop: Serves the connection.
            owner: Hears what happens.
        """
        self._target = target
        self._loop = loop
        self._owner = owner
        self._client: Client | None = None
        self._dial_number = 0
        self._is_dialling = False
        self._is_new = True
        self._topics = {kind: topic(target.address, kind) for kind in TopicKind}

    @property
    def is_open(self) -> bool:
        """Whether there is a connection, or one is being made."""
        return self._is_dialling or self._client is not None

    def connect(self, boot: str) -> None:
        """Connect, and ask for a session; the owner hears what comes of it.

        Args:
            boot: Boot id for the Last Will.
        """
        self._dial_number += 1
        self._is_dialling = True
        number = self._dial_number

        def end(outcome: Dialled) -> None:
            if isinstance(outcome, EdgeLprError):
                if number == self._dial_number:
                    self._is_dialling = False
                    self._owner.went_away()
            elif number == self._dial_number:
                self.adopt(outcome, boot)
            else:
                # The connection was given up before it was made.
                outcome.close()

        self._loop.dial(self._target, end)

    def adopt(self, connection: socket.socket, boot: str) -> None:
        """Ask for a session over a connection that was dialled.

        Args:
            connection: Owned by the link from now on.
            boot: Boot id for the Last Will.
        """
        self._is_dialling = False
        client = self._make_client(boot, connection)
        self._client = client
        client.connect(
            self._target.broker.host,
            self._target.broker.port,
            keepalive=_KEEPALIVE_S,
            clean_start=self._is_new,
            properties=_properties(PacketTypes.CONNECT, SessionExpiryInterval=_SESSION_EXPIRY_S),
        )

    def publish(self, kind: TopicKind, document: bytes) -> int:
        """Publish at QoS 1, and return the packet identifier."""
        if self._client is None:
            raise BrokerUnreachableError("the booth is not connected")
        return self._client.publish(
            self._topics[kind], document, 1, kind in _RETAINED, _EXPIRY_PROPERTIES.get(kind)
        ).mid

    def keep_alive(self) -> None:
        """Ping when it is time; to be called about once a second."""
        if self._client is not None:
            self._client.loop_misc()

    def cut(self) -> None:
        """Close the connection without a word, as a pulled plug would; may be called twice."""
        self._dial_number += 1
        self._is_dialling = False
        client, self._client = self._client, None
        if client is not None:
            mqtt_socket = cast("socket.socket", client.socket())
            self._loop.forget(mqtt_socket)
            client.on_socket_close = client.on_socket_unregister_write = None
            client.on_disconnect = None
            mqtt_socket.close()
            # The library finds it closed, and puts its own state in order.
            client.loop_read()

    def close(self) -> None:
        """Say goodbye, so that the broker forgets the Last Will; may be called twice."""
        if self._client is not None:
            self._client.disconnect()
        self.cut()

    def _make_client(self, boot: str, connection: socket.socket) -> Client:
        """Return a client of the library with our connection and callbacks."""
        address = self._target.address
        client = _DialledClient(
            CallbackAPIVersion.VERSION2,
            client_id=f"{address.tenant}.{address.site}.{address.device}",
            protocol=MQTTProtocolVersion.MQTTv5,
            reconnect_on_failure=False,
        )
        client.dialled = connection
        client.will_set(
            self._topics[TopicKind.STATUS],
            encode_status(boot, is_online=False),
            1,
            retain=True,
            properties=_properties(PacketTypes.WILLMESSAGE, WillDelayInterval=_WILL_DELAY_S),
        )
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_publish = self._on_publish
        client.on_message = self._on_message
        client.on_socket_open = lambda _client, _data, each: self._loop.watch(each, self._serve)
        client.on_socket_close = lambda _client, _data, each: self._loop.forget(each)
        client.on_socket_register_write = lambda _client, _data, each: self._loop.want_to_write(
            each, is_wanted=True
        )
        client.on_socket_unregister_write = lambda _client, _data, each: self._loop.want_to_write(
            each, is_wanted=False
        )
        return client

    def _serve(self, events: int) -> None:
        """Read and write what the socket allows."""
        client = self._client
        if client is None:
            return
        if events & selectors.EVENT_WRITE:
            client.loop_write()
        if events & selectors.EVENT_READ:
            client.loop_read()
            # TLS may hold what the selector does not see.
            while isinstance(each := client.socket(), ssl.SSLSocket) and each.pending():
                client.loop_read()

    def _on_connect(
        self,
        client: Client,
        _userdata: object,
        _flags: ConnectFlags,
        reason_code: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        """Take the broker's CONNACK; a refusal ends the connection anyway."""
        if not reason_code.is_failure:
            self._is_new = False
            client.subscribe(self._topics[TopicKind.REQUEST], 1)
            self._owner.came_online()

    def _on_disconnect(self, *_: object) -> None:
        """Take notice that the connection is gone."""
        self._client = None
        self._owner.went_away()

    def _on_publish(
        self,
        _client: Client,
        _userdata: object,
        message_id: int,
        reason_code: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        """Take a PUBACK, whatever it says."""
        self._owner.was_answered(message_id, is_taken=not reason_code.is_failure)

    def _on_message(self, _client: Client, _userdata: object, message: MQTTMessage) -> None:
        """Take what was delivered: nothing but requests is subscribed to."""
        self._owner.was_asked(bytes(message.payload))


def _properties(packet_type: int, **values: int) -> Properties:
    """Return MQTT 5 properties."""
    # The library's class takes any attribute and checks it against the standard's table.
    properties: Any = Properties(packet_type)  # type: ignore[no-untyped-call]
    for name, value in values.items():
        setattr(properties, name, value)
    return cast("Properties", properties)


class _PackedProperties(Properties):
    """Properties of many packets: the library takes as long for them as for the rest of one."""

    def __init__(self, packet_type: int, **values: int) -> None:
        """Pack them once."""
        super().__init__(packet_type)  # type: ignore[no-untyped-call]
        for name, value in values.items():
            setattr(self, name, value)
        # The library's class takes no attributes but those of the standard.
        object.__setattr__(self, "_packed", super().pack())  # type: ignore[no-untyped-call]

    def pack(self) -> bytes:
        """Return them as they go into a packet."""
        return cast("bytes", object.__getattribute__(self, "_packed"))


_EXPIRY_PROPERTIES: Final = {
    kind: _PackedProperties(PacketTypes.PUBLISH, MessageExpiryInterval=seconds)
    for kind, seconds in _EXPIRY_S.items()
}
