"""What one theft yields before the thief begins to work on it: copied bytes and nothing else.

A thief gets files and messages; from here on he never asks the drill for anything but the
dictionary that every thief has.
"""

import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from edge_lpr.core.errors import EdgeLprError
from edge_lpr.drill.guessing import StolenKeys
from edge_lpr.drill.records import TokenRecord
from edge_lpr.tokens.key_ring import read_key_state
from edge_lpr.tokens.sealing import SealingKey
from edge_lpr.tokens.suite1 import KEY_BYTES
from edge_lpr.wire import base64url, jws
from edge_lpr.wire.jwe import TransportKey
from edge_lpr.wire.key_delivery import EpochKeys, open_delivery

_LONG_BASE64: Final = re.compile(rb"[A-Za-z0-9_-]{43,}")
"""32 bytes or more as every document of this project writes them."""

_NESTED: Final = 4
"""A birth is a signed text that holds a certificate, which is a signed text that holds a key."""

_WINDOWED_BYTES: Final = 1_024
"""Small files are tried at every offset: where a key would start nobody tells."""


@dataclass(slots=True, repr=False)
class Loot:
    """Everything a thief holds. No ``repr``: it may hold keys."""

    contents: list[tuple[str, bytes]] = field(default_factory=list)
    """Name and bytes of every stolen file, message and piece of memory."""
    records: list[TokenRecord] = field(default_factory=list)
    """The sightings among them."""
    deliveries: list[tuple[str, bytes]] = field(default_factory=list)
    """Site and document of every recorded delivery of keys."""
    transport_keys: list[TransportKey] = field(default_factory=list)
    """Private keys that may open them."""
    stretch: dict[int, set[bytes]] = field(default_factory=dict)
    """Stretch keys by epoch."""
    site: dict[tuple[str, int], set[bytes]] = field(default_factory=dict)
    """Site keys by site and epoch."""
    others: set[bytes] = field(default_factory=set)
    """What else may be a key."""

    def keys(self) -> StolenKeys:
        """Return all keys."""
        return StolenKeys(self.stretch, self.site, frozenset(self.others))

    def add_keys(self, site: str, keys: EpochKeys) -> None:
        """Take the two keys of a site and day."""
        self.stretch.setdefault(keys.epoch, set()).add(bytes(keys.stretch))
        self.site.setdefault((site, keys.epoch), set()).add(bytes(keys.site))

    def add_file(self, path: Path) -> None:
        """Take a file, and what in it may be a key."""
        content = path.read_bytes()
        self.contents.append((path.name, content))
        self.others.update(keys_in_text(content))
        if len(content) <= _WINDOWED_BYTES:
            self.others.update(windows(content))

    def add_key_state(self, path: Path, site: str, sealing_key: SealingKey | None) -> bool:
        """Read a booth's key ring file, if it opens.

        Args:
            path: A copy under the name that it was sealed for.
            site: The booth's.
            sealing_key: What the thief opens it with, if he has any.

        Returns:
            Whether it did.
        """
        try:
            state = read_key_state(path, sealing_key)
        except EdgeLprError:
            return False
        for epoch in state.ring.epochs():
            keys = state.ring.keys_for(epoch)
            self.add_keys(site, EpochKeys(epoch, bytes(keys.stretch_key), bytes(keys.site_key)))
        self.transport_keys.append(TransportKey.from_octets(state.transport_key))
        return True

    def open_deliveries(self, authority: jws.PublicKey) -> int:
        """Open recorded deliveries with every transport key there is.

        Args:
            authority: Its public key, which everybody has.

        Returns:
            How many opened; their keys are taken.
        """
        opened = 0
        for site, document in self.deliveries:
            for key in self.transport_keys:
                with suppress(EdgeLprError):
                    delivery = open_delivery(document, authority, key)
                    opened += 1
                    for keys in delivery.keys:
                        self.add_keys(site, keys)
        return opened


def keys_in_text(content: bytes) -> Iterator[bytes]:
    """Yield every value of 32 bytes that a text holds in base64url, also in texts inside it."""
    texts = [content]
    for _ in range(_NESTED):
        inner: list[bytes] = []
        for text in texts:
            for match in _LONG_BASE64.finditer(text):
                with suppress(EdgeLprError):
                    decoded = base64url.decode(match.group())
                    if len(decoded) == KEY_BYTES:
                        yield decoded
                    inner.append(decoded)
        texts = inner


def windows(content: bytes) -> Iterator[bytes]:
    """Yield 32 bytes from every offset."""
    for start in range(max(len(content) - KEY_BYTES + 1, 0)):
        yield content[start : start + KEY_BYTES]


def deliveries_of(messages: Iterable[tuple[str, bytes]]) -> list[tuple[str, bytes]]:
    """Return site and document of all recorded deliveries."""
    return [
        (topic.split("/")[3], payload) for topic, payload in messages if topic.endswith("/keys")
    ]
