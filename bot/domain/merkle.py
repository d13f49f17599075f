"""Merkle trees after RFC 6962: one hash that stands for a whole list of leaves."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

EMPTY = hashlib.sha256().digest()


@dataclass(frozen=True, slots=True)
class Tree:
    """A tree that grows leaf by leaf; it keeps the roots of its perfect subtrees, the largest first."""

    size: int = 0
    peaks: tuple[bytes, ...] = ()

    def with_leaf(self, leaf: bytes) -> "Tree":
        """The tree with one more leaf."""
        peaks, node, full = self.peaks, leaf_hash(leaf), self.size
        while full & 1:
            peaks, node, full = peaks[:-1], node_hash(peaks[-1], node), full >> 1
        return Tree(self.size + 1, (*peaks, node))

    @property
    def root(self) -> bytes:
        """The tree's head; of an empty tree the hash of nothing."""
        if not self.peaks:
            return EMPTY
        *rest, node = self.peaks
        for peak in reversed(rest):
            node = node_hash(peak, node)
        return node


def merkle_root(leaves: Iterable[bytes]) -> bytes:
    """The head of the tree over `leaves`."""
    tree = Tree()
    for leaf in leaves:
        tree = tree.with_leaf(leaf)
    return tree.root


def leaf_hash(leaf: bytes) -> bytes:
    """What stands for a leaf; the prefix keeps leaves and nodes apart."""
    return hashlib.sha256(b"\x00" + leaf).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """What stands for two subtrees."""
    return hashlib.sha256(b"\x01" + left + right).digest()
