"""The enrolment service over real HTTPS, and what a booth believes of whoever answers."""

import contextlib
import http.client
import json
import os
import re
import signal
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from edge_lpr.authority.authority import Authority, DeploymentPlan
from edge_lpr.authority.enrolment import EnrolmentDesk
from edge_lpr.authority.tls_records import revoke_certificates
from edge_lpr.certificates.certificate_authority import CertificateAuthority, Validity
from edge_lpr.core.clock import SystemClock, epoch_of
from edge_lpr.core.errors import EnrolmentError, WireError
from edge_lpr.provisioning.service_link import Reply, ServiceLink, Silence
from edge_lpr.tokens.key_ring import KeyPurpose
from edge_lpr.wire import base64url
from tests.support.authority import Folders
from tests.support.broker import free_port
from tests.support.enrolment import ADDRESS, TrialBooth, approve_all

CLOCK = SystemClock()
SERVE = (sys.executable, "-m", "edge_lpr", "authority", "serve", "--listen", "127.0.0.1")


@dataclass(frozen=True)
class Service:
    """A running service and its authority, which the custodian has open too."""

    authority: Authority
    port: int
    process: subprocess.Popen[str]

    @property
    def link(self) -> ServiceLink:
        deployment = self.authority.deployment
        assert deployment.enrolment_url is not None
        return ServiceLink(deployment.enrolment_url, deployment.broker_ca_pem)

    def ask(self, method: str, path: str, body: bytes | None = None) -> tuple[int, bytes]:
        context = ssl.create_default_context(cadata=self.authority.deployment.broker_ca_pem)
        connection = http.client.HTTPSConnection("localhost", self.port, context=context)
        with contextlib.closing(connection):
            connection.request(method, path, body)
            response = connection.getresponse()
            assert response.getheader("server") is None
            return response.status, response.read()


@contextlib.contextmanager
def serving(base: Path) -> Iterator[Service]:
    port = free_port()
    plan = DeploymentPlan("agency", "localhost", 8883, 8884, f"https://localhost:{port}")
    with Folders(base).create(CLOCK, plan=plan) as authority:
        process = subprocess.Popen(
            [*SERVE, "--folder", str(authority.folder)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert process.stderr is not None
        try:
            assert "enrolment service of agency" in process.stderr.readline()
            yield Service(authority, port, process)
        finally:
            process.send_signal(signal.SIGTERM)
            printed, complaints = process.communicate(timeout=20)
    assert (process.returncode, printed) == (0, "stopped\n"), complaints
    assert "Traceback" not in complaints


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with serving(tmp_path_factory.mktemp("service")) as running:
        yield running


def test_booth_is_enrolled_over_the_network(service: Service, tmp_path: Path) -> None:
    booth = TrialBooth(tmp_path, service.authority, CLOCK)
    asking = threading.Thread(
        target=lambda: booth.enrol_first(booth.ticket(), link=service.link), daemon=True
    )
    asking.start()
    with Folders(service.authority.folder.parent).open(CLOCK) as custodians:
        desk = EnrolmentDesk(custodians)
        while asking.is_alive():
            approve_all(desk)
            asking.join(0.2)
        assert booth.files.certificate.exists()
        entries = [each.call for each in custodians.journal.entries()]
        assert custodians.journal.verify().fault is None
    assert "enrolment-request" in entries
    assert "enrolled" in entries


def test_answer_shows_no_token_key(service: Service) -> None:
    epoch = epoch_of(CLOCK.unix_s())
    keys = service.authority.epoch_keys(ADDRESS.site, epoch, KeyPurpose.TEST)
    ((answer,),) = service.authority.store.rows("SELECT answer FROM enrolment")
    texts = opened(answer)
    assert any(b"lpr-keys+jwe" in text for text in texts)
    for text in texts:
        assert bytes(keys.stretch) not in text
        assert bytes(keys.site) not in text


def opened(text: bytes) -> list[bytes]:
    """Return a text and everything that is base64url in it, again and again."""
    found = [text]
    for part in re.findall(rb"[0-9A-Za-z_-]{24,}", text):
        with contextlib.suppress(WireError):
            found += opened(base64url.decode(part))
    return found


def test_revoked_certificates_are_in_the_list_that_is_served(service: Service) -> None:
    status, before = service.ask("GET", "/v1/revocations/devices.crl")
    assert (status, len(list(x509.load_pem_x509_crl(before)))) == (200, 0)
    assert revoke_certificates(service.authority, "devices", ADDRESS.device) == 1
    _, after = service.ask("GET", "/v1/revocations/devices.crl")
    assert len(list(x509.load_pem_x509_crl(after))) == 1
    assert service.ask("GET", "/v1/revocations/consumers.crl")[0] == 200
    assert service.ask("GET", "/v1/revocations/plates.crl")[0] == 404


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 404),
        ("GET", "/v1/enrolments", 405),
        ("DELETE", "/v1/renewals", 405),
        ("GET", "/v1/enrolments/" + "A" * 43, 404),
        ("GET", "/v1/enrolments/%C3%BC", 404),
        ("GET", "/v1/enrolments/..%2F..%2Fauthority.toml", 404),
    ],
)
def test_nothing_else_is_answered(service: Service, method: str, path: str, status: int) -> None:
    assert service.ask(method, path)[0] == status


@pytest.mark.parametrize("path", ["/v1/enrolments", "/v1/renewals"])
@pytest.mark.parametrize("body", [b"", b"a.b.c", b"x" * 5000], ids=["empty", "garbage", "endless"])
def test_what_is_no_document_is_refused_with_a_sentence(
    service: Service, path: str, body: bytes
) -> None:
    status, answer = service.ask("POST", path, body)
    assert status == 400
    assert len(json.loads(answer)["error"]) > 20


def test_who_asks_too_often_is_told_to_wait(service: Service) -> None:
    replies = [service.link.post("/v1/enrolments", b"garbage") for _ in range(12)]
    last = replies[-1]
    assert isinstance(last, Reply)
    assert last.status == 429
    assert "asks again by itself" in last.sentence()


def test_older_tls_is_refused(service: Service) -> None:
    context = ssl.create_default_context(cadata=service.authority.deployment.broker_ca_pem)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    with (
        socket.create_connection(("127.0.0.1", service.port), timeout=5) as plain,
        pytest.raises(ssl.SSLError),
    ):
        context.wrap_socket(plain, server_hostname="localhost")


def test_service_of_another_authority_is_not_believed(service: Service) -> None:
    other = CertificateAuthority.generate("agency broker", CLOCK.unix_s())
    link = ServiceLink(f"https://localhost:{service.port}", other.certificate_pem.decode())
    silence = link.get("/v1/enrolments/x")
    assert isinstance(silence, Silence)
    assert "not certified by the authority of this bundle" in silence.reason


def test_service_under_another_name_is_not_believed(service: Service) -> None:
    pem = service.authority.deployment.broker_ca_pem
    silence = ServiceLink(f"https://127.0.0.1:{service.port}", pem).get("/")
    assert isinstance(silence, Silence)
    assert "certificate for another name" in silence.reason


def test_second_service_on_the_same_port_says_so(service: Service) -> None:
    second = subprocess.run(
        [*SERVE, "--folder", str(service.authority.folder)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert second.returncode == 1
    assert f"cannot listen on 127.0.0.1, port {service.port}" in second.stderr


@contextlib.contextmanager
def answering_once(authority: CertificateAuthority, days: int, reply: bytes) -> Iterator[int]:
    """Answer one connection under a certificate of so many days, and give the port."""
    certified = authority.certify_broker(["localhost"], Validity.days_from(CLOCK.unix_s(), days))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(10)
        pem = certified.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        descriptor = os.memfd_create("pair")
        os.write(descriptor, pem + certified.certificate.public_bytes(Encoding.PEM))
        context.load_cert_chain(f"/proc/self/fd/{descriptor}")
        os.close(descriptor)

        def answer() -> None:
            with contextlib.suppress(OSError):
                plain, _ = listener.accept()
                with context.wrap_socket(plain, server_side=True) as tls:
                    tls.recv(4096)
                    tls.sendall(reply)

        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        thread.join(10)


@pytest.mark.parametrize(
    ("days", "reply", "sentence"),
    [
        (-1, b"", "set the clock"),
        (1, b"", "does not answer"),
        (1, b"SSH-2.0\r\n\r\n", "does not answer"),
        (1, b"HTTP/1.0 200 OK\r\n\r\n" + b"x" * 70_000, "more than an enrolment service does"),
    ],
    ids=["expired", "silent", "another protocol", "endless"],
)
def test_what_is_no_service_is_called_by_its_fault(days: int, reply: bytes, sentence: str) -> None:
    authority = CertificateAuthority.generate("agency broker", CLOCK.unix_s())
    with answering_once(authority, days, reply) as port:
        link = ServiceLink(f"https://localhost:{port}", authority.certificate_pem.decode())
        silence = link.get("/")
    assert isinstance(silence, Silence)
    assert sentence in silence.reason


def test_service_that_does_not_run_is_said() -> None:
    authority = CertificateAuthority.generate("agency broker", CLOCK.unix_s())
    link = ServiceLink(f"https://localhost:{free_port()}", authority.certificate_pem.decode())
    silence = link.post("/v1/enrolments", b"x")
    assert isinstance(silence, Silence)
    assert "edge-lpr authority serve runs" in silence.reason


@pytest.mark.parametrize("url", ["http://localhost:1", "https://", "localhost"])
def test_address_without_tls_is_refused(url: str) -> None:
    with pytest.raises(EnrolmentError, match="https://"):
        ServiceLink(url, "")


def test_certificates_that_are_none_are_refused() -> None:
    with pytest.raises(EnrolmentError, match="no sound certificate"):
        ServiceLink("https://localhost:1", "nonsense")


@pytest.mark.parametrize("body", [b"", b"[]", b'{"error": 1}', b"\xff"])
def test_reply_without_a_reason_says_its_status(body: bytes) -> None:
    assert "status 500" in Reply(500, body).sentence()


def test_reply_cannot_write_on_the_screen_as_it_likes() -> None:
    sentence = Reply(
        403, json.dumps({"error": "no\u001b[2Jthing\n" + "x" * 600}).encode()
    ).sentence()
    assert sentence.startswith("no[2Jthing")
    assert len(sentence) <= 500
