"""The publisher's session with a real broker over TLS 1.3: certificates good, bad and renewed."""

import logging
import os
import shutil
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from edge_lpr.certificates.certificate_authority import CertificateAuthority, Validity
from edge_lpr.core.clock import SystemClock
from edge_lpr.publisher.broker_address import BrokerAddress
from edge_lpr.publisher.tls_renewal import LOOK_EVERY_S
from tests.support.broker import running_mosquitto
from tests.support.greeting_server import (
    greeting_server,
    hang_up,
    keep_silent,
    server_context,
    speak_http,
)
from tests.support.session_bench import BOTH_VERSIONS, logged
from tests.support.tls_broker import ClientFiles, TlsMosquitto, running_tls_mosquitto
from tests.support.tls_session import TlsSession, replace_files
from tests.support.waiting import wait_until

pytestmark = pytest.mark.broker


@pytest.fixture(autouse=True)
def _every_line(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[TlsMosquitto]:
    with running_tls_mosquitto(tmp_path) as broker:
        yield broker


def refusal(
    session: TlsSession, caplog: pytest.LogCaptureFixture, event: str = "broker_tls_failed"
) -> tuple[str, str]:
    """Return reason and advice of the first connection that came to nothing."""
    session.turn_until(lambda: logged(caplog, event) != [])
    line = logged(caplog, event)[0]
    return str(line["reason"]), str(line["detail"])


@BOTH_VERSIONS
def test_sightings_are_taken_over_mutual_tls(
    broker: TlsMosquitto, tmp_path: Path, mqtt_version: str
) -> None:
    with closing(
        TlsSession(tmp_path, broker.device(), broker.port, mqtt_version=mqtt_version)
    ) as session:
        session.send(200)
        assert session.session.counters.published == 200
        assert session.session.counters.connections == 1


def test_nothing_older_than_tls_1_3_is_spoken(broker: TlsMosquitto, tmp_path: Path) -> None:
    with closing(TlsSession(tmp_path, broker.device(), broker.port)) as session:
        context = session.broker.context
        assert context is not None
        assert context.minimum_version is ssl.TLSVersion.TLSv1_3
        assert context.verify_mode is ssl.CERT_REQUIRED
        assert context.check_hostname
        # Only the authority of the settings: none of the machine's own.
        assert context.cert_store_stats()["x509_ca"] == 1


@pytest.mark.parametrize(
    ("files_of", "reason", "advice"),
    [
        pytest.param(
            TlsMosquitto.expired,
            "the broker says that this booth's certificate has expired",
            "renew the files of publisher.tls_certificate_file",
            id="expired",
        ),
        pytest.param(
            TlsMosquitto.of_another_authority,
            "the broker says that this booth's certificate is of an authority it does not know",
            "issued by the authority that the broker trusts",
            id="of another authority",
        ),
    ],
)
def test_certificate_that_the_broker_refuses_is_named_with_its_fault(
    broker: TlsMosquitto,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    files_of: Callable[[TlsMosquitto], ClientFiles],
    reason: str,
    advice: str,
) -> None:
    with closing(TlsSession(tmp_path, files_of(broker), broker.port)) as session:
        said, to_do = refusal(session, caplog)
        assert said == reason
        assert advice in to_do
        assert "sightings wait in the outbox" in to_do
        assert logged(caplog, "broker_unreachable") == logged(caplog, "broker_refused") == []


def test_revoked_certificate_is_told_from_an_expired_one(
    broker: TlsMosquitto, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    files = broker.device()
    broker.laboratory.revoke("booth-1")
    broker.stop()
    broker.start()
    with closing(TlsSession(tmp_path, files, broker.port)) as session:
        reason, advice = refusal(session, caplog)
    assert reason == "the broker says that this booth's certificate was revoked"
    assert "ask who runs the broker why" in advice


@pytest.fixture
def laboratory(tmp_path: Path) -> "BrokerLaboratory":
    return BrokerLaboratory(tmp_path)


class BrokerLaboratory:
    """Certificates of brokers as they should not be."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.now = SystemClock().unix_s()
        self.authority = CertificateAuthority.generate("broker-ca", self.now)
        self.stranger = CertificateAuthority.generate("stranger", self.now)
        self.authority.write(folder, "broker-ca")
        (folder / "devices").mkdir()
        self.stranger.certify_client("booth-1", Validity.days_from(self.now, 30)).write(
            folder / "devices", "booth-1"
        )

    @property
    def device(self) -> ClientFiles:
        folder = self.folder / "devices"
        return ClientFiles(
            self.folder / "broker-ca.crt", folder / "booth-1.crt", folder / "booth-1.key"
        )

    def good(self) -> ssl.SSLContext:
        return self._context(self.authority, "localhost", 30)

    def old_version(self) -> ssl.SSLContext:
        own = self.authority.certify_broker(["localhost"], Validity.days_from(self.now, 30))
        return server_context(self.folder, own, newest=ssl.TLSVersion.TLSv1_2)

    def expired(self) -> ssl.SSLContext:
        return self._context(self.authority, "localhost", -1)

    def not_yet_valid(self) -> ssl.SSLContext:
        own = self.authority.certify_broker(
            ["localhost"], Validity.days_from(self.now + 86_400, 30)
        )
        return server_context(self.folder, own)

    def of_another_authority(self) -> ssl.SSLContext:
        return self._context(self.stranger, "localhost", 30)

    def of_another_name(self) -> ssl.SSLContext:
        return self._context(self.authority, "broker.example", 30)

    def _context(self, authority: CertificateAuthority, host: str, days: int) -> ssl.SSLContext:
        own = authority.certify_broker([host], Validity.days_from(self.now, days))
        return server_context(self.folder, own)


@pytest.mark.parametrize(
    ("context_of", "reason", "advice"),
    [
        pytest.param(
            BrokerLaboratory.expired,
            "the broker's certificate has expired",
            "renew it at the broker; if it has not expired there, set this booth's clock",
            id="expired",
        ),
        pytest.param(
            BrokerLaboratory.not_yet_valid,
            "the broker's certificate is not valid yet",
            "set this booth's clock",
            id="not valid yet",
        ),
        pytest.param(
            BrokerLaboratory.of_another_authority,
            "the broker's certificate is of another authority",
            "publisher.tls_ca_file must hold the broker's authority",
            id="of another authority",
        ),
        pytest.param(
            BrokerLaboratory.of_another_name,
            "the broker's certificate is for another name",
            "publisher.broker_host must be a name that stands in the broker's certificate",
            id="of another name",
        ),
        pytest.param(
            BrokerLaboratory.old_version,
            "the broker does not speak TLS 1.3",
            "switch TLS 1.3 on at the broker",
            id="TLS 1.2",
        ),
    ],
)
def test_broker_that_cannot_prove_itself_is_left_with_the_reason(
    laboratory: BrokerLaboratory,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    context_of: Callable[[BrokerLaboratory], ssl.SSLContext],
    reason: str,
    advice: str,
) -> None:
    with (
        greeting_server(context_of(laboratory)) as server,
        closing(TlsSession(tmp_path, laboratory.device, server.port)) as session,
    ):
        session.add(1)
        said, to_do = refusal(session, caplog)
        assert said == reason
        assert advice in to_do
        assert session.client.bytes_sent == 0


@pytest.mark.parametrize(
    ("greet", "event", "reason"),
    [
        pytest.param(
            speak_http, "broker_tls_failed", "what answers does not speak TLS", id="web server"
        ),
        pytest.param(
            hang_up,
            "broker_tls_failed",
            "the connection was closed during the TLS greeting",
            id="nothing",
        ),
        pytest.param(keep_silent, "broker_unreachable", "no answer in time", id="silence"),
    ],
)
def test_what_is_no_tls_broker_is_left_with_the_reason(
    laboratory: BrokerLaboratory,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    greet: Callable[[socket.socket], None],
    event: str,
    reason: str,
) -> None:
    with (
        greeting_server(greet) as server,
        closing(TlsSession(tmp_path, laboratory.device, server.port)) as session,
    ):
        assert refusal(session, caplog, event)[0] == reason


def test_plain_broker_at_the_port_is_named_as_such(
    laboratory: BrokerLaboratory, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with (
        running_mosquitto(tmp_path) as broker,
        closing(TlsSession(tmp_path, laboratory.device, broker.port)) as session,
    ):
        reason, advice = refusal(session, caplog)
        assert reason == "the connection was closed during the TLS greeting"
        assert "publisher.broker_port must be the broker's TLS port" in advice


def test_renewed_certificate_is_taken_up_without_a_restart(
    broker: TlsMosquitto, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    files = broker.device()
    with closing(TlsSession(tmp_path, files, broker.port)) as session:
        session.send(3)
        replace_files(files, broker.renewed(days=30))
        session.turn_until(lambda: session.session.counters.connections == 2)
        session.send(3)
        assert session.session.counters.published == 6
        old_days, new_days = (line["days"] for line in logged(caplog, "tls_certificate"))
        assert (old_days, new_days) in {(90, 30), (90, 29), (89, 29)}
        assert logged(caplog, "broker_tls_failed") == logged(caplog, "broker_unreachable") == []


def test_certificate_renewed_after_it_ended_brings_the_booth_back_at_once(
    broker: TlsMosquitto, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    files = broker.expired()
    with closing(TlsSession(tmp_path, files, broker.port)) as session:
        session.add(2)
        refusal(session, caplog)
        (line,) = logged(caplog, "tls_certificate")
        assert line["days"] == 0
        assert "it has ended; replace the two files" in str(line["detail"])
        replace_files(files, broker.renewed())
        session.turn_until(lambda: session.outbox.unsent_count == 0)


def test_broken_renewal_keeps_the_old_certificate_in_use(
    broker: TlsMosquitto, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    files = broker.device()
    with closing(TlsSession(tmp_path, files, broker.port)) as session:
        session.send(1)
        # The certificate of one pair with the key of another, and nobody corrects it.
        shutil.copy(broker.renewed().certificate_file, files.certificate_file)
        session.turn_until(lambda: logged(caplog, "tls_renewal_refused") != [])
        session.send(1)
        (line,) = logged(caplog, "tls_renewal_refused")
        assert "is not the key of" in str(line["detail"])
        assert "the old one stays in use" in str(line["detail"])
        assert session.session.counters.connections == 1


def test_files_written_anew_with_the_same_content_are_no_renewal(
    broker: TlsMosquitto, tmp_path: Path
) -> None:
    files = broker.device()
    with closing(TlsSession(tmp_path, files, broker.port)) as session:
        session.send(1)
        os.utime(files.certificate_file)
        look_after_ns = session.clock.monotonic_ns() + round(2 * LOOK_EVERY_S * 1e9)
        session.turn_until(lambda: session.clock.monotonic_ns() > look_after_ns)
        assert session.session.counters.connections == 1


def test_address_that_keeps_silent_does_not_keep_the_next_one_waiting_for_ever(
    broker: TlsMosquitto,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    addresses = ("127.0.0.2", "127.0.0.1")
    with (
        greeting_server(keep_silent, (addresses[0], broker.port)),
        closing(TlsSession(tmp_path, broker.device(), broker.port)) as session,
    ):
        found = BrokerAddress("localhost", addresses, broker.port)
        monkeypatch.setattr(session.broker, "find", lambda: found)
        session.send(1)
        # One attempt went to the silent address alone, so that no turn takes longer.
        (line,) = logged(caplog, "broker_unreachable")
        assert line["reason"] == "no answer in time"


def test_broker_killed_under_tls_is_unreachable_and_no_fault_of_certificates(
    broker: TlsMosquitto, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with closing(TlsSession(tmp_path, broker.device(), broker.port)) as session:
        session.send(1)
        broker.kill()
        session.add(1)
        session.turn_until(lambda: logged(caplog, "broker_unreachable") != [])
        broker.start()
        session.turn_until(lambda: session.outbox.unsent_count == 0, deadline_s=60)
        assert logged(caplog, "broker_tls_failed") == logged(caplog, "broker_refused") == []


@pytest.mark.parametrize(
    ("days", "alarms"),
    [pytest.param(5, ("tls_certificate_ends",), id="soon"), pytest.param(60, (), id="not soon")],
)
def test_certificate_that_ends_is_an_alarm(
    broker: TlsMosquitto, tmp_path: Path, days: int, alarms: tuple[str, ...]
) -> None:
    files = broker.certified("other", "booth-1", days=days)
    with closing(TlsSession(tmp_path, files, broker.port)) as session:
        assert session.session.alarms() == alarms
        assert session.session.tls_certificate_days() in {days, days - 1}


@BOTH_VERSIONS
def test_broker_hears_of_the_end_over_tls_too(
    broker: TlsMosquitto, tmp_path: Path, mqtt_version: str
) -> None:
    with closing(
        TlsSession(tmp_path, broker.device(), broker.port, mqtt_version=mqtt_version)
    ) as session:
        session.send(1)
        session.session.close(5)
        assert not session.session.is_connected
    # Mosquitto's word for a client that has sent its DISCONNECT.
    wait_until(lambda: "disconnected." in broker.log_file.read_text())
