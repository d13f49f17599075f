"""The tree of RFC 6962, by its reference vectors and by its definition."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.merkle import (
    Subtree,
    consistency_proof,
    extends,
    folded,
    includes,
    inclusion_proof,
    leaf_hash,
    merkle_root,
    node_hash,
    peaks_of,
)

LEAVES = [
    bytes.fromhex(leaf)
    for leaf in (
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


@pytest.mark.parametrize("size", range(1, 9))
def test_the_reference_vectors_of_certificate_transparency_hold(size):
    """Receipts can be verified by other people's tools."""
    assert merkle_root(LEAVES[:size]).hex() == ROOTS[size - 1]


def test_an_empty_tree_is_the_hash_of_nothing():
    """So says the RFC."""
    assert merkle_root([]) == hashlib.sha256(b"").digest()


@given(st.lists(st.binary(max_size=8), min_size=1, max_size=40))
def test_growing_leaf_by_leaf_gives_the_tree_of_the_definition(leaves):
    """The definition cuts at the largest power of two below the size."""
    assert merkle_root(leaves) == defined(leaves)


def defined(leaves: list[bytes]) -> bytes:
    if len(leaves) == 1:
        return leaf_hash(leaves[0])
    cut = 1 << (len(leaves) - 1).bit_length() - 1
    return node_hash(defined(leaves[:cut]), defined(leaves[cut:]))


def subtree(leaves: list[bytes]) -> Subtree:
    return lambda start, end: merkle_root(leaves[start:end])


@pytest.mark.parametrize(
    ("index", "path"),
    [(0, "b h l"), (3, "c g l"), (4, "f j k"), (6, "i k")],
)
def test_the_rfcs_audit_paths_hold(index, path):
    """Its own example, section 2.1.3: a tree of seven."""
    nodes = example()

    proof = inclusion_proof(index, 7, subtree(LEAVES[:7]))

    assert proof == [nodes[name] for name in path.split()]
    leaf = leaf_hash(LEAVES[index])
    assert includes(bytes.fromhex(ROOTS[6]), leaf, index=index, size=7, proof=proof)


@pytest.mark.parametrize(("old", "path"), [(3, "c d g l"), (4, "l"), (6, "i j k")])
def test_the_rfcs_consistency_proofs_hold(old, path):
    """Of the same example."""
    nodes = example()

    proof = consistency_proof(old, 7, subtree(LEAVES[:7]))

    assert proof == [nodes[name] for name in path.split()]
    assert extends(bytes.fromhex(ROOTS[6]), 7, bytes.fromhex(ROOTS[old - 1]), old, proof=proof)


@pytest.mark.parametrize(
    ("index", "size", "path"),
    [
        (0, 8, "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7"),
        (5, 8, "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"),
        (2, 3, "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"),
        (1, 5, "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"),
    ],
)
def test_the_reference_paths_of_certificate_transparency_begin_so(index, size, path):
    assert inclusion_proof(index, size, subtree(LEAVES[:size]))[0].hex() == path


@given(st.integers(1, 70).flatmap(lambda size: st.tuples(st.integers(0, size - 1), st.just(size))))
def test_every_leaf_of_every_tree_is_proved_and_none_in_another_place(chosen):
    index, size = chosen
    leaves = [b"%d" % number for number in range(size)]
    root, leaf = merkle_root(leaves), leaf_hash(leaves[index])

    proof = inclusion_proof(index, size, subtree(leaves))

    assert includes(root, leaf, index=index, size=size, proof=proof)
    assert not includes(root, leaf_hash(b"x"), index=index, size=size, proof=proof)
    for other in range(-1, size + 2):
        assert includes(root, leaf, index=other, size=size, proof=proof) is (other == index)
    for place in range(len(proof)):
        assert not includes(root, leaf, index=index, size=size, proof=[*proof[:place], *proof[place + 1 :]])


@given(st.integers(1, 70).flatmap(lambda new: st.tuples(st.integers(1, new), st.just(new))))
def test_a_tree_has_grown_from_each_of_its_beginnings_and_from_nothing_else(sizes):
    old, new = sizes
    leaves = [b"%d" % number for number in range(new)]
    old_root, new_root = merkle_root(leaves[:old]), merkle_root(leaves)
    forked = merkle_root([*leaves[: old - 1], b"x"])

    proof = consistency_proof(old, new, subtree(leaves))

    assert extends(new_root, new, old_root, old, proof=proof)
    assert not extends(new_root, new, forked, old, proof=proof)
    assert not extends(new_root, new, old_root, old, proof=[*proof, new_root])


def test_everything_has_grown_from_an_empty_tree():
    assert extends(merkle_root(LEAVES), 8, merkle_root([]), 0, proof=[])


def test_what_cannot_be_proved_is_refused():
    with pytest.raises(ValueError, match="leaf"):
        inclusion_proof(3, 3, subtree(LEAVES[:3]))
    with pytest.raises(ValueError, match="grown"):
        consistency_proof(4, 3, subtree(LEAVES[:3]))


@given(st.integers(0, 40))
def test_perfect_subtrees_fold_into_the_root(size):
    leaves = [b"%d" % number for number in range(size)]

    assert folded(peaks_of([leaf_hash(leaf) for leaf in leaves])) == merkle_root(leaves)


def example() -> dict[str, bytes]:
    """The nodes of the RFC's figure."""
    nodes = dict(zip("abcdefj", map(leaf_hash, LEAVES[:7]), strict=True))
    for name, below in {"g": "ab", "h": "cd", "i": "ef", "k": "gh", "l": "ij"}.items():
        nodes[name] = node_hash(nodes[below[0]], nodes[below[1]])
    return nodes
