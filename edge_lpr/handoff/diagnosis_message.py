"""The question that root on the booth may put to a process, and the answer: numbers alone.

::

    question, 64 bytes                     answer, at most 4,096 bytes
    offset  bytes  content                 offset  bytes  content
         0      4  "LPRQ"                       0      4  "LPRA"
         4      1  version, 1                   4      1  version, 1
         5      1  kind: 1 to 4                 5      1  kind of the question
         6      2  zero                         6      1  process: its position in PROCESSES + 1
         8     56  parameters of the kind       7      1  number of checks; 0 for another kind
                                                8         the answer's body

The body of an answer about checks is one record of 68 bytes for each: number of the check (2),
verdict (1), how many numbers follow (1), eight numbers of 8 bytes, big-endian, signed, the unused
ones zero. All names and ranges are those of ``core/check_words.py``, every byte is checked, and a
check that is not the process's own is refused: a taken-over vision can say numbers in range and
nothing else. The body of an aim frame (kind 2) is ``aim_message.py``'s, that of a report's
signature (kind 3) the tokeniser's signature, a line end and its certificate (``wire/report.py``),
that of what was seen of the test card (kind 4) is ``card_message.py``'s.
"""

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from edge_lpr.core.check_words import (
    CHECK_WORDS,
    MOST_NUMBERS,
    PROCESSES,
    VERDICTS,
    WORD_OF_NAME,
    WORD_OF_NUMBER,
    ProcessName,
    Verdict,
)
from edge_lpr.core.errors import HandoffError

QUESTION_BYTES: Final = 64
"""Length of every question."""

MAXIMUM_ANSWER_BYTES: Final = 4096
"""Longest answer."""

HEADER_BYTES: Final = 8
"""What stands before an answer's body."""

MAXIMUM_BODY_BYTES: Final = MAXIMUM_ANSWER_BYTES - HEADER_BYTES

PARAMETER_BYTES: Final = 56
"""Parameters of a question; what a kind does not use is zero."""

Kind: TypeAlias = Literal[1, 2, 3, 4]

CHECKS: Final[Kind] = 1
"""How is everything? It has no parameters."""

AIM: Final[Kind] = 2
"""What is seen, as outlines? Parameters and answer are ``aim_message.py``'s."""

REPORT: Final[Kind] = 3
"""What is the signature over a report? The parameters begin with its SHA-256."""

CARD: Final[Kind] = 4
"""What was seen of the test card? The parameters are ``card_message.py``'s."""

_KINDS: Final[tuple[Kind, ...]] = (CHECKS, AIM, REPORT, CARD)
_QUESTION: Final = struct.Struct(f">4sBB2s{PARAMETER_BYTES}s")
_HEADER: Final = struct.Struct(">4sBBBB")
_CHECK: Final = struct.Struct(f">HBB{MOST_NUMBERS}q")
_QUESTION_MAGIC: Final = b"LPRQ"
_ANSWER_MAGIC: Final = b"LPRA"
_VERSION: Final = 1


@dataclass(frozen=True, slots=True)
class Question:
    """What root on the booth wants to know.

    Raises:
        HandoffError: The kind is none, or the parameters have another length.
    """

    kind: Kind
    parameters: bytes = bytes(PARAMETER_BYTES)
    """``PARAMETER_BYTES``; all zero where the kind is ``CHECKS``."""

    def __post_init__(self) -> None:
        """Check everything, at either end."""
        if self.kind not in _KINDS:
            raise HandoffError(f"a question's kind is none of {_KINDS}")
        if len(self.parameters) != PARAMETER_BYTES:
            raise HandoffError(f"a question has {PARAMETER_BYTES} bytes of parameters")
        if self.kind == CHECKS and any(self.parameters):
            raise HandoffError("a question about checks has no parameters")


@dataclass(frozen=True, slots=True)
class Check:
    """What a process says of one thing.

    Raises:
        HandoffError: There is no such check or verdict, or a number is missing or out of range.
    """

    name: str
    """Of ``CHECK_WORDS``."""
    verdict: Verdict
    numbers: Mapping[str, int]
    """By the names of the check's ranges, all of them."""

    def __post_init__(self) -> None:
        """Check everything, at either end."""
        word = WORD_OF_NAME.get(self.name)
        if word is None or self.verdict not in VERDICTS:
            raise HandoffError("an answer has a check or a verdict that is on no list")
        if set(self.numbers) != {each.name for each in word.numbers}:
            raise HandoffError(f"{self.name}: needs each of its numbers once, and no other")
        for each in word.numbers:
            if not each.least <= self.numbers[each.name] <= each.most:
                raise HandoffError(f"{self.name}: {each.name} must be {each.least} to {each.most}")


def bounded_check(name: str, verdict: Verdict, **numbers: int) -> Check:
    """Return a check whose numbers are brought into their ranges: further is not counted.

    Args:
        name: Of ``CHECK_WORDS``.
        verdict: What the process thinks of it.
        numbers: By the names of the check's ranges.

    Raises:
        HandoffError: There is no such check, or a number is missing or one too many.
    """
    word = WORD_OF_NAME.get(name)
    ranges = {} if word is None else {each.name: each for each in word.numbers}
    bounded = {
        key: min(max(number, ranges[key].least), ranges[key].most)
        for key, number in numbers.items()
        if key in ranges
    }
    if len(bounded) != len(numbers):
        raise HandoffError(f"{name}: has no such number")
    return Check(name, verdict, bounded)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a process says."""

    process: ProcessName
    kind: Kind
    checks: tuple[Check, ...] = ()
    """In the order of the table; none where the kind is ``AIM``."""
    body: bytes = b""
    """Of another kind, not looked at; at most ``MAXIMUM_BODY_BYTES``."""


def pack_question(question: Question) -> bytes:
    """Return the ``QUESTION_BYTES`` of a question.

    Args:
        question: What to ask.
    """
    return _QUESTION.pack(_QUESTION_MAGIC, _VERSION, question.kind, b"", question.parameters)


def parse_question(untrusted_message: bytes) -> Question:
    """Check a question and take it apart.

    Args:
        untrusted_message: As received, of any length.

    Raises:
        HandoffError: Anything at all is not as the layout says.
    """
    if len(untrusted_message) != QUESTION_BYTES:
        raise HandoffError(f"a question has {QUESTION_BYTES} bytes")
    magic, version, kind, gap, parameters = _QUESTION.unpack(untrusted_message)
    if magic != _QUESTION_MAGIC or version != _VERSION or any(gap):
        raise HandoffError("a message is no question of version 1; use the programs of one release")
    return Question(kind, parameters)


def pack_checks(process: ProcessName, checks: Sequence[Check]) -> bytes:
    """Return an answer to a question about checks.

    Args:
        process: Who answers.
        checks: What it says, in any order, each once; all are its own.

    Raises:
        HandoffError: A check is another process's, or is said twice.
    """
    ordered = sorted(checks, key=lambda check: WORD_OF_NAME[check.name].number)
    _check_owner(process, [WORD_OF_NAME[check.name].number for check in ordered])
    body = b"".join(_packed(check) for check in ordered)
    return _header(process, CHECKS, len(ordered)) + body


def pack_body(process: ProcessName, kind: Kind, body: bytes) -> bytes:
    """Return an answer of another kind.

    Args:
        process: Who answers.
        kind: Of the question.
        body: At most ``MAXIMUM_BODY_BYTES``.

    Raises:
        HandoffError: The body is too long.
    """
    if kind == CHECKS or len(body) > MAXIMUM_BODY_BYTES:
        raise HandoffError(f"the body of such an answer has at most {MAXIMUM_BODY_BYTES} bytes")
    return _header(process, kind, 0) + body


def parse_answer(untrusted_message: bytes, process: ProcessName, kind: Kind) -> Answer:
    """Check an answer and take it apart.

    Args:
        untrusted_message: As received, of any length.
        process: Who was asked.
        kind: What it was asked.

    Returns:
        The answer; the body of another kind than ``CHECKS`` is still to be checked.

    Raises:
        HandoffError: Anything at all is not as the layout says.
    """
    if not HEADER_BYTES <= len(untrusted_message) <= MAXIMUM_ANSWER_BYTES:
        raise HandoffError(f"an answer has {HEADER_BYTES} to {MAXIMUM_ANSWER_BYTES} bytes")
    header, body = untrusted_message[:HEADER_BYTES], untrusted_message[HEADER_BYTES:]
    number = _HEADER.unpack(header)[-1]
    if header != _header(process, kind, number):
        raise HandoffError("a message is no answer to what was asked, or of another release")
    if kind != CHECKS:
        if number:
            raise HandoffError("an answer of this kind has no checks")
        return Answer(process, kind, body=bytes(body))
    if len(body) != number * _CHECK.size:
        raise HandoffError("an answer is cut short, or longer than its checks")
    records = [_CHECK.unpack_from(body, place * _CHECK.size) for place in range(number)]
    _check_owner(process, [record[0] for record in records])
    return Answer(process, kind, checks=tuple(_unpacked(*record) for record in records))


def _header(process: ProcessName, kind: Kind, number: int) -> bytes:
    """Return what stands before a body."""
    return _HEADER.pack(_ANSWER_MAGIC, _VERSION, kind, PROCESSES.index(process) + 1, number)


def _packed(check: Check) -> bytes:
    """Return the record of one check."""
    word = WORD_OF_NAME[check.name]
    numbers = [check.numbers[each.name] for each in word.numbers]
    unused = [0] * (MOST_NUMBERS - len(numbers))
    verdict = VERDICTS.index(check.verdict)
    return _CHECK.pack(word.number, verdict, len(numbers), *numbers, *unused)


def _unpacked(number: int, verdict: int, length: int, *numbers: int) -> Check:
    """Return the check of one record."""
    word = WORD_OF_NUMBER[number]
    if verdict >= len(VERDICTS) or length != len(word.numbers) or any(numbers[length:]):
        raise HandoffError("an answer has a verdict that is none, or numbers too few or too many")
    said = zip((each.name for each in word.numbers), numbers[:length], strict=True)
    return Check(word.name, VERDICTS[verdict], dict(said))


def _check_owner(process: ProcessName, numbers: Sequence[int]) -> None:
    """Refuse checks that are not the process's, or not in the order of the table."""
    own = [word.number for word in CHECK_WORDS if word.process == process]
    if list(numbers) != [each for each in own if each in numbers]:
        raise HandoffError("an answer has a check twice, out of order, or of another process")
