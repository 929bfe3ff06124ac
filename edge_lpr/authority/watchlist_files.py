"""What a compilation leaves: one folder for each site and epoch, every file whole or not there.

::

    DIR/north/20784/servers.jsonl    for servers: one line a plate, one a variant, marked
    DIR/north/20784/booths.lpr       for hit-only booths: manifest, then chunks
    DIR/north/20784/entries.jsonl    for the custodian: booths' random names to the agency's entries
    DIR/work/20784.stretched         what need not be computed again (``watchlist_cache.py``)

Nowhere is a plate. Names of entries in ``entries.jsonl`` are never taken back within an epoch, so a
hit on an older version can be told too. The map is written before the list that needs it.
"""

import contextlib
import json
import secrets
import struct
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from edge_lpr.core.errors import AuthorityError, KeyFileMissingError, WireError
from edge_lpr.core.secret_file import read_secret_file, write_secret_file
from edge_lpr.tokens.suite1 import TokenPair
from edge_lpr.wire import base64url
from edge_lpr.wire.bounds import require_length
from edge_lpr.wire.claims import ClaimReader
from edge_lpr.wire.sighting import ENTRY_ID_BYTES

SERVERS_FILE: Final = "servers.jsonl"
BOOTHS_FILE: Final = "booths.lpr"
ENTRIES_FILE: Final = "entries.jsonl"
WORK_FOLDER: Final = "work"

_MAXIMUM_BYTES: Final = 2_000_000_000
_CHUNK_LENGTH: Final = struct.Struct("> H")


@dataclass(frozen=True, slots=True, repr=False)
class CompiledPlate:
    """One plate or variant of one site and epoch. No ``repr``: it holds tokens."""

    tokens: TokenPair
    """What passages of this plate will show."""
    entry: str
    """The agency's own name."""
    is_variant: bool
    """Only ever a possible match."""


@dataclass(frozen=True, slots=True, repr=False)
class BoothList:
    """What hit-only booths of a site get for an epoch."""

    manifest: bytes
    """Signed."""
    chunks: tuple[bytes, ...]
    """Sealed, in their order."""


class SiteDay:
    """The files of one site and epoch."""

    def __init__(self, folder: Path, site: str, epoch: int) -> None:
        """Name the files; nothing is made before something is written.

        Args:
            folder: Of the compilation.
            site: Name of the site.
            epoch: Days since 1970.
        """
        self.site = site
        self.epoch = epoch
        self._folder = folder / site / str(epoch)

    @property
    def servers_file(self) -> Path:
        """The list for servers."""
        return self._folder / SERVERS_FILE

    def read_servers(self) -> bytes:
        """Return the list for servers as it stands, empty if there is none."""
        return bytes(_read(self.servers_file))

    def write_servers(self, content: bytes) -> None:
        """Write the list for servers.

        Args:
            content: Lines of ``server_lines``.
        """
        self._write(SERVERS_FILE, content)

    def read_entries(self) -> dict[str, bytes]:
        """Return booths' names of entries, 8 bytes each, by the agency's names."""
        file = self._folder / ENTRIES_FILE
        return dict(_parsed_entry(file, line) for line in bytes(_read(file)).splitlines())

    def name_of(self, entry: str) -> bytes:
        """Return booths' name of one entry, giving it a random one if it has none.

        Args:
            entry: The agency's name.
        """
        file = self._folder / ENTRIES_FILE
        content = bytes(_read(file))
        end = f', "entry": {json.dumps(entry)}}}\n'.encode("ascii")
        place = content.find(end)
        if place >= 0:
            line = content[content.rfind(b"\n", 0, place) + 1 : place] + end
            return _parsed_entry(file, line)[1]
        name = secrets.token_bytes(ENTRY_ID_BYTES)
        self._write(ENTRIES_FILE, content + _entry_line(name, entry).encode("ascii"))
        return name

    def write_entries(self, names: Mapping[str, bytes]) -> None:
        """Write booths' names of entries.

        Args:
            names: 8 bytes each, by the agency's names.
        """
        lines = [_entry_line(name, entry) for entry, name in names.items()]
        self._write(ENTRIES_FILE, "".join(lines).encode("ascii"))

    def read_booths(self) -> BoothList | None:
        """Return the list for booths, ``None`` if there is none."""
        file = self._folder / BOOTHS_FILE
        content = memoryview(_read(file))
        if not content:
            return None
        parts: list[bytes] = []
        while content:
            if len(content) < _CHUNK_LENGTH.size:
                raise _damaged(file)
            (length,) = _CHUNK_LENGTH.unpack(content[: _CHUNK_LENGTH.size])
            content = content[_CHUNK_LENGTH.size :]
            parts.append(bytes(content[:length]))
            if len(parts[-1]) != length:
                raise _damaged(file)
            content = content[length:]
        return BoothList(parts[0], tuple(parts[1:]))

    def write_booths(self, booths: BoothList) -> None:
        """Write the list for booths.

        Args:
            booths: Manifest and chunks.
        """
        parts = (booths.manifest, *booths.chunks)
        self._write(BOOTHS_FILE, b"".join(_CHUNK_LENGTH.pack(len(part)) + part for part in parts))

    def remove_booths(self) -> None:
        """Delete the list for booths, if there is one."""
        (self._folder / BOOTHS_FILE).unlink(missing_ok=True)

    def remove(self) -> None:
        """Delete all that a day has left; what somebody else has put beside it stays."""
        # The servers' file last: by it the day is found again if this is interrupted.
        for name in (BOOTHS_FILE, ENTRIES_FILE, SERVERS_FILE):
            (self._folder / name).unlink(missing_ok=True)
        with contextlib.suppress(OSError):
            self._folder.rmdir()

    def _write(self, name: str, content: bytes) -> None:
        """Write a file for its owner alone, whole or not at all."""
        make_folder(self._folder)
        write_secret_file(self._folder / name, content)


def site_days(folder: Path, first_epoch: int) -> list[SiteDay]:
    """Return the lists that a folder holds from an epoch on, nearer days first.

    Args:
        folder: Of a compilation.
        first_epoch: Earlier ones are left out.
    """
    found = [
        SiteDay(folder, file.parent.parent.name, int(file.parent.name))
        for file in folder.glob(f"*/*/{SERVERS_FILE}")
        if file.parent.name.isascii() and file.parent.name.isdecimal()
    ]
    return sorted(
        (day for day in found if day.epoch >= first_epoch), key=lambda day: (day.epoch, day.site)
    )


def server_lines(site: str, epoch: int, plates: Iterable[CompiledPlate]) -> bytes:
    """Return the lines that servers read.

    Args:
        site: Name of the site.
        epoch: Days since 1970.
        plates: In the order of the list.
    """
    lines: list[str] = []
    for plate in plates:
        line: dict[str, str | int | bool] = {
            "site": site,
            "epoch": epoch,
            "exact": base64url.encode(plate.tokens.exact).decode(),
            "fold": base64url.encode(plate.tokens.fold).decode(),
            "entry": plate.entry,
        }
        if plate.is_variant:
            line["variant"] = True
        lines.append(json.dumps(line) + "\n")
    return "".join(lines).encode("ascii")


def make_folder(folder: Path) -> None:
    """Make a folder for its owner alone, and those above it, unless they are there.

    Raises:
        AuthorityError: It cannot be made.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise AuthorityError(
            f"{folder}: cannot be made ({error.strerror}); name a folder that this user may write"
        ) from error


def forget_past_work(folder: Path, today: int) -> None:
    """Delete what was kept for days that are past; nobody compiles for them.

    Args:
        folder: Of a compilation.
        today: Epoch of today.
    """
    for file in sorted((folder / WORK_FOLDER).glob("*.stretched")):
        if file.stem.isdecimal() and int(file.stem) < today:
            file.unlink()


def forget_past_days(folder: Path, today: int, retention_days: int) -> int:
    """Delete the lists of past days, of booths at once and all else when the day's keys go.

    Whoever has the agency's list has plates by the entries' names, and with ``servers.jsonl`` the
    tokens to them: kept longer than the keys, it would undo their destruction for every listed
    plate. Until then sightings of a booth that was cut off may still come, and hits be asked about.

    Args:
        folder: Of a compilation.
        today: Epoch of today.
        retention_days: R: for so many past days there are keys.

    Returns:
        How many days of a site are gone altogether.
    """
    gone = 0
    for day in site_days(folder, 0):
        if day.epoch < today - retention_days:
            day.remove()
            gone += 1
        elif day.epoch < today:
            day.remove_booths()
    return gone


def _entry_line(name: bytes, entry: str) -> str:
    """Return the line of an entry."""
    return json.dumps({"id": base64url.encode(name).decode(), "entry": entry}) + "\n"


def _parsed_entry(file: Path, line: bytes) -> tuple[str, bytes]:
    """Return the agency's and the booths' name of a line."""
    try:
        reader = ClaimReader(line, "entry")
        entry, name = reader.text("entry"), reader.octets("id")
        require_length("id", name, ENTRY_ID_BYTES)
    except WireError as error:
        raise _damaged(file) from error
    return entry, name


def _read(file: Path) -> bytearray:
    """Return a file's content, nothing if there is none."""
    try:
        return read_secret_file(file, _MAXIMUM_BYTES)
    except KeyFileMissingError:
        return bytearray()


def _damaged(file: Path) -> AuthorityError:
    """Return the error for a file that makes no sense."""
    return AuthorityError(f"{file}: is damaged; delete it and compile again, which is quick")


def names_of(plates: Sequence[CompiledPlate]) -> tuple[str, ...]:
    """Return the agency's names of entries, each once, in their order."""
    return tuple(dict.fromkeys(plate.entry for plate in plates))
