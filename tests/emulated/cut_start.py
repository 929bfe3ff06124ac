"""What the booth's own programs make of a state, as they would at the next start.

Their code is used, on a copy of the files: settings, credentials, outbox, audit, update records.
"""

import ssl
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from edge_lpr.audit.log import verify_log
from edge_lpr.audit.segments import Segments, Shape
from edge_lpr.core.clock import SystemClock
from edge_lpr.core.errors import EdgeLprError
from edge_lpr.core.log import Log
from edge_lpr.core.settings import BoothSettings, load_settings
from edge_lpr.installation.reading import read_installation
from edge_lpr.publisher.outbox import Outbox
from edge_lpr.publisher.outbox_ring import OutboxLimits
from edge_lpr.tokeniser.credentials import load_credentials
from edge_lpr.update.records import UpdateRecords

PLACES: Final = {"/etc/edge-lpr": "etc-edge-lpr", "/var/lib/edge-lpr": "var-lib-edge-lpr"}
"""Where a booth finds folders of its state."""

_LIMITS: Final = OutboxLimits(
    maximum_unsent=1_000_000, maximum_bytes=1_000_000_000, keep_sent_s=10_000_000
)
"""So that nothing leaves by being looked at."""


@dataclass(slots=True)
class Found:
    """What was found."""

    sightings: list[tuple[str, int]] = field(default_factory=list)
    """Boot and number of all that the outbox holds, in the order in which they came."""
    unsent: int = 0
    audit: list[bytes] = field(default_factory=list)
    """The whole lines of its log."""
    keys: str = ""
    """Number of the transport key, epochs, and the last delivery; empty where there are none."""
    problems: list[str] = field(default_factory=list)


def start_from(state: Path) -> Found:
    """Read everything that a start reads.

    Args:
        state: Folder with what ``cut_state.take_out`` has taken out; files of it may change.
    """
    found = Found()
    settings = _settings(state, found)
    _credentials(settings, found)
    _outbox(state / PLACES["/var/lib/edge-lpr"] / "publisher" / "outbox.sqlite3", found)
    _audit(state / PLACES["/var/lib/edge-lpr"] / "audit", found)
    _update_records(state / "update", found)
    return found


def _settings(state: Path, found: Found) -> BoothSettings | None:
    """Read the installer's answers and the settings that are made of them, where there are any."""
    folder = state / PLACES["/etc/edge-lpr"]
    settings = None
    try:
        if (folder / "installation.toml").exists():
            read_installation(folder / "installation.toml")
        file = folder / "booth.toml"
        if file.exists():
            settings = _moved(load_settings(file), state)
    except (EdgeLprError, OSError) as error:
        found.problems.append(f"settings: {error}")
    return settings


def _moved(settings: BoothSettings, state: Path) -> BoothSettings:
    """Return settings that look for everything where it was taken out to."""
    sections = {}
    for name in ("tokeniser", "publisher"):
        section = getattr(settings, name)
        moved = {}
        for key, path in section:
            for place, folder in PLACES.items():
                if isinstance(path, Path) and path.is_relative_to(place):
                    moved[key] = state / folder / path.relative_to(place)
        sections[name] = section.model_copy(update=moved)
    return settings.model_copy(update=sections)


def _credentials(settings: BoothSettings | None, found: Found) -> None:
    """Read keys and certificates, once all of them have come."""
    if settings is None:
        return
    tokeniser, publisher = settings.tokeniser, settings.publisher
    # Enrolment moves this one last of all; before, it goes on where it was.
    if not tokeniser.key_ring_file.exists():
        return
    try:
        credentials = load_credentials(settings, SystemClock())
        if credentials.damage is not None:
            found.problems.append(f"keys: {credentials.damage}")
        keys = credentials.key_state
        found.keys = (
            f"{keys.transport_number} {keys.delivery_number} {credentials.key_ring.epochs()}"
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        if publisher.tls_certificate_file is not None and publisher.tls_ca_file is not None:
            context.load_cert_chain(publisher.tls_certificate_file, publisher.tls_key_file)
            context.load_verify_locations(publisher.tls_ca_file)
    except (EdgeLprError, OSError) as error:
        found.problems.append(f"credentials of {tokeniser.key_ring_file.name}: {error}")


def _outbox(file: Path, found: Found) -> None:
    if not file.exists():
        return
    try:
        outbox = Outbox(file, Log("publisher"), limits=_LIMITS, clock=SystemClock())
        with outbox._owned() as connection:
            found.sightings = connection.execute(
                "SELECT boot, seq FROM sighting JOIN origin ON origin.id = origin_id ORDER BY place"
            ).fetchall()
        found.unsent = outbox.unsent_count
        outbox.close()
    except EdgeLprError as error:
        found.problems.append(f"outbox: {error}")
    damaged = [each.name for each in file.parent.iterdir() if ".damaged-" in each.name]
    if damaged:
        found.problems.append(f"the outbox was put aside as damaged: {damaged}")


def _audit(folder: Path, found: Found) -> None:
    if not folder.is_dir():
        return
    segments = Segments(folder, Shape())
    try:
        # Half a line is cut off at the next entry: nothing was done because of it.
        segments.heal()
        _, wrong = verify_log(folder)
        if wrong is not None:
            found.problems.append(f"audit: {wrong}")
        found.audit = [line for first in segments.firsts() for line in segments.lines_of(first)]
    except (EdgeLprError, OSError) as error:
        found.problems.append(f"audit: {error}")


def _update_records(folder: Path, found: Found) -> None:
    records = UpdateRecords(folder)
    try:
        records.highest()
    except EdgeLprError as error:
        found.problems.append(f"update records: {error}")
    if (folder / "last-update.json").exists() and records.attempt() is None:
        found.problems.append("update records: last-update.json is damaged")
