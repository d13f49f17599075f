"""The delivery log, read: what was sent to whom, and what is still on its way."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlmodel import Session, col, func, select
from sqlmodel.sql.expression import Select

from bot.domain.delivery import DeliveryState
from bot.domain.recipient import ChannelName
from bot.domain.step import StepKind
from bot.store.models import CampaignRow, DeliveryRow, RecipientRow, SlotRow

MOST_SHOWN = 1_000
SHOWN = (DeliveryState.SENT.value, DeliveryState.IN_DOUBT.value)  # or may have been


@dataclass(frozen=True, slots=True)
class Logged:
    """A row of the log. `due_at` is the slot's, unless the row has its own."""

    id: int
    step: str
    kind: StepKind
    final: bool
    channel: ChannelName
    lane: str
    state: DeliveryState
    due_at: datetime | None
    settled_at: datetime | None
    asked_on: date | None
    deadline_shown: date | None
    failures: int
    doubts: int
    reason: str | None
    campaign: str | None
    recipient: str | None
    rendering: str | None = None  # the hash of the text that was shown, or may have been


def of_person(session: Session, recipient_id: int, *, campaign_id: int | None = None) -> list[Logged]:
    """All campaign steps of a person, of one campaign or of any, in the order in which they were made."""
    query = _logged().where(
        DeliveryRow.recipient_id == recipient_id, DeliveryRow.kind != StepKind.REPLY.value
    )
    if campaign_id is not None:
        query = query.where(DeliveryRow.campaign_id == campaign_id)
    return [_value(*found) for found in session.exec(query.order_by(col(DeliveryRow.id)))]


def find(
    session: Session,
    *,
    state: DeliveryState | None = None,
    campaign_id: int | None = None,
    doubted: bool = False,
    limit: int = MOST_SHOWN,
) -> Sequence[Logged]:
    """The newest rows of the log, replies too, the oldest of them first; those that were `doubted` once are all
    that can have arrived twice."""
    query = _logged()
    if state is not None:
        query = query.where(DeliveryRow.state == state.value)
    if campaign_id is not None:
        query = query.where(DeliveryRow.campaign_id == campaign_id)
    if doubted:
        query = query.where(DeliveryRow.doubts > 0)
    newest = session.exec(query.order_by(col(DeliveryRow.id).desc()).limit(limit)).all()
    return [_value(*found) for found in reversed(newest)]


def doubtful(session: Session, *, before: int | None = None, limit: int = MOST_SHOWN) -> Sequence[Logged]:
    """The sends of which nobody can tell whether they arrived, the newest first; those `before` an id."""
    unsettled = col(DeliveryRow.state).in_((DeliveryState.IN_DOUBT, DeliveryState.HELD))
    ids = select(DeliveryRow.id).where(DeliveryRow.doubts > 0, unsettled)  # as the index says it
    if before is not None:
        ids = ids.where(col(DeliveryRow.id) < before)
    # `+ 0`: SQLite would else go through all deliveries from the newest on, rather than sort the doubtful ones
    newest = ids.order_by((col(DeliveryRow.id) + 0).desc()).limit(limit).subquery()
    query = _logged().where(col(DeliveryRow.id).in_(select(newest.c.id)))
    return [_value(*found) for found in session.exec(query.order_by(col(DeliveryRow.id).desc()))]


def about(session: Session, delivery_id: int) -> str | None:
    """The reference of the person of whom a card tells staff."""
    card = select(RecipientRow.ref).join(DeliveryRow, col(DeliveryRow.about_id) == col(RecipientRow.id))
    return session.exec(card.where(DeliveryRow.id == delivery_id)).first()


def _logged() -> Select[DeliveryRow, datetime | None, str | None, str | None]:
    due = func.coalesce(DeliveryRow.due_at, SlotRow.due_at)
    return (
        select(DeliveryRow, due, CampaignRow.slug, RecipientRow.ref)
        .outerjoin(SlotRow, col(SlotRow.id) == col(DeliveryRow.slot_id))
        .outerjoin(CampaignRow, col(CampaignRow.id) == col(DeliveryRow.campaign_id))
        .outerjoin(RecipientRow, col(RecipientRow.id) == col(DeliveryRow.recipient_id))
    )


def _value(row: DeliveryRow, due_at: datetime | None, campaign: str | None, recipient: str | None) -> Logged:
    return Logged(
        id=row.id or 0,
        step=row.step or row.kind,
        kind=StepKind(row.kind),
        final=row.final,
        channel=ChannelName(row.channel),
        lane=row.lane,
        state=DeliveryState(row.state),
        due_at=due_at,
        settled_at=row.settled_at,
        asked_on=row.asked_on,
        deadline_shown=row.deadline_shown,
        failures=row.failures,
        doubts=row.doubts,
        reason=row.reason,
        campaign=campaign,
        recipient=recipient,
        rendering=row.rendering if row.state in SHOWN else None,
    )
