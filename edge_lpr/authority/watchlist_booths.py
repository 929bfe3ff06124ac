"""The list that hit-only booths of a site get: made, changed, opened again by the authority."""

import secrets
from collections.abc import Iterable, Mapping

from edge_lpr.authority.authority import Authority
from edge_lpr.authority.watchlist_files import BoothList, CompiledPlate
from edge_lpr.core.errors import AuthorityError, WireError
from edge_lpr.wire.jws import SigningKey
from edge_lpr.wire.sighting import ENTRY_ID_BYTES
from edge_lpr.wire.watch_list import (
    ENTRIES_PER_CHUNK,
    ENTRY_BYTES,
    ListEntry,
    WatchListManifest,
    list_digest,
    list_key,
    open_chunk,
    pack_entries,
    seal_chunk,
    sign_manifest,
    verify_manifest,
)


class BoothListMaker:
    """Makes the lists of one site and epoch."""

    def __init__(self, authority: Authority, site: str, epoch: int) -> None:
        """Take the keys that are needed.

        Args:
            authority: Open.
            site: Name of the site.
            epoch: Days since 1970.

        Raises:
            DestroyedError: The epoch's keys are destroyed.
        """
        self._tenant = authority.deployment.tenant
        self._site = site
        self._epoch = epoch
        self._clock = authority.clock
        self._authority_key: SigningKey = authority.signing_key()
        site_key = authority.epoch_keys(site, epoch).site
        self._key = list_key(site_key, tenant=self._tenant, site=site, epoch=epoch)

    def make(self, rows: Iterable[bytes], before: BoothList | None) -> BoothList:
        """Return a new version of the list.

        Args:
            rows: Packed entries, in any order; they leave here in that of their exact tokens, which
                says nothing about the order of the agency's list.
            before: The version that it replaces.
        """
        ordered = sorted(rows)
        plaintexts = [
            b"".join(ordered[start : start + ENTRIES_PER_CHUNK])
            for start in range(0, len(ordered), ENTRIES_PER_CHUNK)
        ]
        now = self._clock.unix_s()
        last = 0 if before is None else self.manifest_of(before).version
        # By the clock, so that it rises even where the files before were lost.
        version = max(now, last + 1)
        manifest = WatchListManifest(
            tenant=self._tenant,
            site=self._site,
            epoch=self._epoch,
            version=version,
            entries=len(ordered),
            chunks=len(plaintexts),
            digest=list_digest(plaintexts),
            at=now,
        )
        chunks = tuple(
            seal_chunk(self._key, version, index, plaintext)
            for index, plaintext in enumerate(plaintexts)
        )
        return BoothList(sign_manifest(manifest, self._authority_key), chunks)

    def manifest_of(self, booths: BoothList) -> WatchListManifest:
        """Return what a list's manifest says.

        Raises:
            AuthorityError: It is damaged.
        """
        try:
            return verify_manifest(booths.manifest, self._authority_key.public_key)
        except WireError as error:
            raise self._damaged() from error

    def rows_of(self, booths: BoothList) -> list[bytes]:
        """Return the packed entries of a list.

        Raises:
            AuthorityError: It is damaged.
        """
        version = self.manifest_of(booths).version
        try:
            return _rows(
                open_chunk(self._key, version, index, chunk)
                for index, chunk in enumerate(booths.chunks)
            )
        except WireError as error:
            raise self._damaged() from error

    def _damaged(self) -> AuthorityError:
        """Return the error for a list that makes no sense."""
        return AuthorityError(
            f"the booths' list of {self._site}, epoch {self._epoch}, is damaged; compile again"
        )


def packed_rows(plates: Iterable[CompiledPlate], names: Mapping[str, bytes]) -> list[bytes]:
    """Return compiled plates as booths get them, packed.

    Args:
        plates: With the agency's names.
        names: Booths' names by the agency's.
    """
    return _rows(
        pack_entries(
            [
                ListEntry(
                    plate.tokens.exact, plate.tokens.fold, names[plate.entry], plate.is_variant
                )
                for plate in plates
            ]
        )
    )


def named(entries: Iterable[str], before: Mapping[str, bytes]) -> dict[str, bytes]:
    """Return booths' names of entries: those that there were, and random ones for new entries.

    Args:
        entries: The agency's names.
        before: Names of this site and epoch that there were; all of them stay.
    """
    names = dict(before)
    used = set(names.values())
    for entry in entries:
        while entry not in names:
            name = secrets.token_bytes(ENTRY_ID_BYTES)
            if name not in used:
                names[entry] = name
                used.add(name)
    return names


def _rows(plaintexts: Iterable[bytes]) -> list[bytes]:
    """Return the entries of chunks, each still packed: a long list is changed in a moment."""
    return [
        plaintext[start : start + ENTRY_BYTES]
        for plaintext in plaintexts
        for start in range(0, len(plaintext), ENTRY_BYTES)
    ]
