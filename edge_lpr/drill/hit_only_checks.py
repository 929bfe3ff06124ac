"""What a day in hit-only mode must not have left, searched for in everything that was stolen.

Nothing stands beside the hits: no record, no plate and no token of who was not on the list, and an
hourly count at most. The same search must find the hits.
"""

from collections.abc import Iterable, Sequence

from edge_lpr.drill.checks import Check, forms_in_memory
from edge_lpr.drill.crowd import TENANT
from edge_lpr.drill.hit_only import HitOnlyDay, readable
from edge_lpr.drill.linking import key_of
from edge_lpr.drill.records import TokenRecord, records_of_messages, records_of_outbox
from edge_lpr.drill.world import HIT_ONLY_TIERS, World
from edge_lpr.tokens.suite1 import TokenPair, TokenScope, finish_tokens, stretch_plate
from edge_lpr.wire import base64url


def hit_only_checks(day: HitOnlyDay, world: World) -> list[Check]:
    """Answer the questions about a day in hit-only mode.

    Args:
        day: What it has left.
        world: Has made the keys.
    """
    of_listed, of_others = (
        {plate: _values(plate, day.epoch, world) for plate in plates}
        for plates in (day.people.listed, day.people.others)
    )
    contents = _contents(day)
    tokens = {pair.exact for _, pairs in of_listed.values() for pair in pairs}
    records = _records(day)
    stray = [record for record in records if record.exact not in tokens]
    others = len(day.people.others) * len(HIT_ONLY_TIERS)
    return [
        Check("hit-only: records of vehicles that were not on the list", 0, len(stray)),
        Check(
            "hit-only: vehicles on the list (control)",
            len(day.hits),
            len({key_of(record) for record in records} & set(day.hits)),
        ),
        Check(
            "hit-only: vehicles not on the list of which anything is found anywhere",
            0,
            sum(
                _is_in(contents, [*forms_in_memory(plate), *_forms(stretched, pairs)])
                for plate, (stretched, pairs) in of_others.items()
            ),
        ),
        Check(
            "hit-only: vehicles on the list that the same search finds (control)",
            len(day.people.listed),
            sum(_is_in(contents, _forms(*values)) for values in of_listed.values()),
        ),
        Check("hit-only: health records that tell of a vehicle in its hour", 0, day.told_early),
        Check("hit-only: vehicles not on the list in the hourly counts", others, day.told_hourly),
    ]


def _values(plate: bytes, epoch: int, world: World) -> tuple[bytes, list[TokenPair]]:
    """Return the stretched plate, and its tokens at the sites of both booths."""
    sites = sorted({booth.site for booth in HIT_ONLY_TIERS})
    keys = {site: world.custodian.keys(site, epoch) for site in sites}
    scopes = {site: TokenScope(TENANT, site, epoch) for site in sites}
    stretched = stretch_plate(plate, bytes(keys[sites[0]].stretch), scopes[sites[0]])
    return stretched, [
        finish_tokens(stretched, plate, bytes(keys[site].site), scopes[site]) for site in sites
    ]


def _forms(stretched: bytes, pairs: Iterable[TokenPair]) -> list[bytes]:
    """Return how what is made of a plate would stand somewhere: raw, and in base64url."""
    raw = [stretched, *(token for pair in pairs for token in (pair.exact, pair.fold))]
    return [*raw, *(base64url.encode(each) for each in raw)]


def _contents(day: HitOnlyDay) -> list[bytes]:
    """Return every byte that was stolen: cards, memory, logs, messages, database."""
    found = [content for _, content in (*day.logs, *day.messages, *readable(day.messages))]
    for stolen in day.stolen:
        found += [file.read_bytes() for file in stolen.card.rglob("*") if file.is_file()]
        if stolen.memory is not None:
            found.append(stolen.memory)
    return [*found, *(content for _, content in day.database.contents)]


def _records(day: HitOnlyDay) -> list[TokenRecord]:
    """Return every record of the two booths in outboxes, broker and database."""
    devices = {booth.device for booth in HIT_ONLY_TIERS}
    found = [*records_of_messages(day.messages), *day.database.records]
    for stolen in day.stolen:
        booth = stolen.booth
        found += records_of_outbox(booth.site, booth.device, stolen.card / "outbox.sqlite3")
    return [record for record in found if record.device in devices]


def _is_in(contents: Sequence[bytes], forms: Sequence[bytes]) -> bool:
    """Return whether any form stands anywhere."""
    return any(form in content for content in contents for form in forms)
