"""An agency from end to end: its authority, its broker, a hit-only booth's two processes.

The custodian types what the README says; keys and watch-list reach the booth over the broker alone,
and of two vehicles a consumer hears of the one that is looked for.
"""

import csv
import json
import ssl
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from edge_lpr.authority.authority import Authority, DeploymentPlan
from edge_lpr.authority.devices import DeviceRow
from edge_lpr.certificates.certificate_authority import Validity
from edge_lpr.core.clock import SystemClock
from edge_lpr.handoff.seqpacket import Connection
from edge_lpr.tokens.key_ring import KeyPurpose, KeyRing, KeyState, write_key_state
from edge_lpr.wire.device_certificate import CustodyTier, DeviceCertificate, issue_certificate
from edge_lpr.wire.jwe import TransportKey
from edge_lpr.wire.sighting import SightingClaims, parse_sighting
from edge_lpr.wire.topics import TopicKind, topic
from tests.support.authority import Folders
from tests.support.authority_broker import AUTHORITY_LINE, agency_broker
from tests.support.authority_commands import Run, named_folders, terminal
from tests.support.booth import ADDRESS, Booth, lay_out_booth
from tests.support.deliveries import settings_with_authority, write_authority
from tests.support.mqtt_peer import Peer, closing_peers, listening
from tests.support.readings import reading_of
from tests.support.tokeniser_process import (
    RunningTokeniser,
    hand_over,
    running_tokeniser,
    vision_of,
)
from tests.support.waiting import wait_until

pytestmark = pytest.mark.broker

ACCESS_LIST = f"device agency/north/booth-1\nconsumer analytics agency\n{AUTHORITY_LINE}\n"
LOOKED_FOR, OTHER, LATER = b"B123ABC", b"QX77ZZK4", b"HH88TTR2"
YEAR_S = 365 * 86_400
SIGHTING = topic(ADDRESS, TopicKind.SIGHTING)


@dataclass
class Agency:
    """Everybody at work, and the consumer who listens."""

    run: Run
    lists: Path
    booth: Booth
    publisher: "subprocess.Popen[bytes]"
    tokeniser: RunningTokeniser
    vision: Connection
    consumer: Peer

    def start_publisher(self) -> None:
        self.publisher = _publisher_of(self.booth)

    def kill_publisher(self) -> None:
        self.publisher.kill()
        self.publisher.wait()

    def lists_taken(self) -> int:
        """Return how many versions of lists the tokeniser has had whole."""
        said = [entry["event"] for entry in self.tokeniser.events()]
        return said.count("watch_list_complete")

    def compile_list(self, *plates: bytes) -> None:
        """Have the custodian compile a list and bring it to the booths."""
        csv_file = self.lists.parent / "list.csv"
        with csv_file.open("w", newline="") as file:
            rows = csv.writer(file)
            rows.writerow(["plate", "entry"])
            rows.writerows([plate.decode(), f"case-{n}"] for n, plate in enumerate(plates))
        words = ("watchlist", "compile", str(csv_file), "--out", str(self.lists), "--epochs", "1")
        assert self.run(*words, "--publish", "--workers", "1") == 0

    def pass_by(self, plate: bytes) -> None:
        assert hand_over(self.vision, reading_of(plate)) == b"A"

    def hits(self) -> list[SightingClaims]:
        """Return what the consumer has heard, each once and in its order.

        A publisher that was killed before the broker's word came sends it again, as any consumer
        must expect.
        """
        heard = [
            SightingClaims.decode(parse_sighting(bytes(message.payload)).untrusted_payload)
            for message in list(self.consumer.heard.messages)
            if message.topic == SIGHTING
        ]
        by_number = {(claims.boot, claims.seq): claims for claims in heard}
        return sorted(by_number.values(), key=lambda claims: claims.seq)


def _publisher_of(booth: Booth) -> "subprocess.Popen[bytes]":
    """Start the booth's publisher with the settings that its tokeniser has."""
    arguments = ["--log-level", "DEBUG", "--settings", str(booth.settings_file)]
    with (booth.folder / "publisher.log").open("ab") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "edge_lpr.publisher", *arguments], stderr=log
        )


def enrolled(folder: Path, authority: Authority, port: int) -> Booth:
    """Lay a hit-only booth out that the authority knows, without a key."""
    laid_out = lay_out_booth(
        folder,
        source_kind="camera",
        more_tokeniser_settings=settings_with_authority(folder) + 'mode = "hit-only"\n',
    )
    key = authority.signing_key()
    booth = Booth(folder, key, laid_out.event_key)
    write_authority(folder, key)
    now = SystemClock().unix_s()
    certificate = issue_certificate(
        DeviceCertificate(
            ADDRESS, booth.event_key.public_key, CustodyTier.B, now - 60, now + YEAR_S
        ),
        key,
    )
    booth.certificate_file.write_bytes(certificate)
    transport_key = TransportKey.generate()
    state = KeyState(
        ring=KeyRing(KeyPurpose.LIVE, {}),
        transport_key=bytearray(transport_key.private_octets()),
        transport_number=1,
    )
    write_key_state(booth.key_ring_file, state)
    # Its transport key becomes known when it announces it, and by then it listens.
    row = DeviceRow(ADDRESS, booth.event_key.public_key, CustodyTier.B, certificate, None, 0)
    authority.devices.add(row, now)
    devices, validity = authority.certificate_authority("devices"), Validity.days_from(now, 9)
    devices.certify_client("booth-1", validity).write(folder, "booth-1")
    (folder / "broker-ca.crt").write_text(authority.deployment.broker_ca_pem)
    with booth.settings_file.open("a") as settings:
        settings.write(
            f'broker_host = "localhost"\nbroker_port = {port}\n'
            f'tls_ca_file = "{folder}/broker-ca.crt"\n'
            f'tls_certificate_file = "{folder}/booth-1.crt"\n'
            f'tls_key_file = "{folder}/booth-1.key"\n'
        )
    return booth


def consumer_of(folder: Path, authority: Authority, port: int) -> Peer:
    """Return a consumer that is not connected."""
    validity = Validity.days_from(SystemClock().unix_s(), 9)
    certifier = authority.certificate_authority("consumers")
    certifier.certify_client("analytics", validity).write(folder, "analytics")
    context = ssl.create_default_context(cadata=authority.deployment.broker_ca_pem)
    context.load_cert_chain(folder / "analytics.crt", folder / "analytics.key")
    return Peer("localhost", port, context, client_id="analytics")


@contextmanager
def at_work(tmp_path: Path, folders: Folders, run: Run) -> Iterator[Agency]:
    """Start everything; end it whatever happens."""
    with ExitStack() as stack:
        broker = stack.enter_context(agency_broker(tmp_path))
        plan = DeploymentPlan("agency", "localhost", broker.port, broker.consumers_port, None)
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="edge-lpr-")))
        with folders.create(SystemClock(), plan=plan) as authority:
            broker.certify(authority, ACCESS_LIST)
            broker.start()
            booth = enrolled(folder, authority, broker.port)
            peer = consumer_of(folder, authority, broker.consumers_port)
        consumer = listening(peer, stack.enter_context(closing_peers()), SIGHTING)
        tokeniser = stack.enter_context(running_tokeniser(booth))
        vision = stack.enter_context(vision_of(booth))
        lists = tmp_path / "lists"
        agency = Agency(run, lists, booth, _publisher_of(booth), tokeniser, vision, consumer)
        stack.callback(agency.kill_publisher)
        yield agency


@pytest.fixture
def agency(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Agency]:
    with (
        named_folders(monkeypatch) as folders,
        at_work(tmp_path, folders, terminal(monkeypatch)) as agency,
    ):
        yield agency


def test_keys_and_list_come_over_the_broker_and_of_two_vehicles_one_is_heard_of(
    agency: Agency, capsys: pytest.CaptureFixture[str]
) -> None:
    def is_issued() -> bool:
        capsys.readouterr()
        assert agency.run("rotate") == 0
        return "days published" in capsys.readouterr().out

    wait_until(is_issued)
    wait_until(lambda: agency.tokeniser.has_said("keys_taken"))
    assert agency.run("quota", "--register", "10") == 0
    agency.compile_list(LOOKED_FOR)
    wait_until(lambda: agency.lists_taken() == 1)
    agency.pass_by(OTHER)
    agency.pass_by(LOOKED_FOR)
    wait_until(lambda: len(agency.hits()) == 1)

    # A new version, while everybody works.
    agency.compile_list(LOOKED_FOR, LATER)
    wait_until(lambda: agency.lists_taken() == 2)
    agency.pass_by(LATER)
    wait_until(lambda: len(agency.hits()) == 2)

    # The tokeniser goes on with what it has; the publisher gets it all again.
    agency.kill_publisher()
    agency.start_publisher()
    agency.pass_by(OTHER)
    agency.pass_by(LOOKED_FOR)
    wait_until(lambda: len(agency.hits()) == 3)
    first, later, again = agency.hits()
    assert [claims.seq for claims in (first, later, again)] == [1, 2, 3]
    assert first.boot == later.boot == again.boot
    assert first.exact == again.exact != later.exact
    assert first.entry is not None
    assert {claims.possible for claims in agency.hits()} == {False}

    # The authority hears what the booth holds, and issues nothing twice.
    capsys.readouterr()
    assert agency.run("rotate") == 0
    assert "no device lacks keys" in capsys.readouterr().out
    # Of the vehicles that nobody looks for the publisher has counted none.
    agency.publisher.terminate()
    assert agency.publisher.wait() == 0
    lines = (agency.booth.folder / "publisher.log").read_text().splitlines()
    funnels = [entry for entry in map(json.loads, lines) if entry["event"] == "funnel"]
    assert funnels[-1]["counters"]["accepted"] == 1
