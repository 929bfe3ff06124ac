"""With TLS the broker's name is looked up for every connection, and nobody waits for it."""

import threading
from collections.abc import Iterator
from contextlib import closing

import pytest

from edge_lpr.core.errors import BrokerUnreachableError, SettingsError
from edge_lpr.core.wake_up import WakeUp
from edge_lpr.publisher import broker as broker_module
from edge_lpr.publisher.broker import LOOK_UP_TIMEOUT_S, Broker
from edge_lpr.publisher.broker_address import MOST_ADDRESSES, BrokerAddress
from edge_lpr.publisher.tls_renewal import TlsRenewal
from tests.support.clock import SetClock
from tests.support.waiting import wait_until


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
def broker(clock: SetClock) -> Iterator[Broker]:
    with closing(WakeUp()) as wake_up:
        # The identity plays no part in finding anybody.
        tls = TlsRenewal.__new__(TlsRenewal)
        yield Broker("localhost", 8883, tls=tls, wake_up=wake_up, clock=clock)


def found(broker: Broker) -> BrokerAddress:
    addresses: list[BrokerAddress] = []

    def is_found() -> bool:
        address = broker.find()
        if address is not None:
            addresses.append(address)
        return address is not None

    wait_until(is_found)
    return addresses[0]


def answer_with(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> None:
    monkeypatch.setattr(broker_module, "addresses_of", lambda _host, _port: addresses)


def test_name_is_looked_up_anew_for_every_connection(
    broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "127.0.0.1" in found(broker).addresses
    answer_with(monkeypatch, "192.0.2.1")
    assert found(broker) == BrokerAddress("localhost", ("192.0.2.1",), 8883)
    answer_with(monkeypatch, "192.0.2.2")
    assert found(broker).addresses == ("192.0.2.2",)


def test_behind_a_proxy_only_the_proxys_name_is_looked_up(
    clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, int]] = []

    def addresses_of(host: str, port: int) -> tuple[str, ...]:
        asked.append((host, port))
        return ("192.0.2.3",)

    monkeypatch.setattr(broker_module, "addresses_of", addresses_of)
    with closing(WakeUp()) as wake_up:
        tls = TlsRenewal.__new__(TlsRenewal)
        place = ("proxy.example", 3128)
        broker = Broker("broker.example", 8883, proxy=place, tls=tls, wake_up=wake_up, clock=clock)
        beyond = ("broker.example", 8883)
        assert found(broker) == BrokerAddress("broker.example", ("192.0.2.3",), 3128, beyond)
    assert asked == [place]


def test_few_of_many_addresses_are_tried(broker: Broker, monkeypatch: pytest.MonkeyPatch) -> None:
    answer_with(monkeypatch, *(f"192.0.2.{number}" for number in range(10)))
    assert len(found(broker).addresses) == MOST_ADDRESSES


def test_name_without_an_address_is_unreachable(
    broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_host: str, _port: int) -> tuple[str, ...]:
        raise OSError(-2, "Name or service not known")

    monkeypatch.setattr(broker_module, "addresses_of", fail)
    with pytest.raises(BrokerUnreachableError, match="Name or service not known") as caught:
        found(broker)
    assert "publisher.broker_host (localhost)" in caught.value.advice


def test_silent_name_server_holds_nothing_up_and_is_asked_once(
    broker: Broker, clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    is_back = threading.Event()

    def wait(host: str, _port: int) -> tuple[str, ...]:
        asked.append(host)
        is_back.wait()
        return ("192.0.2.1",)

    monkeypatch.setattr(broker_module, "addresses_of", wait)
    for _ in range(3):
        assert broker.find() is None
        clock.advance_s(LOOK_UP_TIMEOUT_S)
        with pytest.raises(BrokerUnreachableError, match="name server does not answer"):
            broker.find()
    is_back.set()
    assert found(broker).addresses == ("192.0.2.1",)
    assert asked == ["localhost"]


def test_impossible_name_is_unreachable_and_no_crash(clock: SetClock) -> None:
    with closing(WakeUp()) as wake_up:
        tls = TlsRenewal.__new__(TlsRenewal)
        broker = Broker("a..b", 8883, tls=tls, wake_up=wake_up, clock=clock)
        with pytest.raises(BrokerUnreachableError, match="has no address"):
            found(broker)


def test_without_tls_the_name_is_looked_up_once(
    clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(WakeUp()) as wake_up:
        broker = Broker("localhost", 1883, tls=None, wake_up=wake_up, clock=clock)
        answer_with(monkeypatch, "192.0.2.1")
        address = broker.find()
        assert address is not None
        assert "192.0.2.1" not in address.addresses
        assert broker.context is None
        with pytest.raises(SettingsError, match=r"publisher\.tls_ca_file"):
            Broker("192.0.2.1", 1883, tls=None, wake_up=wake_up, clock=clock)
