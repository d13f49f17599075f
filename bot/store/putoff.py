"""Reminders that a person has put off: each replaces a reminder and keeps its number."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime

from sqlmodel import Session, col, select, update

from bot.domain.campaign import Campaign
from bot.domain.delivery import DeliveryState
from bot.domain.plan import PlannedStep, StepState
from bot.domain.recipient import Address
from bot.domain.step import StepKind, kind_of, on_doubt
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
    steps: Iterable[PlannedStep],
    *,
    recipient_id: int,
    address: Address,
    now: datetime,
) -> None:
    """The reminder put off is due at its instant, once, and those that wait are merged into it.

    Where it is itself merged into the final one, whatever lies between is put down as merged, too; the
    final one stays with its slot.
    """
    decided = _decided(list(steps))
    into = next((step.step for step in decided if step.state is StepState.PLANNED), "the final reminder")
    session.execute(
        update(DeliveryRow)
        .where(col(DeliveryRow.recipient_id) == recipient_id, col(DeliveryRow.campaign_id) == campaign.id)
        .where(col(DeliveryRow.kind).in_(REMINDERS), col(DeliveryRow.state) == DeliveryState.DUE.value)
        .values(state=DeliveryState.MERGED.value, reason=f"merged into {into}", settled_at=now)
    )
    for step in decided:
        row = session.exec(
            select(DeliveryRow)
            .where(DeliveryRow.recipient_id == recipient_id, DeliveryRow.campaign_id == campaign.id)
            .where(DeliveryRow.step == step.step)
        ).first()
        if row is None:
            row = _row(session, campaign, step, recipient_id, address, now)
            session.add(row)
        _write(row, step, now)
        session.flush()


def _decided(steps: list[PlannedStep]) -> list[PlannedStep]:
    """The steps that get a row by the wish. A pause that is planned holds its reminders back by itself."""
    later = [step for step in steps if kind_of(step.step) is StepKind.LATER]
    if any(step.state is StepState.PLANNED for step in later):
        return later
    return [step for step in steps if step in later or step.state is StepState.MERGED]


def _write(row: DeliveryRow, step: PlannedStep, now: datetime) -> None:
    row.final, row.not_after = step.final, step.not_after
    if step.state is StepState.PLANNED:
        row.state, row.due_at = DeliveryState.DUE.value, step.due_at
        row.reason, row.settled_at = None, None
    else:
        row.state, row.reason, row.settled_at = DeliveryState.MERGED.value, step.why, now


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
        kind=kind_of(step.step).value,
        final=step.final,
        asks=True,
        channel=address.channel.value,
        lane=lanes.of(session, address),
        priority=CAMPAIGN_AFTER,
        state=DeliveryState.DUE.value,
        on_doubt=on_doubt(campaign.document.on_doubt, kind_of(step.step), final=step.final).value,
        created_at=now,
    )
