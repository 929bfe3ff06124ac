"""A compiled watch-list: which tokens a server looks for, found in one step however long it is.

A token is good for one site and one day, so the Token Authority compiles a list anew for every site
and key epoch; here it is only read and compared. The file has one JSON object a line:

``{"site": "north-crossing", "epoch": 20789, "exact": "…", "fold": "…", "entry": "case-4711"}``

A line with ``"variant": true`` is a plate that the listed one may be misread as: what matches it is
a possible match and never a hit.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Final

from edge_lpr.core.errors import SettingsError, WireError
from edge_lpr.wire.bounds import require_length, require_match
from edge_lpr.wire.claims import ClaimReader
from edge_lpr.wire.sighting import SightingClaims
from edge_lpr.wire.topics import NAME_PATTERN

_MAXIMUM_LINE_BYTES: Final = 1024
"""Longest line; one has about 200, and 64 characters of an entry may take 768 as JSON."""

_MAXIMUM_ENTRIES: Final = 5_000_000
"""About 3 GB of memory, as measured; a longer list is a mistake."""

_TOKEN_BYTES: Final = 16
_MAXIMUM_ENTRY_CHARACTERS: Final = 64


class Match(Enum):
    """How a sighting matches an entry."""

    EXACT = "exact"
    """The exact tokens are equal: a hit."""
    VARIANT = "variant"
    """The exact token is that of a plate that the listed one may be misread as: possible, so look
    at the vehicle."""
    FOLD = "fold"
    """Only the folded ones are: characters that look alike may differ, so look at the vehicle."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A sighting that is on the watch-list."""

    entries: tuple[str, ...]
    """The list's own names of what is looked for, never plates; several may look alike."""
    match: Match
    """How it matches."""


class WatchList:
    """The entries of one list."""

    def __init__(self) -> None:
        """Begin with no entry."""
        self._entries: dict[tuple[str, int, Match, bytes], tuple[str, ...]] = {}

    def __len__(self) -> int:
        """Return how many tokens are looked for; an entry has two of each site and epoch."""
        return len(self._entries)

    def add(self, untrusted_line: bytes) -> None:
        """Add the entry of one line.

        Args:
            untrusted_line: A JSON object as in the module's docstring.

        Raises:
            WireError: The line is none.
        """
        if len(untrusted_line) > _MAXIMUM_LINE_BYTES:
            raise WireError(f"a line has at most {_MAXIMUM_LINE_BYTES} bytes")
        reader = ClaimReader(untrusted_line, "watch-list entry")
        site, epoch, entry = reader.text("site"), reader.integer("epoch"), reader.text("entry")
        exact, fold = reader.octets("exact"), reader.octets("fold")
        is_variant = reader.mark("variant")
        reader.nothing_else()
        require_match("site", site, NAME_PATTERN)
        if not 0 < len(entry) <= _MAXIMUM_ENTRY_CHARACTERS:
            raise WireError(f"'entry' must have 1 to {_MAXIMUM_ENTRY_CHARACTERS} characters")
        require_length("exact", exact, _TOKEN_BYTES)
        require_length("fold", fold, _TOKEN_BYTES)
        own = Match.VARIANT if is_variant else Match.EXACT
        for match, token in ((own, exact), (Match.FOLD, fold)):
            key = (site, epoch, match, token)
            others = self._entries.get(key, ())
            self._entries[key] = others if entry in others else (*others, entry)

    def find(self, site: str, claims: SightingClaims) -> Hit | None:
        """Return what a sighting matches: exactly if it can be, then a variant, then the fold.

        Args:
            site: Where the sighting was made.
            claims: What it says.
        """
        return self.match(site, claims.epoch, claims.exact, claims.fold)

    def match(self, site: str, epoch: int, exact: bytes, fold: bytes) -> Hit | None:
        """Return what tokens match, as ``find`` does.

        Args:
            site: Where the sighting was made.
            epoch: Key epoch of the tokens.
            exact: Exact token.
            fold: Folded token.
        """
        for match, token in ((Match.EXACT, exact), (Match.VARIANT, exact), (Match.FOLD, fold)):
            entries = self._entries.get((site, epoch, match, token))
            if entries is not None:
                return Hit(entries, match)
        return None

    def folds(self) -> list[tuple[int, bytes]]:
        """Return key epoch and folded token of everything on the list, in that order.

        A sighting that matches in any way has one of them.
        """
        return sorted(
            {(epoch, token) for _, epoch, match, token in self._entries if match is Match.FOLD}
        )


def read_watch_list(path: Path) -> WatchList:
    """Read a compiled watch-list.

    Args:
        path: The file; empty lines are passed over.

    Returns:
        The list.

    Raises:
        SettingsError: The file cannot be read, or a line is no entry; nothing of it is quoted.
    """
    watch_list = WatchList()
    try:
        with path.open("rb") as file:
            _add_lines(watch_list, iter(lambda: file.readline(_MAXIMUM_LINE_BYTES + 2), b""), path)
    except OSError as error:
        raise SettingsError(
            f"{path}: cannot be read ({error.strerror}); name a file of the authority"
        ) from error
    return watch_list


def _add_lines(watch_list: WatchList, untrusted_lines: Iterable[bytes], path: Path) -> None:
    """Add the lines of a file, naming the one that is wrong."""
    for number, untrusted_line in enumerate(untrusted_lines, start=1):
        if not untrusted_line.strip():
            continue
        if number > _MAXIMUM_ENTRIES:
            raise SettingsError(f"{path}: has more than {_MAXIMUM_ENTRIES} entries")
        try:
            watch_list.add(untrusted_line.strip())
        except WireError as error:
            raise SettingsError(
                f"{path}, line {number}: {error}; have the authority compile the list anew"
            ) from error
