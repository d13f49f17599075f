"""Errands: what staff asked for in a chat and is worked out beside the talk, since it may take seconds."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Row
from sqlmodel import Session, col, delete, select

from bot.domain.recipient import Address
from bot.store import addresses, core
from bot.store.models import CampaignRow, ErrandRow

_OLDEST = (
    select(ErrandRow, CampaignRow.slug)
    .join(CampaignRow, col(CampaignRow.id) == col(ErrandRow.campaign_id))
    .order_by(col(ErrandRow.id))
    .limit(1)
)


class ErrandKind(StrEnum):
    """What is to be worked out."""

    FORECAST = "forecast"
    WARNING = "warning"  # a forecast of which only is told whom the campaign does not reach in time
    REPORT = "report"
    COST = "cost"  # a forecast of which only is told what may be paid for it


@dataclass(frozen=True, slots=True)
class Errand:
    """Something to work out about a campaign, and where the answer goes, in which language and zone.

    Its answers are replies to the update `inbox_id`, the first of them with `number`; one that no update
    asked for has none.
    """

    kind: ErrandKind
    slug: str
    to: Address
    lane: str
    locale: str
    zone: str
    inbox_id: int | None = None
    number: int = 0
    response_url: str | None = None
    id: int = 0


def put(session: Session, errand: Errand, *, campaign_id: int, now: datetime) -> None:
    """It will be worked out."""
    session.add(
        ErrandRow(
            campaign_id=campaign_id,
            inbox_id=errand.inbox_id,
            number=errand.number,
            kind=errand.kind.value,
            locale=errand.locale,
            zone=errand.zone,
            to=addresses.to_text(errand.to),
            lane=errand.lane,
            response_url=errand.response_url,
            made_at=now,
        )
    )
    session.flush()


def oldest(session: Session) -> Errand | None:
    """The one that has waited longest."""
    found = core.execute(session, _OLDEST, {}).first()
    return None if found is None else _value(found)


def take(session: Session, errand_id: int) -> bool:
    """It is done, once: False when somebody else has done it meanwhile."""
    gone = session.execute(
        delete(ErrandRow).where(col(ErrandRow.id) == errand_id).returning(col(ErrandRow.id))
    )
    return gone.first() is not None


def _value(row: Row[Any]) -> Errand:
    return Errand(
        kind=ErrandKind(row.kind),
        slug=row.slug,
        to=addresses.from_text(row.to),
        lane=row.lane,
        locale=row.locale,
        zone=row.zone,
        inbox_id=row.inbox_id,
        number=row.number,
        response_url=row.response_url,
        id=row.id or 0,
    )
