"""The contract as a file, as a judge: is a message what ``docs/contract`` says?

Topics, bounds and schemas are read from the AsyncAPI file and not from ``edge_lpr``, so that a
message is judged by what a stranger would write a consumer from.
"""

import json
import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import yaml
from jsonschema import Draft7Validator

from edge_lpr.wire import base64url

CONTRACT: Final = Path(__file__).parents[2] / "docs" / "contract"
ASYNCAPI: Final = CONTRACT / "asyncapi.yaml"
SCHEMAS: Final = tuple(sorted(path.stem for path in (CONTRACT / "schemas").glob("*.json")))


@lru_cache
def asyncapi() -> dict[str, Any]:
    """Return the AsyncAPI document, references as they stand in it."""
    document: dict[str, Any] = yaml.safe_load(ASYNCAPI.read_text())
    return document


@lru_cache
def schema(name: str) -> dict[str, Any]:
    """Return a schema by the name of its file."""
    document: dict[str, Any] = json.loads((CONTRACT / "schemas" / f"{name}.json").read_text())
    return document


@lru_cache
def validator(name: str) -> Draft7Validator:
    """Return what judges by a schema."""
    return Draft7Validator(schema(name))


def faults(name: str, members: object) -> list[str]:
    """Return what a schema has against a JSON value, without quoting the value."""
    return [
        f"{name}: {'/'.join(map(str, error.path)) or 'the whole'} breaks {error.validator!r}"
        for error in validator(name).iter_errors(members)
    ]


def require_valid(topic: str, payload: bytes) -> None:
    """Fail the test unless a message is one of the contract's.

    Args:
        topic: As delivered.
        payload: As delivered.
    """
    found = message_faults(topic, payload)
    assert not found, f"{topic}: {found}"


def require_all_valid(messages: Iterable[tuple[str, bytes]]) -> None:
    """Fail the test unless all of these messages, topic and payload each, are the contract's."""
    for topic, payload in messages:
        require_valid(topic, payload)


def message_faults(topic: str, payload: bytes) -> list[str]:
    """Return what the contract has against a message."""
    for name, channel in asyncapi()["channels"].items():
        if re.fullmatch(re.sub(r"\{\w+\}", "[a-z0-9][a-z0-9-]{0,31}", channel["address"]), topic):
            return _payload_faults(asyncapi()["components"]["messages"][name], payload)
    return ["no channel has this topic"]


def _payload_faults(message: Mapping[str, Any], payload: bytes) -> list[str]:
    """Return what a message of the AsyncAPI file has against a payload."""
    if "x-jws" in message:
        return _document_faults(message["payload"], message["x-jws"], payload.decode("latin-1"))
    if message["contentType"] == "application/octet-stream":
        bounds = range(message["payload"]["minLength"], message["payload"]["maxLength"] + 1)
        return [] if len(payload) in bounds else ["too short or too long"]
    if message["contentType"] == "text/plain":
        text = payload.decode("utf-8", "replace")
        is_short = len(payload) <= message["payload"]["maxLength"]
        is_note = is_short and Draft7Validator(message["payload"]).is_valid(text)
        return [] if is_note else ["no signed note, or too long"]
    if len(payload) > message["x-maximum-bytes"]:
        return ["too long"]
    return faults(_file(message["payload"]), json.loads(payload))


def _document_faults(text: Mapping[str, Any], jws: Mapping[str, Any], document: str) -> list[str]:
    """Return what is wrong with a signed document, or one inside it; not whether it verifies."""
    if not Draft7Validator(text).is_valid(document):
        return ["no JWS, or too long"]
    header_text, claims_text, _ = document.split(".")
    found = faults(_file(jws["header"]), _json(header_text))
    if "sealed" in jws:
        return found + _sealed_faults(jws["sealed"], claims_text)
    claims = _json(claims_text)
    found += faults(_file(jws["claims"]), claims)
    if not found:
        for name, inner in jws.get("inside", {}).items():
            found += _document_faults(text, inner, claims[name])
    return found


def _sealed_faults(sealed: Mapping[str, Any], text: str) -> list[str]:
    """Return what is wrong with a sealed document, as far as anybody sees who cannot open it."""
    document = base64url.decode(text.encode()).decode("latin-1")
    if not re.search(sealed["pattern"], document):
        return ["no JWE"]
    return faults(_file(sealed["header"]), _json(document.split(".")[0]))


def _json(text: str) -> Any:  # noqa: ANN401 - any JSON value
    """Return the value that a part of a document spells out."""
    return json.loads(base64url.decode(text.encode()))


def _file(reference: Mapping[str, str]) -> str:
    """Return the name of the schema that a reference stands for."""
    return Path(reference["$ref"]).stem
