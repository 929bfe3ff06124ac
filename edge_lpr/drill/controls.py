"""Controls: designs that must fall to the same thief, or the drill proves nothing.

The passages are the drill's own; only their tokens, or what lies about, are made as a worse design
would. Each control says what share of what it puts at stake the thief must get: all of it.
"""

import hashlib
import hmac
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from edge_lpr.drill.crowd import TENANT
from edge_lpr.drill.linking import PassageKey, key_of
from edge_lpr.drill.loot import Loot
from edge_lpr.drill.pictures import find_pictures
from edge_lpr.drill.records import TokenRecord
from edge_lpr.drill.thief import Outcome, Thief
from edge_lpr.drill.world import World
from edge_lpr.tokens.key_ring import KeyPurpose
from edge_lpr.tokens.suite1 import KEY_BYTES, TOKEN_BYTES
from edge_lpr.wire.jwe import TransportKey
from edge_lpr.wire.key_delivery import KeyDelivery, sign_delivery
from edge_lpr.wire.topics import DeviceAddress

_JPEG: Final = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00\xff\xdb"
_PNG: Final = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"


@dataclass(frozen=True, slots=True)
class Control:
    """What the thief must be able to do."""

    name: str
    """The worse design."""
    at_stake: int
    """How many passages, or whatever is counted."""
    found: int
    """How many of them he got."""

    @property
    def holds(self) -> bool:
        """Whether he got everything, and there was something to get."""
        return self.at_stake > 0 and self.found == self.at_stake


def plain_hash(
    thief: Thief, records: Sequence[TokenRecord], truth: Mapping[PassageKey, bytes]
) -> list[Control]:
    """Tokens that are a salted hash: every plate falls, and every day can be joined.

    Args:
        thief: The same as for the table.
        records: Passages at the laboratory cost.
        truth: Plate of each.
    """
    worse = _with_tokens(
        records, truth, lambda plate: hashlib.sha256(TENANT.encode() + plate).digest()
    )
    outcome = thief.attack(Loot(records=worse))
    joined = Control(
        "tokens that are equal on all days: pairs joined", 1, int(outcome.links.across > 0)
    )
    return [_control("plain salted hash", outcome, worse, truth), joined]


def leaked_key(
    thief: Thief, records: Sequence[TokenRecord], truth: Mapping[PassageKey, bytes]
) -> Control:
    """Tokens that are an HMAC under one key for ever, which has leaked."""
    key = secrets.token_bytes(KEY_BYTES)
    worse = _with_tokens(records, truth, lambda plate: hmac.digest(key, plate, "sha256"))
    others = {key, *(secrets.token_bytes(KEY_BYTES) for _ in range(20))}
    outcome = thief.attack(Loot(records=worse, others=others))
    return _control("one fixed key that has leaked", outcome, worse, truth)


def without_ratchet(
    thief: Thief,
    world: World,
    records: Sequence[TokenRecord],
    truth: Mapping[PassageKey, bytes],
    *,
    site: str,
) -> Control:
    """Deliveries that are all sealed to one transport key: recordings, then one stolen booth.

    Args:
        thief: The same as for the table.
        world: Gives the keys that were delivered.
        records: Passages at the laboratory cost.
        truth: Plate of each.
        site: Where the booth stood.
    """
    key = TransportKey.generate()
    authority_key = world.custodian.authority.signing_key()
    there = [record for record in records if record.site == site]
    loot = Loot(records=there, transport_keys=[key])
    for number, epoch in enumerate(world.epochs(), start=1):
        delivery = KeyDelivery(
            address=DeviceAddress(TENANT, site, "unratcheted"),
            number=number,
            issued_at=epoch * 86_400,
            last_valid=(epoch + 1) * 86_400 - 1,
            purpose=KeyPurpose.LIVE,
            keys=(world.custodian.keys(site, epoch),),
        )
        loot.deliveries.append((site, sign_delivery(delivery, key.public_key, authority_key)))
    outcome = thief.attack(loot)
    return _control("deliveries to a transport key that is never replaced", outcome, there, truth)


def backed_up_wrapping_keys(thief: Thief, loot: Loot, truth: Mapping[PassageKey, bytes]) -> Control:
    """A backup that holds the wrapping keys too, which it never may.

    Args:
        thief: The same as for the table.
        loot: Passages at the laboratory cost, backup and wrapping keys of the same day.
        truth: Plate of each.
    """
    outcome = thief.attack(loot)
    return _control("a backup with the wrapping keys in it", outcome, loot.records, truth)


def planted_pictures() -> Control:
    """Pictures that were planted where none should be."""
    noise = secrets.token_bytes(1000)
    planted = [("database", noise + _JPEG + noise), ("message", noise + _PNG + noise)]
    return Control("planted pictures", len(planted), len(find_pictures(planted)))


def _with_tokens(
    records: Sequence[TokenRecord],
    truth: Mapping[PassageKey, bytes],
    make: Callable[[bytes], bytes],
) -> list[TokenRecord]:
    """Return the passages with the tokens of a worse design."""
    made = {plate: make(plate) for plate in {truth[key_of(record)] for record in records}}
    return [
        replace(record, exact=token[:TOKEN_BYTES], fold=token[TOKEN_BYTES : 2 * TOKEN_BYTES])
        for record in records
        for token in (made[truth[key_of(record)]],)
    ]


def _control(
    name: str,
    outcome: Outcome,
    records: Sequence[TokenRecord],
    truth: Mapping[PassageKey, bytes],
) -> Control:
    """Count the passages that were named rightly."""
    named = outcome.findings.named
    right = sum(named.get(key_of(record)) == truth[key_of(record)] for record in records)
    return Control(name, len(records), right)
