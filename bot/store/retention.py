"""Retention: what has been kept for long enough goes; that something was there stays, as a count."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy.orm import Mapped
from sqlmodel import Session, col, delete, func, or_, select, update

from bot.domain.delivery import DeliveryState
from bot.domain.step import StepKind
from bot.store.database import leave_no_traces
from bot.store.models import AuditRow, ChoiceRow, DeliveryRow, InboxRow, LinkTokenRow

SEGMENT = 5_000  # rows looked at in a transaction: an answer that comes meanwhile waits for no more
OVER = tuple(
    state.value for state in DeliveryState if state not in (DeliveryState.DUE, DeliveryState.SENDING)
)


@dataclass(frozen=True, slots=True)
class Cleared:
    """What became of one segment: how many rows were cleared, and up to which it went; None: it was the last."""

    count: int
    up_to: int | None


Clear = Callable[[Session, datetime, int], Cleared]


def clear_updates(session: Session, before: datetime, after: int) -> Cleared:
    """Updates worked before then say nothing any more."""
    last = _last(session, col(InboxRow.id), after)
    rows = session.exec(
        select(InboxRow)
        .where(col(InboxRow.id) > after, col(InboxRow.id) <= last)
        .where(col(InboxRow.state) != "new", col(InboxRow.done_at) < before, InboxRow.body != "")
    ).all()
    for row in rows:  # a key by which copies are known may name the person; by now no copy comes
        row.body, row.sender, row.dedupe = "", "", f"cleared:{row.id}"
    return _done(session, len(rows), last)


def clear_replies(session: Session, before: datetime, after: int) -> Cleared:
    """Answers sent before then say nothing any more, but for those that asked: their buttons still work, and a
    choice may rest on them."""
    last = _last(session, col(DeliveryRow.id), after)
    chosen = select(ChoiceRow.delivery_id).where(ChoiceRow.delivery_id == col(DeliveryRow.id)).exists()
    emptied = {
        "body": None,
        "to": None,
        "edits": None,
        "response_url": None,
        "document": None,
        "about_id": None,
    }
    cleared = (
        update(DeliveryRow)
        .where(col(DeliveryRow.id) > after, col(DeliveryRow.id) <= last)
        .where(col(DeliveryRow.kind) == StepKind.REPLY.value, col(DeliveryRow.body).is_not(None))
        .where(col(DeliveryRow.state).in_(OVER), col(DeliveryRow.settled_at) < before)
        .where(col(DeliveryRow.asks).is_(False), ~chosen)
        .values(emptied)
        .execution_options(synchronize_session=False)
        .returning(col(DeliveryRow.id))
    )
    return _done(session, len(session.execute(cleared).all()), last)


def drop_links(session: Session, before: datetime, after: int) -> Cleared:
    """Invitations used before then, and links of support's that ended before then, are gone."""
    last = _last(session, col(LinkTokenRow.id), after)
    dropped = (
        delete(LinkTokenRow)
        .where(col(LinkTokenRow.id) > after, col(LinkTokenRow.id) <= last)
        .where(or_(col(LinkTokenRow.used_at) < before, col(LinkTokenRow.until) < before))
        .returning(col(LinkTokenRow.id))
    )
    return _done(session, len(session.execute(dropped).all()), last)


def drop_audit(session: Session, before: datetime, after: int) -> Cleared:
    """What staff did before then is gone."""
    last = _last(session, col(AuditRow.id), after)
    dropped = (
        delete(AuditRow)
        .where(col(AuditRow.id) > after, col(AuditRow.id) <= last, col(AuditRow.at) < before)
        .returning(col(AuditRow.id))
    )
    return _done(session, len(session.execute(dropped).all()), last)


WORDS: Final[Mapping[str, Clear]] = {
    "updates": clear_updates,
    "replies": clear_replies,
    "invitations": drop_links,
}
STAFF: Final[Mapping[str, Clear]] = {"staff acts": drop_audit}


def _last(session: Session, number: Mapped[int | None], after: int) -> int:
    """The last row of the segment after this one; 0 when there is none."""
    segment = select(number).where(number > after).order_by(number).limit(SEGMENT).subquery()
    found: int = session.exec(select(func.coalesce(func.max(segment.c.id), 0))).one()
    return found


def _done(session: Session, count: int, last: int) -> Cleared:
    if count:
        leave_no_traces(session)
    session.flush()
    return Cleared(count, last or None)
