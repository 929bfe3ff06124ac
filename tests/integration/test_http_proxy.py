"""The way to broker and enrolment service through an HTTP proxy, which is not believed."""

import contextlib
import logging
import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge_lpr.certificates.certificate_authority import CertificateAuthority, Validity
from edge_lpr.core.clock import SystemClock
from edge_lpr.core.errors import SettingsError
from edge_lpr.core.http_proxy import MAXIMUM_ANSWER_BYTES, ask_for_tunnel, proxy_place
from edge_lpr.core.settings import load_settings
from edge_lpr.provisioning.service_link import Reply, ServiceLink, Silence
from edge_lpr.publisher.broker_address import BrokerAddress
from tests.support.http_proxy import running_proxy
from tests.support.session_bench import logged
from tests.support.tls_broker import running_tls_mosquitto
from tests.support.tls_session import TlsSession

REFUSED = b"HTTP/1.1 403 Forbidden\r\n\r\n"
TEMPLATE = Path(__file__).parents[2] / "firmware_config/booth.toml"


def tunnel_through(answer: bytes, timeout_s: float = 5.0) -> bytes:
    """Ask what says ``answer``, and return what follows it."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(answer)
        theirs.shutdown(socket.SHUT_WR)
        ask_for_tunnel(ours, "broker.example", 8883, timeout_s)
        question = theirs.recv(1024)
        assert question.startswith(b"CONNECT broker.example:8883 HTTP/1.1\r\nHost: broker.")
        return ours.recv(1024)


def test_nothing_is_read_beyond_the_answer() -> None:
    rest = b"\x16\x03\x01 what the broker says"
    assert tunnel_through(b"HTTP/1.0 200 OK\r\nVia: a\r\n\r\n" + rest) == rest


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        pytest.param(REFUSED, "the proxy refuses, with status 403", id="refusal"),
        pytest.param(b"SSH-2.0-OpenSSH\r\n\r\n", "no answer of HTTP", id="another service"),
        pytest.param(b"HTTP/1.1 200", "no answer of HTTP", id="hung up"),
        pytest.param(b"a" * MAXIMUM_ANSWER_BYTES * 2, "no answer of HTTP", id="endless"),
    ],
)
def test_answer_that_joins_nothing_is_told(answer: bytes, sentence: str) -> None:
    with pytest.raises(OSError, match=sentence):
        tunnel_through(answer)


def test_silent_proxy_is_given_up() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs, pytest.raises(TimeoutError):
        ask_for_tunnel(ours, "broker.example", 8883, 0.05)


@pytest.mark.parametrize(
    "address",
    [
        "https://192.0.2.3:3128",
        "http://192.0.2.3",
        "http://a:b@c:1",
        "http://a:0",
        "http://a:70000",
    ],
)
def test_settings_take_no_other_kind_of_proxy(address: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="must be like"):
        proxy_place(address)
    settings = tmp_path / "booth.toml"
    settings.write_text(f'{TEMPLATE.read_text()}\nproxy = "{address}"\n')
    with pytest.raises(SettingsError, match=r"publisher\.proxy must be like"):
        load_settings(settings)


def test_settings_hand_no_sightings_to_a_proxy_without_tls(tmp_path: Path) -> None:
    settings = tmp_path / "booth.toml"
    settings.write_text(f'{TEMPLATE.read_text()}\nproxy = "http://192.0.2.3:3128"\n')
    with pytest.raises(SettingsError, match="needs the three TLS files"):
        load_settings(settings)


@pytest.mark.broker
@pytest.mark.parametrize("answer", [None, REFUSED], ids=["joined", "refused"])
def test_publisher_reaches_the_broker_through_the_proxy(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    answer: bytes | None,
) -> None:
    caplog.set_level(logging.DEBUG)
    with (
        running_tls_mosquitto(tmp_path) as broker,
        running_proxy(answer) as proxy,
        contextlib.closing(TlsSession(tmp_path, broker.device(), broker.port)) as session,
    ):
        # The proxy's address is connected to; the broker's name is what it is asked for, and what
        # the certificate must be for.
        beyond = ("localhost", broker.port)
        found = BrokerAddress("localhost", ("127.0.0.1",), proxy.port, beyond)
        monkeypatch.setattr(session.broker, "find", lambda: found)
        if answer is None:
            session.send(20)
            assert session.session.counters.published == 20
        else:
            session.add(1)
            session.turn_until(lambda: logged(caplog, "broker_unreachable") != [])
            (line,) = logged(caplog, "broker_unreachable")[:1]
            assert line["reason"] == "the proxy refuses, with status 403"
        assert set(proxy.asked) == {f"localhost:{broker.port}"}


@contextlib.contextmanager
def https_server(authority: CertificateAuthority, folder: Path) -> Iterator[int]:
    """Answer 200 and an empty document to one question."""
    validity = Validity.days_from(SystemClock().unix_s(), 1)
    authority.certify_broker(["localhost"], validity).write(folder, "server")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.crt", folder / "server.key")
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer() -> None:
            with contextlib.suppress(OSError):
                plain, _ = listener.accept()
                with context.wrap_socket(plain, server_side=True) as connection:
                    connection.recv(4096)
                    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")

        thread = threading.Thread(target=answer)
        thread.start()
        try:
            yield int(listener.getsockname()[1])
        finally:
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            thread.join()


def test_enrolment_service_is_reached_through_the_proxy(tmp_path: Path) -> None:
    authority = CertificateAuthority.generate("broker", SystemClock().unix_s())
    pem = authority.certificate_pem.decode()
    with https_server(authority, tmp_path) as port, running_proxy() as proxy:
        url = f"https://localhost:{port}"
        link = ServiceLink(url, pem, f"http://127.0.0.1:{proxy.port}")
        assert link.get("/v1/enrolments/x") == Reply(200, b"{}")
        assert proxy.asked == [f"localhost:{port}"]


def test_proxy_that_refuses_the_enrolment_service_is_silence() -> None:
    authority = CertificateAuthority.generate("broker", SystemClock().unix_s())
    with running_proxy(REFUSED) as proxy:
        address = f"http://127.0.0.1:{proxy.port}"
        link = ServiceLink("https://localhost:8443", authority.certificate_pem.decode(), address)
        assert isinstance(link.get("/"), Silence)
