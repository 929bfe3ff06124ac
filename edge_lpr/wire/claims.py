"""Compact JSON objects with known members: written in one way, read strictly.

Types are checked here, ranges by the documents themselves.
"""

import json
from collections.abc import Collection, Mapping
from typing import Final, NoReturn, TypeAlias

from edge_lpr.core.errors import WireError
from edge_lpr.wire import base64url

ClaimValue: TypeAlias = (
    bool
    | int
    | str
    | bytes
    | tuple[str, ...]
    | tuple[int, ...]
    | Mapping[str, int]
    | Mapping[str, str | bytes]
    | Mapping[str, tuple[str, ...]]
)
"""What a claim may hold; bytes are written as base64url, a tuple as an array, and values by name as
an object, bytes in it likewise as base64url."""


def encode_claims(claims: Mapping[str, ClaimValue | None]) -> bytes:
    """Return claims as compact JSON, in their order.

    Args:
        claims: Values by name; those that are ``None`` are left out.

    Returns:
        ASCII.
    """
    members = {name: value for name, value in claims.items() if value is not None}
    return _ENCODER.encode(members).encode("ascii")


def _base64url_text(value: object) -> str:
    """Return the text that stands for bytes; nothing else here is foreign to JSON."""
    if isinstance(value, bytes):
        return base64url.encode(value).decode()
    msg = "a claim holds a value of a type that has no place in a document"
    raise TypeError(msg)


_ENCODER: Final = json.JSONEncoder(separators=(",", ":"), default=_base64url_text)


class ClaimReader:
    """Take the members of a JSON object one by one; what nobody took is refused."""

    def __init__(self, untrusted_json: bytes, document: str) -> None:
        """Parse a JSON object.

        Args:
            untrusted_json: The object; the caller has bounded its length.
            document: Word for the object in error messages, such as ``sighting``.

        Raises:
            WireError: This is no JSON object, or it names a member twice.
        """
        self._document = document
        try:
            value = _DECODER.decode(untrusted_json.decode("ascii"))
        # RecursionError: a few thousand brackets are enough for it.
        except (ValueError, RecursionError) as error:
            raise WireError(f"the {document} is no JSON that this contract allows") from error
        self._members = _members_of(value, document)

    def has(self, name: str) -> bool:
        """Return whether a member is there and not yet taken."""
        return name in self._members

    def integer(self, name: str) -> int:
        """Take a whole number of any size.

        Raises:
            WireError: The member is missing or of another type.
        """
        value = self._take(name)
        # bool is a kind of int to Python, but not to JSON.
        if isinstance(value, int) and not isinstance(value, bool):
            return value
        raise self._wrong(name, "a whole number")

    def optional_integer(self, name: str) -> int | None:
        """Take a whole number of any size, or ``None`` if the member is absent.

        Raises:
            WireError: The member is of another type.
        """
        return self.integer(name) if self.has(name) else None

    def text(self, name: str) -> str:
        """Take a text.

        Raises:
            WireError: The member is missing or of another type.
        """
        value = self._take(name)
        if isinstance(value, str):
            return value
        raise self._wrong(name, "a text")

    def octets(self, name: str) -> bytes:
        """Take bytes that were written as base64url.

        Raises:
            WireError: The member is missing, of another type or no strict base64url.
        """
        text = self.text(name)
        if not text.isascii():
            raise self._wrong(name, "base64url")
        return base64url.decode(text.encode("ascii"))

    def truth(self, name: str) -> bool:
        """Take true or false.

        Raises:
            WireError: The member is missing or of another type.
        """
        value = self._take(name)
        if isinstance(value, bool):
            return value
        raise self._wrong(name, "true or false")

    def mark(self, name: str) -> bool:
        """Take a mark: true, or absent. There is one way to say no.

        Raises:
            WireError: The member is there and not true.
        """
        if not self.has(name):
            return False
        if self._take(name) is True:
            return True
        raise self._wrong(name, "true or absent")

    def words(self, name: str, allowed: Collection[str]) -> tuple[str, ...]:
        """Take an array of different words, all of them out of a fixed set.

        Raises:
            WireError: The member is missing, no array, or holds another word or one twice.
        """
        value = self._take(name)
        if not isinstance(value, list) or len(value) > len(allowed):
            raise self._wrong(name, "an array of words that this contract has")
        words = tuple(str(word) for word in value if isinstance(word, str) and word in allowed)
        if len(set(words)) != len(value):
            raise self._wrong(name, "an array of words that this contract has, each once")
        return words

    def numbers(self, name: str, most: int) -> tuple[int, ...]:
        """Take an array of ascending whole numbers, each once.

        Args:
            name: The member.
            most: How many there may be.

        Raises:
            WireError: The member is missing, no array, too long, or not so ordered.
        """
        value = self._take(name)
        if not isinstance(value, list) or len(value) > most:
            raise self._wrong(name, f"an array of at most {most} whole numbers")
        numbers = tuple(number for number in value if type(number) is int)
        if len(numbers) != len(value) or list(numbers) != sorted(set(numbers)):
            raise self._wrong(name, "an array of ascending whole numbers, each once")
        return numbers

    def texts_by_name(self, name: str, most_names: int, most_texts: int) -> dict[str, list[str]]:
        """Take an object whose members are arrays of texts, neither of them empty.

        Args:
            name: The member.
            most_names: How many members the object may have.
            most_texts: How many texts an array may have.

        Returns:
            The texts by name, in the order of the document.

        Raises:
            WireError: The member is missing, of another type, empty, or too large.
        """
        value = self._take(name)
        if not isinstance(value, dict) or not 1 <= len(value) <= most_names:
            raise self._wrong(name, f"an object with 1 to {most_names} members")
        for texts in value.values():
            if not isinstance(texts, list) or not 1 <= len(texts) <= most_texts:
                raise self._wrong(name, f"an object of arrays of 1 to {most_texts} texts")
            if not all(isinstance(text, str) for text in texts):
                raise self._wrong(name, "an object of arrays of texts")
        return value

    def inner(self, name: str) -> "ClaimReader":
        """Take an object, to be read in its turn.

        Returns:
            Its reader; the caller ends with ``nothing_else`` there too.

        Raises:
            WireError: The member is missing or no object.
        """
        # Made without parsing: the members are parsed already.
        reader = ClaimReader.__new__(ClaimReader)
        reader._document = f"{self._document}'s {name}"  # noqa: SLF001 (another one of this class)
        reader._members = _members_of(self._take(name), reader._document)  # noqa: SLF001
        return reader

    def counters(self, name: str, allowed: Collection[str]) -> dict[str, int] | None:
        """Take numbers by name, ``None`` if the member is absent.

        Raises:
            WireError: The member is no object, or one of its members is none of ``allowed``, no
                whole number, or negative.
        """
        if not self.has(name):
            return None
        value = self._take(name)
        if not isinstance(value, dict) or not all(
            counter in allowed and type(number) is int and number >= 0
            for counter, number in value.items()
        ):
            raise self._wrong(name, "an object of counters that this contract has")
        return value

    def constant(self, name: str, expected: int | str) -> None:
        """Take a member that can only have one value.

        Raises:
            WireError: The member is missing or has another value.
        """
        value = self._take(name)
        if type(value) is not type(expected) or value != expected:
            raise self._wrong(name, f"{expected!r}")

    def nothing_else(self) -> None:
        """Check that every member was taken.

        Raises:
            WireError: The object has a member that the contract does not have.
        """
        if self._members:
            raise WireError(
                f"the {self._document} has {len(self._members)} members "
                "that this version of the contract does not have"
            )

    def _take(self, name: str) -> object:
        """Return a member and remove it."""
        try:
            return self._members.pop(name)
        except KeyError as error:
            raise WireError(f"the {self._document} has no {name!r}") from error

    def _wrong(self, name: str, expected: str) -> WireError:
        """Return the error that says what a member must be, without quoting what it is."""
        return WireError(f"{name!r} of the {self._document} must be {expected}")


def _members_of(value: object, document: str) -> dict[str, object]:
    """Return the members of an object, refusing any other JSON value."""
    if not isinstance(value, dict):
        raise WireError(f"the {document} is no JSON object")
    return value


def _members_once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """Refuse an object that names a member twice: readers differ in which one they take."""
    members = dict(pairs)
    if len(members) != len(pairs):
        msg = "a member is named twice"
        raise ValueError(msg)
    return members


def _refuse_number(text: str) -> NoReturn:
    """Refuse fractions, exponents, NaN and infinities: every number here is whole."""
    msg = f"a number of {len(text)} characters is not whole"
    raise ValueError(msg)


_DECODER: Final = json.JSONDecoder(
    object_pairs_hook=_members_once, parse_float=_refuse_number, parse_constant=_refuse_number
)
"""Made once: with ``json.loads`` every document would make one of its own."""
