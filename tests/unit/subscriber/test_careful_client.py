"""Our own way to take a PUBLISH apart does what the library's does, only faster."""

import pytest
from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion

from edge_lpr.subscriber.careful_client import CarefulClient

LONG_PROPERTIES = b"\x26" + b"\x00\x01k" + b"\x01\x10" + b"v" * 272
"""A user property of 278 bytes, so that its length takes two bytes."""

PACKETS = [
    pytest.param(5, 0x32, b"\x00\x03a/b\x00\x07\x00payload", id="no properties"),
    pytest.param(5, 0x3B, b"\x00\x03a/b\x00\x07\x00payload", id="duplicate and retained"),
    pytest.param(5, 0x32, b"\x00\x01a\x01\x00\x05\x02\x00\x00\x00\x09p", id="expiry"),
    pytest.param(5, 0x32, b"\x00\x01a\x01\x00\x96\x02" + LONG_PROPERTIES + b"p", id="long"),
    pytest.param(5, 0x30, b"\x00\x01a\x00", id="no acknowledgement wanted and nothing inside"),
    pytest.param(4, 0x32, b"\x00\x03a/b\x00\x07payload", id="version 3.1.1"),
    pytest.param(5, 0x32, b"\x00\x09a/b", id="topic beyond the end"),
    pytest.param(5, 0x32, b"\x00\x01a\x00\x07\x09\x02", id="properties beyond the end"),
    pytest.param(5, 0x32, b"\x00\x01a\x00\x07\xff\xff", id="length of properties beyond the end"),
    pytest.param(5, 0x32, b"", id="nothing"),
]


def received(
    kind: type[Client], version: int, command: int, packet: bytes
) -> tuple[MQTTErrorCode, list[MQTTMessage]]:
    messages: list[MQTTMessage] = []
    client = kind(
        CallbackAPIVersion.VERSION2, protocol=MQTTProtocolVersion(version), manual_ack=True
    )
    client.on_message = lambda _client, _userdata, message: messages.append(message)
    client._in_packet |= {"command": command, "packet": bytearray(packet)}
    try:
        return client._handle_publish(), messages
    except Exception:  # noqa: BLE001 - the library raises, and takes it for a protocol error later
        return MQTTErrorCode.MQTT_ERR_PROTOCOL, messages


@pytest.mark.parametrize(("version", "command", "packet"), PACKETS)
def test_message_is_taken_apart_as_the_library_does(
    version: int, command: int, packet: bytes
) -> None:
    ours, our_messages = received(CarefulClient, version, command, packet)
    theirs, their_messages = received(Client, version, command, packet)
    assert ours == theirs
    assert [
        (each.topic, each.payload, each.mid, each.qos, each.retain, each.dup)
        for each in our_messages
    ] == [
        (each.topic, bytes(each.payload), each.mid, each.qos, each.retain, each.dup)
        for each in their_messages
    ]
