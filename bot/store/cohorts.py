"""Cohorts: all who share a campaign, a zone, a day asked and a channel, and so their slots."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache

from sqlalchemy import Executable, Select, bindparam, case, literal
from sqlalchemy import select as select_columns
from sqlmodel import Session, col, func, select, update

from bot.domain.recipient import ChannelName
from bot.store.dialect import among, insert_selected
from bot.store.models import CampaignRow, CohortRow, DeliveryRow, RecipientRow

COLUMNS = ("campaign_id", "zone", "day_asked", "channel", "revision")


_WITHOUT_SLOTS = (
    select(CohortRow)
    .where(CohortRow.campaign_id == bindparam("campaign"), CohortRow.revision != bindparam("present"))
    .order_by(col(CohortRow.id))
)


@dataclass(frozen=True, slots=True)
class Cohort:
    """Who was asked on the same local day, in the same zone, on the same channel."""

    campaign_id: int
    zone: str
    day_asked: date
    channel: ChannelName
    id: int = 0


def note(session: Session, notices: Sequence[int]) -> None:
    """The cohorts of those whose notices have just been accepted exist."""
    if notices:
        connection = session.connection()
        connection.execute(_of_notices(connection.dialect.name), {"ids": notices})


def note_moved(session: Session, recipient_ids: Sequence[int]) -> None:
    """The cohorts of people whose zone has changed exist."""
    asked = _asked().where(col(DeliveryRow.recipient_id).in_(recipient_ids))
    session.execute(insert_selected(session.get_bind().dialect.name, CohortRow, COLUMNS, asked))


def without_slots(session: Session, campaign_id: int, revision: int) -> list[Cohort]:
    """The cohorts whose slots are not yet those of this revision."""
    rows = session.exec(_WITHOUT_SLOTS, params={"campaign": campaign_id, "present": revision})
    return [_value(row) for row in rows]


def first(session: Session, campaign_id: int, *, zone: str) -> Cohort | None:
    """The cohort that was asked first, in this zone if there is one there; None when nobody was asked yet."""
    elsewhere = case((col(CohortRow.zone) == zone, 0), else_=1)
    row = session.exec(
        select(CohortRow)
        .where(CohortRow.campaign_id == campaign_id)
        .order_by(elsewhere, col(CohortRow.day_asked), col(CohortRow.id))
        .limit(1)
    ).first()
    return _value(row) if row else None


def computed(session: Session, cohort: Cohort, revision: int) -> None:
    """The cohort's slots are those of this revision."""
    session.execute(update(CohortRow).where(col(CohortRow.id) == cohort.id).values(revision=revision))


def compute_again(session: Session, campaign_id: int) -> None:
    """No cohort of the campaign has the slots of its revision: the planner computes them anew."""
    session.execute(update(CohortRow).where(col(CohortRow.campaign_id) == campaign_id).values(revision=0))


def _value(row: CohortRow) -> Cohort:
    return Cohort(row.campaign_id, row.zone, row.day_asked, ChannelName(row.channel), row.id or 0)


@cache
def _of_notices(dialect: str) -> Executable:
    asked = _asked().where(among(dialect, col(DeliveryRow.id), "ids"))
    return insert_selected(dialect, CohortRow, COLUMNS, asked)


def _asked() -> Select[int | None, str, date | None, str, int]:
    """The cohorts that accepted notices make."""
    return (
        select_columns(
            col(DeliveryRow.campaign_id),
            func.coalesce(RecipientRow.zone, CampaignRow.zone),
            col(DeliveryRow.asked_on),
            col(DeliveryRow.channel),
            literal(0),
        )
        .join(RecipientRow, col(RecipientRow.id) == col(DeliveryRow.recipient_id))
        .join(CampaignRow, col(CampaignRow.id) == col(DeliveryRow.campaign_id))
        .where(col(DeliveryRow.step) == "notice", col(DeliveryRow.asked_on).is_not(None))
        .distinct()
    )
