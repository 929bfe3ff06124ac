"""The shipped mosquitto.conf where it has to be stopped, started and told something new."""

import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge_lpr.broker.access_list import parse_access_list
from edge_lpr.broker.access_rules import device_rules
from tests.support.mqtt_peer import Peer, closing_peers, connected, listening
from tests.support.tls_broker import ACCESS_LIST, ClientFiles, TlsMosquitto, running_tls_mosquitto
from tests.support.waiting import wait_until

pytestmark = pytest.mark.broker

NORTH = "lpr/v1/agency/north-crossing"


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[TlsMosquitto]:
    with running_tls_mosquitto(tmp_path) as broker:
        yield broker


@pytest.fixture
def peers() -> Iterator[list[Peer]]:
    with closing_peers() as peers:
        yield peers


def booth(broker: TlsMosquitto, name: str, files: ClientFiles | None = None) -> Peer:
    context = (files or broker.device(name)).context()
    return Peer("localhost", broker.port, context, client_id=name)


def consumer(broker: TlsMosquitto, name: str, *, session_expiry_s: int = 0) -> Peer:
    return Peer(
        "localhost",
        broker.consumer_port,
        broker.consumer(name).context(),
        client_id=name,
        session_expiry_s=session_expiry_s,
    )


def test_births_and_queues_outlive_a_restart(broker: TlsMosquitto, peers: list[Peer]) -> None:
    peers.append(away := consumer(broker, "analytics", session_expiry_s=3600))
    # Mosquitto 2.0.11 writes no session to the disk that began with a clean start.
    assert away.connect(clean_start=False)
    away.subscribe(f"{NORTH}/+/sighting")
    away.close()
    sender = connected(booth(broker, "booth-1"), peers)
    sender.publish(f"{NORTH}/booth-1/birth", b"birth", is_retained=True)
    assert sender.publish(f"{NORTH}/booth-1/sighting", b"before") == 0
    sender.close()
    broker.stop()
    broker.start()
    # Before the consumer is back: its rules are those of the port that it used.
    sender = connected(booth(broker, "booth-1"), peers)
    assert sender.publish(f"{NORTH}/booth-1/sighting", b"after") == 0
    assert away.connect(clean_start=False)
    away.wait_for(b"after")
    assert away.payloads() == [b"before", b"after"]
    late = listening(consumer(broker, "worker-1"), peers, f"{NORTH}/+/birth")
    late.wait_for(b"birth")


def test_new_booth_needs_no_restart(broker: TlsMosquitto, peers: list[Peer]) -> None:
    hears = listening(consumer(broker, "analytics"), peers, f"{NORTH}/+/sighting")
    new = broker.certified("new", "booth-new")
    sender = connected(booth(broker, "booth-new", new), peers)
    assert sender.publish(f"{NORTH}/booth-new/sighting", b"too early") == 135
    access = parse_access_list(f"{ACCESS_LIST}device agency/north-crossing/booth-new\n")
    (broker.laboratory.folder / "devices.acl").write_text(device_rules(access))
    broker.reload()
    # One that is connected stays so, and the new rules hold for it at once.
    wait_until(lambda: sender.publish(f"{NORTH}/booth-new/sighting", b"allowed") in (0, 16))
    hears.wait_for(b"allowed")
    assert b"too early" not in hears.payloads()


def test_booth_that_left_the_list_is_no_longer_heard(
    broker: TlsMosquitto, peers: list[Peer]
) -> None:
    sender = connected(booth(broker, "booth-1"), peers)
    assert sender.publish(f"{NORTH}/booth-1/sighting", b"allowed") in (0, 16)
    (broker.laboratory.folder / "devices.acl").write_text(device_rules(parse_access_list("")))
    broker.reload()
    wait_until(lambda: sender.publish(f"{NORTH}/booth-1/sighting", b"too late") == 135)


def test_certificate_taken_back_needs_no_restart(broker: TlsMosquitto, peers: list[Peer]) -> None:
    connected(booth(broker, "booth-1"), peers).close()
    broker.revoke("booth-1")
    wait_until(lambda: not booth(broker, "booth-1").connect())
    connected(booth(broker, "booth-2"), peers)


def test_renewed_certificate_of_the_broker_needs_no_restart(broker: TlsMosquitto) -> None:
    before = ssl.get_server_certificate(("localhost", broker.port))
    broker.laboratory.certify(broker.access, ["localhost", "127.0.0.1"])
    broker.reload()
    wait_until(lambda: ssl.get_server_certificate(("localhost", broker.port)) != before)


def test_broker_logs_who_connects_and_warns_of_nothing(
    broker: TlsMosquitto, peers: list[Peer]
) -> None:
    connected(booth(broker, "booth-1"), peers)
    wait_until(lambda: "as booth-1 " in broker.log_file.read_text())
    assert "arning" not in broker.log_file.read_text()
