"""A list of 100,000 entries from the file to a booth that searches it; only Argon2 is left out."""

import itertools
from collections.abc import Iterator

import pytest

from edge_lpr.authority.watchlist_csv import read_list
from edge_lpr.authority.watchlist_estimate import false_matches
from edge_lpr.tokeniser.hit_list import MEMORY_BYTES
from tests.support.watchlist_compiling import Compiling, compiling

ENTRIES = 100_000


@pytest.fixture
def bench() -> Iterator[Compiling]:
    with compiling() as made:
        yield made


def test_100_000_entries_go_all_the_way(bench: Compiling) -> None:
    file = bench.folders.base / "list.csv"
    plates = itertools.islice(
        (f"{a}{b}{c}{n:04d}" for n in range(7) for a, b, c in itertools.product(LETTERS, repeat=3)),
        ENTRIES,
    )
    file.write_text(
        "plate,entry\n" + "".join(f"{plate},case-{n}\n" for n, plate in enumerate(plates))
    )
    listed = read_list(file)
    assert len(listed) == ENTRIES
    order = bench.order(workers=2)
    bench.compile(listed, type(order)(order.folder, order.epochs, ("north",), order.workers))
    # O, D and Q are one plate to Argon2, as are S and Z with their digits elsewhere.
    assert 0 < bench.progress.total == bench.progress.steps < ENTRIES
    assert bench.authority.quota.used(bench.today) == ENTRIES
    lists = bench.booths_list()
    assert lists.memory_bytes() < MEMORY_BYTES // 4
    for each in (listed[0], listed[ENTRIES // 2], listed[-1]):
        found = lists.find(bench.today, bench.tokens(each.canonical.decode()))
        assert found is not None
        assert not found.possible
    assert lists.find(bench.today, bench.tokens("KLM9999")) is None
    assert false_matches(listed, with_variants=False) > 0


LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
