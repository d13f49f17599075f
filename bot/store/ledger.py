"""The ledger: appended in the transaction of what it commits to; checked against what it commits to."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from sqlalchemy import text
from sqlmodel import Session, col, select

from bot.domain import ledger as chain
from bot.domain.ledger import EntryType, Sealed
from bot.store.models import LedgerRow

LOG = "choices"
PAGE = 5_000
APPEND_LOCK = 0x7E66A7  # one appender at a time on PostgreSQL; SQLite has one writer anyway


@dataclass(frozen=True, slots=True)
class LedgerCheck:
    """What a check found; `openings_ok` says that every kept record is the one committed to."""

    size: int
    root: str
    chain_ok: bool
    openings_ok: bool
    first_bad_seq: int | None = None


def append(session: Session, kind: EntryType, *, day: date, commitment: str) -> int:
    """One more entry, with the next number and without a gap; that number."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": APPEND_LOCK})
    last = session.exec(select(LedgerRow).order_by(col(LedgerRow.seq).desc()).limit(1)).first()
    previous = Sealed(last.entry, last.hash) if last else None
    sealed = chain.append(previous, log=LOG, day=day, kind=kind, commitment=commitment)
    seq = last.seq + 1 if last else chain.FIRST
    session.add(LedgerRow(seq=seq, entry=sealed.entry, hash=sealed.hash))
    session.flush()
    return seq


def entries(session: Session) -> Iterator[LedgerRow]:
    """Every row in order, a page at a time."""
    last = 0
    while rows := session.exec(
        select(LedgerRow).where(col(LedgerRow.seq) > last).order_by(col(LedgerRow.seq)).limit(PAGE)
    ).all():
        yield from rows
        last = rows[-1].seq
        session.expunge_all()


def commitment_at(session: Session, seq: int) -> str | None:
    """What the entry with this number commits to; None when there is none, or it cannot be read."""
    row = session.get(LedgerRow, seq)
    try:
        return chain.read(row.entry).commitment if row else None
    except ValueError:
        return None
