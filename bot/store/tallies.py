"""Tallies of messages and of people reached, by step, day, language and channel."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, case, literal_column
from sqlalchemy import select as select_columns
from sqlmodel import Session, and_, col, func, or_

from bot.domain.campaign import Campaign
from bot.domain.delivery import DeliveryState
from bot.domain.step import StepKind
from bot.store.models import DeliveryRow, RecipientRow

SENT = DeliveryState.SENT.value
REACHED = (SENT, DeliveryState.IN_DOUBT.value)


@dataclass(frozen=True, slots=True)
class Delivered:
    """So many deliveries of a step alike; `asked_on` stands for the notice alone."""

    step: str
    state: str
    channel: str
    asked_on: date | None
    count: int

    @property
    def is_reached(self) -> bool:
        """Whether it arrived, as far as we know; in doubt counts."""
        return self.state in REACHED

    @property
    def is_asked(self) -> bool:
        """Whether it is how these people were asked."""
        return self.is_reached or self.asked_on is not None


def deliveries(session: Session, campaign: Campaign) -> list[Delivered]:
    """The campaign's messages, in groups, steps in the order of their first; all that are sent are counted in
    the order of an index, without sorting a million rows."""
    keys = (col(DeliveryRow.step), col(DeliveryRow.asked_on), col(DeliveryRow.channel))
    state, first = col(DeliveryRow.state), func.min(col(DeliveryRow.id))
    ours = and_(col(DeliveryRow.campaign_id) == campaign.id, col(DeliveryRow.kind) != StepKind.REPLY.value)
    sent = func.count(case((state == SENT, 1)))
    counted = session.execute(
        select_columns(first, *keys, func.count(), sent).where(ours).group_by(*keys)
    ).all()
    found = [(*row[:4], SENT, row[5]) for row in counted if row[5]]
    if any(row[4] != row[5] for row in counted):
        others = select_columns(first, *keys, state, func.count()).where(ours, state != SENT)
        found += map(tuple, session.execute(others.group_by(*keys, state)))
    return [
        Delivered(step or "", state, channel, day, count)
        for _, step, day, channel, state, count in sorted(found)
    ]


def reached_by_locale(session: Session, campaign: Campaign) -> Mapping[str | None, int]:
    """How many people the notice reached, by the language that we write to them in."""
    locale = func.coalesce(RecipientRow.chosen_locale, RecipientRow.locale)
    found = session.execute(
        select_columns(locale, func.count())
        .select_from(DeliveryRow)
        .outerjoin(RecipientRow, col(RecipientRow.id) == col(DeliveryRow.recipient_id))
        .where(col(DeliveryRow.campaign_id) == campaign.id, col(DeliveryRow.step) == StepKind.NOTICE.value)
        .where(col(DeliveryRow.state).in_(REACHED))
        .group_by(literal_column("1"))
    )
    return {locale: int(count) for locale, count in found}


def is_asked(delivery: type[DeliveryRow]) -> ColumnElement[bool]:
    """Whether a notice is how the person was asked: it arrived, as far as we know, or did once."""
    return or_(col(delivery.state).in_(REACHED), col(delivery.asked_on).is_not(None))
