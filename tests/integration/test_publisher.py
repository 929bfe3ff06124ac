"""The publisher process with a real broker, and a consumer that verifies everything."""

import contextlib
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from edge_lpr.core.errors import HandoffError
from edge_lpr.handoff.sighting_message import (
    Answer,
    pack_birth,
    pack_sighting,
    parse_answer,
)
from edge_lpr.wire.sighting import sighting_hash
from tests.support.broker import Mosquitto, running_mosquitto
from tests.support.publisher_bench import (
    Consumer,
    PublisherProcess,
    TokeniserStandIn,
    publisher_process,
)
from tests.support.waiting import wait_until

pytestmark = pytest.mark.broker


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    with running_mosquitto(tmp_path) as broker:
        yield broker


@pytest.fixture
def running(
    broker: Mosquitto, tmp_path: Path
) -> Iterator[tuple[PublisherProcess, TokeniserStandIn, Consumer]]:
    with publisher_process(tmp_path / "publisher", broker.port) as (process, tokeniser):
        tokeniser.greet()
        with closing(Consumer(broker.port, tokeniser.signer)) as consumer:
            yield process, tokeniser, consumer


Running = tuple[PublisherProcess, TokeniserStandIn, Consumer]


@pytest.mark.parametrize("mqtt_version", ["5", "3.1.1"])
def test_every_sighting_reaches_the_server_in_order(
    broker: Mosquitto, tmp_path: Path, mqtt_version: str
) -> None:
    with publisher_process(tmp_path / "publisher", broker.port, mqtt_version=mqtt_version) as (
        process,
        tokeniser,
    ):
        tokeniser.greet()
        with closing(
            Consumer(broker.port, tokeniser.signer, mqtt_version=mqtt_version)
        ) as consumer:
            tokeniser.hand_over(100)
            consumer.wait_for(tokeniser.handed_over)
            assert process.stop() == 0
    counters = process.counters()
    # What it has sent is at least the sightings, each of almost half a kilobyte.
    assert counters.pop("bytes_sent") > 100 * 450
    assert counters == {
        "accepted": 100,
        "duplicates": 0,
        "published": 100,
        "refused_by_broker": 0,
        "resent": 0,
        "requests_refused": 0,
        "dropped": 0,
        "connections": 1,
        "unsent": 0,
        "kept": 100,
        "deliveries_dropped": 0,
        "list_parts_dropped": 0,
    }


def test_birth_and_status_wait_at_the_broker_for_late_servers(
    broker: Mosquitto, running: Running
) -> None:
    _, tokeniser, consumer = running
    tokeniser.hand_over(1)
    # Not before it has passed, or the late server would receive the sighting as well.
    consumer.wait_for(tokeniser.handed_over)
    with closing(Consumer(broker.port, tokeniser.signer)) as late:
        wait_until(lambda: len(late.messages) == 2)
        assert all(is_retained for _, _, is_retained in late.messages)
        assert late.payloads("birth") == [tokeniser.signer.birth()]
        assert late.states() == ["online"]


def test_orderly_stop_sends_what_is_unsent_and_says_offline(running: Running) -> None:
    process, tokeniser, consumer = running
    tokeniser.hand_over(200)
    assert process.stop() == 0
    consumer.wait_for(tokeniser.handed_over)
    wait_until(lambda: consumer.states()[-1] == "offline")
    assert [line["event"] for line in process.lines()][-2:] == ["funnel", "stopped"]


def test_killed_publisher_is_said_to_be_offline_by_the_broker(
    broker: Mosquitto, tmp_path: Path
) -> None:
    # MQTT 3.1.1 knows no delay of the Last Will.
    with publisher_process(tmp_path / "publisher", broker.port, mqtt_version="3.1.1") as (
        process,
        tokeniser,
    ):
        tokeniser.greet()
        with closing(Consumer(broker.port, tokeniser.signer)) as consumer:
            wait_until(lambda: consumer.states() == ["online"])
            process.kill()
            wait_until(lambda: consumer.states() == ["online", "offline"])


def test_publisher_restarted_alone_publishes_its_birth_and_what_was_unsent(
    broker: Mosquitto, tmp_path: Path
) -> None:
    broker.stop()
    with publisher_process(tmp_path / "publisher", broker.port) as (process, tokeniser):
        tokeniser.greet()
        tokeniser.hand_over(5)
        process.kill()
        tokeniser.close()
        broker.start()
        process.start()
        with closing(Consumer(broker.port, tokeniser.signer)) as consumer:
            consumer.wait_for(tokeniser.handed_over)


def test_hello_gives_the_last_committed_sighting_back(running: Running) -> None:
    _, tokeniser, _ = running
    tokeniser.hand_over(3)
    tokeniser.close()
    tokeniser.greet()
    first, last = tokeniser.hellos
    assert first is None
    assert last is not None
    assert sighting_hash(last) == tokeniser.signer.prev


def test_sighting_handed_over_twice_is_published_once(running: Running) -> None:
    process, tokeniser, consumer = running
    message = pack_sighting(1, tokeniser.signer.sighting())
    for _ in range(2):
        answer = parse_answer(tokeniser.exchange(message))
        assert answer == Answer(sequence_number=1, is_committed=True)
    wait_until(lambda: consumer.distinct() == 1)
    assert process.stop() == 0
    assert process.counters()["duplicates"] == 1
    assert len(consumer.payloads("sighting")) == 1


def test_new_boot_of_the_tokeniser_is_announced(running: Running) -> None:
    _, tokeniser, consumer = running
    tokeniser.hand_over(2)
    consumer.wait_for(tokeniser.handed_over)
    tokeniser.close()
    tokeniser.signer.begin_boot()
    tokeniser.greet()
    tokeniser.hand_over(2)
    consumer.wait_for(tokeniser.handed_over)
    wait_until(lambda: tokeniser.signer.birth() in consumer.payloads("birth"))
    # The session of the old boot ended in order: nobody said "offline" for it.
    assert set(consumer.states()) == {"online"}


def test_sighting_under_another_number_than_its_own_is_refused(running: Running) -> None:
    process, tokeniser, _ = running
    answer = parse_answer(tokeniser.exchange(pack_sighting(7, tokeniser.signer.sighting())))
    assert answer == Answer(sequence_number=7, is_committed=False)
    assert process.events("failure")[-1]["kind"] == "HandoffError"


@pytest.mark.parametrize(
    "document",
    [
        pytest.param(b"no document", id="no document"),
        pytest.param(b"." * 512, id="dots"),
        pytest.param(b"a" * 512, id="letters"),
    ],
)
def test_what_is_no_sighting_is_refused_and_the_next_one_taken(
    running: Running, document: bytes
) -> None:
    _, tokeniser, consumer = running
    answer = parse_answer(tokeniser.exchange(pack_sighting(1, document)))
    assert answer == Answer(sequence_number=1, is_committed=False)
    tokeniser.hand_over(1)
    consumer.wait_for(tokeniser.handed_over)


def test_birth_is_no_sighting_and_sighting_no_birth(running: Running) -> None:
    _, tokeniser, _ = running
    sighting = tokeniser.signer.sighting()
    assert not parse_answer(tokeniser.exchange(pack_birth(sighting))).is_committed
    birth = tokeniser.signer.birth()
    with pytest.raises(HandoffError):
        pack_sighting(1, birth)


def test_message_of_no_kind_ends_the_connection_and_not_the_publisher(running: Running) -> None:
    process, tokeniser, consumer = running
    with pytest.raises(HandoffError):
        tokeniser.exchange(b"X")
    tokeniser.greet()
    tokeniser.hand_over(1)
    consumer.wait_for(tokeniser.handed_over)
    assert process.events("failure")[-1]["kind"] == "HandoffError"


def test_importing_the_publisher_loads_no_imaging_library() -> None:
    program = (
        "import sys, edge_lpr.publisher.__main__\n"
        "print(sorted({'numpy', 'cv2', 'onnxruntime', 'torch', 'PIL'} & set(sys.modules)))"
    )
    finished = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert finished.stdout == b"[]\n"


@pytest.mark.parametrize(
    ("host", "sentence"),
    [
        pytest.param("192.0.2.1", "is not this machine (192.0.2.1)", id="address"),
        pytest.param("0.0.0.0", "is not this machine (0.0.0.0)", id="every interface"),  # noqa: S104
        pytest.param("::ffff:192.0.2.1", "is not this machine", id="mapped address"),
        pytest.param("no-such-host.invalid", "has no address", id="unknown name"),
        pytest.param("a..b", "has no address", id="impossible name"),
    ],
)
def test_broker_elsewhere_stops_the_start_with_a_sentence(
    tmp_path: Path, host: str, sentence: str
) -> None:
    process = PublisherProcess(tmp_path / "publisher", 1883, {"broker_host": host})
    with closing(process):
        process.start()
        assert process.wait() == 2
        (failure,) = process.events("failure")
        assert sentence in str(failure["detail"])
        assert "publisher.broker_host" in str(failure["detail"])


def test_service_manager_hears_that_it_is_ready_alive_and_stopping(tmp_path: Path) -> None:
    with (
        closing(PublisherProcess(tmp_path / "publisher", 1)) as process,
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager,
    ):
        # An abstract name has no length that pytest's folder could exceed.
        name = f"edge-lpr-test-{process.socket_path.parent.name}"
        manager.bind(f"\0{name}")
        manager.settimeout(30)
        process.start(environment={"NOTIFY_SOCKET": f"@{name}"})
        first, second, words, *_ = [manager.recv(100) for _ in range(4)]
        assert (first, second) == (b"READY=1", b"WATCHDOG=1")
        assert words == b"STATUS=waits for the tokeniser"
        assert process.stop() == 0
        manager.settimeout(0)
        states = []
        with contextlib.suppress(BlockingIOError):
            while True:
                states.append(manager.recv(100))
        assert states.count(b"STOPPING=1") == 1


def test_process_of_another_user_than_the_tokenisers_is_hung_up_on(tmp_path: Path) -> None:
    other_user = "daemon"
    with publisher_process(tmp_path / "publisher", 1, tokeniser_user=other_user) as (
        process,
        tokeniser,
    ):
        process.wait_for_event("started")
        with pytest.raises(HandoffError):
            tokeniser.exchange(pack_sighting(1, tokeniser.signer.sighting()))
        process.wait_for_event("failure")
        assert "was refused" in str(process.events("failure")[0]["detail"])
        assert process.stop() == 0
        assert process.counters()["accepted"] == 0


def test_unknown_tokeniser_user_stops_the_start_with_a_sentence(tmp_path: Path) -> None:
    options: dict[str, object] = {"tokeniser_user": "no-such-user"}
    with closing(PublisherProcess(tmp_path / "publisher", 1883, options)) as process:
        process.start()
        assert process.wait() == 2
        sentence = str(process.events("failure")[0]["detail"])
        assert "publisher.tokeniser_user is no-such-user, a user that does not exist" in sentence
