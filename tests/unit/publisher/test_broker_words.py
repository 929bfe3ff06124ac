"""What the log says of a broker's refusal: its reason, its own sentence, and what to do."""

import pytest
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from edge_lpr.publisher.broker_words import MAXIMUM_SENTENCE_CHARACTERS, advice_about, in_words


def code_of(name: str, packet_type: int = PacketTypes.CONNACK) -> ReasonCode:
    return ReasonCode(packet_type, name)


def saying(sentence: str) -> Properties:
    properties = Properties(PacketTypes.CONNACK)  # type: ignore[no-untyped-call]
    properties.ReasonString = sentence
    return properties


def test_broker_without_a_sentence_is_quoted_by_its_code() -> None:
    code = code_of("Not authorized")
    assert in_words(code, None) == in_words(code, Properties(PacketTypes.CONNACK)) == str(code)  # type: ignore[no-untyped-call]


def test_brokers_own_sentence_stands_behind_its_code() -> None:
    words = in_words(code_of("Quota exceeded"), saying("tenant agency has 100 connections"))
    assert words == "Quota exceeded: tenant agency has 100 connections"


@pytest.mark.parametrize(
    ("sentence", "words"),
    [
        pytest.param("a\nb\x1b[31mc\0", "Banned: ab[31mc", id="control characters"),
        pytest.param("\u202ecba", "Banned: cba", id="text direction"),
        pytest.param("\u0430\u0431", "Banned", id="nothing that can be printed"),
        pytest.param("x" * 10_000, "Banned: " + "x" * MAXIMUM_SENTENCE_CHARACTERS, id="long"),
    ],
)
def test_brokers_sentence_is_cut_to_what_a_log_line_can_bear(sentence: str, words: str) -> None:
    assert in_words(code_of("Banned"), saying(sentence)) == words


@pytest.mark.parametrize(
    ("name", "advice"),
    [
        pytest.param("Not authorized", "certificate's common name", id="rights"),
        pytest.param("Unsupported protocol version", "publisher.mqtt_version", id="version"),
        pytest.param("Client identifier not valid", "tenant.site.device", id="identifier"),
        pytest.param("Server busy", "tried again by itself", id="busy"),
        pytest.param("Server moved", "publisher.broker_host", id="moved"),
        pytest.param("Malformed packet", "the broker's log", id="unknown"),
    ],
)
def test_technician_is_told_what_to_do(name: str, advice: str) -> None:
    assert advice in advice_about(code_of(name))


def test_two_booths_of_one_name_are_found_out() -> None:
    code = code_of("Session taken over", PacketTypes.DISCONNECT)
    assert "two booths may not have one device name" in advice_about(code)
