"""The same messages, good ones and forged ones, judged in two languages and by the schemas."""

import json
import random
import string
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

from edge_lpr.core.clock import SystemClock
from edge_lpr.subscriber.verdicts import Refusal, RefusalReason, Verdict, VerifiedSighting
from edge_lpr.subscriber.verify import FleetVerifier
from edge_lpr.wire import base64url
from edge_lpr.wire.deployment import read_deployment
from edge_lpr.wire.jwe import TransportKey
from edge_lpr.wire.jws import PublicKey
from edge_lpr.wire.key_delivery import open_delivery
from edge_lpr.wire.request import REQUEST_TYP, RequestClaims, parse_request
from edge_lpr.wire.transport import verify_transport
from edge_lpr.wire.watch_list import verify_manifest
from tests.assets.make_contract_messages import HIT, document
from tests.support.broker import Mosquitto, running_mosquitto
from tests.support.contract_schemas import CONTRACT, message_faults, require_valid
from tests.support.node import need_node, running_example
from tests.support.tls_broker import running_tls_mosquitto
from tests.support.waiting import wait_until

FILE: Final = json.loads((CONTRACT / "messages.json").read_text())
MESSAGES: Final[list[dict[str, str]]] = FILE["messages"]
UNHEARD: Final = ("/status", "/request", "/transport", "/keys", "/manifest", "/checkpoint")
HEARD: Final = [each for each in MESSAGES if not each["topic"].endswith(UNHEARD)]
"""What the JavaScript consumer subscribes to."""

NOT_FOR_CONSUMERS: Final = ("request", "transport", "keys", "manifest")

PATIENCE_S: Final = 60.0
"""Two seconds on an idle machine."""

JWS_CHARACTERS: Final = {*string.ascii_letters, *string.digits, *"-_."}


def in_a_word(verdict: Verdict) -> str:
    """Return a verdict of the Python verifier in the words of the file."""
    if isinstance(verdict, Refusal):
        return "early" if verdict.reason is RefusalReason.NO_BIRTH else "refused"
    if isinstance(verdict, VerifiedSighting) and verdict.is_duplicate:
        return "again"
    return type(verdict).__name__.removeprefix("Verified").removeprefix("Device").lower()


def python_verdicts(messages: list[dict[str, str]]) -> list[str]:
    """Judge messages as a server in Python does."""
    authority = PublicKey(base64url.decode(FILE["authority"].encode()))
    verifier = FleetVerifier(authority, SystemClock())
    return [
        in_a_word(verifier.receive(each["topic"], each["payload"].encode())) for each in messages
    ]


def test_messages_are_what_their_script_makes() -> None:
    assert document() == FILE


@pytest.mark.parametrize(
    "message",
    [each for each in MESSAGES if each["verdict"] != "refused"],
    ids=lambda message: message["what"],
)
def test_good_message_is_what_the_contract_says(message: dict[str, str]) -> None:
    require_valid(message["topic"], message["payload"].encode())


def test_every_kind_is_among_the_good_messages() -> None:
    kinds = {each["topic"].rpartition("/")[2] for each in MESSAGES if each["verdict"] != "refused"}
    heard = {"birth", "status", "sighting", "gap", "health", "checkpoint"}
    assert kinds == heard | {"request", "transport", "keys", "manifest"}


def test_schemas_alone_see_that_a_kind_was_changed() -> None:
    swapped = [each for each in MESSAGES if " as a " in each["what"]]
    assert len(swapped) == 8
    assert all(message_faults(each["topic"], each["payload"].encode()) for each in swapped)


def test_python_judges_as_the_file_says() -> None:
    judged = [each for each in MESSAGES if each["verdict"] not in NOT_FOR_CONSUMERS]
    verdicts = python_verdicts(judged)
    assert [(each["what"], verdict) for each, verdict in zip(judged, verdicts, strict=True)] == [
        (each["what"], each["verdict"]) for each in judged
    ]


def test_request_is_signed_by_the_consumer() -> None:
    (request,) = (each for each in MESSAGES if each["verdict"] == "request")
    key = PublicKey(base64url.decode(FILE["request_key"].encode()))
    payload = parse_request(request["payload"].encode()).verified(REQUEST_TYP, key)
    claims = RequestClaims.decode(payload)
    assert (claims.first, claims.last) == (18, 42)


def test_announcement_delivery_and_manifest_are_the_codes() -> None:
    authority = PublicKey(base64url.decode(FILE["authority"].encode()))
    by_kind = {each["verdict"]: each["payload"].encode() for each in MESSAGES}
    transport_key = TransportKey.from_octets(base64url.decode(FILE["transport_key"].encode()))
    certificate, announcement = verify_transport(
        by_kind["transport"], authority, SystemClock().unix_s()
    )
    delivery = open_delivery(by_kind["keys"], authority, transport_key)
    assert announcement.key == transport_key.public_key
    assert delivery.address == certificate.address
    assert [each.epoch for each in delivery.keys] == [20_454, 20_455, 20_456, 20_457]
    assert verify_manifest(by_kind["manifest"], authority).entries == 74


def test_deployment_bundle_is_the_codes() -> None:
    deployment = read_deployment(FILE["deployment"].encode())
    assert base64url.encode(deployment.authority.octets).decode() == FILE["authority"]


def publish(client: Client, port: int, messages: list[dict[str, str]]) -> None:
    """Publish messages in order, each once the broker has the one before."""
    client.connect("127.0.0.1", port)
    client.loop_start()
    try:
        for each in messages:
            client.publish(each["topic"], each["payload"], qos=1).wait_for_publish(10)
    finally:
        client.disconnect()
        client.loop_stop()


def edited(message: dict[str, str], count: int) -> Iterator[dict[str, str]]:
    """Yield a message with one character changed to another that a JWS may have."""
    chance = random.Random(5)  # noqa: S311 - the same edits in every run
    text = message["payload"]
    for _ in range(count):
        place = chance.randrange(len(text))
        others = sorted(JWS_CHARACTERS - {text[place]})
        changed = text[:place] + chance.choice(others) + text[place + 1 :]
        yield {**message, "payload": changed}


class Example:
    """The JavaScript consumer's arguments and what it printed."""

    def __init__(self, folder: Path) -> None:
        need_node()
        self.authority_file = folder / "authority.pub"
        self.authority_file.write_text(FILE["authority"] + "\n")
        self.output = folder / "output.jsonl"

    def printed(self) -> list[dict[str, Any]]:
        """Return what it has printed so far."""
        return [json.loads(line) for line in self.output.read_text().splitlines()]

    def verdicts(self) -> list[str]:
        """Return the kinds it has printed so far."""
        return [each["kind"] for each in self.printed()]

    def require_python_verdicts(self, messages: list[dict[str, str]]) -> None:
        """Wait until it has judged messages, and compare."""
        # One line a message, and one more for the early one, judged again after the birth.
        wait_until(lambda: len(self.verdicts()) > len(messages), deadline_s=PATIENCE_S)
        verdicts = self.verdicts()
        assert verdicts[:3] == ["early", "birth", "sighting"]
        assert verdicts[:2] + verdicts[3:] == python_verdicts(messages)


def subscribed(broker: Mosquitto, client_id: str = "example") -> bool:
    """Return whether the example can miss nothing any more."""
    return f"Sending SUBACK to {client_id}" in broker.log_file.read_text()


@pytest.mark.broker
def test_javascript_and_python_judge_alike(tmp_path: Path) -> None:
    example = Example(tmp_path)
    with running_mosquitto(tmp_path) as broker:
        arguments = [f"mqtt://127.0.0.1:{broker.port}", str(example.authority_file)]
        with running_example(arguments, example.output):
            wait_until(lambda: subscribed(broker), deadline_s=PATIENCE_S)
            publish(Client(CallbackAPIVersion.VERSION2, "test-booth"), broker.port, HEARD)
            example.require_python_verdicts(HEARD)
    (hit,) = (each for each in example.printed() if "entry" in each)
    expected = (HIT.exact, HIT.fold, HIT.entry)
    parts = tuple(base64url.decode(hit[name].encode()) for name in ("exact", "fold", "entry"))
    assert (parts, hit["possible"]) == (expected, True)


@pytest.mark.broker
def test_javascript_believes_no_edited_character(tmp_path: Path) -> None:
    example = Example(tmp_path)
    birth = next(each for each in MESSAGES if each["verdict"] == "birth")
    sighting = next(each for each in MESSAGES if each["verdict"] == "sighting")
    with running_mosquitto(tmp_path) as broker:
        arguments = [f"mqtt://127.0.0.1:{broker.port}", str(example.authority_file)]
        with running_example(arguments, example.output):
            wait_until(lambda: subscribed(broker), deadline_s=PATIENCE_S)
            forged = list(edited(sighting, 500))
            client = Client(CallbackAPIVersion.VERSION2, "test-booth")
            publish(client, broker.port, [birth, *forged, sighting])
            wait_until(lambda: len(example.verdicts()) == len(forged) + 2, deadline_s=PATIENCE_S)
    first, *others, last = example.verdicts()
    assert (first, last) == ("birth", "sighting")
    assert set(others) <= {"refused", "early"}


@pytest.mark.broker
def test_javascript_hears_a_booth_through_the_shipped_broker(tmp_path: Path) -> None:
    example = Example(tmp_path)
    own = [each for each in HEARD if "/booth-1/" in each["topic"]]
    with running_tls_mosquitto(tmp_path) as broker:
        broker.configure(more="log_type all")
        broker.reload()
        files = broker.consumer()
        arguments = [
            f"mqtts://127.0.0.1:{broker.consumer_port}",
            *map(str, (example.authority_file, files.ca_file)),
            *map(str, (files.certificate_file, files.key_file)),
        ]
        with running_example(arguments, example.output):
            # As it is shipped, the broker takes the name in the certificate.
            wait_until(lambda: subscribed(broker, "analytics"), deadline_s=PATIENCE_S)
            booth = Client(CallbackAPIVersion.VERSION2)
            booth.tls_set_context(broker.device("booth-1").context())
            publish(booth, broker.port, own)
            example.require_python_verdicts(own)
