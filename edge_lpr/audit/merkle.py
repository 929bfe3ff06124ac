"""The Merkle tree of RFC 6962: hashes, proofs and their verification, and nothing about entries.

Leaves and nodes are hashed with different prefixes, so that no node passes for an entry. A tree of
any size has one root, and a larger tree can prove that it begins with a smaller one.
"""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from typing import Final, TypeAlias

HASH_BYTES: Final = 32
"""Length of SHA-256."""

EMPTY_ROOT: Final = hashlib.sha256().digest()
"""Root of a tree without leaves (RFC 6962, section 2.1)."""

_LEAF: Final = b"\x00"
_NODE: Final = b"\x01"

RangeHash: TypeAlias = Callable[[int, int], bytes]
"""Returns the root of the leaves from one index up to, and without, another."""


def leaf_hash(entry: bytes) -> bytes:
    """Return the hash of an entry, 32 bytes."""
    return hashlib.sha256(_LEAF + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of a node over its two children, 32 bytes."""
    return hashlib.sha256(_NODE + left + right).digest()


class Frontier:
    """What must be remembered of a growing tree to know its root: one hash a binary digit."""

    def __init__(self) -> None:
        """Begin with the empty tree."""
        self._complete: list[tuple[int, bytes]] = []
        self.size = 0
        """How many leaves there are."""

    def add(self, subtree: bytes, level: int = 0) -> None:
        """Add a complete subtree at the right.

        Args:
            subtree: Its root; for level 0 the hash of an entry.
            level: It has two to the power of this many leaves.

        Raises:
            ValueError: So many leaves have no place of their own here.
        """
        if self.size % (1 << level):
            msg = "a complete subtree begins at a multiple of its size"
            raise ValueError(msg)
        self.size += 1 << level
        while self._complete and self._complete[-1][0] == level:
            subtree = node_hash(self._complete.pop()[1], subtree)
            level += 1
        self._complete.append((level, subtree))

    def root(self) -> bytes:
        """Return the root of the tree so far, 32 bytes."""
        if not self._complete:
            return EMPTY_ROOT
        _, root = self._complete[-1]
        for _, left in reversed(self._complete[:-1]):
            root = node_hash(left, root)
        return root


def root_of(leaf_hashes: Iterable[bytes]) -> bytes:
    """Return the root over leaves.

    Args:
        leaf_hashes: Of each entry, in order.
    """
    frontier = Frontier()
    for each in leaf_hashes:
        frontier.add(each)
    return frontier.root()


def inclusion_proof(index: int, size: int, range_hash: RangeHash) -> list[bytes]:
    """Return what proves that an entry is in a tree.

    Args:
        index: Of the entry, from 0, below ``size``.
        size: Of the tree.
        range_hash: Knows the tree.

    Source:
        RFC 6962, section 2.1.1.
    """
    path: list[bytes] = []
    first, last = 0, size
    while last - first > 1:
        middle = first + _largest_power_below(last - first)
        if index < middle:
            path.append(range_hash(middle, last))
            last = middle
        else:
            path.append(range_hash(first, middle))
            first = middle
    return path[::-1]


def consistency_proof(old_size: int, size: int, range_hash: RangeHash) -> list[bytes]:
    """Return what proves that a tree begins with a smaller one.

    Args:
        old_size: Of the smaller tree, 1 to ``size``.
        size: Of the tree.
        range_hash: Knows the tree.

    Source:
        RFC 6962, section 2.1.2.
    """
    path: list[bytes] = []
    first, last = 0, size
    is_old_root_known = True
    while old_size != last - first:
        middle = _largest_power_below(last - first)
        if old_size <= middle:
            path.append(range_hash(first + middle, last))
            last = first + middle
        else:
            path.append(range_hash(first, first + middle))
            first += middle
            old_size -= middle
            is_old_root_known = False
    if not is_old_root_known:
        path.append(range_hash(first, last))
    return path[::-1]


def is_included(
    leaf: bytes, index: int, size: int, untrusted_proof: Sequence[bytes], root: bytes
) -> bool:
    """Return whether a proof shows that a leaf is in a tree.

    Args:
        leaf: Hash of the entry.
        index: Of the entry, from 0.
        size: Of the tree.
        untrusted_proof: From ``inclusion_proof``.
        root: Of the tree.

    Source:
        RFC 9162, section 2.1.3.2.
    """
    if not 0 <= index < size:
        return False
    position, last, found = index, size - 1, leaf
    for each in untrusted_proof:
        if last == 0:
            return False
        if position % 2 or position == last:
            found = node_hash(each, found)
            while position % 2 == 0 and position:
                position, last = position >> 1, last >> 1
        else:
            found = node_hash(found, each)
        position, last = position >> 1, last >> 1
    return last == 0 and found == root


def is_consistent(
    old: tuple[int, bytes], new: tuple[int, bytes], untrusted_proof: Sequence[bytes]
) -> bool:
    """Return whether a proof shows that a tree begins with a smaller one.

    Args:
        old: Size and root of the smaller tree.
        new: Size and root of the tree.
        untrusted_proof: From ``consistency_proof``.

    Source:
        RFC 9162, section 2.1.4.2.
    """
    (old_size, old_root), (new_size, new_root) = old, new
    if not 0 < old_size <= new_size:
        return False
    if old_size == new_size:
        return not untrusted_proof and old_root == new_root
    is_complete = old_size & (old_size - 1) == 0
    proof = [old_root, *untrusted_proof] if is_complete else list(untrusted_proof)
    return _roots_of(old_size, new_size, proof) == (old_root, new_root)


def _roots_of(old_size: int, new_size: int, proof: Sequence[bytes]) -> tuple[bytes, bytes] | None:
    """Return both roots that a proof leads to, ``None`` if it has another length."""
    if not proof:
        return None
    position, last = old_size - 1, new_size - 1
    while position % 2:
        position, last = position >> 1, last >> 1
    old = new = proof[0]
    for each in proof[1:]:
        if last == 0:
            return None
        if position % 2 or position == last:
            old, new = node_hash(each, old), node_hash(each, new)
            while position % 2 == 0 and position:
                position, last = position >> 1, last >> 1
        else:
            new = node_hash(new, each)
        position, last = position >> 1, last >> 1
    return (old, new) if last == 0 else None


def _largest_power_below(count: int) -> int:
    """Return the largest power of two below a number of at least two."""
    return 1 << ((count - 1).bit_length() - 1)
