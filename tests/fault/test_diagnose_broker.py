"""Faults between booth and broker: ``diagnose`` names each as the first cause."""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edge_lpr.demo.arguments import Source
from edge_lpr.demo.brokers import EmbeddedBroker
from tests.support.broker import running_mosquitto
from tests.support.faulty_booth import (
    FaultyBooth,
    by_check,
    code_of,
    lane_frames,
    write_frames,
)
from tests.support.scripted_broker import CONNECT, PUBLISH, SUBSCRIBE, Packet, ScriptedBroker
from tests.support.tls_broker import ClientFiles, TlsMosquitto

pytestmark = pytest.mark.broker

QUOTA_EXCEEDED = 0x97
PATIENCE_S = 300


@pytest.fixture(scope="module")
def empty_lane(tmp_path_factory: pytest.TempPathFactory) -> Source:
    """Frames without a vehicle, so that nothing is told of optics or speed."""
    empty = np.asarray(lane_frames()[0])
    return write_frames(tmp_path_factory.mktemp("lane") / "frames", lambda _: empty)


@pytest.fixture
def tls_broker(tmp_path: Path) -> Iterator[TlsMosquitto]:
    folder = tmp_path / "tls"
    folder.mkdir()
    broker = TlsMosquitto(folder)
    broker.start()
    yield broker
    broker.kill()


def is_lost(checks: Mapping[str, Any]) -> bool:
    """Tell whether all answer, and the publisher knows why there is no connection."""
    return {"camera_present", "keys", "broker"} <= checks.keys() and checks["broker"][
        "verdict"
    ] == "bad"


def with_tls(files: ClientFiles) -> dict[str, str]:
    """Return the publisher's settings for TLS."""
    return {
        "publisher": f'tls_ca_file = "{files.ca_file}"\n'
        f'tls_certificate_file = "{files.certificate_file}"\n'
        f'tls_key_file = "{files.key_file}"'
    }


def at(port: int, host: str = "localhost") -> EmbeddedBroker:
    return EmbeddedBroker("mosquitto", "", "5", port, host)


def first_cause(
    folder: Path, broker: EmbeddedBroker, lane: Source, more: Mapping[str, str]
) -> dict[str, Any]:
    with FaultyBooth(folder, broker, lane, more=more) as booth:
        booth.start_all()
        return booth.diagnose_until(is_lost)


def test_certificate_that_has_ended_is_the_first_cause(
    tls_broker: TlsMosquitto, empty_lane: Source, tmp_path: Path
) -> None:
    more = with_tls(tls_broker.expired())
    said = first_cause(tmp_path, at(tls_broker.port), empty_lane, more)
    assert code_of(said) == "LPR-P07"
    # The same is what the broker refuses, but that is not the first cause.
    assert by_check(said)["broker"]["verdict"] == "bad"


def test_wrong_broker_is_the_first_cause(
    tls_broker: TlsMosquitto, empty_lane: Source, tmp_path: Path
) -> None:
    another = tmp_path / "another"
    another.mkdir()
    files = TlsMosquitto(another).device()
    said = first_cause(tmp_path, at(tls_broker.port), empty_lane, with_tls(files))
    assert code_of(said) == "LPR-P02"


def test_refused_client_is_the_first_cause(empty_lane: Source, tmp_path: Path) -> None:
    folder = tmp_path / "broker"
    folder.mkdir()
    with running_mosquitto(folder, allow_anonymous=False) as broker:
        said = first_cause(tmp_path, at(broker.port, "127.0.0.1"), empty_lane, {})
    assert code_of(said) == "LPR-P03"
    assert said["first_cause"]["numbers"]["refusal_code"] == 135


def test_name_server_that_is_gone_is_the_first_cause(
    tls_broker: TlsMosquitto, empty_lane: Source, tmp_path: Path
) -> None:
    more = with_tls(tls_broker.device())
    broker = at(tls_broker.port, "broker.agency.invalid")
    said = first_cause(tmp_path, broker, empty_lane, more)
    assert code_of(said) == "LPR-P04"


def test_broker_that_is_switched_off_is_the_first_cause(
    tls_broker: TlsMosquitto, empty_lane: Source, tmp_path: Path
) -> None:
    tls_broker.kill()
    more = with_tls(tls_broker.device())
    said = first_cause(tmp_path, at(tls_broker.port), empty_lane, more)
    assert code_of(said) == "LPR-P01"


@contextmanager
def broker_without_room() -> Iterator[int]:
    """Take everything but sightings: those are over the quota, again and again."""
    broker, done = ScriptedBroker(), threading.Event()
    answers: Mapping[int, Callable[[Packet], None]] = {
        CONNECT: lambda _: broker.accept_client(),
        SUBSCRIBE: lambda packet: broker.grant(broker._subscription(packet)),
        PUBLISH: lambda packet: answer(broker, packet),
    }

    def work() -> None:
        while not done.wait(0.02):
            broker.poll()
            packets = list(broker.packets)
            broker.forget()
            for packet in packets:
                if packet.kind in answers:
                    answers[packet.kind](packet)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield broker.port
    finally:
        done.set()
        thread.join()
        broker.close()


def answer(broker: ScriptedBroker, packet: Packet) -> None:
    publish = broker._publish(packet)
    refused = publish.kind == "sighting"
    broker.acknowledge(publish, reason=QUOTA_EXCEEDED if refused else 0)


def test_queue_that_grows_is_the_first_cause(tmp_path: Path) -> None:
    source = write_frames(tmp_path / "frames")
    # Each lap of the lane is four vehicles more.
    more = {"vision": "repeat_window_s = 0.0"}
    with (
        broker_without_room() as port,
        FaultyBooth(tmp_path, at(port, "127.0.0.1"), source, more=more) as booth,
    ):
        booth.start_all()
        said = booth.diagnose_until(
            lambda checks: checks.get("queue", {}).get("verdict") == "bad", patience_s=PATIENCE_S
        )
    assert by_check(said)["broker"]["verdict"] == "good"
    assert code_of(said) == "LPR-P06"
