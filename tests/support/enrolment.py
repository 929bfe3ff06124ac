"""A booth that can be enrolled in a folder, and an authority that answers it without a network."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from edge_lpr.authority.authority import Authority, DeploymentPlan
from edge_lpr.authority.certificate_renewals import renew
from edge_lpr.authority.enrolment import EnrolmentDesk, EnrolmentState
from edge_lpr.authority.tickets import Ticket
from edge_lpr.core.clock import Clock
from edge_lpr.core.errors import AuthorityError, WireError
from edge_lpr.core.settings import BoothSettings, load_settings
from edge_lpr.provisioning.arguments import parse_arguments
from edge_lpr.provisioning.booth_files import BoothFiles, booth_files
from edge_lpr.provisioning.enrolling import BoardCustody, Enrolment, Surroundings
from edge_lpr.provisioning.sealing_choice import chosen_custody
from edge_lpr.provisioning.service_link import Reply, Silence
from edge_lpr.provisioning.waiting import Link
from edge_lpr.publisher.tls_identity import TlsFiles, load_identity
from edge_lpr.tokens.key_ring import KeyPurpose
from edge_lpr.tokens.sealing import SealingKey
from edge_lpr.wire import base64url
from edge_lpr.wire.device_certificate import CustodyTier, verify_certificate
from edge_lpr.wire.jws import load_signing_key
from edge_lpr.wire.topics import DeviceAddress
from tests.support.clock import SetClock

ADDRESS = DeviceAddress("agency", "north", "booth-1")
PLAN = DeploymentPlan("agency", "localhost", 8883, 8884, "https://localhost:9443")
TEST_TICKET = Ticket(ADDRESS, CustodyTier.C, None, KeyPurpose.TEST)
LIVE_TICKET = Ticket(ADDRESS, CustodyTier.B, None, KeyPurpose.LIVE)

_SETTINGS = """\
[booth]
tenant = "agency"
site = "north"
device = "booth-1"
[[lanes]]
number = 1
direction = "in"
[vision]
readings_socket = "{sockets}/readings.sock"
[vision.source]
{source}
[tokeniser]
readings_socket = "{sockets}/readings.sock"
sightings_socket = "{sockets}/sightings.sock"
key_ring_file = "{root}/tokeniser/key-ring"
event_key_file = "{root}/tokeniser/event-key"
device_certificate_file = "{root}/tokeniser/device-certificate"
incoming_folder = "{root}/tokeniser/incoming"
authority_file = "{root}/authority.pub"
{sealing}
[publisher]
sightings_socket = "{sockets}/sightings.sock"
outbox_file = "{root}/publisher/outbox.sqlite3"
tls_ca_file = "{root}/broker-ca.pem"
tls_certificate_file = "{root}/publisher/tls-certificate.pem"
tls_key_file = "{root}/publisher/tls-key.pem"
broker_host = "localhost"
broker_port = {port}
"""


@dataclass
class DeskLink:
    """Implements ``Link``: the custodian's desk, and an approving custodian, next to the booth."""

    desk: EnrolmentDesk
    authority: Authority
    decide: Callable[[EnrolmentDesk], None] | None
    """What the custodian does at each question; nothing if left out."""

    def post(self, path: str, document: bytes) -> Reply | Silence:
        try:
            if path == "/v1/renewals":
                return Reply(200, renew(self.authority, document, "test"))
            self.desk.submit(document, "test")
        except (AuthorityError, WireError) as error:
            return Reply(403, json.dumps({"error": str(error)}).encode())
        return Reply(202, b"{}")

    def get(self, path: str) -> Reply | Silence:
        if self.decide is not None:
            self.decide(self.desk)
        standing = self.desk.standing(base64url.decode(path.rpartition("/")[2].encode()))
        if standing.state is EnrolmentState.REFUSED:
            return Reply(403, json.dumps({"error": standing.reason}).encode())
        if standing.answer is None:
            return Reply(202, b"{}")
        return Reply(200, standing.answer)


def approve_all(desk: EnrolmentDesk) -> None:
    """Approve whatever waits."""
    for request in desk.waiting():
        desk.approve(request.fingerprint)


@dataclass
class TrialBooth:
    """One booth in a folder, and what it said."""

    root: Path
    authority: Authority
    clock: Clock
    port: int = 8883
    source: str = 'kind = "camera"\naddress = "0"'
    sealing_key: SealingKey | None = None
    said: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Write the settings; nothing else is there."""
        self.root.mkdir(parents=True, exist_ok=True)
        sealing = "" if self.sealing_key is None else f'sealing_key_file = "{self.root}/sealing"'
        self.settings_file.write_text(
            _SETTINGS.format(
                root=self.root,
                sockets=self.root,
                source=self.source,
                port=self.port,
                sealing=sealing,
            )
        )

    @property
    def settings_file(self) -> Path:
        return self.root / "booth.toml"

    @property
    def settings(self) -> BoothSettings:
        return load_settings(self.settings_file)

    @property
    def files(self) -> BoothFiles:
        return booth_files(self.settings)

    @property
    def bundle(self) -> Path:
        return self.authority.folder / "deployment.lpr"

    def ticket(self, ticket: Ticket = TEST_TICKET, hours: int = 1) -> str:
        """Return a new ticket's code."""
        tickets = EnrolmentDesk(self.authority).tickets
        return tickets.make(ticket, self.authority.clock.unix_s(), hours)

    def enrol(
        self,
        *words: str,
        link: Link | Silence | None = None,
        decide: Callable[[EnrolmentDesk], None] | None = approve_all,
        typed_ticket: str = "",
    ) -> str:
        """Run ``edge-lpr enrol`` in this process, with the desk in place of the network."""
        options = parse_arguments(["--settings", str(self.settings_file), *words])
        link = link or DeskLink(EnrolmentDesk(self.authority), self.authority, decide)
        clock = self.clock

        def sleep(seconds: float) -> None:
            if isinstance(clock, SetClock):
                clock.now_monotonic_ns += int(seconds * 1e9)
            else:
                time.sleep(seconds)

        surroundings = Surroundings(
            clock=clock,
            say=self.said.append,
            ask_ticket=lambda: typed_ticket,
            sleep=sleep,
            open_link=lambda _url, _ca: SilentLink(link) if isinstance(link, Silence) else link,
        )
        custody = chosen_custody(options.custody, self.settings)
        board = BoardCustody(custody, self.sealing_key)
        return Enrolment(options, self.settings, board, surroundings).run()

    def enrol_first(self, ticket: str | None = None, *words: str, link: Link | None = None) -> str:
        """Enrol with the authority's own bundle and a ticket."""
        code = self.ticket() if ticket is None else ticket
        first = ("--deployment", str(self.bundle), "--ticket", code, "--wait", "60")
        return self.enrol(*first, *words, link=link)


def require_whole(booth: TrialBooth) -> None:
    """Everything is there, and what the booth's own processes check of it holds."""
    files, authority = booth.files, booth.authority.deployment.authority
    event_key = load_signing_key(files.event_key, booth.sealing_key)
    document = files.certificate.read_bytes().rstrip()
    certificate = verify_certificate(document, authority, booth.clock.unix_s())
    assert certificate.address == ADDRESS
    assert certificate.event_key.octets == event_key.public_key.octets
    tls = TlsFiles(files.tls_ca, files.tls_certificate, files.tls_key, ADDRESS.device)
    assert load_identity(tls).days_left(booth.clock.unix_s()) in (29, 30)
    assert not (files.state / "asking").exists()


@dataclass(frozen=True)
class SilentLink:
    """Implements ``Link``: nobody answers."""

    silence: Silence

    def post(self, path: str, document: bytes) -> Reply | Silence:
        del path, document
        return self.silence

    def get(self, path: str) -> Reply | Silence:
        del path
        return self.silence
