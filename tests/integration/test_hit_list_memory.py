"""What four days of entries and a new version of one of them take in memory, and a search."""

import secrets
import tracemalloc

from edge_lpr.bench.hit_list import measure_hit_list
from edge_lpr.handoff.record_message import WatchListMessage
from edge_lpr.tokeniser.hit_list import HitList, ListNews
from edge_lpr.wire.jws import SigningKey
from edge_lpr.wire.watch_list import (
    ENTRIES_PER_CHUNK,
    ENTRY_BYTES,
    WatchListManifest,
    list_digest,
    list_key,
    seal_chunk,
    sign_manifest,
)
from tests.support.watch_lists import SITE, TENANT

ENTRIES = 2_500
"""A fortieth of what is promised: watching every allocation takes a hundred times as long."""

FOR_ANY_LENGTH = 600_000
"""Bytes that a list of any length takes while it is put in order."""

TODAY = 20_454
AUTHORITY = SigningKey.generate()
SITE_KEY = secrets.token_bytes(32)


def test_four_days_of_100_000_and_a_new_version_stay_within_16_megabytes() -> None:
    lists = HitList(TENANT, SITE, AUTHORITY.public_key, lambda _: SITE_KEY)
    lists.keep_from(TODAY)
    plaintexts = random_chunks()
    days = [messages(TODAY + day, 1, plaintexts) for day in range(4)]
    renewed = messages(TODAY, 2, plaintexts)
    tracemalloc.start()
    try:
        news = [deliver(lists, brought) for brought in (*days, renewed)]
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert news == [ListNews.COMPLETE] * 5
    assert lists.epochs() == tuple(range(TODAY, TODAY + 4))
    assert 4 * 25 * ENTRIES < peak < 16_000_000 * ENTRIES // 100_000 + FOR_ANY_LENGTH


def test_a_search_of_100_000_entries_takes_far_less_than_a_millisecond() -> None:
    figures = measure_hit_list(100_000)
    assert figures.list_bytes == 2_900_000
    # Some ten microseconds where nobody else computes.
    assert figures.search_us_median < 1_000


def random_chunks() -> list[bytes]:
    """Return a list of random entries, in order."""
    rows = sorted(secrets.token_bytes(ENTRY_BYTES - 1) + b"\0" for _ in range(ENTRIES))
    return [
        b"".join(rows[start : start + ENTRIES_PER_CHUNK])
        for start in range(0, ENTRIES, ENTRIES_PER_CHUNK)
    ]


def messages(epoch: int, version: int, plaintexts: list[bytes]) -> list[WatchListMessage]:
    """Return a list's manifest and chunks."""
    manifest = WatchListManifest(
        TENANT, SITE, epoch, version, ENTRIES, len(plaintexts), list_digest(plaintexts), at=0
    )
    key = list_key(SITE_KEY, tenant=TENANT, site=SITE, epoch=epoch)
    return [
        WatchListMessage(epoch, None, sign_manifest(manifest, AUTHORITY)),
        *(
            WatchListMessage(epoch, index, seal_chunk(key, version, index, plaintext))
            for index, plaintext in enumerate(plaintexts)
        ),
    ]


def deliver(lists: HitList, brought: list[WatchListMessage]) -> ListNews:
    """Bring a list, and return what became of its last part."""
    news = ListNews.WAITING
    for message in brought:
        news = lists.take(message)
    return news
