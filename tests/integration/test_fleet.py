"""A fleet of virtual booths, a real broker, and a server that compares with the truth."""

import csv
import json
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge_lpr.core.clock import SystemClock
from edge_lpr.core.errors import SettingsError
from edge_lpr.fleet.faults import Fate
from edge_lpr.fleet.truth import TruthFile, begin_truth
from edge_lpr.fleet.virtual_booth import Committed, address_of
from edge_lpr.wire import base64url
from edge_lpr.wire.jws import SigningKey
from edge_lpr.wire.request import RequestClaims, sign_request
from edge_lpr.wire.topics import TopicKind, parse_topic, topic
from tests.support.broker import Mosquitto, free_port, running_mosquitto
from tests.support.fleet_server import FleetServer, Key
from tests.support.mqtt_peer import Peer, closing_peers
from tests.support.tls_broker import running_tls_mosquitto
from tests.support.waiting import wait_until

pytestmark = pytest.mark.broker


def truth_of(folder: Path) -> dict[Key, tuple[bytes, str]]:
    """Return link and fate of every sighting that the fleet signed."""
    with (folder / "truth.csv").open() as file:
        rows = list(csv.DictReader(file))
    truth = {
        (row["device"], row["boot"], int(row["seq"])): (
            base64url.decode(row["link"].encode()),
            row["fate"],
        )
        for row in rows
    }
    assert len(truth) == len(rows)
    return truth


def words(url: str, folder: Path, *more: str) -> list[str]:
    """Return a command line for a small, quick fleet."""
    files = ["--truth", str(folder / "truth.csv"), "--authority", str(folder / "authority.pub")]
    fleet = ["--broker", url, "--booths", "6", "--rate", "400", "--processes", "1", "--json"]
    return [*fleet, *files, *more]


def start(*arguments: str) -> subprocess.Popen[bytes]:
    """Start a fleet."""
    command = [sys.executable, "-m", "edge_lpr", "fleet", *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def run(*arguments: str) -> tuple[int, dict[str, int], str]:
    """Run a fleet to its end; return exit status, last figures and complaints."""
    output, complaints = (process := start(*arguments)).communicate(timeout=60)
    lines = output.splitlines()
    return process.returncode, json.loads(lines[-1]) if lines else {}, complaints.decode()


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    (folder := tmp_path / "broker").mkdir()
    with running_mosquitto(folder) as broker:
        yield broker


@pytest.fixture
def url(broker: Mosquitto) -> str:
    return f"mqtt://127.0.0.1:{broker.port}"


@pytest.fixture
def server(broker: Mosquitto, tmp_path: Path) -> Iterator[FleetServer]:
    with closing_peers() as peers:
        peers.append(peer := Peer("127.0.0.1", broker.port, None))
        yield FleetServer(peer, tmp_path)


def test_everything_that_was_signed_arrives_verified(
    url: str, server: FleetServer, tmp_path: Path
) -> None:
    status, figures, _ = run(*words(url, tmp_path, "--sightings", "301"))
    truth = truth_of(tmp_path)
    assert status == 0
    assert figures["committed"] == figures["published"] == len(truth) == 301
    wait_until(lambda: server.has([*truth]))
    assert server.links == {key: link for key, (link, _) in truth.items()}
    assert server.refusals == []
    assert len({device for device, _, _ in truth}) == 6


def test_some_booths_publish_hits_alone(url: str, server: FleetServer, tmp_path: Path) -> None:
    more = ["--hit-only", "2", "--rate", "2000", "--sightings", "200"]
    status, figures, _ = run(*words(url, tmp_path, *more))
    truth = truth_of(tmp_path)
    assert status == 0
    wait_until(lambda: server.has([*truth]))
    assert server.refusals == []
    assert figures["not_listed"] > 0
    of_hits = {f"booth-{number:05d}" for number in (2, 4, 6)}
    assert {*server.entries} == {key for key in truth if key[0] in of_hits}
    assert len(server.entries) > 0
    # Before its first sighting every booth has told the authority its transport key.
    assert {device for device, _ in server.announced} >= {device for device, _, _ in truth}


def test_faults_lose_nothing_that_is_asked_for(
    url: str, server: FleetServer, tmp_path: Path
) -> None:
    key = SigningKey.generate()
    (tmp_path / "consumers").write_text(
        f"# ours\nserver {base64url.encode(key.public_key.octets).decode()}\n"
    )
    shares = ["--drop", "0.2", "--lose", "0.1", "--duplicate", "0.2", "--reorder", "0.2"]
    consumers = ["--consumers", str(tmp_path / "consumers")]
    ends = ["--sightings", "300", "--linger", "60"]
    fleet = start(*words(url, tmp_path, *shares, *consumers, *ends))
    try:
        wait_until(lambda: _health_names(server, 300))
        truth = truth_of(tmp_path)
        assert not server.has([*truth])
        _ask_for_what_is_missing(server, key)
        wait_until(lambda: server.has([*truth]))
    finally:
        fleet.send_signal(signal.SIGTERM)
        output, _ = fleet.communicate(timeout=20)
    figures = json.loads(output.splitlines()[-1])
    assert fleet.returncode == 0
    lost = {key for key, (_, fate) in truth.items() if fate == "lost"}
    assert server.gaps == lost
    assert server.links == {key: link for key, (link, fate) in truth.items() if key not in lost}
    assert server.duplicates >= figures["duplicated"] > 0
    assert figures["resent"] >= figures["dropped"] > 0
    assert figures["reordered"] > 0
    assert figures["lost"] == len(lost) > 0


def test_storms_and_restarts_lose_nothing(url: str, server: FleetServer, tmp_path: Path) -> None:
    faults = ["--reconnect-storm", "120", "--restart", "240", "--delay", "0.05"]
    status, figures, _ = run(*words(url, tmp_path, *faults, "--seconds", "3"))
    truth = truth_of(tmp_path)
    assert status == 0
    assert figures["storms"] > 0
    assert figures["restarts"] > 0
    assert len({boot for _, boot, _ in truth}) > 6
    # What was delayed is sent before the end, too.
    wait_until(lambda: server.has([*truth]))
    assert server.links == {key: link for key, (link, _) in truth.items()}


def test_ring_that_is_too_small_is_said_so(url: str, server: FleetServer, tmp_path: Path) -> None:
    key = SigningKey.generate()
    (tmp_path / "consumers").write_text(
        f"server {base64url.encode(key.public_key.octets).decode()}\n"
    )
    consumers = ["--consumers", str(tmp_path / "consumers"), "--keep", "5"]
    ends = ["--sightings", "120", "--linger", "60", "--drop", "1"]
    fleet = start(*words(url, tmp_path, *consumers, *ends))
    try:
        wait_until(lambda: _health_names(server, 120))
        _ask_for_what_is_missing(server, key)
        wait_until(lambda: server.has([*truth_of(tmp_path)]))
    finally:
        fleet.send_signal(signal.SIGTERM)
        fleet.communicate(timeout=20)
    assert server.refusals == []
    assert len(server.links) == 30
    assert len(server.gaps) == 90


def test_certified_fleet_speaks_to_the_shipped_broker(tmp_path: Path) -> None:
    listed = subprocess.run(
        [sys.executable, "-m", "edge_lpr", "fleet", "--booths", "6", "--list"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    access_list = f"{listed}consumer analytics fleet requests\n"
    with running_tls_mosquitto(tmp_path, access_list) as broker, closing_peers() as peers:
        context = broker.consumer("analytics").context()
        peers.append(peer := Peer("localhost", broker.consumer_port, context))
        server = FleetServer(peer, tmp_path)
        url = f"mqtts://localhost:{broker.port}"
        certificates = ["--certificates", str(broker.laboratory.folder)]
        status, _, complaints = run(*words(url, tmp_path, *certificates, "--sightings", "60"))
        assert status == 0, complaints
        wait_until(lambda: server.has([*truth_of(tmp_path)]))
        assert server.refusals == []


def test_what_the_broker_refuses_is_sent_again_but_not_at_once(tmp_path: Path) -> None:
    listed = "".join(f"device fleet/site-0001/booth-{number:05d}\n" for number in range(1, 7))
    with running_tls_mosquitto(tmp_path, listed) as broker:
        rules = broker.laboratory.folder / "devices.acl"
        allowed = rules.read_text()
        rules.write_text("")
        broker.reload()
        url = f"mqtts://localhost:{broker.port}"
        certificates = ["--certificates", str(broker.laboratory.folder)]
        fleet = start(*words(url, tmp_path, *certificates, "--sightings", "12"))
        assert fleet.stdout is not None
        assert fleet.stderr is not None
        while (line := fleet.stdout.readline()) and json.loads(line)["refused"] < 12:
            pass
        assert line, fleet.communicate()[1].decode()
        rules.write_text(allowed)
        broker.reload()
        output, _ = fleet.communicate(timeout=60)
    figures = json.loads(output.splitlines()[-1])
    assert fleet.returncode == 0
    assert figures["published"] == 12
    assert figures["refused"] < 300


def test_booth_without_a_certificate_is_named(tmp_path: Path) -> None:
    url = f"mqtts://localhost:{free_port()}"
    status, _, complaints = run(*words(url, tmp_path, "--certificates", str(tmp_path)))
    assert status == 1
    assert "devices/booth-00001.crt: there is no such file" in complaints


def test_broker_that_is_absent_is_named(tmp_path: Path) -> None:
    port = free_port()
    url = f"mqtt://127.0.0.1:{port}"
    status, _, complaints = run(*words(url, tmp_path))
    assert status == 1
    assert f"127.0.0.1:{port}: Connection refused" in complaints


@pytest.mark.parametrize("option", ["--truth", "--authority"])
def test_file_that_cannot_be_written_ends_the_fleet_before_it_speaks(
    option: str, url: str, server: FleetServer, tmp_path: Path
) -> None:
    status, _, complaints = run("--broker", url, option, str(tmp_path / "missing/file"))
    assert status == 1
    assert "missing/file: cannot be written" in complaints
    assert server.peer.heard.messages == []


def test_terminal_shows_how_it_goes(url: str, tmp_path: Path) -> None:
    arguments = [word for word in words(url, tmp_path, "--sightings", "10") if word != "--json"]
    status, figures, shown = run(*arguments)
    assert (status, figures) == (0, {})
    assert "6 online  10 signed  10 taken  0 waiting" in shown


def test_fleet_whose_reader_left_ends(url: str, tmp_path: Path) -> None:
    fleet = start(*words(url, tmp_path))
    assert fleet.stdout is not None
    assert fleet.stderr is not None
    fleet.stdout.close()
    assert fleet.wait(timeout=20) == 128 + signal.SIGPIPE
    fleet.stderr.close()


def test_stop_of_several_processes_is_orderly(
    url: str, server: FleetServer, tmp_path: Path
) -> None:
    fleet = start(*words(url, tmp_path, "--processes", "2"))
    try:
        wait_until(lambda: len(server.peer.heard.messages) > 100)
    finally:
        fleet.send_signal(signal.SIGTERM)
        output, _ = fleet.communicate(timeout=30)
    figures = json.loads(output.splitlines()[-1])
    assert fleet.returncode == 0
    truth = truth_of(tmp_path)
    assert figures["committed"] == figures["published"] == len(truth)
    wait_until(lambda: server.has([*truth]))
    wait_until(lambda: _offline(server) == 6)


def test_request_of_a_stranger_is_counted_and_not_answered(
    url: str, server: FleetServer, tmp_path: Path
) -> None:
    fleet = start(*words(url, tmp_path, "--sightings", "20", "--linger", "60"))
    try:
        wait_until(lambda: _health_names(server, 20))
        _ask_for(server, SigningKey.generate())
    finally:
        fleet.send_signal(signal.SIGTERM)
        output, _ = fleet.communicate(timeout=30)
    figures = json.loads(output.splitlines()[-1])
    assert figures["requests"] == 0
    assert figures["requests_refused"] > 0
    assert figures["resent"] == 0


def test_broker_that_comes_back_gets_everything(
    url: str, broker: Mosquitto, tmp_path: Path
) -> None:
    fleet = start(*words(url, tmp_path))
    figures: list[dict[str, int]] = []

    def read() -> None:
        assert fleet.stdout is not None
        figures.extend(json.loads(line) for line in fleet.stdout)

    reader = threading.Thread(target=read)
    reader.start()
    try:
        wait_until(lambda: bool(figures) and figures[-1]["published"] > 100)
        broker.kill()
        wait_until(lambda: figures[-1]["online"] == 0)
        broker.start()
        wait_until(lambda: figures[-1]["online"] == 6)
    finally:
        fleet.send_signal(signal.SIGTERM)
        assert fleet.wait(timeout=60) == 0
        reader.join()
        assert fleet.stdout is not None
        assert fleet.stderr is not None
        fleet.stdout.close()
        fleet.stderr.close()
    assert figures[-1]["published"] == figures[-1]["committed"]
    assert figures[-1]["connections"] >= 12


def test_truth_of_several_writers_has_whole_lines(tmp_path: Path) -> None:
    path = tmp_path / "truth.csv"
    begin_truth(path)
    address = address_of("fleet", 1)
    writers = [TruthFile(path), TruthFile(path)]
    for seq in range(1, 1001):
        for writer, boot in zip(writers, ("a" * 16, "b" * 16), strict=True):
            writer.add(Committed(address, boot, seq, bytes(16), b""), Fate.SENT)
    for writer in writers:
        writer.close()
    assert set(truth_of(tmp_path)) == {
        (address.device, boot, seq) for boot in ("a" * 16, "b" * 16) for seq in range(1, 1001)
    }


def test_truth_of_a_part_alone_has_its_header_and_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "truth.csv"
    for boot in ("a" * 16, "b" * 16):
        writer = TruthFile(path)
        writer.add(Committed(address_of("fleet", 1), boot, 1, bytes(16), b""), Fate.LOST)
        writer.close()
    assert [fate for _, fate in truth_of(tmp_path).values()] == ["lost", "lost"]


@pytest.mark.parametrize("begin", [begin_truth, TruthFile])
def test_truth_that_cannot_be_written_is_named(begin: type, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"missing/truth\.csv: cannot be written"):
        begin(tmp_path / "missing/truth.csv")


def _health_names(server: FleetServer, sightings: int) -> bool:
    """Return whether health records name the last of so many sightings."""
    if (server._folder / "authority.pub").exists():
        server.judge()
    return sum(server.last.values()) == sightings


def _offline(server: FleetServer) -> int:
    """Return how many booths have said goodbye."""
    messages = [*server.peer.heard.messages]
    return sum(each.topic.endswith("/status") and b"offline" in each.payload for each in messages)


def _ask_for(server: FleetServer, key: SigningKey) -> None:
    """Ask every booth for its first sighting."""
    addresses = {parse_topic(message.topic)[0] for message in server.peer.heard.messages}
    boots = dict([*server.last])
    for address in addresses:
        claims = RequestClaims(address, boots[address.device], 1, 1, SystemClock().unix_s())
        server.peer.publish(topic(address, TopicKind.REQUEST), sign_request(claims, key))


def _ask_for_what_is_missing(server: FleetServer, key: SigningKey) -> None:
    """Ask every booth once, as a registered consumer."""
    now = SystemClock().unix_s()
    addresses = {
        (address := parse_topic(message.topic)[0]).device: address
        for message in server.peer.heard.messages
    }
    for (device, boot), last in server.last.items():
        missing = [seq for seq in range(1, last + 1) if not server.has([(device, boot, seq)])]
        if missing:
            address = addresses[device]
            # One range, and what lies between comes twice: a booth answers six requests at once.
            claims = RequestClaims(address, boot, missing[0], missing[-1], now)
            server.peer.publish(topic(address, TopicKind.REQUEST), sign_request(claims, key))
