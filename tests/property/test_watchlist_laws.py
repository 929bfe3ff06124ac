"""Whatever is listed is found, by servers and by booths; and false matches are as estimated."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from edge_lpr.authority.watchlist_csv import ListedPlate
from edge_lpr.authority.watchlist_estimate import PASSAGES, false_matches
from edge_lpr.core.alphabet import PLATE_ALPHABET
from edge_lpr.subscriber.watch_list import Match
from edge_lpr.synthesis.formats import FORMATS
from edge_lpr.tokens.variants import fold_of
from tests.support.fleet import SIGHTING
from tests.support.strategies import canonical_plates
from tests.support.watchlist_compiling import Compiling, compiling

lists = st.lists(
    st.tuples(canonical_plates, st.lists(canonical_plates, max_size=3, unique=True)),
    min_size=1,
    max_size=12,
    unique_by=lambda each: each[0],
).map(
    lambda each: [
        ListedPlate(f"case-{n}", plate, tuple(v for v in variants if v != plate))
        for n, (plate, variants) in enumerate(each)
    ]
)
"""Lists as they are after their check."""


@pytest.fixture(scope="module")
def bench() -> Iterator[Compiling]:
    with compiling() as made:
        yield made


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(lists, st.data())
def test_every_entry_variant_and_fold_is_found_and_nothing_else(
    bench: Compiling, listed: list[ListedPlate], data: st.DataObject
) -> None:
    bench.compile(listed)
    servers, booths = bench.servers_list(), bench.booths_list()
    names = {name: entry for entry, name in bench.day().read_entries().items()}
    plates = {each.canonical: each.entry for each in listed}
    everything = {plate for each in listed for plate in each.plates}
    folds = {fold_of(plate) for plate in everything}
    stranger = data.draw(canonical_plates)
    for seen in {*everything, *folds, stranger}:
        tokens = bench.tokens(seen.decode())
        sighting = replace(SIGHTING, epoch=bench.today, exact=tokens.exact, fold=tokens.fold)
        hit = servers.find("north", sighting)
        match = booths.find(bench.today, tokens)
        if fold_of(seen) not in folds:
            assert hit is None
            assert match is None
            continue
        assert hit is not None
        assert match is not None
        assert match.possible == (hit.match is not Match.EXACT) == (seen not in plates)
        assert names[match.entry] in hit.entries
        if seen in plates:
            assert hit.entries == (plates[seen],)


PASSENGER = next(each for each in FORMATS["us"] if each.name == "us_passenger")
FOLDED = np.frombuffer(bytes(fold_of(bytes([octet]))[0] for octet in PLATE_ALPHABET), np.uint8)


def test_estimate_for_100_000_american_plates_is_what_a_million_drawn_passages_give() -> None:
    rng = np.random.default_rng(20260101)
    listed, passages = draw(100_000, rng), draw(PASSAGES, rng)
    plates = sorted({plate for series in listed.values() for plate in octets_of(series)})
    false = 0
    for pattern, series in passages.items():
        of_length = [each for each in listed.values() if each.shape[1] == series.shape[1]]
        is_listed = np.isin(rows_of(series), rows_of(np.concatenate(of_length)))
        looks_alike = np.isin(
            rows_of(fold_indices(series)), rows_of(fold_indices(np.concatenate(of_length)))
        )
        assert is_listed.sum() <= looks_alike.sum(), pattern
        false += int((looks_alike & ~is_listed).sum())
    entries = [ListedPlate(f"case-{n}", plate) for n, plate in enumerate(plates)]
    expected = false_matches(entries, with_variants=False)
    # Passages come one by one, so their number scatters by its root.
    assert expected == pytest.approx(false, abs=4 * false**0.5)
    assert 100 < false <= 10_000


def draw(count: int, rng: np.random.Generator) -> dict[str, NDArray[np.uint8]]:
    """Return plates of the states' series as class indices, by pattern, all equally often."""
    drawn = {}
    for pattern in PASSENGER.patterns:
        marks = pattern.replace("_", "")
        columns = [
            rng.integers(10, 36, count // len(PASSENGER.patterns))
            if mark == "@"
            else rng.integers(0, 10, count // len(PASSENGER.patterns))
            for mark in marks
        ]
        drawn[pattern] = np.stack(columns, axis=1).astype(np.uint8)
    return drawn


def fold_indices(series: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return folded plates, as ASCII."""
    folded: NDArray[np.uint8] = FOLDED[series]
    return folded


def rows_of(series: NDArray[np.uint8]) -> NDArray[np.void]:
    """Return one value a plate, to be compared."""
    flat = np.ascontiguousarray(series)
    return flat.view(np.dtype((np.void, flat.shape[1]))).ravel()


def octets_of(series: NDArray[np.uint8]) -> list[bytes]:
    """Return plates in their canonical form."""
    alphabet = np.frombuffer(PLATE_ALPHABET, np.uint8)
    return [row.tobytes() for row in alphabet[series]]
