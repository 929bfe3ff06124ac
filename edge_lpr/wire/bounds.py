"""Range checks that the published documents share; every one names claim and range."""

import re
from typing import Final

from edge_lpr.core.errors import WireError

MAXIMUM_UNIX_S: Final = 4_102_444_799
"""End of the year 2099: ten digits, so that times do not change the length of a sighting."""

MAXIMUM_EPOCH: Final = MAXIMUM_UNIX_S // 86_400
"""Key epoch of the last of these days: five digits."""

MAXIMUM_HELD_EPOCHS: Final = 8
"""Most key epochs that a device holds, and so the most that one delivery brings."""

MAXIMUM_SEQUENCE: Final = 2**48 - 1
"""Largest number of a sighting: at 32 a second, 280,000 years. Its 15 digits keep the longest
sighting within 512 bytes; 2**53 would make it 513."""

BOOT_PATTERN: Final = re.compile(r"[0-9a-f]{16}")
"""A boot id: 16 hexadecimal digits."""

HASH_BYTES: Final = 16
"""Length of a chain hash: the first half of SHA-256."""


def require_range(name: str, value: int, minimum: int, maximum: int) -> None:
    """Check that a number lies within its range.

    Args:
        name: Claim, for the message.
        value: The number.
        minimum: Smallest allowed.
        maximum: Largest allowed.

    Raises:
        WireError: It does not.
    """
    if not minimum <= value <= maximum:
        raise WireError(f"{name!r} must lie in {minimum}..{maximum}")


def require_match(name: str, value: str, pattern: re.Pattern[str]) -> None:
    """Check that a whole text has its form.

    Args:
        name: Claim, for the message.
        value: The text.
        pattern: What all of it must match.

    Raises:
        WireError: It does not.
    """
    if not pattern.fullmatch(value):
        raise WireError(f"{name!r} must have the form {pattern.pattern}")


def require_length(name: str, value: bytes, length: int) -> None:
    """Check how many bytes there are.

    Args:
        name: Claim, for the message.
        value: The bytes.
        length: How many there must be.

    Raises:
        WireError: There are not.
    """
    if len(value) != length:
        raise WireError(f"{name!r} must have {length} bytes")
