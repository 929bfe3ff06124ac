"""What people read aloud and type when a booth is enrolled: tickets and fingerprints.

Both are written in Crockford's base32 (no I, L, O, U), in groups of four. A ticket ends in two
check characters, so that a mistyped one is told from a wrong one without asking anybody.
"""

import hashlib
import re
import secrets
from typing import Final

from edge_lpr.core.errors import InputRefusedError

TICKET_BYTES: Final = 16
"""128 random bits: nobody guesses one, however patient the service."""

_ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_LOOKALIKES: Final = str.maketrans({"O": "0", "I": "1", "L": "1"})
"""What a person types for what Crockford's alphabet has instead."""

_CHARACTERS: Final = re.compile(rf"[{_ALPHABET}]+")
_GROUP: Final = 4
_BITS: Final = 5
_TICKET_CHARACTERS: Final = 26
_CHECK_CHARACTERS: Final = 2
"""Ten bits: of 1,000 mistyped codes one passes, and is then a wrong one."""

_FINGERPRINT_CHARACTERS: Final = 20
"""100 bits: nobody finds a second document with the same ones."""

_MAXIMUM_TYPED: Final = 64
_CHECK_CONTEXT: Final = b"edge-lpr ticket check"
_HASH_CONTEXT: Final = b"edge-lpr ticket"


def new_ticket() -> bytes:
    """Return the secret of a new ticket, ``TICKET_BYTES`` long."""
    return secrets.token_bytes(TICKET_BYTES)


def ticket_code(secret: bytes) -> str:
    """Return a ticket as it is handed to an installer.

    Args:
        secret: ``TICKET_BYTES`` bytes.

    Returns:
        Seven groups of four characters; the last two check the others.
    """
    return _grouped(_base32(secret, _TICKET_CHARACTERS) + _check(secret))


def read_ticket_code(untrusted_code: str) -> bytes:
    """Return the secret of a ticket that somebody typed.

    Args:
        untrusted_code: Upper or lower case, with any spaces and hyphens; O is read as 0, I and L
            as 1.

    Returns:
        ``TICKET_BYTES`` bytes; whether the authority gave out this ticket, only it can say.

    Raises:
        InputRefusedError: A character is missing, is none of a code, or is mistyped.
    """
    text = _tidy(untrusted_code)
    expected = _TICKET_CHARACTERS + _CHECK_CHARACTERS
    if len(text) != expected:
        raise InputRefusedError(
            f"a ticket has {expected} letters and digits, and this has {len(text)}; type it again, "
            "in seven groups of four"
        )
    if not _CHARACTERS.fullmatch(text):
        raise InputRefusedError("a ticket has no U and no other signs; type it again")
    number = 0
    for character in text[:_TICKET_CHARACTERS]:
        number = (number << _BITS) | _ALPHABET.index(character)
    spare = _TICKET_CHARACTERS * _BITS - TICKET_BYTES * 8
    secret = (number >> spare).to_bytes(TICKET_BYTES, "big")
    if ticket_code(secret) != _grouped(text):
        raise InputRefusedError(
            "the ticket is mistyped; compare it with the note and type it again"
        )
    return secret


def ticket_hash(secret: bytes) -> bytes:
    """Return what the authority keeps of a ticket.

    Args:
        secret: ``TICKET_BYTES`` bytes; random, so a plain hash hides them.

    Returns:
        32 bytes.
    """
    return hashlib.sha256(_HASH_CONTEXT + secret).digest()


def fingerprint(document: bytes) -> str:
    """Return what two people compare to know that both see the same document.

    Args:
        document: Such as a request for enrolment, byte for byte.

    Returns:
        Five groups of four characters.
    """
    digest = hashlib.sha256(document).digest()
    return _grouped(_base32(digest, _FINGERPRINT_CHARACTERS))


def tidy_fingerprint(untrusted_text: str) -> str:
    """Return a fingerprint that somebody typed in the form that ``fingerprint`` gives.

    Args:
        untrusted_text: Upper or lower case, with any spaces and hyphens.

    Raises:
        InputRefusedError: It cannot be one.
    """
    text = _tidy(untrusted_text)
    if len(text) != _FINGERPRINT_CHARACTERS or not _CHARACTERS.fullmatch(text):
        raise InputRefusedError(
            f"a fingerprint has {_FINGERPRINT_CHARACTERS} letters and digits, in five groups of "
            "four; type the one that the booth shows"
        )
    return _grouped(text)


def _tidy(untrusted_text: str) -> str:
    """Return the characters that count."""
    bare = re.sub(r"[\s-]", "", untrusted_text[:_MAXIMUM_TYPED])
    return bare.upper().translate(_LOOKALIKES)


def _check(secret: bytes) -> str:
    """Return the check characters of a ticket."""
    return _base32(hashlib.sha256(_CHECK_CONTEXT + secret).digest(), _CHECK_CHARACTERS)


def _base32(octets: bytes, characters: int) -> str:
    """Return the first characters of octets, padded with zero bits at the end."""
    # A shift to the left first leaves zero bits where the octets have no more.
    number = (int.from_bytes(octets, "big") << _BITS * characters) >> (len(octets) * 8)
    return "".join(
        _ALPHABET[(number >> (_BITS * place)) & 31] for place in reversed(range(characters))
    )


def _grouped(text: str) -> str:
    """Return characters in groups."""
    return "-".join(text[start : start + _GROUP] for start in range(0, len(text), _GROUP))
