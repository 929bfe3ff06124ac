"""An enrolled booth is let in by the broker as it is shipped, and a revoked one is not."""

import socket
import ssl
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from edge_lpr.authority.__main__ import main
from edge_lpr.authority.authority import Authority
from edge_lpr.core.clock import SystemClock
from edge_lpr.store.arguments import IngestOptions
from edge_lpr.store.arguments import parse_arguments as parse_ingest
from edge_lpr.subscriber.arguments import SubscribeOptions
from edge_lpr.subscriber.arguments import parse_arguments as parse_subscribe
from edge_lpr.wire.jws import PublicKey
from tests.support.authority import Folders
from tests.support.enrolment import PLAN, TrialBooth
from tests.support.tls_broker import ClientFiles, TlsMosquitto
from tests.support.waiting import wait_until

pytestmark = pytest.mark.broker

ACCESS = "device agency/north/booth-1\nconsumer analytics agency requests\n"
CLOCK = SystemClock()


class AuthorityMosquitto(TlsMosquitto):
    """The shipped broker with certificates of an authority instead of a laboratory's."""

    def __init__(self, folder: Path, authority_folder: Path) -> None:
        """Let the authority certify it."""
        super().__init__(folder, ACCESS)
        words = ["--folder", str(authority_folder), "--out", str(self.laboratory.folder)]
        assert main(["certify-broker", "localhost", *words]) == 0


@pytest.fixture
def authority(tmp_path: Path) -> Iterator[Authority]:
    with Folders(tmp_path).create(CLOCK, plan=PLAN) as authority:
        yield authority


@pytest.fixture
def broker(tmp_path: Path, authority: Authority) -> Iterator[AuthorityMosquitto]:
    folder = tmp_path / "broker"
    folder.mkdir()
    broker = AuthorityMosquitto(folder, authority.folder)
    broker.start()
    yield broker
    broker.kill()


def is_let_in(files: ClientFiles, port: int) -> bool:
    """Return whether the broker goes on after it has seen a certificate."""
    context = files.context()
    try:
        with (
            socket.create_connection(("127.0.0.1", port), timeout=5) as plain,
            context.wrap_socket(plain, server_hostname="localhost") as tls,
        ):
            tls.settimeout(0.5)
            return tls.recv(1) != b""
    except TimeoutError:
        # It waits for our first word.
        return True
    except (ssl.SSLError, OSError):
        return False


def test_enrolled_booth_is_let_in_until_it_is_revoked(
    broker: AuthorityMosquitto, authority: Authority, tmp_path: Path
) -> None:
    booth = TrialBooth(tmp_path / "booth", authority, CLOCK)
    booth.enrol_first()
    paths = booth.files
    files = ClientFiles(paths.tls_ca, paths.tls_certificate, paths.tls_key)
    assert is_let_in(files, broker.port)
    # A booth's certificate is none of a consumer.
    assert not is_let_in(files, broker.consumer_port)
    lists = ["--crl-folder", str(broker.laboratory.folder)]
    assert main(["revoke", "north/booth-1", "--folder", str(authority.folder), *lists]) == 0
    broker.reload()
    wait_until(lambda: not is_let_in(files, broker.port))


def test_consumer_is_let_in_with_what_the_authority_gave_it(
    broker: AuthorityMosquitto, authority: Authority, tmp_path: Path
) -> None:
    words = ["--folder", str(authority.folder), "--out", str(tmp_path)]
    assert main(["certify-consumer", "analytics", *words]) == 0
    ca_file = broker.laboratory.folder / "broker-ca.crt"
    files = ClientFiles(ca_file, tmp_path / "analytics.crt", tmp_path / "analytics.key")
    assert is_let_in(files, broker.consumer_port)
    assert not is_let_in(files, broker.port)


@pytest.mark.parametrize("parse", [parse_subscribe, parse_ingest], ids=["subscribe", "ingest"])
def test_bundle_is_all_that_a_server_needs_besides_its_certificate(
    authority: Authority, parse: Callable[[list[str]], SubscribeOptions | IngestOptions]
) -> None:
    bundle = str(authority.folder / "deployment.lpr")
    words = ["--deployment", bundle, *(["--sqlite", "file"] if parse is parse_ingest else [])]
    options = parse(words).subscriber
    assert options.broker == "mqtts://localhost:8884"
    assert isinstance(options.authority_key, PublicKey)
    assert options.authority_key.kid == authority.deployment.fingerprint
