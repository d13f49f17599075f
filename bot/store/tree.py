"""The ledger's tree: hashes over full blocks are kept, so that a root or a proof reads a few hundred rows."""

from sqlmodel import Session, col, func, select

from bot.domain import merkle
from bot.domain.ledger import BLOCK
from bot.domain.merkle import folded, leaf_hash, peaks_of
from bot.store import ledger
from bot.store.dialect import insert_new
from bot.store.models import SubtreeRow


def grow(session: Session, *, blocks: int) -> bool:
    """At most so many more full blocks of entries have their hashes kept; whether there may be more."""
    first = _kept(session, 1)
    last = min(ledger.size(session) // BLOCK, first + blocks)
    for number in range(first, last):
        _keep(session, 1, number, root(session, number * BLOCK, (number + 1) * BLOCK))
        _grow_upwards(session, number)
    return last - first == blocks


def root(session: Session, start: int, end: int) -> bytes:
    """The hash over the entries with these indices (from 0, the second not included).

    It is a range that RFC 6962 divides a tree into: `start` is a multiple of the power of two that `end` is
    not more than away from it.
    """
    return folded(_peaks(session, start, end))


def inclusion(session: Session, seq: int, size: int) -> list[bytes]:
    """The proof that the entry with this number is in the tree of this size."""
    return merkle.inclusion_proof(seq - 1, size, lambda start, end: root(session, start, end))


def consistency(session: Session, old: int, new: int) -> list[bytes]:
    """The proof that the tree of size `new` begins with the one of size `old`."""
    return merkle.consistency_proof(old, new, lambda start, end: root(session, start, end))


def _peaks(session: Session, start: int, end: int) -> list[bytes]:
    level, width = 0, 1
    while width * BLOCK <= end - start:
        level, width = level + 1, width * BLOCK
    count = (end - start) // width
    whole = peaks_of(_nodes(session, level, start // width, count)) if count else []
    rest = start + count * width
    return whole if rest == end else [*whole, *_peaks(session, rest, end)]


def _nodes(session: Session, level: int, first: int, count: int) -> list[bytes]:
    """The hashes of so many full subtrees; those that are not kept are worked out."""
    if level == 0:
        return [leaf_hash(entry) for entry in ledger.leaves(session, first, first + count)]
    found = session.exec(
        select(SubtreeRow.number, SubtreeRow.hash)
        .where(SubtreeRow.level == level)
        .where(col(SubtreeRow.number) >= first, col(SubtreeRow.number) < first + count)
    )
    kept = {number: digest for number, digest in found}  # noqa: C416  # a row is no pair to `dict`
    return [kept.get(number) or _whole(session, level, number) for number in range(first, first + count)]


def _whole(session: Session, level: int, number: int) -> bytes:
    return folded(peaks_of(_nodes(session, level - 1, number * BLOCK, BLOCK)))


def _grow_upwards(session: Session, number: int) -> None:
    """Where this block was the last of a larger one, that one has its hash kept too."""
    level = 1
    while (number + 1) % BLOCK == 0:
        level, number = level + 1, number // BLOCK
        _keep(session, level, number, _whole(session, level, number))


def _keep(session: Session, level: int, number: int, digest: bytes) -> None:
    session.execute(insert_new(session, SubtreeRow, [{"level": level, "number": number, "hash": digest}]))


def _kept(session: Session, level: int) -> int:
    """How many of this level are kept, of the first ones on."""
    last = func.coalesce(func.max(SubtreeRow.number), -1)
    return session.exec(select(last).where(SubtreeRow.level == level)).one() + 1
