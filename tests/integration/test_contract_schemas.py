"""The schemas in docs/contract and the code agree, in both directions."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft7Validator

from edge_lpr.core.errors import WireError
from edge_lpr.wire import jws, key_delivery
from edge_lpr.wire.bounds import MAXIMUM_SEQUENCE
from edge_lpr.wire.device_certificate import (
    CERTIFICATE_TYP,
    MAXIMUM_CERTIFICATE_BYTES,
    decode_unverified_certificate,
    issue_certificate,
)
from edge_lpr.wire.jws import SigningKey
from edge_lpr.wire.status import MAXIMUM_STATUS_BYTES, decode_status, encode_status
from edge_lpr.wire.topics import (
    MAXIMUM_CHUNKS,
    TopicKind,
    WatchListTopic,
    topic,
    watch_list_topic,
)
from edge_lpr.wire.watch_list import MAXIMUM_CHUNK_BYTES, MAXIMUM_ENTRIES, seal_chunk
from tests.support.contract_schemas import SCHEMAS, asyncapi, faults, message_faults, schema
from tests.support.document_kinds import KINDS
from tests.support.fleet import SignedBooth
from tests.support.strategies import boot_ids, certificates, deliveries

KEY = SigningKey.generate()
BOOTH = SignedBooth()


@dataclass(frozen=True)
class Judged:
    """Claims that both a schema and the code judge."""

    name: str
    payloads: st.SearchStrategy[bytes]
    decode: Callable[[bytes], object]


def _certificate_payload(document: bytes) -> bytes:
    return jws.parse(document, MAXIMUM_CERTIFICATE_BYTES).untrusted_payload


def _delivery(payload: bytes) -> object:
    """Read the claims of a delivery, with as many keys behind them as they name epochs."""
    members = json.loads(payload)
    held = members.get("epochs") if isinstance(members, dict) else None
    keys = bytes(64 * len(held)) if isinstance(held, list) else b""
    return key_delivery._decode(bytearray(payload + b"\n" + keys))


JUDGED = (
    *(
        Judged(kind.word, kind.claims.map(lambda each: each.encode()), kind.decode)
        for kind in KINDS
    ),
    Judged(
        "certificate",
        certificates.map(lambda each: _certificate_payload(issue_certificate(each, KEY))),
        lambda payload: decode_unverified_certificate(KEY.sign(CERTIFICATE_TYP, payload)),
    ),
    Judged("keys", deliveries.map(key_delivery._encode), _delivery),
    Judged(
        "status",
        st.builds(lambda boot, on: encode_status(boot, is_online=on), boot_ids, st.booleans()),
        decode_status,
    ),
)
# A busy machine is slow, and signing and judging by thousands of rules are not what is measured.
UNHURRIED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
A_FEW = settings(UNHURRIED, max_examples=5)
MANY = settings(UNHURRIED, max_examples=50)
EVERY_CLAIMS = pytest.mark.parametrize("judged", JUDGED, ids=lambda judged: judged.name)
SCALARS = st.none() | st.booleans() | st.integers() | st.text(max_size=30)
JSON = st.recursive(
    SCALARS | st.floats(allow_nan=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=5,
)


def accepts(judged: Judged, members: object) -> bool:
    """Return whether the code accepts claims."""
    try:
        judged.decode(json.dumps(members, separators=(",", ":")).encode())
    except WireError:
        return False
    return True


@pytest.mark.parametrize("name", SCHEMAS)
def test_schema_is_strict_and_explains_itself(name: str) -> None:
    document = schema(name)
    Draft7Validator.check_schema(document)
    assert document["additionalProperties"] is False
    assert all(claim["description"].endswith(".") for claim in document["properties"].values())


@EVERY_CLAIMS
@MANY
@given(data=st.data())
def test_whatever_the_code_writes_is_allowed_by_the_schema(
    judged: Judged, data: st.DataObject
) -> None:
    assert faults(judged.name, json.loads(data.draw(judged.payloads))) == []


@EVERY_CLAIMS
@MANY
@given(data=st.data())
def test_whatever_the_schema_refuses_is_refused_by_the_code(
    judged: Judged, data: st.DataObject
) -> None:
    members = json.loads(data.draw(judged.payloads))
    names = sorted(schema(judged.name)["properties"])
    name = data.draw(st.sampled_from([*names, "unknown"]))
    kind = data.draw(st.sampled_from(["removed", "other", "near"]))
    if kind == "removed":
        members.pop(name, None)
    elif kind == "near" and name in members:
        members[name] = data.draw(st.sampled_from(_near(members[name])))
    else:
        members[name] = data.draw(JSON)
    if accepts(judged, members):
        assert faults(judged.name, members) == []


def _near(value: Any) -> list[Any]:  # noqa: ANN401 - any JSON value
    """Return values that a careless reader would take for this one."""
    if isinstance(value, bool):
        return [not value, int(value), str(value)]
    if isinstance(value, int):
        return [-value, value + 1, value * 10, float(value), str(value), [value]]
    if isinstance(value, str):
        return [f"{value} ", f"{value}\n", value[:-1], value.upper(), f"{value}=", [value]]
    if isinstance(value, list):
        return [[*value, *value[:1]], [*value, "fire"], dict.fromkeys(value, 1)]
    return [{**value, "plates": 1}, dict.fromkeys(value, 101), dict.fromkeys(value, -1), [*value]]


def corners(kind: str) -> Iterator[tuple[str, Any, bool]]:
    """Yield claims, values at and beyond the edges of the schema, and whether it allows them."""
    for name, claim in schema(kind)["properties"].items():
        if "minimum" in claim:
            yield from ((name, claim[edge], True) for edge in ("minimum", "maximum"))
            yield from ((name, claim["minimum"] - 1, False), (name, claim["maximum"] + 1, False))
        for word in claim.get("enum", ()):
            yield name, word, True
        if "const" in claim:
            yield name, claim["const"], True
            yield name, not claim["const"], False
        if claim.get("type") == "array" and "enum" in claim["items"]:
            words = claim["items"]["enum"]
            yield from ((name, words, True), (name, [], True), (name, words[:1] * 2, False))
        elif claim.get("type") == "array":
            yield from ((name, [edge], True) for edge in (0, claim["items"]["maximum"]))
            yield from ((name, [edge], False) for edge in (-1, claim["items"]["maximum"] + 1))
            yield from (
                (name, [*range(8)], True),
                (name, [*range(9)], False),
                (name, [1, 1], False),
            )
            yield name, [], "minItems" not in claim


WIDEST = {
    "gap": {"first": 1, "last": MAXIMUM_SEQUENCE},
    "certificate": {"not_before": 0, "not_after": 4_102_444_799},
    "keys": {"issued_at": 0, "last_valid": 4_102_444_799},
    "birth": {"prev_boot": "0" * 16, "prev_seq": 1, "prev_hash": "A" * 22},
}
"""Bounds of each other that are as far apart as can be, so that either can go to its own."""

FAR_APART = {
    ("request", "first", MAXIMUM_SEQUENCE),
    ("request", "last", MAXIMUM_SEQUENCE),
    ("manifest", "entries", 0),
    ("manifest", "entries", 299_008),
    ("manifest", "chunks", 0),
    ("manifest", "chunks", 4096),
}
"""A schema cannot say that a request asks for at most 10,000 sightings, nor how many entries fit
into a chunk."""


@EVERY_CLAIMS
@A_FEW
@given(data=st.data())
def test_edges_of_the_schema_are_those_of_the_code(judged: Judged, data: st.DataObject) -> None:
    members = json.loads(data.draw(judged.payloads)) | WIDEST.get(judged.name, {})
    if judged.name == "request":
        members |= {"first": 1, "last": 1}
    for name, value, is_allowed in corners(judged.name):
        changed = members | {name: value}
        assert (faults(judged.name, changed) == []) is is_allowed, name
        is_far_apart = not isinstance(value, list) and (judged.name, name, value) in FAR_APART
        assert is_far_apart or accepts(judged, changed) is is_allowed, name


@EVERY_CLAIMS
@A_FEW
@given(data=st.data())
def test_what_the_code_demands_is_what_the_schema_demands(
    judged: Judged, data: st.DataObject
) -> None:
    members = json.loads(data.draw(judged.payloads))
    for name in members:
        changed = {other: value for other, value in members.items() if other != name}
        assert accepts(judged, changed) is (faults(judged.name, changed) == []), name


@pytest.mark.parametrize("kind", ["birth", "sighting", "gap", "health"])
def test_booth_of_the_tests_speaks_the_contract(kind: str) -> None:
    documents = {
        "birth": BOOTH.birth(previous=BOOTH.previous(2)),
        "sighting": BOOTH.sightings(2)[-1],
        "gap": BOOTH.gap(3, 4),
        "health": BOOTH.health(2),
    }
    assert message_faults(BOOTH.topic(TopicKind(kind)), documents[kind]) == []


@pytest.mark.parametrize("name", ["boot", "exact", "fold", "prev"])
@UNHURRIED
@given(text=st.text("0123456789abcdefABQgw_-=", min_size=15, max_size=23))
def test_texts_of_the_schema_are_those_of_the_code(name: str, text: str) -> None:
    (judged,) = (each for each in JUDGED if each.name == "sighting")
    members = json.loads(BOOTH_SIGHTING) | {name: text}
    assert accepts(judged, members) is (faults("sighting", members) == [])


BOOTH_SIGHTING = jws.parse(BOOTH.sightings(1)[0], 512).untrusted_payload


@UNHURRIED
@given(st.integers(0, 10**16))
def test_counters_of_the_schema_are_those_of_the_code(count: int) -> None:
    (judged,) = (each for each in JUDGED if each.name == "health")
    members = json.loads(HEALTH_PAYLOAD) | {"tokeniser": {"received": count}}
    assert accepts(judged, members) is (faults("health", members) == [])


HEALTH_PAYLOAD = (
    b'{"v":1,"boot":"0123456789abcdef","seq":0,"link":"AAAAAAAAAAAAAAAAAAAAAA","at":0,"tq":"ntp",'
    b'"up_s":0,"camera":"good","tokeniser":{},"publisher":{},"queued":0,"unsent":0,"kept":0,'
    b'"oldest_unsent_s":0,"certificate_days":0,"key_days":0,"alarms":[]}'
)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.word)
def test_header_and_length_of_the_file_are_those_of_the_code(kind: Any) -> None:  # noqa: ANN401
    header = schema(f"{kind.word}-header")["properties"]
    assert header["typ"]["const"] == kind.typ
    place = asyncapi()["components"]["messages"] if kind.is_message else asyncapi()["x-files"]
    message = place[kind.word]
    assert message["payload"]["maxLength"] == kind.maximum_bytes


def test_delivery_and_chunk_of_the_file_are_those_of_the_code() -> None:
    assert schema("keys-header")["properties"]["typ"]["const"] == key_delivery.DELIVERY_TYP
    sealed = schema("sealed-keys-header")["properties"]
    assert sealed["typ"]["const"] == key_delivery.SEALED_KEYS_TYP
    messages = asyncapi()["components"]["messages"]
    assert messages["keys"]["payload"]["maxLength"] == key_delivery.MAXIMUM_DELIVERY_BYTES
    assert messages["chunk"]["payload"]["maxLength"] == MAXIMUM_CHUNK_BYTES
    assert messages["chunk"]["payload"]["minLength"] == len(seal_chunk(bytes(32), 1, 0, bytes(41)))
    manifest = schema("manifest")["properties"]
    assert manifest["entries"]["maximum"] == MAXIMUM_ENTRIES
    assert manifest["chunks"]["maximum"] == MAXIMUM_CHUNKS


def test_certificate_and_status_of_the_file_are_those_of_the_code() -> None:
    assert schema("certificate-header")["properties"]["typ"]["const"] == CERTIFICATE_TYP
    assert schema("birth")["properties"]["certificate"]["maxLength"] == MAXIMUM_CERTIFICATE_BYTES
    status = asyncapi()["components"]["messages"]["status"]
    assert status["x-maximum-bytes"] == MAXIMUM_STATUS_BYTES


def test_every_topic_of_the_code_is_a_channel_of_the_file() -> None:
    addresses = {name: channel["address"] for name, channel in asyncapi()["channels"].items()}
    site = "lpr/v1/{tenant}/{site}/watchlist/{epoch}"
    lists = {"manifest": f"{site}/manifest", "chunk": f"{site}/{{index}}"}
    assert watch_list_topic(WatchListTopic("t", "s", 5, 6)) == "lpr/v1/t/s/watchlist/5/6"
    assert addresses == lists | {
        kind.value: topic(BOOTH.address, kind)
        .replace("tenant-a", "{tenant}")
        .replace("lane-07", "{site}")
        .replace("booth-1", "{device}")
        for kind in TopicKind
    }


@pytest.mark.parametrize(
    ("kind", "payload", "fault"),
    [
        pytest.param(TopicKind.SIGHTING, BOOTH.birth(), "too long", id="birth as sighting"),
        pytest.param(TopicKind.BIRTH, BOOTH.sightings(1)[0], "typ", id="sighting as birth"),
        pytest.param(TopicKind.SIGHTING, b"AB123CD", "no JWS", id="plate as sighting"),
        pytest.param(TopicKind.STATUS, b'{"boot":"0"}', "required", id="half a status"),
        pytest.param(TopicKind.STATUS, b" " * 129, "too long", id="long status"),
    ],
)
def test_message_of_another_kind_has_faults(kind: TopicKind, payload: bytes, fault: str) -> None:
    assert fault in str(message_faults(BOOTH.topic(kind), payload))


def test_chunk_of_an_impossible_length_has_faults() -> None:
    place = "lpr/v1/tenant-a/lane-07/watchlist/20454/0"
    assert message_faults(place, seal_chunk(bytes(32), 1, 0, bytes(41))) == []
    assert message_faults(place, bytes(68)) != []
    assert message_faults(place, bytes(3073)) != []


def test_sealed_part_of_another_form_has_faults() -> None:
    place = BOOTH.topic(TopicKind.KEYS)
    assert message_faults(place, KEY.sign("lpr-keys+jws", b"plain")) == ["no JWE"]


@pytest.mark.parametrize("text", ["A" * 55, "A" * 54 + "E", "A" * 54 + "B", "A" * 53 + "BA"])
def test_hits_of_the_schema_are_those_of_the_code(text: str) -> None:
    (judged,) = (each for each in JUDGED if each.name == "sighting")
    members = json.loads(BOOTH_SIGHTING) | {"hit": text}
    del members["exact"], members["fold"]
    assert accepts(judged, members) is (faults("sighting", members) == [])


def test_message_under_another_topic_has_faults() -> None:
    assert message_faults("lpr/v1/tenant-a/lane-07/booth-1/picture", b"") != []
    assert message_faults(BOOTH.topic(TopicKind.SIGHTING), BOOTH.sightings(1)[0]) == []
    assert message_faults(BOOTH.topic(TopicKind.BIRTH), BOOTH.birth()) == []
