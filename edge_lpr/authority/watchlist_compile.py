"""Compile a list: for every day the costly part once, then every site's tokens and files.

What was computed is kept (``watchlist_cache.py``), so that whatever interrupts it costs seconds.
What is written depends on list and keys alone, but for the random names that booths get.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from edge_lpr.authority.authority import Authority
from edge_lpr.authority.folder_lock import FolderLock
from edge_lpr.authority.watchlist_booths import BoothListMaker, named, packed_rows
from edge_lpr.authority.watchlist_cache import StretchCache
from edge_lpr.authority.watchlist_csv import ListedPlate, checked_variants
from edge_lpr.authority.watchlist_files import (
    WORK_FOLDER,
    CompiledPlate,
    SiteDay,
    forget_past_days,
    forget_past_work,
    make_folder,
    names_of,
    server_lines,
)
from edge_lpr.authority.watchlist_stretching import Stretch, stretch_missing, with_key
from edge_lpr.core.clock import epoch_of
from edge_lpr.core.errors import AuthorityError
from edge_lpr.tokens.suite1 import TokenScope, finish_tokens, stretch_plate
from edge_lpr.tokens.variants import MAXIMUM_VARIANTS, fold_of, likely_variants

MAXIMUM_BOOTH_ROWS: Final = 200_000
"""Most plates and variants for hit-only booths, which hold a list and its next version at once."""

_LOCK_FILE: Final = ".lock"
_LOCK_WAIT_S: Final = 5.0
"""Whoever compiles holds it for hours."""


@dataclass(frozen=True, slots=True)
class CompileOrder:
    """What is to be compiled, besides the list."""

    folder: Path
    """Where to."""
    epochs: tuple[int, ...]
    """For which days, ascending."""
    sites: tuple[str, ...]
    """For which sites."""
    workers: int = 1
    """How many plates at a time; each takes 64 MiB."""
    over_quota: str | None = None
    """Why the quota may be exceeded, or ``None`` if it may not."""
    is_for_booths: bool = True
    """Whether hit-only booths get a list too."""


@dataclass(frozen=True, slots=True)
class CompiledDay:
    """What became of one site and epoch."""

    day: SiteDay
    """Where it is."""
    is_new: bool
    """Whether anything differs from what was there."""


class Progress(Protocol):
    """Shows how far a compilation is."""

    def begin(self, total: int) -> None:
        """Say how many plates must be stretched."""
        ...

    def step(self, epoch: int) -> None:
        """Say that one more is done, for an epoch."""
        ...

    def end(self) -> None:
        """Say that there is no more."""
        ...


def compile_list(
    authority: Authority,
    plates: Sequence[ListedPlate],
    order: CompileOrder,
    progress: Progress,
    stretch: Stretch = stretch_plate,
) -> list[CompiledDay]:
    """Compile a list that was checked.

    Args:
        authority: Open.
        plates: The list.
        order: What for.
        progress: Told how far it is.
        stretch: For tests; the command line has no way to choose it.

    Returns:
        What became of every site and epoch.

    Raises:
        NotAllowedError: The quota does not allow it; nothing was compiled.
        DestroyedError: The keys of a day are destroyed.
        AuthorityError: A file cannot be written, or somebody else compiles into this folder.
    """
    lock = lock_of(order.folder)
    try:
        forget_past(authority, order.folder)
        missing = sum(_claim(authority, plates, order, epoch) for epoch in order.epochs)
        progress.begin(missing)
        try:
            return [
                compiled
                for epoch in order.epochs
                for compiled in _compile_epoch(authority, plates, order, epoch, progress, stretch)
            ]
        finally:
            progress.end()
    finally:
        lock.release()


def with_likely_variants(plates: Sequence[ListedPlate], most: int) -> list[ListedPlate]:
    """Return a list whose plates have the likeliest misreadings as variants too.

    Args:
        plates: The list.
        most: Most variants to add to each plate; with its own never more than 64.
    """
    return [
        ListedPlate(
            each.entry,
            each.canonical,
            checked_variants(
                each.canonical,
                [
                    *each.variants,
                    *likely_variants(
                        each.canonical, min(most, MAXIMUM_VARIANTS - len(each.variants))
                    ),
                ],
            ),
        )
        for each in plates
    ]


def lock_of(folder: Path) -> FolderLock:
    """Take the lock of a compilation's folder, making the folder unless it is there.

    Args:
        folder: Of the compilation.

    Returns:
        The lock, to be released.

    Raises:
        AuthorityError: Somebody else has it.
    """
    make_folder(folder / WORK_FOLDER)
    lock = FolderLock(folder / _LOCK_FILE)
    lock.take(_LOCK_WAIT_S)
    return lock


def forget_past(authority: Authority, folder: Path) -> None:
    """Delete what nobody needs any more, and what must not be kept longer than keys are.

    Args:
        authority: Open; its ``retention_days`` say how long that is.
        folder: Of the compilation.
    """
    today = epoch_of(authority.clock.unix_s())
    forget_past_work(folder, today)
    gone = forget_past_days(folder, today, authority.configuration.retention_days)
    if gone:
        authority.journal.record("watchlist-forgotten", lists=gone)


def open_cache(authority: Authority, folder: Path, epoch: int) -> StretchCache:
    """Open what is kept of a day.

    Args:
        authority: Open; it has keys of that day.
        folder: Of the compilation.
        epoch: Days since 1970.
    """
    return StretchCache(folder / WORK_FOLDER / f"{epoch}.stretched", authority.wrapping, epoch)


def claim_plates(
    authority: Authority,
    cache: StretchCache,
    plates: Sequence[ListedPlate],
    epoch: int,
    over_quota: str | None,
) -> None:
    """Count plates against the quota that were not counted for this day yet.

    Args:
        authority: Open.
        cache: Remembers what was counted.
        plates: With their variants.
        epoch: The day.
        over_quota: Why the quota may be exceeded, or ``None``.

    Raises:
        NotAllowedError: It may not; nothing was counted.
    """
    unclaimed = cache.unclaimed(dict.fromkeys(plate for each in plates for plate in each.plates))
    if unclaimed:
        authority.claim_quota(epoch, len(unclaimed), over_quota)
        cache.note_claimed(unclaimed)


def compiled_plates(
    plates: Sequence[ListedPlate], cache: StretchCache, site_key: bytes, scope: TokenScope
) -> list[CompiledPlate]:
    """Return the tokens of plates, all of which were stretched.

    Args:
        plates: In the order of the list.
        cache: Of the epoch.
        site_key: ``K_site`` of the scope.
        scope: Where and when the tokens hold.
    """
    return [
        CompiledPlate(
            finish_tokens(_kept(cache, plate), plate, site_key, scope),
            each.entry,
            is_variant=number > 0,
        )
        for each in plates
        for number, plate in enumerate(each.plates)
    ]


def folds_of(plates: Sequence[ListedPlate]) -> list[bytes]:
    """Return the folded plates of a list, variants included, each once, in a fixed order.

    Args:
        plates: The list.
    """
    return sorted({fold_of(plate) for each in plates for plate in each.plates})


def _claim(
    authority: Authority, plates: Sequence[ListedPlate], order: CompileOrder, epoch: int
) -> int:
    """Count a day's plates, and return how many must be stretched for it."""
    for site in order.sites:
        authority.epoch_keys(site, epoch)
    cache = open_cache(authority, order.folder, epoch)
    try:
        claim_plates(authority, cache, plates, epoch, order.over_quota)
        return sum(cache.stretched(fold) is None for fold in folds_of(plates))
    finally:
        cache.close()


def _compile_epoch(
    authority: Authority,
    plates: Sequence[ListedPlate],
    order: CompileOrder,
    epoch: int,
    progress: Progress,
    stretch: Stretch,
) -> list[CompiledDay]:
    """Compile one day for every site."""
    tenant = authority.deployment.tenant
    cache = open_cache(authority, order.folder, epoch)
    try:
        site = order.sites[0]
        key = bytes(authority.epoch_keys(site, epoch).stretch)
        make = with_key(stretch, key, TokenScope(tenant, site, epoch))
        stretched = 0
        for _ in stretch_missing(folds_of(plates), cache, make, order.workers, authority.clock):
            stretched += 1
            progress.step(epoch)
        compiled = []
        for site in order.sites:
            site_key = bytes(authority.epoch_keys(site, epoch).site)
            scope = TokenScope(tenant, site, epoch)
            rows = compiled_plates(plates, cache, site_key, scope)
            day = SiteDay(order.folder, site, epoch)
            compiled.append(CompiledDay(day, _write(authority, day, rows, order)))
    finally:
        cache.close()
    authority.journal.record(
        "watchlist-compiled",
        epoch=epoch,
        sites=" ".join(order.sites),
        entries=len(plates),
        plates=sum(len(each.plates) for each in plates),
        stretched=stretched,
    )
    return compiled


def _write(
    authority: Authority, day: SiteDay, rows: Sequence[CompiledPlate], order: CompileOrder
) -> bool:
    """Write the files of a site and day, unless they say the same already."""
    lines = server_lines(day.site, day.epoch, rows)
    before = day.read_booths()
    if lines == day.read_servers() and (before is not None) == order.is_for_booths:
        return False
    if order.is_for_booths:
        names = named(names_of(rows), day.read_entries())
        # First: there is never a list with a name that nobody can tell.
        day.write_entries(names)
        maker = BoothListMaker(authority, day.site, day.epoch)
        day.write_booths(maker.make(packed_rows(rows, names), before))
    else:
        day.remove_booths()
    day.write_servers(lines)
    return True


def _kept(cache: StretchCache, plate: bytes) -> bytes:
    """Return ``S`` of a plate that was stretched."""
    stretched = cache.stretched(fold_of(plate))
    if stretched is None:
        raise AuthorityError("a plate was not stretched; compile again")
    return stretched
