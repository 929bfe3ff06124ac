import json
from collections.abc import Callable

import pytest

from edge_lpr.core.errors import WireError
from edge_lpr.wire.claims import ClaimReader, ClaimValue, encode_claims


def test_claims_are_written_compactly_in_their_order() -> None:
    claims: dict[str, ClaimValue | None] = {
        "z": 1,
        "a": "text",
        "b": b"\x00",
        "left_out": None,
        "t": True,
    }
    assert encode_claims(claims) == b'{"z":1,"a":"text","b":"AA","t":true}'


def test_claims_are_taken_by_type() -> None:
    reader = ClaimReader(b'{"i":-3,"t":"x","o":"AA","f":false,"m":true,"c":1}', "record")
    assert reader.integer("i") == -3
    assert reader.text("t") == "x"
    assert reader.octets("o") == b"\x00"
    assert reader.truth("f") is False
    assert reader.mark("m") is True
    assert reader.mark("absent") is False
    reader.constant("c", 1)
    reader.nothing_else()


def test_words_and_counters_are_taken_by_name() -> None:
    reader = ClaimReader(b'{"w":["b","a"],"n":{"x":0},"e":[],"i":7}', "record")
    assert reader.words("w", ("a", "b", "c")) == ("b", "a")
    assert reader.words("e", ("a",)) == ()
    assert reader.counters("n", ("x", "y")) == {"x": 0}
    assert reader.counters("absent", ("x",)) is None
    assert reader.optional_integer("i") == 7
    assert reader.optional_integer("absent") is None
    reader.nothing_else()


def test_words_and_counters_are_written_as_array_and_object() -> None:
    assert encode_claims({"w": ("b", "a"), "n": {"x": 0}}) == b'{"w":["b","a"],"n":{"x":0}}'


@pytest.mark.parametrize(
    "untrusted",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"\xff\xfe{\x00}\x00", id="UTF-16"),
        pytest.param('{"a":"é"}'.encode(), id="UTF-8 beyond ASCII"),
        pytest.param(b"[1]", id="array"),
        pytest.param(b"7", id="number"),
        pytest.param(b"null", id="null"),
        pytest.param(b'{"a":1', id="cut"),
        pytest.param(b'{"a":1}{"a":1}', id="two objects"),
        pytest.param(b'{"a":1,"a":1}', id="member twice"),
        pytest.param(b'{"a":{"b":1,"b":2}}', id="inner member twice"),
        pytest.param(b'{"a":1.0}', id="fraction"),
        pytest.param(b'{"a":1e3}', id="exponent"),
        pytest.param(b'{"a":NaN}', id="not a number"),
        pytest.param(b'{"a":-Infinity}', id="infinity"),
        pytest.param(b'{"a":' + b"9" * 4400 + b"}", id="number beyond Python's limit"),
        pytest.param(b'{"a":' + b"[" * 100_000, id="brackets beyond Python's depth"),
    ],
)
def test_what_is_no_plain_object_is_refused(untrusted: bytes) -> None:
    with pytest.raises(WireError, match="the record"):
        ClaimReader(untrusted, "record")


@pytest.mark.parametrize(
    ("take", "value"),
    [
        pytest.param(lambda r: r.integer("a"), b"true", id="true for a number"),
        pytest.param(lambda r: r.integer("a"), b'"1"', id="text for a number"),
        pytest.param(lambda r: r.text("a"), b"1", id="number for a text"),
        pytest.param(lambda r: r.text("a"), b"null", id="null for a text"),
        pytest.param(lambda r: r.octets("a"), b'"AB"', id="stray bits"),
        pytest.param(lambda r: r.octets("a"), rb'"\u00e9"', id="escaped letter beyond ASCII"),
        pytest.param(lambda r: r.octets("a"), rb'"\ud800"', id="lone surrogate"),
        pytest.param(lambda r: r.truth("a"), b"1", id="number for true"),
        pytest.param(lambda r: r.mark("a"), b"false", id="false for a mark"),
        pytest.param(lambda r: r.mark("a"), b"1", id="number for a mark"),
        pytest.param(lambda r: r.constant("a", 1), b"2", id="other constant"),
        pytest.param(lambda r: r.constant("a", 1), b"true", id="true for a constant of 1"),
        pytest.param(lambda r: r.optional_integer("a"), b"null", id="null for an absent number"),
        pytest.param(lambda r: r.words("a", "x"), b'"x"', id="text for words"),
        pytest.param(lambda r: r.words("a", "x"), b'["y"]', id="unknown word"),
        pytest.param(lambda r: r.words("a", "xy"), b'["x","x"]', id="word twice"),
        pytest.param(lambda r: r.words("a", "xy"), b'["x",["y"]]', id="array for a word"),
        pytest.param(lambda r: r.words("a", "x"), b'["x","y"]', id="more words than there are"),
        pytest.param(lambda r: r.counters("a", "x"), b"[1]", id="array for counters"),
        pytest.param(lambda r: r.counters("a", "x"), b"null", id="null for absent counters"),
        pytest.param(lambda r: r.counters("a", "x"), b'{"y":1}', id="unknown counter"),
        pytest.param(lambda r: r.counters("a", "x"), b'{"x":true}', id="true for a counter"),
        pytest.param(lambda r: r.counters("a", "x"), b'{"x":-1}', id="negative counter"),
        pytest.param(lambda r: r.integer("b"), b"1", id="missing"),
        pytest.param(lambda r: r.nothing_else(), b"1", id="too many"),
    ],
)
def test_wrong_member_is_refused(take: Callable[[ClaimReader], object], value: bytes) -> None:
    reader = ClaimReader(b'{"a":' + value + b"}", "record")
    with pytest.raises(WireError):
        take(reader)


def test_refusal_does_not_quote_the_value() -> None:
    reader = ClaimReader(b'{"a":"SECRET"}', "record")
    with pytest.raises(WireError) as refusal:
        reader.integer("a")
    assert "SECRET" not in repr(refusal.value)


def test_arrays_and_objects_are_written_compactly_with_bytes_as_base64url() -> None:
    inner: dict[str, str | bytes] = {"x": b"\xff", "kty": "OKP"}
    written = encode_claims({"numbers": (1, 2), "inner": inner})
    assert written == b'{"numbers":[1,2],"inner":{"x":"_w","kty":"OKP"}}'


def test_value_that_no_document_holds_is_never_written() -> None:
    inner = {"x": object()}
    with pytest.raises(TypeError, match="no place in a document"):
        encode_claims({"inner": inner})  # type: ignore[dict-item]


@pytest.mark.parametrize("numbers", ["[]", "[0]", "[1,5,70]"])
def test_ascending_numbers_are_taken(numbers: str) -> None:
    reader = ClaimReader(f'{{"n":{numbers}}}'.encode(), "record")
    assert list(reader.numbers("n", 3)) == json.loads(numbers)


@pytest.mark.parametrize(
    "numbers",
    [
        pytest.param("1", id="no array"),
        pytest.param("{}", id="object"),
        pytest.param("[1,2,3,4]", id="too many"),
        pytest.param("[2,1]", id="descending"),
        pytest.param("[1,1]", id="twice the same"),
        pytest.param("[true]", id="true"),
        pytest.param('["1"]', id="text"),
        pytest.param("[[1]]", id="array inside"),
        pytest.param("[null]", id="null"),
    ],
)
def test_other_arrays_of_numbers_are_refused(numbers: str) -> None:
    reader = ClaimReader(f'{{"n":{numbers}}}'.encode(), "record")
    with pytest.raises(WireError, match="'n' of the record must be"):
        reader.numbers("n", 3)


def test_object_inside_is_read_by_the_same_rules() -> None:
    reader = ClaimReader(b'{"key":{"x":1,"y":2}}', "record")
    inner = reader.inner("key")
    reader.nothing_else()
    assert inner.integer("x") == 1
    with pytest.raises(WireError, match="record's key has 1 members"):
        inner.nothing_else()


@pytest.mark.parametrize("value", ["1", "[]", '"x"', "null"])
def test_what_is_no_object_is_not_read_as_one(value: str) -> None:
    reader = ClaimReader(f'{{"key":{value}}}'.encode(), "record")
    with pytest.raises(WireError, match="record's key is no JSON object"):
        reader.inner("key")
