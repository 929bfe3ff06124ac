"""The authority at a real broker: rotate from announcement to delivery, and every refusal."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from edge_lpr.authority.authority import Authority, DeploymentPlan
from edge_lpr.authority.broker_link import BrokerLink, link_of
from edge_lpr.core.clock import SystemClock
from edge_lpr.core.errors import (
    AuthorityError,
    BrokerError,
    BrokerRefusedError,
    BrokerUnreachableError,
)
from edge_lpr.wire.key_delivery import open_delivery
from edge_lpr.wire.status import encode_status
from edge_lpr.wire.topics import TopicKind, topic
from tests.support.authority import Booth, Folders
from tests.support.authority_broker import AUTHORITY_LINE, AgencyBroker, agency_broker
from tests.support.authority_commands import Run, named_folders, terminal, today
from tests.support.broker import Mosquitto, free_port, running_mosquitto
from tests.support.mqtt_peer import Peer, connected
from tests.support.waiting import wait_until

pytestmark = pytest.mark.broker

DEVICE_LINE = "device agency/north/booth-1"


@pytest.fixture
def folders(monkeypatch: pytest.MonkeyPatch) -> Iterator[Folders]:
    with named_folders(monkeypatch) as named:
        yield named


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Run:
    return terminal(monkeypatch)


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[AgencyBroker]:
    with agency_broker(tmp_path) as made:
        yield made


@pytest.fixture
def authority(folders: Folders, broker: AgencyBroker) -> Iterator[Authority]:
    plan = DeploymentPlan("agency", "localhost", broker.port, broker.consumers_port, None)
    with folders.create(SystemClock(), plan=plan) as made:
        yield made


@pytest.fixture
def peers() -> Iterator[list[Peer]]:
    made: list[Peer] = []
    yield made
    for peer in made:
        peer.close()


@pytest.fixture
def plain(tmp_path: Path) -> Iterator[Mosquitto]:
    with running_mosquitto(tmp_path, is_persistent=False) as made:
        yield made


def test_rotate_hears_a_booth_and_sends_it_what_it_lacks(
    authority: Authority, broker: AgencyBroker, run: Run, peers: list[Peer]
) -> None:
    broker.certify(authority, f"{DEVICE_LINE}\n{AUTHORITY_LINE}\n")
    broker.start()
    booth = Booth(authority)
    context = broker.device_context(authority, "booth-1")
    peer = connected(Peer("localhost", broker.port, context, client_id="booth-1"), peers)
    assert peer.subscribe(topic(booth.address, TopicKind.KEYS)) == 1
    booth.turn_key()
    announced = booth.announcement(authority.clock.unix_s(), [today()])
    transport = topic(booth.address, TopicKind.TRANSPORT)
    assert peer.publish(transport, announced, is_retained=True) in (0, 16)
    assert run("rotate") == 0
    assert run("rotate") == 0
    peer.publish(transport, announced, is_retained=True)
    (delivery,) = [
        open_delivery(payload, authority.deployment.authority, booth.transport_key)
        for payload in peer.payloads()
    ]
    assert [keys.epoch for keys in delivery.keys] == [today() + ahead for ahead in (1, 2, 3)]
    # What the booth announces next is believed, and nothing is sent to it again.
    booth.turn_key()
    held = [today() + ahead for ahead in range(4)]
    peer.publish(
        transport,
        booth.announcement(authority.clock.unix_s(), held, delivery.number),
        is_retained=True,
    )
    assert run("rotate") == 0
    assert run("status") == 0
    assert booth.row(authority).announced_epochs == tuple(held)
    assert len(peer.payloads()) == 1


def test_delivery_that_the_broker_throws_away_is_made_again_at_once(
    authority: Authority,
    broker: AgencyBroker,
    run: Run,
    peers: list[Peer],
    capsys: pytest.CaptureFixture[str],
) -> None:
    broker.certify(authority, f"{DEVICE_LINE}\n{AUTHORITY_LINE}\n")
    broker.start()
    booth = Booth(authority)
    context = broker.device_context(authority, "booth-1")
    peer = connected(Peer("localhost", broker.port, context, client_id="booth-1"), peers)
    # Announced by a clock that is behind, and never again: only the broker's word can tell.
    announced = booth.announcement(authority.clock.unix_s() - 600)
    peer.publish(topic(booth.address, TopicKind.TRANSPORT), announced, is_retained=True)
    assert run("rotate") == 0
    assert "booth does not listen" in capsys.readouterr().out
    assert peer.subscribe(topic(booth.address, TopicKind.KEYS)) == 1
    assert run("rotate") == 0
    assert "published" in capsys.readouterr().out
    wait_until(lambda: len(peer.payloads()) > 0)
    (payload,) = peer.payloads()
    open_delivery(payload, authority.deployment.authority, booth.transport_key)
    assert run("rotate") == 0
    assert "no device lacks keys" in capsys.readouterr().out


def test_booth_that_is_offline_is_sent_nothing_until_it_is_back(
    authority: Authority,
    broker: AgencyBroker,
    run: Run,
    peers: list[Peer],
    capsys: pytest.CaptureFixture[str],
) -> None:
    broker.certify(authority, f"{DEVICE_LINE}\n{AUTHORITY_LINE}\n")
    broker.start()
    booth = Booth(authority)
    context = broker.device_context(authority, "booth-1")
    peer = connected(Peer("localhost", broker.port, context, client_id="booth-1"), peers)
    announced = booth.announcement(authority.clock.unix_s())
    peer.publish(topic(booth.address, TopicKind.TRANSPORT), announced, is_retained=True)
    status = topic(booth.address, TopicKind.STATUS)
    peer.publish(status, encode_status("0" * 16, is_online=False), is_retained=True)
    assert run("rotate") == 0
    assert "lacks keys of 4 days, and is offline" in capsys.readouterr().out
    peer.publish(status, encode_status("0" * 16, is_online=True), is_retained=True)
    assert run("rotate") == 0
    assert "live keys of 4 days published" in capsys.readouterr().out


def test_announcement_that_is_not_believed_is_said_and_journalled(
    authority: Authority,
    broker: AgencyBroker,
    run: Run,
    peers: list[Peer],
    capsys: pytest.CaptureFixture[str],
) -> None:
    broker.certify(authority, f"{DEVICE_LINE}\n{AUTHORITY_LINE}\n")
    broker.start()
    booth = Booth(authority)
    context = broker.device_context(authority, "booth-1")
    peer = connected(Peer("localhost", broker.port, context, client_id="booth-1"), peers)
    peer.publish(topic(booth.address, TopicKind.TRANSPORT), b"a.b.c", is_retained=True)
    assert run("rotate") == 0
    assert "not believed: lpr/v1/agency/north/booth-1/transport" in capsys.readouterr().out
    assert "announcement-refused" in [entry.call for entry in authority.journal.entries()]


def test_issue_publishes_to_a_broker(
    authority: Authority,
    broker: AgencyBroker,
    run: Run,
    peers: list[Peer],
    capsys: pytest.CaptureFixture[str],
) -> None:
    broker.certify(authority, f"{DEVICE_LINE}\n{AUTHORITY_LINE}\n")
    broker.start()
    booth = Booth(authority)
    context = broker.device_context(authority, "booth-1")
    peer = connected(Peer("localhost", broker.port, context, client_id="booth-1"), peers)
    peer.subscribe(topic(booth.address, TopicKind.KEYS))
    assert run("issue") == 0
    assert "published" in capsys.readouterr().out
    assert authority.store.rows("SELECT count(*) FROM delivery WHERE sent_at > 0") == [(4,)]


def test_broker_whose_list_has_no_authority_line_is_told(
    authority: Authority, broker: AgencyBroker, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    broker.certify(authority, f"{DEVICE_LINE}\n")
    broker.start()
    Booth(authority)
    assert run("issue") == 1
    said = capsys.readouterr().err
    assert "authority token-authority TENANT" in said
    assert authority.store.rows("SELECT count(*) FROM delivery WHERE sent_at > 0") == [(0,)]


def test_broker_of_another_authority_is_not_believed(
    authority: Authority, broker: AgencyBroker, tmp_path: Path
) -> None:
    with Folders(tmp_path / "other").create(SystemClock()) as other:
        broker.certify(other, f"{AUTHORITY_LINE}\n")
    broker.start()
    with pytest.raises(BrokerError, match="no session"):
        link_of(authority).connect()


def test_second_task_waits_for_the_first_and_gives_up_with_a_sentence(
    authority: Authority, broker: AgencyBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    broker.certify(authority, f"{AUTHORITY_LINE}\n")
    broker.start()
    monkeypatch.setattr("edge_lpr.authority.broker_link._LOCK_WAIT_S", 0.1)
    with link_of(authority), pytest.raises(AuthorityError, match="another edge-lpr authority"):
        link_of(authority).connect()
    with link_of(authority):
        pass


def test_retained_messages_come_whole_and_nothing_else(plain: Mosquitto) -> None:
    with BrokerLink("127.0.0.1", plain.port, None) as link:
        for number in range(300):
            link.publish(f"a/{number}/x", b"%d" % number, retain=True)
        link.publish("b/1/x", b"other", retain=True)
        found = link.retained("a/+/x", 0.5)
        assert found == {f"a/{number}/x": b"%d" % number for number in range(300)}
        assert link.retained("c/+/x", 0.1) == {}


def test_many_messages_are_all_acknowledged(plain: Mosquitto) -> None:
    messages = [(f"a/{number}", bytes(3000)) for number in range(500)]
    with BrokerLink("127.0.0.1", plain.port, None) as link:
        link.publish_all(messages, retain=True, expiry_s=3600)
        assert len(link.retained("a/+", 0.5)) == 500


def test_nobody_at_the_brokers_address_is_told() -> None:
    with pytest.raises(BrokerUnreachableError, match="no session"):
        BrokerLink("127.0.0.1", free_port(), None).connect()


def test_broker_that_lets_nobody_in_is_told(tmp_path: Path) -> None:
    with (
        running_mosquitto(tmp_path, allow_anonymous=False) as broker,
        pytest.raises(BrokerRefusedError, match="refused the session"),
    ):
        BrokerLink("127.0.0.1", broker.port, None).connect()


def test_broker_that_dies_before_it_answers_is_told(plain: Mosquitto) -> None:
    link = BrokerLink("127.0.0.1", plain.port, None)
    link.connect()
    plain.kill()
    with pytest.raises(BrokerUnreachableError):
        link.publish("a/b", b"never taken")
    link.close()


def test_broker_that_hangs_is_given_up(plain: Mosquitto, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge_lpr.authority.broker_link._ANSWER_S", 0.3)
    with BrokerLink("127.0.0.1", plain.port, None) as link:
        plain.freeze()
        with pytest.raises(BrokerUnreachableError, match="did not answer"):
            link.publish("a/b", b"never taken")
        plain.thaw()


def test_packet_that_is_too_long_ends_the_session(plain: Mosquitto) -> None:
    plain.stop()
    plain.configure(is_persistent=False, more="max_packet_size 100000")
    text = (plain._folder / "mosquitto.conf").read_text().replace("max_packet_size 4096\n", "")
    (plain._folder / "mosquitto.conf").write_text(text)
    plain.start()
    with BrokerLink("127.0.0.1", plain.port, None) as link:
        link.publish("a/b", bytes(50_000), retain=True)
        # The broker keeps to what it was told and passes the message over.
        assert link.retained("a/+", 0.3) == {}
