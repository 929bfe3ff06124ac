"""Searches bytes for what an image must not hold: keys, tickets, tokens, and names of who built it.

Pure: which files are searched is for the caller (``tree_search.py``). A finding says where and in
which form, never what, because findings are printed and pasted.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from edge_lpr.core.errors import ImageError, InputRefusedError
from edge_lpr.wire.ticket import read_ticket_code

MINIMUM_WORD_BYTES: Final = 6
"""A shorter name of a host or folder turns up by chance."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that must not be there."""

    where: str
    """Path within the image."""
    form: str
    """What it looks like."""
    offset: int
    """Where it begins, in bytes; 0 for a whole file."""


@dataclass(frozen=True, slots=True)
class _Form:
    """One kind of secret: what it begins with, and what must follow before it counts."""

    marker: bytes
    """Searched first: searching for a literal is many times faster than for a pattern."""
    pattern: re.Pattern[bytes]
    """Must match where the marker begins."""
    is_file_start: bool = False
    """Only what a file begins with; within a program it is the constant of who reads such files."""

    def places(self, content: bytes) -> Iterator[int]:
        """Yield where one of this kind begins.

        Args:
            content: All of a file.
        """
        if self.is_file_start:
            places: Iterable[int] = (0,)
        else:
            places = _occurrences(content, self.marker)
        return (offset for offset in places if self.pattern.match(content, offset))


_LINE: Final = rb"(?:\\[nr]|\s)+"
"""An end of a line, also as it is written in source text."""

_PEM_BODY: Final = (
    rb"-----" + _LINE + rb"(?:[A-Za-z-]+: [^\n]{0,80}" + _LINE + rb")*[A-Za-z0-9+/]{32}"
)
"""A key follows, not the next word of a program that knows how keys begin."""


def _pem(name: str) -> _Form:
    """Return the form of a key in armour."""
    marker = f"-----BEGIN {name}".encode()
    return _Form(marker, re.compile(re.escape(marker) + _PEM_BODY))


def _literal(marker: bytes, rest: bytes = b"", *, is_file_start: bool = False) -> _Form:
    """Return a form of a literal beginning and a pattern behind it."""
    return _Form(marker, re.compile(re.escape(marker) + rest, re.DOTALL), is_file_start)


_BASE64URL: Final = rb"[A-Za-z0-9_-]"

_FORMS: Final[tuple[tuple[str, _Form], ...]] = (
    ("private key, PEM", _pem("PRIVATE KEY")),
    ("private key, PEM", _pem("RSA PRIVATE KEY")),
    ("private key, PEM", _pem("EC PRIVATE KEY")),
    ("private key, PEM", _pem("DSA PRIVATE KEY")),
    ("private key, PEM", _pem("OPENSSH PRIVATE KEY")),
    ("private key, PEM", _pem("ENCRYPTED PRIVATE KEY")),
    ("private key, OpenPGP", _pem("PGP PRIVATE KEY BLOCK")),
    # Each of these is a key's own header down to the length of the key, from RFC 5958 and 8410.
    (
        "private key, Ed25519",
        _literal(bytes.fromhex("302e020100300506032b657004220420"), rb".{32}"),
    ),
    ("private key, X25519", _literal(bytes.fromhex("302e020100300506032b656e04220420"), rb".{32}")),
    (
        "private key, P-256",
        _literal(
            bytes.fromhex("020100301306072a8648ce3d020106082a8648ce3d030107046d306b0201010420")
        ),
    ),
    ("private key, RSA", _literal(bytes.fromhex("020100300d06092a864886f70d01010105000482"))),
    # Then the name of a cipher and its length.
    ("private key, OpenSSH", _literal(b"openssh-key-v1\0", rb"\0\0\0[\x04-\x20][a-z0-9]{4}")),
    ("private key, age", _literal(b"AGE-SECRET-KEY-1", rb"[0-9A-Z]{58}")),
    ("key ring of a booth", _literal(b"EDGE-LPR-KEYS", is_file_start=True)),
    ("sealed file of a booth", _literal(b"EDGE-LPR-SEALED", is_file_start=True)),
    (
        "signed document or access token, JWS",
        _literal(
            b"eyJ", _BASE64URL + rb"{12,}\.eyJ" + _BASE64URL + rb"{12,}\." + _BASE64URL + b"{22,}"
        ),
    ),
    ("access token, GitHub", _literal(b"ghp_", rb"[A-Za-z0-9]{36}")),
    ("access token, GitHub", _literal(b"github_pat_", rb"[A-Za-z0-9_]{60}")),
    ("access token, GitLab", _literal(b"glpat-", rb"[A-Za-z0-9_-]{20}")),
    ("access token, PyPI", _literal(b"pypi-AgEI", rb"[A-Za-z0-9_-]{50}")),
    ("access key, AWS", _literal(b"AKIA", rb"[0-9A-Z]{16}(?![0-9A-Za-z])")),
)

_CROCKFORD: Final = rb"[0-9A-HJKMNP-TV-Z]{4}"
_TICKET: Final = re.compile(
    rb"(?<![0-9A-Za-z-])" + _CROCKFORD + rb"(?:-" + _CROCKFORD + rb"){6}(?![0-9A-Za-z-])"
)
_ELF: Final = b"\x7fELF"


class SecretSearch:
    """A search for keys, tickets and tokens, and for names that only the builder's machine has."""

    def __init__(self, words: Iterable[str] = ()) -> None:
        """Prepare the search.

        Args:
            words: Names of the building machine: its host name, folders, the mirror's host; at
                least ``MINIMUM_WORD_BYTES`` bytes each.

        Raises:
            ImageError: A word is too short.
        """
        self._words = tuple(word.encode() for word in words)
        if any(len(word) < MINIMUM_WORD_BYTES for word in self._words):
            raise ImageError(
                f"a word to search for needs {MINIMUM_WORD_BYTES} bytes; a shorter one turns up by "
                "chance"
            )

    def search(self, where: str, content: bytes) -> Iterator[Finding]:
        """Yield what is found in one file.

        Args:
            where: Its path, for the findings.
            content: All of it. Tickets are not looked for in programs (ELF), where nobody types.
        """
        for name, form in _FORMS:
            for offset in form.places(content):
                yield Finding(where, name, offset)
        for word in self._words:
            for offset in _occurrences(content, word):
                yield Finding(where, "name of the building machine", offset)
        for offset in _tickets(content):
            yield Finding(where, "ticket", offset)


def _occurrences(content: bytes, marker: bytes) -> Iterator[int]:
    """Yield where a literal begins, in order."""
    offset = content.find(marker)
    while offset >= 0:
        yield offset
        offset = content.find(marker, offset + 1)


def _tickets(content: bytes) -> Iterator[int]:
    """Yield where a ticket begins; nobody types one into a program."""
    if not content.startswith(_ELF):
        for match in _TICKET.finditer(content):
            if _is_ticket(match[0].decode("ascii")):
                yield match.start()


def _is_ticket(text: str) -> bool:
    """Return whether the check characters of a ticket fit: of 1,000 other texts one passes."""
    try:
        read_ticket_code(text)
    except InputRefusedError:
        return False
    return True
