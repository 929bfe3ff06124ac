"""The checkpoints that a server kept: out of its store, or out of a file of JSON lines.

Lines are those of ``edge-lpr subscribe --json`` and of ``edge-lpr audit checkpoints``: whatever has
a ``note`` counts, the rest is passed over. Nothing of it is believed; ``verify.py`` checks each.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from edge_lpr.core.errors import AuditError, WireError
from edge_lpr.wire.checkpoint import parse_checkpoint
from edge_lpr.wire.topics import DeviceAddress

MAXIMUM_KEPT: Final = 200_000
"""Most of one booth: almost two years of one every five minutes."""

_MAXIMUM_LINE_BYTES: Final = 16_384
_SQLITE: Final = b"SQLite format 3\0"


@dataclass(frozen=True, slots=True)
class Place:
    """Where the database is, as ``open_database`` takes it."""

    database: str | None
    """PostgreSQL's connection string."""
    sqlite: Path | None
    """A SQLite file instead."""


def read_kept(place: str, address: DeviceAddress) -> list[bytes]:
    """Return the notes that a server kept of a booth.

    Args:
        place: File of JSON lines, SQLite file, or connection string of PostgreSQL.
        address: The booth.

    Raises:
        AuditError: There is nothing like that, nothing of this booth in it, or far too much.
        StoreError: The database is away or refuses.
        SettingsError: The connection string is none, or not safe.
    """
    path = Path(place)
    if path.is_file():
        if _begins_as_sqlite(path):
            notes = _from_store(Place(None, path), address)
        else:
            notes = list(_from_lines(path, address))
    elif "=" in place or place.startswith("postgres"):
        notes = _from_store(Place(place, None), address)
    else:
        raise AuditError(
            f"{place}: is no file and no connection string of PostgreSQL; give a file of "
            "`edge-lpr audit checkpoints`, the store's SQLite file, or 'host=... dbname=lpr'"
        )
    if not notes:
        names = f"{address.tenant}/{address.site}/{address.device}"
        raise AuditError(f"{place}: has no checkpoint of {names}; was that booth's server asked?")
    return notes


def _begins_as_sqlite(path: Path) -> bool:
    """Return whether a file is a SQLite database."""
    try:
        with path.open("rb") as file:
            return file.read(len(_SQLITE)) == _SQLITE
    except OSError as error:
        raise AuditError(f"{path}: cannot be read ({error.strerror})") from error


def _from_store(place: Place, address: DeviceAddress) -> list[bytes]:
    """Ask a store."""
    # Only here: a booth has no store, and nothing that one needs.
    from edge_lpr.store.checkpoint_table import CheckpointTable  # noqa: PLC0415
    from edge_lpr.store.opening import open_database  # noqa: PLC0415

    database = open_database(place)
    try:
        return CheckpointTable(database).of(address)
    finally:
        database.close()


def _from_lines(path: Path, address: DeviceAddress) -> Iterator[bytes]:
    """Yield the notes of a booth that a file of lines has."""
    count = 0
    with path.open("rb") as file:
        while line := file.readline(_MAXIMUM_LINE_BYTES + 1):
            note = _note_in(line)
            if note is None:
                continue
            try:
                is_ours = parse_checkpoint(note).untrusted.address == address
            except WireError:
                # A line that somebody has damaged must show.
                is_ours = True
            if is_ours:
                count += 1
                if count > MAXIMUM_KEPT:
                    raise AuditError(f"{path}: has more than {MAXIMUM_KEPT:,} checkpoints")
                yield note


def _note_in(untrusted_line: bytes) -> bytes | None:
    """Return the note of a line; ``None`` for a line about something else."""
    try:
        members = json.loads(untrusted_line.decode("utf-8"))
    except (ValueError, RecursionError):
        return None
    note = members.get("note") if isinstance(members, dict) else None
    return note.encode("utf-8", "replace") if isinstance(note, str) else None
