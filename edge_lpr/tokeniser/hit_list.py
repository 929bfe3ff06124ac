"""The watch-lists of a hit-only booth, in memory alone: which passages are worth publishing.

They come through the publisher, who is not believed: a manifest must be signed by the authority,
a chunk sealed under the site's key of that day, and the whole must have the signed digest before
it takes the place of the list before. An older version that is played again is refused for as long
as this process runs; after a restart a broker can hold a booth to an older list of the same day, as
it could by delivering none.

All lists together, with what is coming in, stay within ``MEMORY_BYTES``. Nearer days come first:
where room is short, chunks that wait are given up, then the list of the farthest day.
"""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import Enum
from typing import Final

from edge_lpr.core.errors import NoValidKeyError, VerificationError, WireError
from edge_lpr.core.told_to_audit import ToldList
from edge_lpr.handoff.record_message import WatchListMessage
from edge_lpr.tokeniser.flat_list import BYTES_A_ROW, FlatList, Match
from edge_lpr.tokeniser.list_assembly import ListAssembly, memory_of
from edge_lpr.tokens.canonical import Octets
from edge_lpr.tokens.suite1 import TokenPair
from edge_lpr.wire.bounds import MAXIMUM_HELD_EPOCHS
from edge_lpr.wire.jws import PublicKey
from edge_lpr.wire.watch_list import WatchListManifest, list_key, open_chunk, verify_manifest

__all__ = ["MEMORY_BYTES", "HitList", "ListNews", "Match"]

MEMORY_BYTES: Final = 15_800_000
"""Most that lists take: four days of 100,000 entries, and a new version of one of them. With what
Python needs besides it stays below the 16 MB that are promised."""

_CHUNK_OBJECT_BYTES: Final = 200
"""What a chunk that waits takes besides its content."""


class ListNews(Enum):
    """What became of a part of a list."""

    TAKEN = "taken"
    """It belongs to a version that is not complete yet."""
    WAITING = "waiting"
    """A chunk whose manifest, or the key of whose day, has not come yet."""
    KNOWN = "known"
    """It was there already."""
    COMPLETE = "complete"
    """With it a new version is complete, and searched from now on."""


@dataclass(slots=True, repr=False)
class _Day:
    """What there is of one epoch. No ``repr``: it holds a key."""

    version: int = 0
    """Of the list that is searched; 0 if there is none."""
    digest: bytes = bytes(32)
    """Of that list, as it was signed."""
    key: bytes | None = None
    """What chunks of this day are sealed with, once known."""
    manifest: WatchListManifest | None = None
    """Of the version that is coming in."""
    assembly: ListAssembly | None = None
    """That version, from its first chunk on."""
    waiting: dict[int, bytes] = field(default_factory=dict)
    """Chunks that nobody could open yet, by number."""


class HitList:
    """The lists of a site. One thread may deliver while others search."""

    def __init__(
        self, tenant: str, site: str, authority: PublicKey, site_key: Callable[[int], Octets]
    ) -> None:
        """Begin without a list; ``keep_from`` says which days count.

        Args:
            tenant: The agency; lists of another one are refused.
            site: This booth's crossing; likewise.
            authority: Who signs manifests.
            site_key: Gives ``K_site`` of an epoch, 32 bytes, or raises ``NoValidKeyError``.
                Called in the delivering thread.
        """
        self._tenant = tenant
        self._site = site
        self._authority = authority
        self._site_key = site_key
        self._first: int | None = None
        self._days: dict[int, _Day] = {}
        self._waiting_bytes = 0
        self._lists: dict[int, FlatList] = {}
        self._delivering = threading.Lock()
        self._searching = threading.Lock()

    def take(self, message: WatchListMessage) -> ListNews:
        """Take a manifest or a chunk.

        Args:
            message: From the publisher; nothing of it is believed.

        Returns:
            What became of it.

        Raises:
            VerificationError: Signature, seal or digest does not hold, or it is another site's or
                an older version. The list before stands.
            WireError: It is malformed, of a day that is not kept, or there is no room for it.
        """
        with self._delivering:
            day = self._day(message.epoch)
            if message.index is None:
                return self._take_manifest(message.epoch, day, message.untrusted_content)
            return self._take_chunk(message.epoch, day, message.index, message.untrusted_content)

    def use_keys(self, beat: Callable[[], None] = lambda: None) -> int:
        """Go on with what has waited for keys that have come now.

        Args:
            beat: Called before each day: to open a long list takes a small board some seconds.

        Returns:
            How many lists were completed by that.

        Raises:
            WireError: A list is not what was signed; the others were looked at nevertheless.
        """
        with self._delivering:
            # Nearer days first; they may take the room of farther ones.
            news = [self._go_on_or_say(epoch, beat) for epoch in sorted(self._days)]
        for each in news:
            if isinstance(each, WireError):
                raise each
        return news.count(ListNews.COMPLETE)

    def keep_from(self, epoch: int) -> None:
        """Overwrite and forget the lists of earlier days, and take none of them from now on.

        Args:
            epoch: First epoch to keep; the seven after it are kept too.
        """
        with self._delivering:
            self._first = epoch
            for each in [held for held in self._days if not self._is_near(held)]:
                self._drop(each)

    def has_list(self, epoch: int) -> bool:
        """Return whether there is a list for an epoch; it may be empty.

        Args:
            epoch: Days since 1970.
        """
        with self._searching:
            return epoch in self._lists

    def epochs(self) -> tuple[int, ...]:
        """Return the epochs that there is a list for, ascending."""
        with self._searching:
            return tuple(sorted(self._lists))

    def told(self, epoch: int) -> ToldList:
        """Return version and digest of an epoch's list, for the audit; version 0 for none.

        Args:
            epoch: Days since 1970.
        """
        with self._delivering:
            day = self._days.get(epoch, _Day())
            return ToldList(epoch, day.version, day.digest)

    def find(self, epoch: int, tokens: TokenPair) -> Match | None:
        """Return what a passage matches.

        Args:
            epoch: Of the tokens.
            tokens: The passage's.

        Returns:
            The match; ``None`` if there is none, or no list for the epoch (``has_list``).
        """
        with self._searching:
            listed = self._lists.get(epoch)
            return None if listed is None else listed.find(tokens)

    def memory_bytes(self) -> int:
        """Return how many bytes lists and what is coming in take now."""
        with self._delivering:
            return self._memory()

    def _is_near(self, epoch: int) -> bool:
        """Return whether a day is kept at all.

        Before anybody has said which day it is, the keys tell: a broker keeps lists for two days,
        and those of yesterday must not take the room of today's.
        """
        if self._first is not None:
            return self._first <= epoch < self._first + MAXIMUM_HELD_EPOCHS
        if epoch in self._days:
            return True
        return len(self._days) < MAXIMUM_HELD_EPOCHS and not self._is_past(epoch)

    def _is_past(self, epoch: int) -> bool:
        """Return whether a day has no key, but one after it has."""
        later = range(epoch + 1, epoch + 1 + MAXIMUM_HELD_EPOCHS)
        return not self._has_site_key(epoch) and any(map(self._has_site_key, later))

    def _has_site_key(self, epoch: int) -> bool:
        """Return whether the booth has a key of a day."""
        try:
            self._site_key(epoch)
        except NoValidKeyError:
            return False
        return True

    def _day(self, epoch: int) -> _Day:
        """Return what there is of a day, if it is kept."""
        if not self._is_near(epoch):
            raise WireError("the watch-list is for a day that this booth does not keep")
        return self._days.setdefault(epoch, _Day())

    def _take_manifest(self, epoch: int, day: _Day, untrusted: bytes) -> ListNews:
        """Prepare for a new version; the list before stays until it is complete."""
        manifest = verify_manifest(untrusted, self._authority)
        if (manifest.tenant, manifest.site, manifest.epoch) != (self._tenant, self._site, epoch):
            raise VerificationError("the watch-list is for another agency, site or day")
        newest = max(day.version, 0 if day.manifest is None else day.manifest.version)
        if manifest.version < newest:
            raise VerificationError("the watch-list is older than the one that this booth has")
        if manifest.version == newest:
            return ListNews.KNOWN
        self._stop_assembly(day)
        day.manifest = manifest
        news = self._go_on(epoch, day)
        return ListNews.TAKEN if news is ListNews.WAITING else news

    def _take_chunk(self, epoch: int, day: _Day, index: int, untrusted: bytes) -> ListNews:
        """Put a chunk into the version that is coming in, or let it wait."""
        if day.manifest is None or not self._has_key(epoch, day):
            return self._let_wait(epoch, day, index, untrusted)
        assembly = self._assembly(epoch, day, day.manifest)
        if assembly.has(index):
            return ListNews.KNOWN
        assembly.take(index, untrusted)
        return self._finish_if_complete(epoch, day, assembly)

    def _go_on(self, epoch: int, day: _Day) -> ListNews:
        """Go on with a version as far as chunks that have waited allow."""
        is_new = day.manifest is not None and day.assembly is None
        if day.manifest is None or not is_new or not self._has_key(epoch, day):
            return ListNews.WAITING
        if day.manifest.entries and not day.waiting:
            return ListNews.WAITING
        assembly = self._assembly(epoch, day, day.manifest)
        for index in sorted(day.waiting):
            untrusted_chunk = day.waiting.pop(index)
            self._waiting_bytes -= _waiting_memory(untrusted_chunk)
            _try(assembly, index, untrusted_chunk)
        return self._finish_if_complete(epoch, day, assembly)

    def _go_on_or_say(self, epoch: int, beat: Callable[[], None]) -> ListNews | WireError:
        """Go on with a day, and return what was wrong with it instead of raising it."""
        beat()
        day = self._days.get(epoch)
        if day is None:
            return ListNews.WAITING
        try:
            return self._go_on(epoch, day)
        except WireError as error:
            return error

    def _assembly(self, epoch: int, day: _Day, manifest: WatchListManifest) -> ListAssembly:
        """Return the version that is coming in, making room for it the first time."""
        if day.assembly is None:
            self._make_room(memory_of(manifest), epoch)
            day.assembly = ListAssembly(manifest, day.key or b"")
        return day.assembly

    def _finish_if_complete(self, epoch: int, day: _Day, assembly: ListAssembly) -> ListNews:
        """Search a version from now on, if it is complete and what was signed."""
        if not assembly.is_complete or day.manifest is None:
            return ListNews.TAKEN
        version, digest = day.manifest.version, day.manifest.digest
        try:
            listed = assembly.finish()
        except WireError:
            self._stop_assembly(day)
            raise
        day.version, day.digest = version, digest
        day.manifest, day.assembly = None, None
        with self._searching:
            before = self._lists.get(epoch)
            self._lists[epoch] = listed
        if before is not None:
            before.wipe()
        return ListNews.COMPLETE

    def _let_wait(self, epoch: int, day: _Day, index: int, untrusted: bytes) -> ListNews:
        """Hold a chunk that nothing is known about yet, where there is room."""
        if (
            self._is_of_the_list(epoch, day, index, untrusted)
            or day.waiting.get(index) == untrusted
        ):
            return ListNews.KNOWN
        self._waiting_bytes -= _waiting_memory(day.waiting.pop(index, None))
        if self._memory() + _waiting_memory(untrusted) > MEMORY_BYTES:
            raise WireError("there is no room for chunks whose manifest or key has not come")
        day.waiting[index] = untrusted
        self._waiting_bytes += _waiting_memory(untrusted)
        return ListNews.WAITING

    def _is_of_the_list(self, epoch: int, day: _Day, index: int, untrusted: bytes) -> bool:
        """Return whether a chunk is of the list that is searched, and only came again."""
        if not day.version or not self._has_key(epoch, day):
            return False
        try:
            open_chunk(day.key or b"", day.version, index, untrusted)
        except WireError:
            return False
        return True

    def _has_key(self, epoch: int, day: _Day) -> bool:
        """Return whether there is a key for a day's chunks, deriving it the first time."""
        if day.key is None:
            try:
                site_key = self._site_key(epoch)
            except NoValidKeyError:
                return False
            day.key = list_key(site_key, tenant=self._tenant, site=self._site, epoch=epoch)
        return True

    def _make_room(self, needed: int, epoch: int) -> None:
        """Give up what is worth less than a signed list of an epoch, until that fits."""
        for _ in self._give_up(epoch):
            if self._memory() + needed <= MEMORY_BYTES:
                return
        raise WireError(f"the watch-list is too long: a booth has {MEMORY_BYTES} bytes for lists")

    def _give_up(self, epoch: int) -> Iterator[None]:
        """Give up one thing after the other: chunks that wait, then the lists of farther days."""
        yield
        for each in sorted(self._days, reverse=True):
            if each != epoch:
                self._forget_waiting(self._days[each])
                yield
        for each in sorted(self._days, reverse=True):
            if each > epoch:
                self._drop(each)
                yield

    def _drop(self, epoch: int) -> None:
        """Overwrite and forget all there is of a day."""
        day = self._days.pop(epoch)
        self._stop_assembly(day)
        self._forget_waiting(day)
        with self._searching:
            listed = self._lists.pop(epoch, None)
        if listed is not None:
            listed.wipe()

    def _stop_assembly(self, day: _Day) -> None:
        """Overwrite and forget a version that is coming in."""
        if day.assembly is not None:
            day.assembly.wipe()
        day.manifest, day.assembly = None, None

    def _forget_waiting(self, day: _Day) -> None:
        """Forget the chunks of a day that wait."""
        self._waiting_bytes -= sum(map(_waiting_memory, day.waiting.values()))
        day.waiting.clear()

    def _memory(self) -> int:
        """Return how many bytes lists and what is coming in take."""
        coming = sum(
            memory_of(day.manifest)
            for day in self._days.values()
            if day.assembly is not None and day.manifest is not None
        )
        searched = sum(BYTES_A_ROW * len(listed) for listed in self._lists.values())
        return searched + coming + self._waiting_bytes


def _waiting_memory(chunk: bytes | None) -> int:
    """Return what a chunk takes while it waits."""
    return 0 if chunk is None else _CHUNK_OBJECT_BYTES + len(chunk)


def _try(assembly: ListAssembly, index: int, untrusted_chunk: bytes) -> None:
    """Put a chunk that has waited into its place; one of the version before is needed no more."""
    try:
        assembly.take(index, untrusted_chunk)
    except WireError:
        return
