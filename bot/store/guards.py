"""What campaigns are guarded by: what became of their messages, and which paused by themselves."""

from datetime import datetime

from sqlalchemy.orm import aliased
from sqlmodel import Session, and_, col, func, select

from bot.domain.delivery import DeliveryState
from bot.domain.guard import Guard, Sendings
from bot.domain.recipient import Reach
from bot.domain.step import StepKind
from bot.store.models import AddressRow, DeliveryRow, GuardTripRow

SENT, REJECTED = DeliveryState.SENT.value, DeliveryState.REJECTED.value


def refusals(session: Session, campaign_id: int) -> Sendings:
    """What speaks against the campaign; `sent` is not counted: each figure here is found by an index of its own.

    An address to which a message of the campaign was sent could be written to then: if it is blocked now, that
    was done after the message. A message has failed when it was refused though its address can be written to:
    accounts that are gone, or that never let the bot in, say nothing about the campaign.
    """
    message = aliased(DeliveryRow)
    written_to = (
        select(message.id)
        .where(message.recipient_id == AddressRow.recipient_id, message.campaign_id == campaign_id)
        .where(message.address_id == AddressRow.id, message.state == SENT)
        .where(message.kind != StepKind.REPLY.value)
        .exists()
    )
    blocked = session.exec(
        select(func.count())
        .select_from(AddressRow)
        .where(AddressRow.reach == Reach.BLOCKED.value, written_to)
    ).one()
    is_blocked = col(AddressRow.reach) == Reach.BLOCKED.value
    rejected = (
        select(func.count())
        .select_from(DeliveryRow)
        .join(AddressRow, col(AddressRow.id) == col(DeliveryRow.address_id))
        .where(DeliveryRow.campaign_id == campaign_id, DeliveryRow.state == REJECTED)
        .where(DeliveryRow.kind != StepKind.REPLY.value)
    )
    return Sendings(
        blocked=blocked,
        failed=session.exec(rejected.where(AddressRow.reach == Reach.REACHABLE.value)).one(),
        blocked_before=session.exec(rejected.where(and_(is_blocked, ~written_to))).one(),
    )


def sent(session: Session, campaign_id: int) -> int:
    """How many messages of the campaign have arrived, as far as we know."""
    return session.exec(
        select(func.count())
        .select_from(DeliveryRow)
        .where(DeliveryRow.campaign_id == campaign_id, DeliveryRow.state == SENT)
        .where(DeliveryRow.kind != StepKind.REPLY.value)
    ).one()


def baseline(session: Session, campaign_id: int) -> Sendings:
    """What was counted when a person last let the campaign go on after a guard had paused it."""
    row = _latest(session, campaign_id)
    return Sendings(row.sent, row.blocked, row.failed) if row else Sendings()


def awaits_renewal(session: Session, campaign_id: int) -> bool:
    """Whether the campaign has tripped since a person last let it go on."""
    row = _latest(session, campaign_id)
    return row is not None and not row.renewed


def record(session: Session, campaign_id: int, guard: Guard, counted: Sendings, *, now: datetime) -> None:
    """The campaign has paused by itself, with these counts."""
    session.add(
        GuardTripRow(
            campaign_id=campaign_id,
            guard=guard.value,
            at=now,
            sent=counted.sent,
            blocked=counted.blocked,
            failed=counted.failed,
        )
    )
    session.flush()


def renew(session: Session, campaign_id: int, counted: Sendings) -> None:
    """A person has let the campaign go on: what was counted until now is not held against it again."""
    row = _latest(session, campaign_id)
    if row is not None:
        row.sent, row.blocked, row.failed, row.renewed = counted.sent, counted.blocked, counted.failed, True


def _latest(session: Session, campaign_id: int) -> GuardTripRow | None:
    return session.exec(
        select(GuardTripRow)
        .where(GuardTripRow.campaign_id == campaign_id)
        .order_by(col(GuardTripRow.id).desc())
    ).first()
