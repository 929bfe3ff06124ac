"""Watch-lists as an authority makes them for booths, out of tokens that a test has."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from edge_lpr.handoff.record_message import WatchListMessage
from edge_lpr.tokens.suite1 import TokenPair
from edge_lpr.wire.jws import SigningKey
from edge_lpr.wire.watch_list import (
    ListEntry,
    WatchListManifest,
    list_digest,
    list_key,
    pack_entries,
    seal_chunk,
    sign_manifest,
)

TENANT = "agency"
SITE = "north"


def tokens_for(plate: str, fold: str | None = None) -> TokenPair:
    """Return tokens of a made-up kind: equal for equal texts, spread like real ones."""
    return TokenPair(_spread(f"exact {plate}"), _spread(f"fold {fold or plate}"))


def entry_for(
    plate: str, name: bytes, *, fold: str | None = None, is_variant: bool = False
) -> ListEntry:
    """Return an entry with the tokens of ``tokens_for``."""
    tokens = tokens_for(plate, fold)
    return ListEntry(tokens.exact, tokens.fold, name, is_variant)


@dataclass(frozen=True)
class ListMaker:
    """Signs and seals lists of one site."""

    authority: SigningKey
    site_key: bytes
    tenant: str = TENANT
    site: str = SITE

    def messages(
        self, epoch: int, version: int, entries: Iterable[ListEntry], *, is_sorted: bool = True
    ) -> tuple[WatchListMessage, list[WatchListMessage]]:
        """Return a list's manifest and chunks, as the publisher brings them."""
        rows: Sequence[ListEntry] = list(entries)
        if is_sorted:
            rows = sorted(rows, key=lambda row: row.exact)
        plaintexts = pack_entries(rows)
        manifest = WatchListManifest(
            self.tenant,
            self.site,
            epoch,
            version,
            len(rows),
            len(plaintexts),
            list_digest(plaintexts),
            at=epoch * 86_400,
        )
        key = list_key(self.site_key, tenant=self.tenant, site=self.site, epoch=epoch)
        chunks = [
            WatchListMessage(epoch, index, seal_chunk(key, version, index, plaintext))
            for index, plaintext in enumerate(plaintexts)
        ]
        return WatchListMessage(epoch, None, sign_manifest(manifest, self.authority)), chunks


def _spread(text: str) -> bytes:
    """Return 16 bytes that stand for a text."""
    return hashlib.sha256(text.encode()).digest()[:16]
