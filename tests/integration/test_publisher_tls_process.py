"""The publisher process with the broker as it is shipped: certificates from the settings file."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.support.publisher_bench import PublisherProcess, TokeniserStandIn
from tests.support.signer import Signer
from tests.support.tls_broker import ClientFiles, TlsMosquitto, running_tls_mosquitto
from tests.support.tls_session import replace_files
from tests.support.waiting import wait_until

pytestmark = pytest.mark.broker


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[TlsMosquitto]:
    with running_tls_mosquitto(tmp_path) as broker:
        yield broker


def process_of(folder: Path, port: int, files: ClientFiles, **options: object) -> PublisherProcess:
    tls: dict[str, object] = {
        "broker_host": "localhost",
        "tls_ca_file": str(files.ca_file),
        "tls_certificate_file": str(files.certificate_file),
        "tls_key_file": str(files.key_file),
    }
    return PublisherProcess(folder / "publisher", port, tls | options)


def test_sightings_go_on_while_the_certificate_is_renewed(
    broker: TlsMosquitto, tmp_path: Path
) -> None:
    files = broker.device()
    with closing(process_of(tmp_path, broker.port, files)) as process:
        process.start()
        with closing(TokeniserStandIn(process.socket_path, Signer())) as tokeniser:
            tokeniser.greet()
            tokeniser.hand_over(20)
            replace_files(files, broker.renewed())
            tokeniser.hand_over(20)
            process.wait_for_event("broker_connected", 2)
            tokeniser.hand_over(20)
            assert process.stop() == 0
        assert process.counters()["published"] == 60
        assert process.counters()["connections"] == 2
        assert process.counters()["bytes_sent"] > 60 * 400


def test_booth_may_listen_to_requests_at_the_shipped_broker(
    broker: TlsMosquitto, tmp_path: Path
) -> None:
    broker.stop()
    broker.configure(more="log_type subscribe")
    broker.start()
    consumers_file = tmp_path / "consumers"
    consumers_file.write_text("")
    options: dict[str, object] = {"consumers_file": str(consumers_file)}
    with closing(process_of(tmp_path, broker.port, broker.device(), **options)) as process:
        process.start()
        with closing(TokeniserStandIn(process.socket_path, Signer())) as tokeniser:
            tokeniser.greet()
            tokeniser.hand_over(1)
            request = "lpr/v1/agency/north-crossing/booth-1/request"
            wait_until(lambda: request in broker.log_file.read_text())
            assert process.stop() == 0
        assert process.events("subscription_refused") == []


def test_certificate_of_another_booth_stops_the_start(broker: TlsMosquitto, tmp_path: Path) -> None:
    with closing(process_of(tmp_path, broker.port, broker.device("booth-2"))) as process:
        process.start()
        assert process.wait() == 2
        (failure,) = process.events("failure")
        assert "common name must be 'booth-1'" in str(failure["detail"])


def test_key_readable_by_others_stops_the_start(broker: TlsMosquitto, tmp_path: Path) -> None:
    files = broker.device()
    files.key_file.chmod(0o644)
    with closing(process_of(tmp_path, broker.port, files)) as process:
        process.start()
        assert process.wait() == 2
        (failure,) = process.events("failure")
        assert failure["kind"] == "KeyFileError"
        assert "set mode 0600" in str(failure["detail"])


def test_certificate_that_has_ended_lets_the_process_start_and_says_so(
    broker: TlsMosquitto, tmp_path: Path
) -> None:
    with closing(process_of(tmp_path, broker.port, broker.expired())) as process:
        process.start()
        with closing(TokeniserStandIn(process.socket_path, Signer())) as tokeniser:
            tokeniser.greet()
            tokeniser.hand_over(3)
            process.wait_for_event("broker_tls_failed")
        assert "has ended" in str(process.events("tls_certificate")[0]["detail"])
        assert process.stop() == 0
        assert process.counters()["unsent"] == 3
