"""The channel that is left: what a vision that was taken over can say in honest-looking readings.

Speaker and listener agree on a code; the listener has no key and sees only what the broker's
subscribers see. Bounds are computed from what the messages can hold; the code shows that a good
part of them can be used, so that nobody takes a bound for a theory.
"""

import base64
import json
import math
import struct
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

READINGS_A_SECOND: Final = 2
"""Of a lane, by the tokeniser's pace."""

_DAY_S: Final = 86_400
_LONGEST_AGE_S: Final = 600
_WORDS: Final = 16
"""Plates that the listener is taught first; it tells them apart by their tokens' equality."""

_AGE_STEP_S: Final = 8
_AGES: Final = 64
_DIRECTIONS: Final = ("in", "out")
_READS: Final = (2, 6)
BITS_A_READING: Final = 4 + 6 + 1 + 2 + 1
"""Word, age, direction, confidence bucket, bucket of agreeing readings."""

_READING: Final = struct.Struct(">4sBBBBBBI12s38s")


def bound_bits_a_day(*, knows_keys: bool, time_resolution_s: int = 1) -> float:
    """Return the most that readings of one lane can say in a day, whatever the code.

    A reading says which plate it is, when it was (its age is vision's word), direction, confidence
    and agreement; and the moment of its coming, which is taken to be seen to the millisecond.

    Args:
        knows_keys: The listener holds the day's keys and can try every plate. Without, a token is
            one that came before, or new with a folded token that came before, or new altogether.
        time_resolution_s: ``tokeniser.time_resolution_s``.
    """
    readings = READINGS_A_SECOND * _DAY_S
    plates = sum(36**length for length in range(2, 13)) if knows_keys else 2 * readings + 1
    times = _LONGEST_AGE_S / time_resolution_s + 1
    content = math.log2(plates * times * 3 * 4 * 3)
    # Waiting up to so many milliseconds says something, and costs half of them on the average.
    return max(
        (content + math.log2(wait_ms)) * _DAY_S / (1 / READINGS_A_SECOND + wait_ms / 2_000)
        for wait_ms in range(1, 500)
    )


def speak(bits: Sequence[int]) -> Iterator[bytes]:
    """Yield readings that say bits: first each word once, then symbols.

    Args:
        bits: A multiple of ``BITS_A_READING``.
    """
    for word in range(_WORDS):
        yield _reading(word, 0, 0, 0, 0)
    for start in range(0, len(bits), BITS_A_READING):
        symbol = int("".join(map(str, bits[start : start + BITS_A_READING])), 2)
        symbol, reads = divmod(symbol, 2)
        symbol, confidence = divmod(symbol, 4)
        symbol, direction = divmod(symbol, 2)
        word, age = divmod(symbol, _AGES)
        yield _reading(word, age, direction, confidence, reads)


def listen(documents: Sequence[bytes]) -> list[int]:
    """Return the bits that sightings say, in the order of their numbers.

    Args:
        documents: Signed sightings of one booth as they came from the broker.
    """
    claims = sorted((_claims_of(each) for each in documents), key=lambda each: int(each["seq"]))
    taught, rest = claims[:_WORDS], claims[_WORDS:]
    words = {each["exact"]: word for word, each in enumerate(taught)}
    bits: list[int] = []
    came_at = float(taught[-1]["at"])
    for each in rest:
        # They come at the pace that the tokeniser keeps, so when this one came is nearly known.
        came_at += 1 / READINGS_A_SECOND
        age = min(_AGES - 1, max(0, round((came_at - float(each["at"])) / _AGE_STEP_S)))
        came_at = float(each["at"]) + age * _AGE_STEP_S
        symbol = words[each["exact"]] * _AGES + age
        symbol = symbol * 2 + _DIRECTIONS.index(each["dir"])
        symbol = (symbol * 4 + int(each["conf"])) * 2 + _READS.index(int(each["reads"]))
        bits += [int(bit) for bit in f"{symbol:0{BITS_A_READING}b}"]
    return bits


def _claims_of(document: bytes) -> Mapping[str, str]:
    """Read a signed document without checking anything: the listener has no key."""
    middle = document.split(b".")[1]
    found = json.loads(base64.urlsafe_b64decode(middle + b"=" * (-len(middle) % 4)))
    assert isinstance(found, dict)
    return found


def _reading(word: int, age: int, direction: int, confidence: int, reads: int) -> bytes:
    """Return a reading, as handoff/reading_message.py lays it out."""
    plate = bytes([10 + word, 11, 12, word, 4, 5])
    age_ms = age * _AGE_STEP_S * 1_000
    return _READING.pack(
        b"LPRR",
        1,
        1,
        1 + direction,
        confidence,
        _READS[reads],
        len(plate),
        age_ms,
        plate.ljust(12, b"\xff"),
        b"",
    )
