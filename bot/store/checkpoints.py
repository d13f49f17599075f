"""Checkpoints: made and signed here, and put outside by whoever made them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from sqlmodel import Session, col, select

from bot.domain.calendar import closes_everywhere
from bot.domain.campaign import CampaignState
from bot.domain.canonical import Json
from bot.domain.checkpoint import PublicKey, Signer, next_due
from bot.domain.ledger import EntryType
from bot.exceptions import LedgerForked, OtherLedgerKey
from bot.store import campaigns, ledger, tree
from bot.store.dialect import insert_new
from bot.store.models import CheckpointRow, LedgerKeyRow

STARTED = (CampaignState.RUNNING, CampaignState.PAUSED, CampaignState.FINISHED)


@dataclass(frozen=True, slots=True)
class Kept:
    """A checkpoint as it is kept: the signed note, and when it was last said and put outside."""

    size: int
    note: str
    said_at: datetime
    put_at: datetime | None = None


def seal(session: Session, signer: Signer, *, now: datetime) -> Kept:
    """The ledger as it is now has a signed checkpoint, to be put outside.

    Nothing is signed that contradicts the checkpoint before: raise `LedgerForked` instead.
    """
    last, size = newest(session), ledger.size(session)
    if last is not None:
        _require_grown(session, signer.key, last.note, size, "its last checkpoint")
    note = signer.sign(size, tree.root(session, 0, size))
    session.execute(insert_new(session, CheckpointRow, [{"size": size, "note": note, "said_at": now}]))
    session.execute(insert_new(session, LedgerKeyRow, [{"key": signer.key.text, "since": now}]))
    row = session.get_one(CheckpointRow, size)
    row.said_at, row.put_at = now, None
    session.flush()
    return _kept(row)


def compare(session: Session, key: PublicKey, outside: str | None) -> None:
    """The ledger has grown from its own last checkpoint and from the last one outside; raise `LedgerForked`
    when it has not."""
    size = ledger.size(session)
    if (last := newest(session)) is not None:
        _require_grown(session, key, last.note, size, "its last checkpoint")
    if outside is not None:
        _require_grown(session, key, outside, size, "the last checkpoint outside")


def go_on(session: Session, signer: Signer, outside: Sequence[str], *, now: datetime) -> int:
    """It is stated that the ledger goes on from here, though checkpoints outside say otherwise; how many
    these are. They are named by their hashes, so that `verify` knows them."""
    size = ledger.size(session)
    said = [(note, signer.key.opens(note)) for note in outside]
    forked = [
        (note, head.size)
        for note, head in said
        if head is not None and (head.size > size or tree.root(session, 0, head.size) != head.root)
    ]
    if forked:
        content: dict[str, Json] = {
            "abandoned": sorted(sha256(note.encode()).hexdigest() for note, _ in forked),
            "kept": size,
            "lost": max(head for _, head in forked) - size,
        }
        ledger.state(session, EntryType.RESTORE, content, now=now)
        ledger.enter(session, now=now)
    seal(session, signer, now=now)
    return len(forked)


def signed_head(session: Session, signer: Signer) -> tuple[int, str]:
    """(size, note) of a checkpoint over the ledger as it is now, for a receipt; it is kept nowhere here."""
    last, size = newest(session), ledger.size(session)
    if last is not None:
        _require_grown(session, signer.key, last.note, size, "its last checkpoint")
        if last.size == size:
            return size, last.note
    return size, signer.sign(size, tree.root(session, 0, size))


def next_instant(session: Session, *, now: datetime) -> datetime | None:
    """When there is something to do for the ledger: at once, or when the next checkpoint is due."""
    if ledger.waits(session):
        return now
    last = newest(session)
    closings = [
        closes_everywhere(campaign.document.deadline) for campaign in campaigns.in_state(session, *STARTED)
    ]
    return next_due(
        grown=ledger.size(session) > (last.size if last else 0),
        last_at=last.said_at if last else None,
        closings=closings,
    )


def newest(session: Session) -> Kept | None:
    """The checkpoint over the most entries."""
    row = session.exec(select(CheckpointRow).order_by(col(CheckpointRow.size).desc()).limit(1)).first()
    return _kept(row) if row else None


def every(session: Session) -> Sequence[Kept]:
    """All checkpoints, the smallest first."""
    return [_kept(row) for row in session.exec(select(CheckpointRow).order_by(col(CheckpointRow.size)))]


def unput(session: Session) -> Sequence[Kept]:
    """The checkpoints that are to be put outside, the smallest first."""
    waiting = (
        select(CheckpointRow).where(col(CheckpointRow.put_at).is_(None)).order_by(col(CheckpointRow.size))
    )
    return [_kept(row) for row in session.exec(waiting)]


def put(session: Session, checkpoint: Kept, *, now: datetime) -> None:
    """It is outside, unless it was said anew meanwhile."""
    row = session.get(CheckpointRow, checkpoint.size)
    if row is not None and row.said_at == checkpoint.said_at:
        row.put_at = now


def keys(session: Session) -> list[str]:
    """The public keys that are kept beside the ledger, the newest first."""
    found = session.exec(select(LedgerKeyRow.key).order_by(col(LedgerKeyRow.since).desc()))
    return list(found)


def _require_grown(session: Session, key: PublicKey, note: str, size: int, which: str) -> None:
    """The ledger begins with what the checkpoint says, as far as the hashes that are kept show."""
    said = key.opens(note)
    if said is None:
        raise OtherLedgerKey(which)
    if said.size > size:
        raise LedgerForked(f"it ends at entry {size}, and {which} says {said.size}")
    if tree.root(session, 0, said.size) != said.root:
        raise LedgerForked(f"its first {said.size} entries are not those of {which}")


def _kept(row: CheckpointRow) -> Kept:
    return Kept(row.size, row.note, row.said_at, row.put_at)
