"""The costly part of compiling: one Argon2 a folded plate and day, in parallel, kept as it comes.

In threads: the library computes outside of Python's lock, and so no key and no plate crosses to
another process. Each worker holds 64 MiB while it computes.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Final, TypeAlias

from edge_lpr.authority.watchlist_cache import StretchCache
from edge_lpr.core.clock import Clock
from edge_lpr.tokens.canonical import Octets
from edge_lpr.tokens.suite1 import TokenScope

Stretch: TypeAlias = Callable[[Octets, bytes | bytearray, TokenScope], bytes]
"""``stretch_plate``; tests have a cheap one."""

_AHEAD: Final = 4
"""Plates that wait for each worker, so that none stands idle."""

_SYNC_NS: Final = 2_000_000_000
"""After a power cut at most so much work is done again."""


def with_key(
    stretch: Stretch, key: bytes | bytearray, scope: TokenScope
) -> Callable[[bytes], bytes]:
    """Return what stretches a folded plate for one day.

    Args:
        stretch: ``stretch_plate``.
        key: ``K_stretch`` of the day.
        scope: Its tenant and epoch count.
    """

    def make(fold: bytes) -> bytes:
        return stretch(fold, key, scope)

    return make


def stretch_missing(
    folds: Iterable[bytes],
    cache: StretchCache,
    make: Callable[[bytes], bytes],
    workers: int,
    clock: Clock,
) -> Iterator[None]:
    """Stretch what the cache does not have.

    Args:
        folds: Folded plates, each once.
        cache: Of the epoch; gets every result as it comes.
        make: Stretches one folded plate with the epoch's key.
        workers: How many at a time.
        clock: Tells when to wait for the disk.

    Yields:
        Nothing, once for each that was made.
    """
    missing = iter([fold for fold in folds if cache.stretched(fold) is None])
    synced_ns = clock.monotonic_ns()
    with ThreadPoolExecutor(workers, thread_name_prefix="stretch") as pool:
        running: deque[tuple[bytes, Future[bytes]]] = deque()
        try:
            while True:
                while len(running) < _AHEAD * workers and (fold := next(missing, None)) is not None:
                    running.append((fold, pool.submit(make, fold)))
                if not running:
                    break
                fold, result = running.popleft()
                cache.note_stretched(fold, result.result())
                if clock.monotonic_ns() - synced_ns > _SYNC_NS:
                    cache.sync()
                    synced_ns = clock.monotonic_ns()
                yield
        finally:
            for _, result in running:
                result.cancel()
    cache.sync()
