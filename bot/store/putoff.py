"""Reminders that a person has put off: each replaces a reminder and keeps its number."""

from collections.abc import Mapping
from datetime import date, datetime

from sqlmodel import Session, col, select, update

from bot.domain.campaign import Campaign
from bot.domain.delivery import DeliveryState
from bot.domain.plan import PlannedStep
from bot.domain.recipient import Address
from bot.domain.step import StepKind, on_doubt
from bot.store import lanes
from bot.store.models import DeliveryRow
from bot.store.outbox import CAMPAIGN_AFTER

REMINDERS = (StepKind.REMINDER.value, StepKind.LATER.value)


def so_far(
    session: Session, recipient_id: int, campaign_id: int
) -> tuple[date | None, Mapping[str, datetime]]:
    """(the local day on which the person was asked, when each other step was sent)."""
    rows = session.exec(
        select(DeliveryRow)
        .where(DeliveryRow.recipient_id == recipient_id, DeliveryRow.campaign_id == campaign_id)
        .where(DeliveryRow.kind != StepKind.REPLY.value)
    ).all()
    asked_on = next((row.asked_on for row in rows if row.asked_on is not None), None)
    reached = (DeliveryState.SENT.value, DeliveryState.IN_DOUBT.value)
    sent = {row.step: row.settled_at for row in rows if row.step and row.settled_at and row.state in reached}
    return asked_on, {step: at for step, at in sent.items() if step != StepKind.NOTICE.value}


def put(
    session: Session,
    campaign: Campaign,
    step: PlannedStep,
    *,
    recipient_id: int,
    address: Address,
    now: datetime,
) -> None:
    """The reminder put off is due at its instant, once; reminders waiting before it are merged into it."""
    session.execute(
        update(DeliveryRow)
        .where(col(DeliveryRow.recipient_id) == recipient_id, col(DeliveryRow.campaign_id) == campaign.id)
        .where(col(DeliveryRow.kind).in_(REMINDERS), col(DeliveryRow.state) == DeliveryState.DUE.value)
        .values(state=DeliveryState.MERGED.value, reason=f"merged into {step.step}", settled_at=now)
    )
    row = session.exec(
        select(DeliveryRow)
        .where(DeliveryRow.recipient_id == recipient_id, DeliveryRow.campaign_id == campaign.id)
        .where(DeliveryRow.step == step.step)
    ).first()
    if row is None:
        row = _row(session, campaign, step, recipient_id, address, now)
        session.add(row)
    row.state, row.due_at, row.not_after = DeliveryState.DUE.value, step.due_at, step.not_after
    row.reason, row.settled_at, row.final = None, None, step.final


def _row(
    session: Session,
    campaign: Campaign,
    step: PlannedStep,
    recipient_id: int,
    address: Address,
    now: datetime,
) -> DeliveryRow:
    return DeliveryRow(
        campaign_id=campaign.id,
        recipient_id=recipient_id,
        address_id=address.id,
        step=step.step,
        kind=StepKind.LATER.value,
        final=step.final,
        asks=True,
        channel=address.channel.value,
        lane=lanes.of(session, address),
        priority=CAMPAIGN_AFTER,
        state=DeliveryState.DUE.value,
        on_doubt=on_doubt(campaign.document.on_doubt, StepKind.LATER, final=step.final).value,
        created_at=now,
    )
