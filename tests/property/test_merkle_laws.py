"""Laws of the Merkle tree: what is in it can be proved, and nothing else."""

import hashlib

from hypothesis import given
from hypothesis import strategies as st

from edge_lpr.audit.merkle import (
    Frontier,
    consistency_proof,
    inclusion_proof,
    is_consistent,
    is_included,
    leaf_hash,
    root_of,
)

TREES = st.lists(st.binary(max_size=8), min_size=1, max_size=70)


def by_definition(entries: list[bytes]) -> bytes:
    """Return the root as RFC 6962, section 2.1, writes it down."""
    if not entries:
        return hashlib.sha256().digest()
    if len(entries) == 1:
        return hashlib.sha256(b"\x00" + entries[0]).digest()
    half = 1
    while half * 2 < len(entries):
        half *= 2
    children = by_definition(entries[:half]) + by_definition(entries[half:])
    return hashlib.sha256(b"\x01" + children).digest()


@given(st.lists(st.binary(max_size=8), max_size=70))
def test_root_is_that_of_the_definition(entries: list[bytes]) -> None:
    assert root_of(map(leaf_hash, entries)) == by_definition(entries)


@given(TREES, st.data())
def test_every_entry_can_be_proved_and_no_other(entries: list[bytes], data: st.DataObject) -> None:
    index = data.draw(st.integers(0, len(entries) - 1))
    proof = inclusion_proof(index, len(entries), lambda a, b: by_definition(entries[a:b]))
    root = by_definition(entries)
    assert is_included(leaf_hash(entries[index]), index, len(entries), proof, root)
    other = data.draw(st.binary(max_size=8).filter(lambda each: each != entries[index]))
    assert not is_included(leaf_hash(other), index, len(entries), proof, root)


@given(TREES, st.data())
def test_tree_begins_with_its_own_past_and_no_other(
    entries: list[bytes], data: st.DataObject
) -> None:
    old = data.draw(st.integers(1, len(entries)))
    proof = consistency_proof(old, len(entries), lambda a, b: by_definition(entries[a:b]))
    before, after = (old, by_definition(entries[:old])), (len(entries), by_definition(entries))
    assert is_consistent(before, after, proof)
    changed = list(entries)
    changed[data.draw(st.integers(0, old - 1))] = b"changed by hand"
    assert not is_consistent((old, by_definition(changed[:old])), after, proof)


@given(st.integers(0, 5), st.lists(st.binary(max_size=4), max_size=40))
def test_complete_subtrees_give_the_same_root(level: int, entries: list[bytes]) -> None:
    width = 1 << level
    frontier = Frontier()
    whole = len(entries) // width * width
    for first in range(0, whole, width):
        frontier.add(by_definition(entries[first : first + width]), level)
    for entry in entries[whole:]:
        frontier.add(leaf_hash(entry))
    assert (frontier.size, frontier.root()) == (len(entries), by_definition(entries))
