"""The broker refuses, hangs up or talks nonsense before the first sighting."""

import logging
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from edge_lpr.core.broker_back_off import SHORTEST_WAIT_S
from edge_lpr.publisher.session import CONNACK_TIMEOUT_S, STEADY_S
from edge_lpr.publisher.wary_client import MAXIMUM_INCOMING_BYTES, WaryClient
from tests.support.scripted_broker import CONNACK, DISCONNECT
from tests.support.session_bench import BOOT, BOTH_VERSIONS, SessionBench, logged

LATER_BOOT = "00112233445566bb"
NOT_AUTHORISED = 0x87


def remaining_length(length: int) -> bytes:
    """Return a length of two bytes as MQTT writes it (MQTT 5, 1.5.5)."""
    return bytes([length & 0x7F | 0x80, length >> 7])


@pytest.fixture
def mqtt_version() -> str:
    """Give the version of tests that are not run for both."""
    return "5"


@pytest.fixture
def bench(
    tmp_path: Path, mqtt_version: str, caplog: pytest.LogCaptureFixture
) -> Iterator[SessionBench]:
    caplog.set_level(logging.DEBUG)
    with closing(SessionBench(tmp_path, mqtt_version)) as bench:
        yield bench


def test_broker_that_never_answers_the_connection_is_left(
    bench: SessionBench, caplog: pytest.LogCaptureFixture
) -> None:
    bench.connect()
    bench.clock.advance_s(CONNACK_TIMEOUT_S + 1)
    bench.turn()
    (line,) = logged(caplog, "broker_unreachable")
    assert (
        line["reason"]
        == "the broker does not answer; it stands still, or speaks another MQTT version"
    )


@pytest.mark.parametrize(
    ("mqtt_version", "code", "reason"),
    [
        pytest.param("5", NOT_AUTHORISED, "Not authorized", id="5"),
        pytest.param("3.1.1", 5, "Not authorized", id="3.1.1"),
        pytest.param("3.1.1", 4, "Bad user name or password", id="3.1.1 password"),
        pytest.param("3.1.1", 1, "Protocol error", id="3.1.1 version"),
    ],
)
def test_refused_connection_is_told_from_an_unreachable_broker(
    bench: SessionBench, caplog: pytest.LogCaptureFixture, code: int, reason: str
) -> None:
    bench.connect()
    bench.broker.accept_client(reason=code)
    bench.turn_until(lambda: not bench.session.is_connected)
    (line,) = logged(caplog, "broker_refused")
    assert line["reason"] == reason
    assert "allow this client in the broker's configuration" in str(line["detail"])
    assert logged(caplog, "broker_unreachable") == []


def test_broker_of_the_older_version_is_named_as_such(
    bench: SessionBench, caplog: pytest.LogCaptureFixture
) -> None:
    bench.connect()
    bench.broker.send(CONNACK, bytes([0, 1]))
    bench.turn_until(lambda: not bench.session.is_connected)
    (line,) = logged(caplog, "broker_refused")
    assert line["reason"] == "Unsupported protocol version"


def test_nobody_at_the_port_is_unreachable(
    bench: SessionBench, caplog: pytest.LogCaptureFixture
) -> None:
    bench.broker.close()
    bench.session.turn(0.01)
    (line,) = logged(caplog, "broker_unreachable")
    assert line["reason"] == "Connection refused"
    assert f"nobody answers at localhost:{bench.broker.port}; start the broker" in str(
        line["detail"]
    )
    assert line["wait_s"] == 1.0


def test_second_address_is_tried_when_the_first_does_not_answer(tmp_path: Path) -> None:
    # As with "localhost", whose first address is often ::1 where no broker listens.
    with closing(SessionBench(tmp_path, "5", addresses=("127.0.0.2", "127.0.0.1"))) as bench:
        bench.announce()
        bench.add(1)
        bench.turn_until(lambda: bench.sent() == [b"1"])


def test_addresses_that_refuse_slowly_do_not_keep_the_thread_from_a_sign_of_life(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    addresses = ("127.0.0.2", "127.0.0.3", "127.0.0.4")
    with closing(SessionBench(tmp_path, "5", addresses=addresses)) as bench:
        tried: list[str] = []

        def refuse_slowly(client: WaryClient) -> None:
            tried.append(client.host)
            bench.clock.advance_s(2)
            raise ConnectionRefusedError

        monkeypatch.setattr(WaryClient, "_create_socket", refuse_slowly)
        bench.session.turn(0.01)
        assert tried == ["127.0.0.2", "127.0.0.3"]
        bench.clock.advance_s(61)
        bench.session.turn(0.01)
        assert tried[2:] == ["127.0.0.4", "127.0.0.2"], "the rest is tried first"


def test_broker_that_hangs_up_on_the_greeting_has_refused(
    bench: SessionBench, caplog: pytest.LogCaptureFixture
) -> None:
    bench.connect()
    bench.broker.hang_up()
    bench.turn_until(lambda: not bench.session.is_connected)
    assert len(logged(caplog, "broker_refused")) == 1


def test_reason_of_the_brokers_goodbye_is_logged(
    bench: SessionBench, caplog: pytest.LogCaptureFixture
) -> None:
    bench.announce()
    bench.turn_a_while()
    bench.broker.send(DISCONNECT, bytes([0x8B, 0]))
    bench.turn_until(lambda: not bench.session.is_connected)
    (line,) = logged(caplog, "broker_unreachable")
    assert line["reason"] == "Server shutting down"


@BOTH_VERSIONS
@pytest.mark.parametrize(
    "octets",
    [
        pytest.param(bytes([0x20, 0x01, 0x00]), id="short CONNACK"),
        pytest.param(bytes([0x20, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF]), id="endless length"),
        pytest.param(bytes([0x20, 0x05, 0x00, 0x00, 0x02, 0x21, 0x00]), id="cut property"),
        pytest.param(bytes([0x20, 0x03, 0x00, 0x42, 0x00]), id="unknown reason"),
        pytest.param(bytes([0xF0, 0x00]), id="packet of another kind"),
    ],
)
def test_what_is_no_broker_is_left_and_tried_again(bench: SessionBench, octets: bytes) -> None:
    bench.connect()
    bench.broker.send_octets(octets)
    bench.turn_until(lambda: not bench.session.is_connected)
    bench.clock.advance_s(61)
    bench.announce()
    bench.add(1)
    bench.turn_until(lambda: bench.sent() == [b"1"])
    assert bench.broker.connections == 2


@BOTH_VERSIONS
def test_broker_that_sends_an_endless_packet_is_left_before_it_fills_memory(
    bench: SessionBench, caplog: pytest.LogCaptureFixture
) -> None:
    bench.announce()
    bench.turn_a_while()
    longest = MAXIMUM_INCOMING_BYTES
    bench.broker.send_octets(b"\x30" + remaining_length(longest) + b"\0\1t" + bytes(longest - 3))
    bench.turn_a_while()
    assert bench.session.is_connected
    bench.broker.send_octets(b"\x30" + remaining_length(longest + 1) + b"\0\1t")
    bench.turn_until(lambda: not bench.session.is_connected)
    (line,) = logged(caplog, "broker_refused")
    assert line["reason"] == "the broker sends packets of more than 4096 bytes"
    bench.broker.hang_up()
    bench.broker.forget()
    bench.clock.advance_s(61)
    bench.announce()
    bench.add(1)
    bench.turn_until(lambda: bench.sent() == [b"1"])


@BOTH_VERSIONS
def test_broker_that_sends_what_the_library_would_keep_is_left(
    bench: SessionBench, caplog: pytest.LogCaptureFixture, mqtt_version: str
) -> None:
    bench.announce()
    bench.turn_a_while()
    properties = b"\0" if mqtt_version == "5" else b""
    at_qos_2 = 0x34
    bench.broker.send(at_qos_2, b"\0\1t\0\7" + properties + b"payload")
    bench.turn_until(lambda: not bench.session.is_connected)
    (line,) = logged(caplog, "broker_refused")
    assert line["reason"] == "the broker sends messages at QoS 2, which nobody asked for"
    assert "ask who runs it" in str(line["detail"])


@BOTH_VERSIONS
@pytest.mark.parametrize(
    "octets",
    [
        pytest.param(b"HTTP/1.1 400 Bad Request\r\n\r\n", id="web server"),
        pytest.param(b"SSH-2.0-OpenSSH_9.2\r\n", id="ssh server"),
        pytest.param(bytes([0x40, 0x02, 0x00, 0x07]), id="PUBACK for nothing"),
        pytest.param(bytes([0x20]), id="half a CONNACK"),
    ],
)
def test_what_sends_no_connack_is_left_in_the_end(bench: SessionBench, octets: bytes) -> None:
    bench.connect()
    bench.broker.send_octets(octets)
    bench.turn_a_while()
    assert bench.session.is_connected
    bench.clock.advance_s(CONNACK_TIMEOUT_S + 1)
    bench.turn_until(lambda: not bench.session.is_connected)


@BOTH_VERSIONS
def test_sightings_wait_until_the_birth_is_taken(bench: SessionBench) -> None:
    bench.add(1)
    bench.connect()
    bench.broker.accept_client()
    bench.turn_until(lambda: len(bench.announcements()) == 2)
    bench.turn_a_while()
    assert bench.sent() == []
    assert [publish.is_retained for publish in bench.announcements()] == [True, True]
    for publish in bench.announcements():
        bench.broker.acknowledge(publish)
    bench.turn_until(lambda: bench.sent() == [b"1"])
    assert not bench.broker.sightings()[0].is_retained


def test_broker_that_refuses_the_birth_has_refused_the_session(
    bench: SessionBench, caplog: pytest.LogCaptureFixture
) -> None:
    bench.add(1)
    bench.connect()
    bench.broker.accept_client()
    bench.turn_until(lambda: len(bench.announcements()) == 2)
    for publish in bench.announcements():
        bench.broker.acknowledge(publish, reason=NOT_AUTHORISED)
    bench.turn_until(lambda: not bench.session.is_connected)
    assert logged(caplog, "broker_refused")[0]["reason"] == "Not authorized"
    assert bench.sent() == []
    bench.broker.forget()
    bench.clock.advance_s(61)
    bench.announce()
    bench.turn_until(lambda: bench.sent() == [b"1"])


def flap(bench: SessionBench, *, steady_s: float) -> None:
    """Let the broker take the birth, work for a while, and hang up."""
    bench.clock.advance_s(61)
    bench.broker.forget()
    bench.announce()
    bench.turn_a_while()
    bench.clock.advance_s(steady_s)
    bench.turn()
    bench.broker.hang_up()
    bench.turn_until(lambda: not bench.session.is_connected)


def test_broker_that_takes_the_birth_and_hangs_up_is_tried_less_and_less_often(
    bench: SessionBench, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(4):
        flap(bench, steady_s=STEADY_S - 1)
    first_wait_s, *later_waits_s = [line["wait_s"] for line in logged(caplog, "broker_unreachable")]
    assert first_wait_s == SHORTEST_WAIT_S
    assert set(later_waits_s) != {SHORTEST_WAIT_S}


def test_broker_that_has_worked_for_a_while_is_tried_again_at_once(
    bench: SessionBench, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(4):
        flap(bench, steady_s=STEADY_S)
    waits_s = {line["wait_s"] for line in logged(caplog, "broker_unreachable")}
    assert waits_s == {SHORTEST_WAIT_S}


def test_unanswered_birth_is_not_piled_up_over_many_connections(bench: SessionBench) -> None:
    for _ in range(5):
        bench.connect()
        bench.broker.accept_client()
        bench.turn_a_while()
        bench.broker.hang_up()
        bench.turn_until(lambda: not bench.session.is_connected)
        bench.clock.advance_s(61)
    bench.broker.forget()
    bench.connect()
    bench.broker.accept_client()
    bench.turn_a_while()
    assert sorted(publish.kind for publish in bench.announcements()) == ["birth", "status"]


def test_new_boot_gets_a_session_with_its_own_last_will(bench: SessionBench) -> None:
    bench.announce()
    bench.turn_a_while()
    bench.outbox.store_birth(LATER_BOOT, b"later birth")
    bench.broker.forget()
    bench.turn_until(lambda: len(bench.broker.connects()) == 1)
    assert b'{"boot":"00112233445566bb","state":"offline"}' in bench.broker.connects()[0]
    # A goodbye would have deleted the Last Will of the boot before, whose status says "online".
    assert DISCONNECT not in {packet.kind for packet in bench.broker.packets}
    bench.broker.accept_client()
    bench.turn_until(lambda: len(bench.announcements()) == 2)
    assert {publish.payload for publish in bench.announcements()} == {
        b'{"boot":"00112233445566bb","state":"online"}',
        b"later birth",
    }


def test_other_birth_of_the_same_boot_is_published_at_once(bench: SessionBench) -> None:
    bench.announce()
    bench.turn_a_while()
    bench.broker.forget()
    bench.outbox.store_birth(BOOT, b"birth with another clock")
    bench.turn_until(lambda: len(bench.broker.publishes()) == 1)
    assert bench.broker.publishes()[0].payload == b"birth with another clock"
    assert bench.broker.connections == 1


def test_nothing_is_connected_before_the_first_birth(tmp_path: Path) -> None:
    with closing(SessionBench(tmp_path, "5")) as bench:
        with bench.outbox._owned() as connection:
            connection.execute("DELETE FROM birth")
        bench.turn_a_while()
        assert bench.broker.connections == 0


def test_session_begins_anew_once_and_is_resumed_later(bench: SessionBench) -> None:
    bench.announce()
    bench.turn_a_while()
    bench.broker.hang_up()
    bench.turn_until(lambda: not bench.session.is_connected)
    bench.clock.advance_s(61)
    bench.connect()
    first, second = bench.broker.connects()
    # Flags behind the name "MQTT" and the version: retained Will at QoS 1, clean start or not.
    assert (first[7], second[7]) == (0x2E, 0x2C)
    assert bytes([0x11, 0, 1, 0x51, 0x80]) in first, "session expiry of a day"
    assert bytes([0x18, 0, 0, 0, 30]) in first, "Last Will delay of 30 s"


@BOTH_VERSIONS
def test_close_says_offline_and_ends_in_order(bench: SessionBench) -> None:
    bench.announce()
    bench.turn_a_while()
    bench.broker.forget()
    # The answer cannot be waited for, because the scripted broker speaks only between turns.
    bench.session.close(0)
    bench.broker.poll()
    (status,) = bench.announcements()
    assert b'"offline"' in status.payload
    assert status.is_retained
    assert bench.broker.packets[-1].kind == DISCONNECT


def test_close_does_not_wait_for_a_broker_that_has_gone(
    bench: SessionBench, caplog: pytest.LogCaptureFixture
) -> None:
    bench.announce()
    bench.turn_a_while()
    bench.broker.hang_up()
    bench.session.close(30)
    assert logged(caplog, "failure")[0]["kind"] == "BrokerUnreachableError"
