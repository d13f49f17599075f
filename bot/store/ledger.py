"""The ledger: entries are appended in the transaction of what they commit to, statements a moment later."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime

from sqlalchemy import insert, text
from sqlmodel import Session, col, func, select

from bot.domain import ledger as chain
from bot.domain.canonical import Json
from bot.domain.ledger import EntryType, Stored
from bot.store.models import LedgerRow, StatementRow

LOG = "choices"
PAGE = 2_000
APPEND_LOCK = 0x7E66A7  # one appender at a time on PostgreSQL; SQLite has one writer anyway

_HEAD = select(LedgerRow).order_by(col(LedgerRow.seq).desc()).limit(1)


def append(session: Session, kind: EntryType, *, day: date, commitment: str) -> int:
    """One more entry, with the next number and without a gap; that number."""
    return _append(session, [(kind, commitment)], day=day)


def append_each(session: Session, kind: EntryType, commitments: Sequence[str], *, day: date) -> range:
    """One more entry for each commitment, in this order and without a gap; their numbers."""
    last = _append(session, [(kind, committed) for committed in commitments], day=day)
    return range(last - len(commitments) + 1, last + 1)


def state(session: Session, kind: EntryType, content: Mapping[str, Json], *, now: datetime) -> None:
    """This is stated, with this transaction; its entry is made by `enter`, so that nobody waits for the
    ledger's end who does not record a choice. It must hold nothing personal: it can never be erased."""
    record = chain.statement({"at": now.isoformat(), **content})
    session.add(StatementRow(type=kind.value, record=record))
    session.flush()


def enter(session: Session, *, now: datetime, limit: int = PAGE) -> int:
    """Statements that waited have their entries, at most `limit` of them; how many these were."""
    if not waits(session):
        return 0
    waiting = session.exec(
        select(StatementRow)
        .where(col(StatementRow.seq).is_(None))
        .order_by(col(StatementRow.id))
        .limit(limit)
        .with_for_update()
    ).all()
    if not waiting:  # somebody else has made their entries
        return 0
    commitments = [(EntryType(row.type), chain.commitment(chain.OPEN, row.record)) for row in waiting]
    last = _append(session, commitments, day=now.date())
    for seq, row in enumerate(waiting, last - len(waiting) + 1):
        row.seq = seq
    return len(waiting)


def waits(session: Session) -> bool:
    """Whether a statement waits for its entry."""
    return (
        session.exec(select(StatementRow.id).where(col(StatementRow.seq).is_(None)).limit(1)).first()
        is not None
    )


def head(session: Session) -> Stored | None:
    """The last entry."""
    row = session.exec(_HEAD).first()
    return Stored(row.seq, row.entry, row.hash) if row else None


def size(session: Session) -> int:
    """How many entries there are; none is ever missing among them."""
    return session.exec(select(func.coalesce(func.max(LedgerRow.seq), 0))).one()


def entry(session: Session, seq: int) -> Stored:
    """The entry with this number."""
    row = session.get_one(LedgerRow, seq)
    return Stored(row.seq, row.entry, row.hash)


def leaves(session: Session, start: int, end: int) -> list[bytes]:
    """The bytes of the entries with these indices (from 0, the second not included)."""
    found = session.exec(
        select(LedgerRow.entry)
        .where(col(LedgerRow.seq) > start, col(LedgerRow.seq) <= end)
        .order_by(col(LedgerRow.seq))
    ).all()
    if len(found) != end - start:
        raise LookupError(f"the ledger has a gap between the entries {start + 1} and {end}")
    return list(found)


def entries(session: Session) -> Iterator[Stored]:
    """Every entry in order, a page at a time."""
    last = 0
    while rows := session.exec(
        select(LedgerRow.seq, LedgerRow.entry, LedgerRow.hash)
        .where(col(LedgerRow.seq) > last)
        .order_by(col(LedgerRow.seq))
        .limit(PAGE)
    ).all():
        for row in rows:
            yield Stored(*row)
        last = rows[-1][0]


def _append(session: Session, commitments: Sequence[tuple[EntryType, str]], *, day: date) -> int:
    """One more entry for each, in one statement; the last one's number."""
    _take_turn(session)
    stored = head(session)
    rows = []
    for kind, committed in commitments:
        stored = chain.append(stored, log=LOG, day=day, kind=kind, commitment=committed)
        rows.append(stored._asdict())
    if rows:
        session.execute(insert(LedgerRow), rows)
    return stored.seq if stored else 0


def _take_turn(session: Session) -> None:
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": APPEND_LOCK})
