"""Replies that nobody has asked for, to people who need not be recipients: test messages, and what staff are told."""

from datetime import datetime

from sqlmodel import Session, select

from bot.domain.delivery import DeliveryState, OnDoubt
from bot.domain.message import Document
from bot.domain.recipient import Address
from bot.domain.step import StepKind
from bot.store import addresses, lanes, messages
from bot.store.models import DeliveryRow, LaneRow
from bot.store.outbox import ANSWER_FIRST


def lane_to(session: Session, place: Address) -> str | None:
    """The lane that writes to this place; None when no bot of ours has been up that could."""
    name = lanes.of(session, place)
    return session.exec(select(LaneRow.name).where(LaneRow.name == name)).first()


def put(
    session: Session,
    body: str,
    *,
    step: str,
    to: Address,
    lane: str,
    now: datetime,
    on_doubt: OnDoubt = OnDoubt.HOLD,
    document: Document | None = None,
) -> int:
    """The message is due, once; its number. It belongs to no campaign and no recipient, so that nothing counts
    it."""
    row = DeliveryRow(
        kind=StepKind.REPLY.value,
        step=step,
        channel=to.channel.value,
        lane=lane,
        to=addresses.to_text(to),
        priority=ANSWER_FIRST,
        state=DeliveryState.DUE.value,
        on_doubt=on_doubt.value,
        due_at=now,
        created_at=now,
        body=body,
        document=messages.document_to_text(document) if document else None,
    )
    session.add(row)
    session.flush()
    return row.id or 0
