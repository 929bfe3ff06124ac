"""The tree of RFC 6962 against the vectors that its implementations share."""

import pytest

from edge_lpr.audit.merkle import (
    EMPTY_ROOT,
    Frontier,
    consistency_proof,
    inclusion_proof,
    is_consistent,
    is_included,
    leaf_hash,
    root_of,
)

# Entries, roots and proofs of certificate-transparency-go and its relatives (Apache-2.0).
ENTRIES = [
    bytes.fromhex(text)
    for text in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
N96 = "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7"
N5F = "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e"
N6B = "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"
NBC = "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"
NCA = "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0"
N0E = "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a"


def tree_hash(first: int, last: int) -> bytes:
    return root_of(map(leaf_hash, ENTRIES[first:last]))


def test_roots_are_those_of_the_vectors() -> None:
    assert root_of(()) == EMPTY_ROOT
    assert EMPTY_ROOT.hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    frontier = Frontier()
    for entry, root in zip(ENTRIES, ROOTS, strict=True):
        frontier.add(leaf_hash(entry))
        assert frontier.root().hex() == root


@pytest.mark.parametrize(
    ("index", "size", "proof"),
    [
        pytest.param(0, 1, [], id="0 of 1"),
        pytest.param(0, 8, [N96, N5F, N6B], id="0 of 8"),
        pytest.param(5, 8, [NBC, NCA, ROOTS[3]], id="5 of 8"),
        pytest.param(2, 3, [ROOTS[1]], id="2 of 3"),
        pytest.param(1, 5, [ROOTS[0], N5F, NBC], id="1 of 5"),
    ],
)
def test_inclusion_proofs_are_those_of_the_vectors(index: int, size: int, proof: list[str]) -> None:
    made = inclusion_proof(index, size, tree_hash)
    assert [each.hex() for each in made] == proof
    root = bytes.fromhex(ROOTS[size - 1])
    assert is_included(leaf_hash(ENTRIES[index]), index, size, made, root)
    assert not is_included(leaf_hash(b"another"), index, size, made, root)
    assert not is_included(leaf_hash(ENTRIES[index]), size, size, made, root)
    assert not is_included(leaf_hash(ENTRIES[index]), index, size, [*made, root], root)


@pytest.mark.parametrize(
    ("old", "size", "proof"),
    [
        pytest.param(1, 1, [], id="1 in 1"),
        pytest.param(1, 8, [N96, N5F, N6B], id="1 in 8"),
        pytest.param(6, 8, [N0E, NCA, ROOTS[3]], id="6 in 8"),
        pytest.param(2, 5, [N5F, NBC], id="2 in 5"),
    ],
)
def test_consistency_proofs_are_those_of_the_vectors(old: int, size: int, proof: list[str]) -> None:
    made = consistency_proof(old, size, tree_hash)
    assert [each.hex() for each in made] == proof
    before, after = (old, bytes.fromhex(ROOTS[old - 1])), (size, bytes.fromhex(ROOTS[size - 1]))
    assert is_consistent(before, after, made)
    assert not is_consistent((old, bytes(32)), after, made)
    assert not is_consistent(before, (size, bytes(32)), made)
    assert not is_consistent(before, after, [*made, bytes(32)])


@pytest.mark.parametrize(
    ("old", "new"), [pytest.param(0, 3, id="empty"), pytest.param(4, 3, id="smaller")]
)
def test_tree_does_not_begin_with_an_empty_or_larger_one(old: int, new: int) -> None:
    assert not is_consistent((old, EMPTY_ROOT), (new, EMPTY_ROOT), [])


def test_proof_that_is_missing_proves_nothing() -> None:
    assert not is_consistent((3, bytes(32)), (5, bytes(32)), [])


def test_complete_subtree_needs_its_place() -> None:
    frontier = Frontier()
    frontier.add(tree_hash(0, 4), level=2)
    frontier.add(leaf_hash(ENTRIES[4]))
    assert frontier.root().hex() == ROOTS[4]
    with pytest.raises(ValueError, match="multiple of its size"):
        frontier.add(tree_hash(0, 4), level=2)
