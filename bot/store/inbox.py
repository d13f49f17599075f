"""The inbox: every update that a platform handed us, kept before we say OK."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, Table, bindparam, text
from sqlalchemy import select as select_columns
from sqlalchemy import update as sql_update
from sqlalchemy.orm import aliased
from sqlalchemy.sql.selectable import Exists
from sqlmodel import Session, SQLModel, col, func, or_, select, update

from bot.domain.update import Update
from bot.store import core
from bot.store.dialect import insert_each, insert_new
from bot.store.models import InboxRow

MAX_ATTEMPTS = 3
RETRY_AFTER = timedelta(seconds=2)
KEPT = ("id", "identity", "position", "sender", "body", "received_at", "attempts", "error")

_INBOX: Table = SQLModel.metadata.tables["inbox"]
_DONE = (
    sql_update(_INBOX)
    .where(_INBOX.c.id.in_(bindparam("ids", expanding=True)))
    .values(state="done", done_at=bindparam("at"))
)
_IS_NEW = text("inbox.state = 'new'")  # in the index's own words: a parameter would keep SQLite off it


def _blocked() -> Exists:
    """An earlier update of the same sender waits as well."""
    earlier = aliased(InboxRow)
    return _of_the_same_sender(earlier).where(col(earlier.id) < col(InboxRow.id)).exists()


def _is_followed() -> Exists:
    """A later update of the same sender waits for this one."""
    later = aliased(InboxRow)
    return _of_the_same_sender(later).where(col(later.id) > col(InboxRow.id)).exists()


def _of_the_same_sender(other: type[InboxRow]) -> Select[Any]:
    return (
        select_columns(col(other.id))
        .where(col(other.state) == "new", col(other.sender) == col(InboxRow.sender), col(other.sender) != "")
        .where(col(other.identity) == col(InboxRow.identity))
    )


_WAITING: Select[Any] = (
    select_columns(*(_INBOX.c[name] for name in KEPT), _is_followed())
    .select_from(InboxRow)
    .where(_IS_NEW, col(InboxRow.identity).in_(bindparam("identities", expanding=True)))
    .where(or_(col(InboxRow.retry_at).is_(None), col(InboxRow.retry_at) <= bindparam("now")), ~_blocked())
    .order_by(col(InboxRow.id))
    .limit(bindparam("most"))
)
_NEXT_RETRY = select(func.min(InboxRow.retry_at)).where(_IS_NEW, col(InboxRow.retry_at) > bindparam("now"))
_FINISH = (
    update(InboxRow)
    .where(col(InboxRow.id) == bindparam("number"), col(InboxRow.state) == "new")
    .values(state="done", done_at=bindparam("at"))
    .returning(col(InboxRow.id))
)


@dataclass(frozen=True, slots=True)
class Kept:
    """An update in the inbox, waiting to be worked."""

    id: int
    identity: str
    position: int | None
    sender: str
    body: str
    received_at: datetime
    attempts: int
    error: str | None = None
    is_followed: bool = False  # a later one of the same sender waits for it


def keep(session: Session, updates: Sequence[Update]) -> None:
    """Each update is in the inbox, once."""
    rows = [{**_values(update), "state": "new", "attempts": 0} for update in updates]
    if rows:
        session.flush()
        session.connection().execute(insert_each(session, InboxRow), rows)


def bury(session: Session, update: Update, *, error: str, now: datetime) -> None:
    """The update is in the inbox, dead: nobody can work it, but somebody may look at it."""
    fate = {"state": "dead", "attempts": MAX_ATTEMPTS, "error": error, "done_at": now}
    session.execute(insert_new(session, InboxRow, [{**_values(update), **fate}]))


def keep_worked(session: Session, update: Update, *, now: datetime) -> Kept | None:
    """The update is in the inbox, worked within this transaction; None when a copy of it was there already."""
    keep(session, [update])
    where = (InboxRow.identity == update.identity, InboxRow.dedupe == update.dedupe)
    row = session.exec(select(InboxRow).where(*where)).one()
    kept = _value(row)
    return kept if finish(session, kept.id, now=now) else None


def waiting(session: Session, identities: Collection[str], *, now: datetime, limit: int) -> list[Kept]:
    """The oldest updates of these bot identities not yet worked; of each sender only the first, so that
    order is kept."""
    asked = {"identities": list(identities), "now": now, "most": limit}
    return [Kept(*row) for row in session.connection().execute(_WAITING, asked)]


def take(session: Session, inbox_ids: Collection[int]) -> frozenset[int]:
    """Which of these rows are still open; nobody else works them until this transaction ends. What somebody
    else works just now is not waited for."""
    still_open = select(InboxRow.id).where(col(InboxRow.id).in_(inbox_ids), InboxRow.state == "new")
    found = session.exec(still_open.order_by(col(InboxRow.id)).with_for_update(skip_locked=True))
    return frozenset(inbox_id or 0 for inbox_id in found)


def finish_taken(session: Session, inbox_ids: Collection[int], *, now: datetime) -> None:
    """These rows, which this transaction took, are done."""
    session.connection().execute(_DONE, {"ids": list(inbox_ids), "at": now})


def finish(session: Session, inbox_id: int, *, now: datetime) -> bool:
    """Whether the row was still open; if so it is done, and what else this transaction does counts."""
    done = core.execute(session, _FINISH, {"number": inbox_id, "at": now})
    return done.scalar_one_or_none() is not None


def fail(session: Session, inbox_id: int, *, error: str, now: datetime) -> bool:
    """The row is tried again later, or dead after the third time; whether it is dead."""
    row = session.get(InboxRow, inbox_id)
    if row is None or row.state != "new":
        return False
    row.attempts += 1
    row.error = error
    row.retry_at = now + RETRY_AFTER * row.attempts
    if row.attempts >= MAX_ATTEMPTS:
        row.state, row.done_at = "dead", now
    return row.state == "dead"


def next_retry(session: Session, *, now: datetime) -> datetime | None:
    """When the next failed row is to be tried again."""
    retry: datetime | None = core.execute(session, _NEXT_RETRY, {"now": now}).scalar_one()
    return retry


def dead(session: Session, *, limit: int | None = None) -> list[Kept]:
    """The updates that could not be worked, oldest first; at most `limit` of them."""
    found = select(InboxRow).where(InboxRow.state == "dead").order_by(col(InboxRow.id)).limit(limit)
    return [_value(row) for row in session.exec(found)]


def revive(session: Session) -> int:
    """Every dead update is waiting again; how many there were."""
    revived = (
        update(InboxRow)
        .where(col(InboxRow.state) == "dead")
        .values(state="new", attempts=0, retry_at=None, error=None, done_at=None)
        .returning(col(InboxRow.id))
    )
    return len(session.execute(revived).all())


def _values(update: Update) -> dict[str, object]:
    return {
        "identity": update.identity,
        "dedupe": update.dedupe,
        "position": update.order,
        "sender": update.sender,
        "body": update.body,
        "received_at": update.received_at,
    }


def _value(row: InboxRow) -> Kept:
    return Kept(*(getattr(row, name) for name in KEPT))
