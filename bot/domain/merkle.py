"""Merkle trees after RFC 6962: one hash that stands for a whole list of leaves, and proofs against it."""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

EMPTY = hashlib.sha256().digest()

Subtree = Callable[[int, int], bytes]  # the head over the leaves from the first number up to the second


@dataclass(frozen=True, slots=True)
class Tree:
    """A tree that grows leaf by leaf; it keeps the roots of its perfect subtrees, the largest first."""

    size: int = 0
    peaks: tuple[bytes, ...] = ()

    def with_leaf(self, leaf: bytes) -> "Tree":
        """The tree with one more leaf."""
        return self.with_node(leaf_hash(leaf))

    def with_node(self, node: bytes) -> "Tree":
        """The tree with one more node, of the same height as all others."""
        peaks, full = self.peaks, self.size
        while full & 1:
            peaks, node, full = peaks[:-1], node_hash(peaks[-1], node), full >> 1
        return Tree(self.size + 1, (*peaks, node))

    @property
    def root(self) -> bytes:
        """The tree's head; of an empty tree the hash of nothing."""
        return folded(self.peaks)


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


def peaks_of(nodes: Sequence[bytes]) -> list[bytes]:
    """The roots of the perfect subtrees over these nodes, the largest first; all nodes are of one height."""
    peaks: list[bytes] = []
    level = list(nodes)
    while level:
        if len(level) & 1:
            peaks.append(level.pop())
        level = [node_hash(level[place], level[place + 1]) for place in range(0, len(level), 2)]
    return peaks[::-1]


def folded(peaks: Sequence[bytes]) -> bytes:
    """The head over perfect subtrees, the largest first."""
    if not peaks:
        return EMPTY
    *rest, node = peaks
    for peak in reversed(rest):
        node = node_hash(peak, node)
    return node


def inclusion_proof(index: int, size: int, subtree: Subtree) -> list[bytes]:
    """The audit path of the leaf with this index (from 0) in the tree of this size."""
    if not 0 <= index < size:
        raise ValueError(f"a tree of {size} has no leaf {index}")
    path: list[bytes] = []
    start, end = 0, size
    while end - start > 1:
        cut = start + _cut(end - start)
        if index < cut:
            path.append(subtree(cut, end))
            end = cut
        else:
            path.append(subtree(start, cut))
            start = cut
    return path[::-1]


def consistency_proof(old: int, new: int, subtree: Subtree) -> list[bytes]:
    """What shows that the tree of size `new` begins with the tree of size `old`."""
    if not 0 < old <= new:
        raise ValueError(f"a tree of {new} cannot have grown from one of {old}")
    path: list[bytes] = []
    start, end, whole = 0, new, True
    while end != old:
        cut = start + _cut(end - start)
        if old <= cut:
            path.append(subtree(cut, end))
            end = cut
        else:
            path.append(subtree(start, cut))
            start, whole = cut, False
    if not whole:
        path.append(subtree(start, end))
    return path[::-1]


def includes(root: bytes, leaf: bytes, *, index: int, size: int, proof: Sequence[bytes]) -> bool:
    """Whether the tree with this root and size has the leaf with this hash at `index`."""
    if not 0 <= index < size:
        return False
    place, last, node = index, size - 1, leaf
    for other in proof:
        if last == 0:
            return False
        if place & 1 or place == last:
            node = node_hash(other, node)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            node = node_hash(node, other)
        place, last = place >> 1, last >> 1
    return last == 0 and node == root


def extends(
    new_root: bytes, new_size: int, old_root: bytes, old_size: int, *, proof: Sequence[bytes]
) -> bool:
    """Whether the new tree begins with the old one; an empty tree is the beginning of every other."""
    if old_size == 0 or old_size == new_size:
        return not proof and (old_root == (EMPTY if old_size == 0 else new_root))
    if not 0 < old_size < new_size or not proof:
        return False
    path = [old_root, *proof] if old_size & (old_size - 1) == 0 else list(proof)
    place, last = old_size - 1, new_size - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    old = new = path[0]
    for other in path[1:]:
        if last == 0:
            return False
        if place & 1 or place == last:
            old, new = node_hash(other, old), node_hash(other, new)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            new = node_hash(new, other)
        place, last = place >> 1, last >> 1
    return last == 0 and old == old_root and new == new_root


def _cut(size: int) -> int:
    """The largest power of two below `size`."""
    return 1 << (size - 1).bit_length() - 1
