import socket

import pytest

from edge_lpr.core.errors import SettingsError
from edge_lpr.subscriber.broker_url import BrokerUrl, parse_broker_url


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("mqtts://broker.example", BrokerUrl("broker.example", 8883, is_tls=True)),
        ("mqtts://broker.example:8884/", BrokerUrl("broker.example", 8884, is_tls=True)),
        ("mqtts://[2001:db8::1]:1", BrokerUrl("2001:db8::1", 1, is_tls=True)),
        ("mqtt://127.0.0.1", BrokerUrl("127.0.0.1", 1883, is_tls=False)),
        ("mqtt://[::1]:2000", BrokerUrl("::1", 2000, is_tls=False)),
        ("mqtt://[::ffff:127.0.0.1]", BrokerUrl("::ffff:127.0.0.1", 1883, is_tls=False)),
    ],
    ids=["name", "port", "version 6", "loopback", "loopback version 6", "mapped loopback"],
)
def test_broker_is_read_from_its_url(text: str, url: BrokerUrl) -> None:
    assert parse_broker_url(text) == url


@pytest.mark.parametrize(
    "text",
    [
        "broker.example",
        "https://broker.example",
        "mqtts://",
        "mqtts://broker.example:70000",
        "mqtts://broker.example/path",
        "mqtts://broker.example?insecure=1",
        "mqtts://[broken",
        "mqtts://user:secret@broker.example",
    ],
    ids=["no scheme", "scheme", "no host", "port", "path", "query", "bracket", "user"],
)
def test_url_that_is_none_is_refused_and_not_quoted(text: str) -> None:
    with pytest.raises(SettingsError, match="mqtts://HOST") as refused:
        parse_broker_url(text)
    assert "secret" not in str(refused.value)


def test_plain_mqtt_to_another_machine_is_refused() -> None:
    with pytest.raises(SettingsError, match="use mqtts://"):
        parse_broker_url("mqtt://192.0.2.1")


def test_name_without_an_address_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def find_nothing(*_args: object, **_words: object) -> list[object]:
        raise socket.gaierror

    monkeypatch.setattr(socket, "getaddrinfo", find_nothing)
    with pytest.raises(SettingsError, match="has no address"):
        parse_broker_url("mqtt://nowhere.example")
