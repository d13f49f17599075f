"""A moved deadline, over a whole campaign: whom it concerns, and what gives way to it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement
from sqlmodel import Session, col, func, select, update

from bot.domain.campaign import Campaign
from bot.domain.delivery import DeliveryState
from bot.domain.step import StepKind
from bot.store import audience
from bot.store.models import ChoiceRow, DeliveryRow, RecipientRow, SlotRow


@dataclass(frozen=True, slots=True)
class Concerned:
    """How many people a moved deadline concerns.

    `to_correct` are undecided, can be reached and were last told another date; `silent` were told it too,
    but are muted, excluded or out of reach; `not_told` were told no date yet; `answered` need no other.
    """

    to_correct: int
    silent: int
    not_told: int
    answered: int


def concerned(session: Session, campaign: Campaign) -> Concerned:
    """Whom the campaign's deadline, as given here, concerns as another one than they were told."""
    undecided, told = audience.undecided(campaign), audience.told_otherwise(campaign)
    reachable = audience.preferred_address().is_not(None)
    answered = _exists(ChoiceRow.campaign_id == campaign.id, ChoiceRow.recipient_id == RecipientRow.id)
    shown = _exists(
        DeliveryRow.campaign_id == campaign.id,
        DeliveryRow.recipient_id == RecipientRow.id,
        col(DeliveryRow.deadline_shown).is_not(None),
    )
    return Concerned(
        to_correct=_count(session, told, undecided, reachable),
        silent=_count(session, told, ~answered, ~(undecided & reachable)),
        not_told=_count(session, undecided, reachable, ~shown),
        answered=_count(session, answered),
    )


def zones(session: Session, campaign: Campaign) -> Sequence[str]:
    """The zones in which the campaign has slots."""
    return session.exec(
        select(SlotRow.zone).where(SlotRow.campaign_id == campaign.id).distinct().order_by(SlotRow.zone)
    ).all()


def allow_until(session: Session, campaign: Campaign, zone: str, not_after: datetime) -> None:
    """What is in line for people of this zone may be begun until `not_after`; the closing note is not."""
    session.execute(
        update(SlotRow)
        .where(col(SlotRow.campaign_id) == campaign.id, col(SlotRow.zone) == zone)
        .where(col(SlotRow.kind) != StepKind.CLOSING.value)
        .values(not_after=not_after)
    )
    there = _exists(
        RecipientRow.id == DeliveryRow.recipient_id,
        func.coalesce(RecipientRow.zone, campaign.document.zone) == zone,
    )
    session.execute(
        update(DeliveryRow)
        .where(col(DeliveryRow.campaign_id) == campaign.id, col(DeliveryRow.state) == DeliveryState.DUE.value)
        .where(col(DeliveryRow.not_after).is_not(None), there)
        .values(not_after=not_after)
    )


def give_way(session: Session, campaign: Campaign, *, now: datetime) -> None:
    """Reminders in line for people who will get a correction are merged into it; notices that came too
    late for the old deadline are due again."""
    told = _exists(RecipientRow.id == DeliveryRow.recipient_id, audience.told_otherwise(campaign))
    mine = update(DeliveryRow).where(col(DeliveryRow.campaign_id) == campaign.id)
    session.execute(
        mine.where(col(DeliveryRow.state) == DeliveryState.DUE.value)
        .where(col(DeliveryRow.kind) == StepKind.REMINDER.value, told)
        .values(
            state=DeliveryState.MERGED.value,
            reason="the deadline was moved; a correction goes out instead",
            settled_at=now,
        )
    )
    session.execute(
        mine.where(col(DeliveryRow.state).in_((DeliveryState.EXPIRED.value, DeliveryState.SKIPPED.value)))
        .where(col(DeliveryRow.kind) == StepKind.NOTICE.value)
        .values(state=DeliveryState.DUE.value, reason=None, settled_at=None, due_at=None)
    )


def _count(session: Session, *rules: ColumnElement[bool]) -> int:
    return session.exec(select(func.count()).select_from(RecipientRow).where(*rules)).one()


def _exists(*rules: ColumnElement[bool] | bool) -> ColumnElement[bool]:
    return select(1).where(*rules).exists()
