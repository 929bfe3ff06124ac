"""Further questions that the table raises, each with a number that must be what it must be."""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from edge_lpr.audit.leak_search import PICTURE_SIGNATURES, LeakSearch
from edge_lpr.core.alphabet import PLATE_ALPHABET
from edge_lpr.core.clock import EPOCH_LENGTH_S
from edge_lpr.core.errors import NotAllowedError
from edge_lpr.drill.crowd import TENANT
from edge_lpr.drill.guessing import StolenKeys, Targets, guess_suite
from edge_lpr.drill.linking import PassageKey
from edge_lpr.drill.loot import Loot
from edge_lpr.drill.real_week import StolenBooth, WeekNotes
from edge_lpr.drill.records import Message, TokenRecord
from edge_lpr.drill.world import World
from edge_lpr.tokens.laboratory import stretch_plate_cheaply
from edge_lpr.tokens.sealing import SealingKey
from edge_lpr.tokens.suite1 import TokenScope, finish_tokens
from edge_lpr.wire import base64url
from edge_lpr.wire.jwe import TransportKey
from edge_lpr.wire.jws import load_signing_key
from edge_lpr.wire.key_delivery import open_delivery
from edge_lpr.wire.transport import TransportClaims, sign_transport
from edge_lpr.wire.watch_list import (
    ListEntry,
    list_key,
    open_chunk,
    pack_entries,
    seal_chunk,
    unpack_entries,
)

UNREVOKED: Final = "stolen booth of tier C, nobody revokes it: further days of keys"
"""A way in that the table does not name: the custodian must act before the keys run out."""

_SEARCHED_PLATES: Final = 12
"""The searches take seconds for each; the plates that passed last are the likeliest to be there."""

_ARRAYS: Final = (1, 4, 8)
"""Bytes of an element of an index array."""

_ENTRY_BYTES: Final = 8


@dataclass(frozen=True, slots=True)
class Check:
    """One question and its answer."""

    name: str
    """What is counted."""
    expected: int
    """How many there must be."""
    found: int
    """How many there are."""

    @property
    def holds(self) -> bool:
        """Whether the answer is the expected one."""
        return self.expected == self.found


def memory_checks(
    stolen: StolenBooth, world: World, notes: WeekNotes, plates: Iterable[bytes]
) -> list[Check]:
    """Search the memory of a running tokeniser for what must be gone, and for what is there.

    Args:
        stolen: The booth, with its memory.
        world: Has made the keys.
        notes: Every transport key that the booth has had.
        plates: Plates that passed it.
    """
    memory = stolen.memory
    if memory is None:
        return []
    where, site = f"memory of {stolen.booth.device}", stolen.booth.site
    days = range(world.first_epoch, world.first_epoch + stolen.day)
    past = [key for epoch in days for key in _both(world, site, epoch)]
    today = _both(world, site, world.first_epoch + stolen.day)
    # The newest one is the last of its day; the first one was made at enrolment.
    held = notes.transport_keys[stolen.booth][: stolen.day + 2]
    seen = list(plates)[:_SEARCHED_PLATES]
    readable = sum(form in memory for plate in seen for form in forms_in_memory(plate))
    return [
        Check(f"{where}: token keys of past days", 0, _count(past, memory)),
        Check(f"{where}: transport keys that were replaced", 0, _count(held[:-1], memory)),
        Check(f"{where}: plates that passed, in any form", 0, readable),
        Check(f"{where}: today's token keys (control)", 2, _count(today, memory)),
        Check(f"{where}: the newest transport key (control)", 1, _count(held[-1:], memory)),
    ]


def impersonation_checks(
    stolen: StolenBooth, world: World, sealing_key: SealingKey | None
) -> list[Check]:
    """Let the thief announce a transport key of his own, signed with the stolen event key.

    Args:
        stolen: A booth of tier C, switched off: its event key lies open.
        world: Its authority.
        sealing_key: ``None`` for tier C.

    Returns:
        What he gets before and after the booth is revoked.
    """
    custodian, address = world.custodian, world.identities[stolen.booth].address
    event_key = load_signing_key(stolen.card / "event-key", sealing_key)
    mine = TransportKey.generate()
    number = custodian.authority.devices.get(address.site, address.device).transport_number + 1
    at = world.clock.unix_s()
    certificate = (stolen.card / "device-certificate").read_bytes()
    custodian.hear(
        sign_transport(TransportClaims(certificate, number, mine.public_key, (), 0, at), event_key)
    )
    beyond = at // EPOCH_LENGTH_S + 4
    opened = open_delivery(custodian.delivery(address, [beyond]), custodian.public_key, mine)
    custodian.authority.devices.revoke(address)
    after = 0
    with suppress(NotAllowedError):
        custodian.delivery(address, [beyond])
        after = 1
    return [
        Check(UNREVOKED, 1, len(opened.keys)),
        Check("the same, once it is revoked", 0, after),
    ]


def watch_list_checks(
    world: World, site: str, day: int, listed: list[bytes], dictionary: list[bytes]
) -> list[Check]:
    """Guess a day's watch-list, with the keys of a booth in hit-only mode and without.

    Args:
        world: Has made the keys.
        site: The list's.
        day: The list's.
        listed: Plates on it.
        dictionary: Plates that the thief tries, those among them.
    """
    epoch = world.first_epoch + day
    keys = world.custodian.keys(site, epoch)
    scope = TokenScope(TENANT, site, epoch)
    entries = []
    for place, plate in enumerate(listed):
        stretched = stretch_plate_cheaply(plate, bytes(keys.stretch), scope)
        pair = finish_tokens(stretched, plate, bytes(keys.site), scope)
        entry = place.to_bytes(_ENTRY_BYTES, "big")
        entries.append(ListEntry(pair.exact, pair.fold, entry, is_variant=False))
    key = list_key(keys.site, tenant=scope.tenant, site=site, epoch=epoch)
    chunks = [seal_chunk(key, 1, index, chunk) for index, chunk in enumerate(pack_entries(entries))]
    loot = Loot()
    loot.add_keys(site, keys)
    records = [
        TokenRecord(site, "list", "list", place, epoch, 0, 0, "in", entry.exact, entry.fold)
        for place, entry in enumerate(
            entry
            for index, chunk in enumerate(chunks)
            for entry in unpack_entries(open_chunk(key, 1, index, chunk))
        )
    ]
    found = guess_suite(
        Targets(records), dictionary, loot.keys(), stretch_plate_cheaply, tenant=scope.tenant
    )
    recorded = _found_in(chunks, entries)
    none = guess_suite(
        Targets(records), dictionary, StolenKeys(), stretch_plate_cheaply, tenant=scope.tenant
    )
    return [
        Check("watch-list on the broker: tokens that can be read", 0, recorded),
        Check("watch-list in the hands of a thief without keys: plates", 0, len(none.plates())),
        Check(
            "watch-list and that day's keys (hit-only, root): plates",
            len(listed),
            len(found.plates()),
        ),
    ]


def text_checks(
    messages: list[Message], logs: Iterable[tuple[str, bytes]], truth: Mapping[PassageKey, bytes]
) -> list[Check]:
    """Search logs and messages for plates in any form."""
    plates = sorted(set(truth.values()))[:: max(1, len(truth) // _SEARCHED_PLATES)]
    search = LeakSearch([plate.decode("ascii") for plate in plates[:_SEARCHED_PLATES]])
    found = sum(bool(_plate_forms(search, content)) for _, content in logs)
    few = b"\n".join(payload for _, payload in messages[:2000])
    return [
        Check("logs of all booths that hold a plate", 0, found),
        Check("forms of a plate in the first 2,000 messages", 0, len(_plate_forms(search, few))),
    ]


def _both(world: World, site: str, epoch: int) -> tuple[bytes, bytes]:
    """Return both keys of a site and day."""
    keys = world.custodian.keys(site, epoch)
    return bytes(keys.stretch), bytes(keys.site)


def _count(keys: Iterable[bytes], memory: bytes) -> int:
    """Return how many keys stand in memory, as they are or in base64url."""
    return sum(key in memory or base64url.encode(key) in memory for key in keys)


def forms_in_memory(plate: bytes) -> list[bytes]:
    """Return how a plate would stand in memory: text in three widths, arrays of class indices.

    Args:
        plate: Canonical.
    """
    text = plate.decode("ascii")
    indices = [PLATE_ALPHABET.index(character) for character in plate]
    return [
        *(text.encode(encoding) for encoding in ("ascii", "utf-16-le", "utf-32-le")),
        *(b"".join(each.to_bytes(width, "little") for each in indices) for width in _ARRAYS),
    ]


def _plate_forms(search: LeakSearch, content: bytes) -> list[str]:
    """Return in which forms a plate was found; pictures are counted elsewhere."""
    return [leak.form for leak in search.search(content, "") if leak.form not in PICTURE_SIGNATURES]


def _found_in(chunks: Iterable[bytes], entries: Iterable[ListEntry]) -> int:
    """Return how many tokens stand in sealed chunks."""
    sealed = b"".join(chunks)
    return sum(entry.exact in sealed or entry.fold in sealed for entry in entries)
