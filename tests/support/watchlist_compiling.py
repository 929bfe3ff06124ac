"""An authority with two sites whose lists are compiled at no cost, and what reads them."""

import hashlib
import hmac
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from edge_lpr.authority.authority import Authority
from edge_lpr.authority.watchlist_compile import CompiledDay, CompileOrder, compile_list
from edge_lpr.authority.watchlist_csv import ListedPlate
from edge_lpr.authority.watchlist_files import SiteDay
from edge_lpr.handoff.record_message import WatchListMessage
from edge_lpr.subscriber.watch_list import WatchList
from edge_lpr.tokeniser.hit_list import HitList
from edge_lpr.tokens.canonical import Octets
from edge_lpr.tokens.suite1 import TokenPair, TokenScope, finish_tokens
from edge_lpr.tokens.variants import fold_of
from tests.support.authority import Booth, Folders, memory_folder, today
from tests.support.clock import SetClock

SITES = ("north", "south")
QUOTA = 1_000_000


def cheap_stretch(canonical: Octets, stretch_key: bytes | bytearray, scope: TokenScope) -> bytes:
    """Stand in for Argon2: as different for every fold, key, tenant and day."""
    text = f"{scope.tenant} {scope.epoch} ".encode() + fold_of(bytes(canonical))
    return hmac.digest(bytes(stretch_key), text, hashlib.sha256)


def plate(entry: str, canonical: str, *variants: str) -> ListedPlate:
    """Return an entry of a list."""
    return ListedPlate(entry, canonical.encode(), tuple(each.encode() for each in variants))


@dataclass
class Counting:
    """Remembers what a progress was told."""

    total: int = 0
    steps: int = 0
    ends: int = 0

    def begin(self, total: int) -> None:
        self.total += total

    def step(self, epoch: int) -> None:
        assert epoch >= 0
        self.steps += 1

    def end(self) -> None:
        self.ends += 1


@dataclass
class Compiling:
    """An authority, and the folder it compiles into."""

    folders: Folders
    authority: Authority
    clock: SetClock
    progress: Counting = field(default_factory=Counting)

    @property
    def out(self) -> Path:
        return self.folders.base / "lists"

    @property
    def today(self) -> int:
        return today(self.authority)

    def order(self, *, epochs: int = 1, workers: int = 1) -> CompileOrder:
        """Return what is usual."""
        days = tuple(range(self.today, self.today + epochs))
        return CompileOrder(self.out, days, SITES, workers)

    def compile(
        self, plates: Sequence[ListedPlate], order: CompileOrder | None = None
    ) -> list[CompiledDay]:
        """Compile at no cost."""
        self.progress = Counting()
        chosen = order or self.order()
        return compile_list(self.authority, plates, chosen, self.progress, cheap_stretch)

    def day(self, site: str = "north", ahead: int = 0) -> SiteDay:
        return SiteDay(self.out, site, self.today + ahead)

    def tokens(self, canonical: str, site: str = "north", ahead: int = 0) -> TokenPair:
        """Return what a booth of a site makes of a plate."""
        epoch = self.today + ahead
        keys = self.authority.epoch_keys(site, epoch)
        scope = TokenScope(self.authority.deployment.tenant, site, epoch)
        stretched = cheap_stretch(canonical.encode(), bytes(keys.stretch), scope)
        return finish_tokens(stretched, canonical.encode(), bytes(keys.site), scope)

    def servers_list(self, site: str = "north", ahead: int = 0) -> WatchList:
        """Return the list as servers read it."""
        listed = WatchList()
        for line in self.day(site, ahead).read_servers().splitlines():
            listed.add(line)
        return listed

    def booths_list(self, site: str = "north", ahead: int = 0) -> HitList:
        """Return the list as a booth takes it."""
        epoch = self.today + ahead
        tenant = self.authority.deployment.tenant
        lists = HitList(
            tenant,
            site,
            self.authority.deployment.authority,
            lambda wanted: self.authority.epoch_keys(site, wanted).site,
        )
        lists.keep_from(self.today)
        booths = self.day(site, ahead).read_booths()
        assert booths is not None
        parts = [(None, booths.manifest), *enumerate(booths.chunks)]
        for index, content in parts:
            lists.take(WatchListMessage(epoch, index, content))
        assert lists.has_list(epoch)
        return lists


@contextmanager
def compiling(quota: int = QUOTA) -> Iterator[Compiling]:
    """Give an authority with a booth at each of two sites, and a registered list."""
    with memory_folder() as base:
        folders = Folders(base)
        clock = SetClock()
        with folders.create(clock) as authority:
            for site in SITES:
                Booth(authority, f"booth-{site}", site)
            authority.quota.register(quota)
            yield Compiling(folders, authority, clock)
