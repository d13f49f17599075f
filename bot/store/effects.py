"""Effects: every choice is told to the system of record, each person's in the order in which they were made."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import assert_never

from pydantic import TypeAdapter
from sqlalchemy import ColumnElement, bindparam, inspect, literal
from sqlalchemy import select as select_columns
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, func, select, update

from bot.domain.choice import ChoiceRecord
from bot.domain.effect import Answer, Applied, Effect, EffectState, Told, Untold, waits
from bot.store.dialect import insert_selected
from bot.store.models import ChoiceRow, EffectRow, RecipientRow

RECORD = TypeAdapter(ChoiceRecord)
CLAIMED = timedelta(minutes=1)  # longer than any attempt; who ends meanwhile holds nobody up for longer
SEGMENT = 20_000
DUE = EffectState.DUE.value


@dataclass(frozen=True, slots=True)
class Logged:
    """An effect as it stands."""

    seq: int
    recipient: str
    receipt: str
    state: EffectState
    attempts: int
    due_at: datetime | None
    told_at: datetime | None
    applied_at: datetime | None
    reason: str | None


def gather(session: Session, *, now: datetime) -> int:
    """Choices made since the last time are to be told; how many, a segment at most.

    They become visible in the order of their numbers, so that none can slip in before the last.
    """
    before = _last(session)
    state, attempts = literal(DUE), literal(0)
    due_at = bindparam("due_at", now, type_=inspect(EffectRow).columns["due_at"].type)
    chosen = (
        select_columns(col(ChoiceRow.seq), col(ChoiceRow.recipient_id), state, attempts, due_at)
        .where(col(ChoiceRow.seq) > before)
        .order_by(col(ChoiceRow.seq))
        .limit(SEGMENT)
    )
    columns = ("seq", "recipient_id", "state", "attempts", "due_at")
    session.execute(insert_selected(session.get_bind().dialect.name, EffectRow, columns, chosen))
    return session.exec(select(func.count()).where(col(EffectRow.seq) > before)).one()


def claim(session: Session, *, now: datetime, limit: int) -> list[Effect]:
    """The next of each person that is due, for one attempt; nobody else makes it meanwhile."""
    rows = session.exec(
        select(EffectRow)
        .where(_is_next(), col(EffectRow.due_at) <= now)
        .order_by(col(EffectRow.due_at), col(EffectRow.seq))
        .limit(limit)
        .with_for_update(skip_locked=True)
    ).all()
    for row in rows:
        row.attempts += 1
        row.due_at = now + CLAIMED
    session.flush()
    return [_effect(session, row) for row in rows]


def save(session: Session, effect: Effect, answer: Answer, *, now: datetime) -> None:
    """What came of the attempt is kept; one that came to nothing is made again later."""
    row = session.get(EffectRow, effect.seq)
    if row is None or row.state != DUE:  # forgotten, or settled by a slower attempt before
        return
    match answer:
        case Applied():
            row.state, row.told_at, row.applied_at, row.reason = EffectState.APPLIED.value, now, now, None
        case Told():
            row.state, row.told_at, row.reason = EffectState.TOLD.value, now, None
        case Untold(reason):
            row.due_at, row.reason = now + waits(effect.attempts), reason
        case _:
            assert_never(answer)


def next_instant(session: Session, *, now: datetime) -> datetime | None:
    """When there is somebody to be told of something."""
    newest = session.exec(select(func.coalesce(func.max(ChoiceRow.seq), 0))).one()
    if newest > _last(session):
        return now
    return session.exec(select(func.min(EffectRow.due_at)).where(_is_next())).one()


def find(session: Session, *, state: EffectState | None = None, limit: int) -> Sequence[Logged]:
    """The newest effects, the oldest of them first."""
    query = (
        select(EffectRow, RecipientRow.ref, ChoiceRow.receipt)
        .join(RecipientRow, col(RecipientRow.id) == col(EffectRow.recipient_id))
        .join(ChoiceRow, col(ChoiceRow.seq) == col(EffectRow.seq))
    )
    if state is not None:
        query = query.where(EffectRow.state == state.value)
    newest = session.exec(query.order_by(col(EffectRow.seq).desc()).limit(limit)).all()
    return [_logged(*found) for found in reversed(newest)]


def replay(session: Session, *, receipt: str | None = None, now: datetime) -> int:
    """What was told is told anew, all of it or one choice; what waits for another attempt does not wait.

    How many these are. A receiver knows by their ids what it has had already.
    """
    again = update(EffectRow).values(state=DUE, attempts=0, due_at=now, reason=None)
    if receipt is not None:
        named = select(ChoiceRow.seq).where(ChoiceRow.receipt == receipt)
        again = again.where(col(EffectRow.seq).in_(named))
    return len(session.execute(again.returning(col(EffectRow.seq))).all())


def hurry(session: Session, *, now: datetime) -> int:
    """What waits for another attempt does not wait; how many these are."""
    waiting = update(EffectRow).where(col(EffectRow.state) == DUE).values(due_at=now)
    return len(session.execute(waiting.returning(col(EffectRow.seq))).all())


def _is_next() -> ColumnElement[bool]:
    """It is open, and none of the same person before it is."""
    earlier = aliased(EffectRow)
    before = (
        select(earlier.seq)
        .where(earlier.recipient_id == EffectRow.recipient_id, earlier.state == DUE)
        .where(col(earlier.seq) < col(EffectRow.seq))
        .exists()
    )
    return (col(EffectRow.state) == DUE) & ~before


def _last(session: Session) -> int:
    return session.exec(select(func.coalesce(func.max(EffectRow.seq), 0))).one()


def _effect(session: Session, row: EffectRow) -> Effect:
    choice = session.exec(select(ChoiceRow).where(ChoiceRow.seq == row.seq)).one()
    person = session.get_one(RecipientRow, row.recipient_id)
    record = RECORD.validate_json(choice.record)
    return Effect(row.seq, person.ref, record, choice.supersedes, row.attempts)


def _logged(row: EffectRow, ref: str, receipt: str) -> Logged:
    is_due = row.state == DUE
    return Logged(
        seq=row.seq,
        recipient=ref,
        receipt=receipt,
        state=EffectState(row.state),
        attempts=row.attempts,
        due_at=row.due_at if is_due else None,
        told_at=row.told_at,
        applied_at=row.applied_at,
        reason=row.reason,
    )
