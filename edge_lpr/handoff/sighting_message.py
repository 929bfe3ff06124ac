"""The messages between the tokeniser and the publisher: one kind byte, then the content.

::

    publisher -> tokeniser, once after accepting   "H" + last committed sighting (JWS), or "H" alone
    tokeniser -> publisher, first                  "B" + birth (JWS, at most 4096 bytes)
    tokeniser -> publisher                         "S" + sequence number (u64) + sighting (JWS)
    publisher -> tokeniser, for each B and S       "A" + sequence number (u64; 0 for a birth)
                                                or "R" + sequence number: refused for good

One message at a time: the next is sent when the one before is answered. An answer "A" means that
the publisher has committed the document to its outbox. What the documents say is left to
``edge_lpr.wire``, the messages about health records, gaps and keys to ``record_message.py``.
"""

import struct
from dataclasses import dataclass
from typing import Final

from edge_lpr.core.errors import HandoffError
from edge_lpr.handoff.record_message import (
    MAXIMUM_WISH_BYTES,
    RECORD_KINDS,
    RecordMessage,
    parse_record,
)
from edge_lpr.wire.birth import MAXIMUM_BIRTH_BYTES
from edge_lpr.wire.bounds import MAXIMUM_SEQUENCE
from edge_lpr.wire.sighting import MAXIMUM_SIGHTING_BYTES

BIRTH_SEQUENCE_NUMBER: Final = 0
"""Stands for the birth in an answer; sightings count from 1."""

_BIRTH: Final = b"B"
_SIGHTING: Final = b"S"
_HELLO: Final = b"H"
_COMMITTED: Final = b"A"
_REFUSED: Final = b"R"
_SEQUENCE_NUMBER: Final = struct.Struct(">Q")

MAXIMUM_TO_PUBLISHER_BYTES: Final = 1 + MAXIMUM_BIRTH_BYTES
"""What the publisher's receive buffer must hold."""

MAXIMUM_TO_TOKENISER_BYTES: Final = max(1 + MAXIMUM_SIGHTING_BYTES, MAXIMUM_WISH_BYTES)
"""What the tokeniser's receive buffer must hold."""


@dataclass(frozen=True, slots=True, repr=False)
class BirthMessage:
    """The tokeniser's birth document, on its way to the publisher."""

    untrusted_jws: bytes
    """1 to ``MAXIMUM_BIRTH_BYTES`` bytes, not looked at."""


@dataclass(frozen=True, slots=True, repr=False)
class SightingMessage:
    """A signed sighting, on its way to the publisher."""

    sequence_number: int
    """From 1; the same number as inside the document."""
    untrusted_jws: bytes
    """1 to ``MAXIMUM_SIGHTING_BYTES`` bytes, not looked at."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the publisher says about one birth or sighting."""

    sequence_number: int
    """The number of the sighting; ``BIRTH_SEQUENCE_NUMBER`` for the birth."""
    is_committed: bool
    """``True``: in the outbox. ``False``: refused for good."""


def pack_birth(birth_jws: bytes) -> bytes:
    """Return the message that carries a birth document.

    Raises:
        HandoffError: The document is empty or longer than ``MAXIMUM_BIRTH_BYTES``.
    """
    _check_length("birth", birth_jws, MAXIMUM_BIRTH_BYTES)
    return _BIRTH + birth_jws


def pack_sighting(sequence_number: int, sighting_jws: bytes) -> bytes:
    """Return the message that carries a sighting.

    Args:
        sequence_number: From 1 to ``MAXIMUM_SEQUENCE``.
        sighting_jws: Signed document.

    Raises:
        HandoffError: The document is empty or too long, or the number out of range.
    """
    _check_length("sighting", sighting_jws, MAXIMUM_SIGHTING_BYTES)
    _check_number(sequence_number, minimum=BIRTH_SEQUENCE_NUMBER + 1)
    return _SIGHTING + _SEQUENCE_NUMBER.pack(sequence_number) + sighting_jws


def parse_to_publisher(
    untrusted_message: bytes,
) -> BirthMessage | SightingMessage | RecordMessage:
    """Take a message from the tokeniser apart.

    Args:
        untrusted_message: As received, of any length.

    Returns:
        The document, bounded but not looked at; or the question what is to be signed.

    Raises:
        HandoffError: The message is none of those laid out above and in ``record_message.py``.
    """
    kind, content = untrusted_message[:1], untrusted_message[1:]
    if kind in RECORD_KINDS:
        return parse_record(untrusted_message)
    if kind == _BIRTH:
        _check_length("birth", content, MAXIMUM_BIRTH_BYTES)
        return BirthMessage(untrusted_jws=content)
    if kind != _SIGHTING:
        raise HandoffError("a message of the tokeniser is of no known kind; update both processes")
    number, document = content[: _SEQUENCE_NUMBER.size], content[_SEQUENCE_NUMBER.size :]
    _check_length("sighting", document, MAXIMUM_SIGHTING_BYTES)
    sequence_number = _unpack_number(number)
    _check_number(sequence_number, minimum=BIRTH_SEQUENCE_NUMBER + 1)
    return SightingMessage(sequence_number=sequence_number, untrusted_jws=document)


def pack_hello(last_committed_jws: bytes | None) -> bytes:
    """Return the publisher's first message.

    Args:
        last_committed_jws: The sighting committed last, of whatever boot; ``None`` if the outbox
            has never held one.

    Raises:
        HandoffError: The document is empty or too long.
    """
    if last_committed_jws is None:
        return _HELLO
    _check_length("sighting", last_committed_jws, MAXIMUM_SIGHTING_BYTES)
    return _HELLO + last_committed_jws


def parse_hello(untrusted_message: bytes) -> bytes | None:
    """Take the publisher's first message apart.

    Args:
        untrusted_message: As received, of any length.

    Returns:
        The sighting that was committed last, not looked at, or ``None`` if there is none.

    Raises:
        HandoffError: The message is no hello.
    """
    kind, document = untrusted_message[:1], untrusted_message[1:]
    if kind != _HELLO:
        raise HandoffError("the publisher's first message is no hello; update both processes")
    if not document:
        return None
    _check_length("sighting", document, MAXIMUM_SIGHTING_BYTES)
    return document


def pack_answer(answer: Answer) -> bytes:
    """Return the message that carries an answer.

    Raises:
        HandoffError: The sequence number is out of range.
    """
    _check_number(answer.sequence_number, minimum=BIRTH_SEQUENCE_NUMBER)
    kind = _COMMITTED if answer.is_committed else _REFUSED
    return kind + _SEQUENCE_NUMBER.pack(answer.sequence_number)


def parse_answer(untrusted_message: bytes) -> Answer:
    """Take an answer of the publisher apart.

    Args:
        untrusted_message: As received, of any length.

    Raises:
        HandoffError: The message is no answer.
    """
    kind = untrusted_message[:1]
    if kind not in (_COMMITTED, _REFUSED):
        raise HandoffError("a message of the publisher is no answer; update both processes")
    sequence_number = _unpack_number(untrusted_message[1:])
    _check_number(sequence_number, minimum=BIRTH_SEQUENCE_NUMBER)
    return Answer(sequence_number=sequence_number, is_committed=kind == _COMMITTED)


def _unpack_number(untrusted_bytes: bytes) -> int:
    """Return the sequence number that fills these bytes."""
    if len(untrusted_bytes) != _SEQUENCE_NUMBER.size:
        raise HandoffError(
            f"a sequence number has {_SEQUENCE_NUMBER.size} bytes, not {len(untrusted_bytes)}"
        )
    (sequence_number,) = _SEQUENCE_NUMBER.unpack(untrusted_bytes)
    return int(sequence_number)


def _check_length(name: str, document: bytes, maximum_bytes: int) -> None:
    """Refuse a document that is empty or too long."""
    if not 1 <= len(document) <= maximum_bytes:
        raise HandoffError(
            f"a {name} document must have 1 to {maximum_bytes} bytes, but has {len(document)}"
        )


def _check_number(sequence_number: int, *, minimum: int) -> None:
    """Refuse a sequence number out of range."""
    if not minimum <= sequence_number <= MAXIMUM_SEQUENCE:
        raise HandoffError(f"a sequence number must be {minimum} to {MAXIMUM_SEQUENCE}")
