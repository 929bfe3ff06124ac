"""Only a broker on this machine is spoken to without TLS."""

import socket

import pytest

from edge_lpr.core.errors import SettingsError
from edge_lpr.publisher.broker_address import find_broker


def resolve_to(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> None:
    answers = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, 1883)) for each in addresses]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: answers)


@pytest.mark.parametrize("address", ["127.0.0.1", "127.8.9.10", "::1", "::ffff:127.0.0.1"])
def test_loopback_addresses_are_taken(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    resolve_to(monkeypatch, address)
    assert find_broker("broker", 1883).addresses == (address,)


@pytest.mark.parametrize(
    "address",
    ["192.168.1.2", "0.0.0.0", "::", "fe80::1", "::ffff:10.0.0.1", "128.0.0.1"],  # noqa: S104
)
def test_other_addresses_are_refused(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    resolve_to(monkeypatch, address)
    with pytest.raises(SettingsError, match="is not this machine"):
        find_broker("broker", 1883)


def test_one_foreign_address_among_many_is_enough_to_refuse(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    resolve_to(monkeypatch, "127.0.0.1", "192.168.1.2")
    with pytest.raises(SettingsError, match=r"192\.168\.1\.2"):
        find_broker("broker", 1883)


def test_each_address_is_tried_once(monkeypatch: pytest.MonkeyPatch) -> None:
    resolve_to(monkeypatch, "::1", "127.0.0.1", "::1")
    assert find_broker("broker", 1883).addresses == ("::1", "127.0.0.1")


def test_name_without_an_address_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    with pytest.raises(SettingsError, match="has no address"):
        find_broker("broker", 1883)
