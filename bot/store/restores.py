"""Restores: an older copy of the database sends nothing until somebody has released it.

It cannot know what was sent since it was made. Whatever was due by the restore may have arrived, so a release
leaves it in doubt; what came due later is surely not sent yet.
"""

from datetime import datetime

from sqlalchemy import ColumnElement
from sqlmodel import Session, col, func, or_, select, update

from bot.domain.delivery import DeliveryState
from bot.domain.ledger import EntryType
from bot.store import ledger
from bot.store.models import DeliveryRow, InboxRow, RestoreRow, SlotRow

UNSETTLED = (DeliveryState.DUE.value, DeliveryState.SENDING.value)
REASON = "the database was put back: it may have been sent since"


def hold(session: Session, *, by: str, now: datetime) -> None:
    """The database is an older copy from now on; nothing is sent."""
    session.add(RestoreRow(at=now, by=by))
    session.flush()


def sends_held() -> ColumnElement[bool]:
    """Whether sends are held, for a statement."""
    return select(RestoreRow.id).where(col(RestoreRow.released_at).is_(None)).exists()


def held_since(session: Session) -> datetime | None:
    """Since when nothing is sent; None when sends are free."""
    return session.exec(select(func.max(RestoreRow.at)).where(col(RestoreRow.released_at).is_(None))).one()


def release(session: Session, *, by: str, now: datetime) -> int | None:
    """Sends are free again, and the ledger says so; how many deliveries are in doubt by that.

    Everything due by the restore must be planned already. None when nothing is held.
    """
    since = held_since(session)
    if since is None:
        return None
    doubts = _doubt(session, since, now)
    session.execute(
        update(RestoreRow)
        .where(col(RestoreRow.released_at).is_(None))
        .values(released_at=now, released_by=by)
    )
    ledger.state(session, EntryType.RESTORE, {"released": True, "in_doubt": doubts}, now=now)
    return doubts


def _doubt(session: Session, since: datetime, now: datetime) -> int:
    """What may have been sent by `since` is in doubt: begun, for all we know, as soon as it was due."""
    planned = select(SlotRow.due_at).where(col(SlotRow.id) == DeliveryRow.slot_id).scalar_subquery()
    due = (
        select(DeliveryRow.id)
        .outerjoin(SlotRow, col(SlotRow.id) == col(DeliveryRow.slot_id))
        .outerjoin(InboxRow, col(InboxRow.id) == col(DeliveryRow.inbox_id))
        .where(col(DeliveryRow.state).in_(UNSETTLED))
        .where(
            or_(
                func.coalesce(DeliveryRow.due_at, SlotRow.due_at) <= since,
                col(SlotRow.due_at) <= since,  # put off since, perhaps
                col(InboxRow.received_at) <= since,  # the answer to what was worked before, perhaps
                col(DeliveryRow.state) == DeliveryState.SENDING.value,
            )
        )
    )
    doubted = (
        update(DeliveryRow)
        .where(col(DeliveryRow.id).in_(due))
        .values(
            state=DeliveryState.IN_DOUBT.value,
            doubts=DeliveryRow.doubts + 1,
            reason=REASON,
            claimed_at=func.coalesce(DeliveryRow.claimed_at, planned, DeliveryRow.due_at, since),
            settled_at=now,
        )
        .execution_options(synchronize_session=False)
    )
    return session.connection().execute(doubted).rowcount
