"""What a thief reads out of stolen bytes: sightings as anybody can take them apart.

No signature is checked: a thief believes what he finds.
"""

import sqlite3
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edge_lpr.core.errors import WireError
from edge_lpr.wire.sighting import SightingClaims, parse_sighting
from edge_lpr.wire.topics import TopicKind, parse_topic

Message = tuple[str, bytes]
"""Topic and payload, as a broker carries them."""


@dataclass(frozen=True, slots=True, repr=False)
class TokenRecord:
    """One sighting in a thief's hands. No ``repr``: it holds tokens."""

    site: str
    """Crossing."""
    device: str
    """Booth."""
    boot: str
    """Boot id: with ``seq`` the number of the passage."""
    seq: int
    """Number within the boot."""
    epoch: int
    """Key epoch."""
    at: int
    """UTC, seconds since 1970."""
    lane: int
    """Lane."""
    direction: str
    """Direction of travel."""
    exact: bytes
    """Exact token."""
    fold: bytes
    """Folded token."""


def records_of_messages(messages: Iterable[Message]) -> list[TokenRecord]:
    """Return all sightings among recorded messages, each once."""
    found: dict[tuple[str, str, int], TokenRecord] = {}
    for topic, payload in messages:
        try:
            address, kind = parse_topic(topic)
        except WireError:
            continue
        if kind is TopicKind.SIGHTING:
            record = record_of_document(address.site, address.device, payload)
            if record is not None:
                found[record.device, record.boot, record.seq] = record
    return list(found.values())


def record_of_document(site: str, device: str, document: bytes) -> TokenRecord | None:
    """Return what a signed sighting says, ``None`` if it is none."""
    try:
        claims = SightingClaims.decode(parse_sighting(document).untrusted_payload)
    except WireError:
        return None
    return TokenRecord(
        site=site,
        device=device,
        boot=claims.boot,
        seq=claims.seq,
        epoch=claims.epoch,
        at=claims.at,
        lane=claims.lane,
        direction=claims.dir,
        exact=claims.exact,
        fold=claims.fold,
    )


def records_of_outbox(site: str, device: str, file: Path) -> list[TokenRecord]:
    """Return all sightings of a booth's outbox, sent or not.

    Args:
        site: The stolen booth's crossing.
        device: The stolen booth.
        file: A copy of its outbox.
    """
    rows = _rows(file, "SELECT head, tail FROM sighting JOIN origin ON origin.id = origin_id")
    records = (record_of_document(site, device, bytes(head) + bytes(tail)) for head, tail in rows)
    return [record for record in records if record is not None]


def _rows(file: Path, statement: str) -> list[tuple[Any, ...]]:
    """Return what a statement finds in a copied database."""
    with closing(sqlite3.connect(file)) as connection:
        return connection.execute(statement).fetchall()
