"""Whom a broker lets in, asked of any broker (``tests/support/contract_broker.py``)."""

import ssl
from pathlib import Path

import pytest

from edge_lpr.broker.laboratory import CONSUMERS, DEVICES
from edge_lpr.certificates.certificate_authority import CertificateAuthority
from edge_lpr.core.clock import SystemClock
from tests.support.contract_broker import REVOKED, ContractBroker
from tests.support.mqtt_peer import Peer, connected, listening

pytestmark = pytest.mark.broker

NORTH = "lpr/v1/agency/north-crossing"

MAXIMUM_PACKET_BYTES = 4096


def test_booth_with_its_certificate_is_let_in(broker: ContractBroker, peers: list[Peer]) -> None:
    connected(broker.booth("booth-1"), peers)


def test_plaintext_is_not_understood(broker: ContractBroker) -> None:
    assert not broker.stranger(None).connect()


def test_client_without_a_certificate_is_not_let_in(broker: ContractBroker) -> None:
    context = ssl.create_default_context(cafile=str(broker.laboratory.ca_file))
    assert not broker.stranger(context).connect()


def test_tls_1_2_is_not_spoken(broker: ContractBroker) -> None:
    context = broker.files(DEVICES, "booth-1").context()
    assert broker.shakes_hands(context)
    context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_2
    assert not broker.shakes_hands(context)


def test_certificate_that_has_ended_is_refused(broker: ContractBroker, tmp_path: Path) -> None:
    files = broker.certified(tmp_path, days=-1)
    assert not broker.stranger(files.context()).connect()


def test_certificate_of_another_authority_of_the_same_name_is_refused(
    broker: ContractBroker, tmp_path: Path
) -> None:
    name = "edge-lpr laboratory devices-ca"
    stranger = CertificateAuthority.generate(name, SystemClock().unix_s())
    files = broker.certified(tmp_path, days=1, authority=stranger)
    assert not broker.stranger(files.context()).connect()


def test_renewed_certificate_is_let_in_beside_the_old_one(
    broker: ContractBroker, peers: list[Peer], tmp_path: Path
) -> None:
    renewed = broker.stranger(broker.certified(tmp_path, days=1).context())
    connected(renewed, peers)
    connected(broker.booth("booth-1"), peers)


def test_certificate_that_was_taken_back_is_refused(broker: ContractBroker) -> None:
    assert not broker.booth(REVOKED).connect()


def test_brokers_own_certificate_is_none_of_a_booth(broker: ContractBroker) -> None:
    context = ssl.create_default_context(cafile=str(broker.laboratory.ca_file))
    folder = broker.laboratory.folder
    context.load_cert_chain(folder / "broker.crt", folder / "broker.key")
    assert not broker.stranger(context).connect()


def test_consumer_is_no_booth_at_the_booths_port(broker: ContractBroker) -> None:
    if broker.devices == broker.consumers:
        pytest.skip("this broker has one port for both; its rules tell them apart")
    assert not broker.stranger(broker.files(CONSUMERS, "analytics").context()).connect()


def test_booth_is_no_consumer_at_the_consumers_port(broker: ContractBroker) -> None:
    if broker.devices == broker.consumers:
        pytest.skip("this broker has one port for both; its rules tell them apart")
    peer = Peer(*broker.consumers, broker.files(DEVICES, "booth-1").context())
    assert not peer.connect()


def test_broker_is_believed_by_its_own_authority_alone(broker: ContractBroker) -> None:
    folder = broker.laboratory.folder
    assert broker.shakes_hands(ssl.create_default_context(cafile=str(folder / "broker-ca.crt")))
    assert not broker.shakes_hands(
        ssl.create_default_context(cafile=str(folder / "devices-ca.crt"))
    )


def test_booth_cannot_throw_another_out_by_its_client_identifier(
    broker: ContractBroker, peers: list[Peer]
) -> None:
    victim = listening(broker.booth("booth-1"), peers, f"{NORTH}/booth-1/request")
    peers.append(intruder := broker.booth("booth-2", client_id="booth-1"))
    intruder.connect()
    consumer = connected(broker.consumer("analytics"), peers)
    consumer.publish(f"{NORTH}/booth-1/request", b"still there")
    victim.wait_for(b"still there")
    assert not victim.heard.is_lost


def test_consumer_cannot_throw_a_booth_out_by_its_client_identifier(
    broker: ContractBroker, peers: list[Peer]
) -> None:
    victim = listening(
        broker.booth("booth-1", session_expiry_s=300), peers, f"{NORTH}/booth-1/request"
    )
    peers.append(intruder := broker.consumer("display", client_id="booth-1"))
    intruder.connect()
    asking = connected(broker.consumer("analytics"), peers)
    asking.publish(f"{NORTH}/booth-1/request", b"still there")
    victim.wait_for(b"still there")
    assert not victim.heard.is_lost
    victim.drop()
    intruder.close()
    # Not even while it is away: the clean start would have ended its session.
    intruder.connect()
    assert victim.connect(clean_start=False)
    assert victim.heard.is_session_present
    assert victim.connect_anew()


def test_consumer_cannot_throw_another_out_by_its_client_identifier(
    broker: ContractBroker, peers: list[Peer]
) -> None:
    topic = f"{NORTH}/booth-1/sighting"
    victim = listening(broker.consumer("analytics"), peers, topic)
    peers.append(intruder := broker.consumer("rival-analytics", client_id="analytics"))
    intruder.connect()
    connected(broker.booth("booth-1"), peers).publish(topic, b"still there")
    victim.wait_for(b"still there")
    assert not victim.heard.is_lost


def test_longest_packet_of_the_contract_passes(broker: ContractBroker, peers: list[Peer]) -> None:
    consumer = listening(broker.consumer("analytics"), peers, "lpr/v1/agency/+/+/health")
    booth = connected(broker.booth("booth-1"), peers)
    record = b"h" * 3072
    assert booth.publish(f"{NORTH}/booth-1/health", record) == 0
    consumer.wait_for(record)


def test_packet_that_is_too_long_is_not_passed_on(
    broker: ContractBroker, peers: list[Peer]
) -> None:
    consumer = listening(broker.consumer("analytics"), peers, "lpr/v1/agency/+/+/sighting")
    booth = connected(broker.booth("booth-1"), peers)
    booth.publish_only(f"{NORTH}/booth-1/sighting", b"p" * MAXIMUM_PACKET_BYTES)
    other = connected(broker.booth("booth-2"), peers)
    other.publish(f"{NORTH}/booth-2/sighting", b"last")
    consumer.wait_for(b"last")
    assert consumer.payloads() == [b"last"]
    booth.wait_until_lost()
