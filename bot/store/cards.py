"""Cards: what staff see of campaigns in their chats, kept so that it can be brought up to date."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, delete, select, update

from bot.domain.delivery import DeliveryState, OnDoubt
from bot.domain.step import StepKind
from bot.store.models import CampaignRow, CardRow, DeliveryRow
from bot.store.outbox import ANSWER_FIRST

STEP = "reply-card"


@dataclass(frozen=True, slots=True)
class Stale:
    """A card that shows its campaign as it was; `body` is what it says."""

    id: int
    campaign_id: int
    key: str
    delivery: int
    body: str


def keep(session: Session, *, campaign_id: int, key: str, delivery: int) -> None:
    """This delivery is the chat's card of the campaign, which it shows as it stands."""
    forget(session, campaign_id=campaign_id, key=key)
    version = session.exec(select(CampaignRow.version).where(CampaignRow.id == campaign_id)).one()
    session.add(CardRow(campaign_id=campaign_id, key=key, delivery_id=delivery, version=version))
    session.flush()


def forget(session: Session, *, campaign_id: int, key: str) -> None:
    """The chat has no card of the campaign that is brought up to date."""
    session.execute(delete(CardRow).where(col(CardRow.campaign_id) == campaign_id, col(CardRow.key) == key))


def replaced(session: Session, delivery: int) -> None:
    """Something else stands where this delivery's card was."""
    session.execute(delete(CardRow).where(col(CardRow.delivery_id) == delivery))


def stale(session: Session) -> Sequence[Stale]:
    """The cards that have arrived and whose campaigns have changed since."""
    found = session.execute(
        select(CardRow.id, CardRow.campaign_id, CardRow.key, DeliveryRow.id, DeliveryRow.body)  # type: ignore[call-overload]  # sqlmodel's overloads end at four columns
        .join(CampaignRow, col(CampaignRow.id) == col(CardRow.campaign_id))
        .join(DeliveryRow, col(DeliveryRow.id) == col(CardRow.delivery_id))
        .where(col(CardRow.version) < col(CampaignRow.version))
        .where(DeliveryRow.state == DeliveryState.SENT.value, col(DeliveryRow.body).is_not(None))
        .order_by(col(CardRow.id))
    )
    return [Stale(*row) for row in found]


def bring_up_to_date(session: Session, card: Stale, body: str, *, now: datetime) -> None:
    """The card is due to say this, in its place."""
    before = session.get_one(DeliveryRow, card.delivery)
    row = DeliveryRow(
        kind=StepKind.REPLY.value,
        step=STEP,
        channel=before.channel,
        lane=before.lane,
        to=before.to,
        priority=ANSWER_FIRST,
        state=DeliveryState.DUE.value,
        on_doubt=OnDoubt.RESEND.value,
        due_at=now,
        created_at=now,
        body=body,
        edits=before.platform_message or before.edits,
    )
    session.add(row)
    session.flush()
    keep(session, campaign_id=card.campaign_id, key=card.key, delivery=row.id or 0)


def shown_already(session: Session, card: Stale) -> None:
    """The card needs no other words: what has changed is not shown."""
    version = select(CampaignRow.version).where(CampaignRow.id == card.campaign_id).scalar_subquery()
    session.execute(update(CardRow).where(col(CardRow.id) == card.id).values(version=version))
