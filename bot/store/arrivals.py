"""Arrivals: messages that a platform has accepted, saved many at a time.

They are nearly all that is saved, and nothing of them needs to be read first: a few statements, built once, do
for a whole batch.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache

from sqlalchemy import (
    Date,
    DateTime,
    Executable,
    Integer,
    Select,
    Table,
    Text,
    case,
    func,
    select,
    update,
)
from sqlmodel import Session, SQLModel, col

from bot.domain.delivery import DeliveryState
from bot.store import campaigns, cohorts
from bot.store.dialect import among, rows_given, word, written
from bot.store.models import CampaignRow, DeliveryRow

_DELIVERY: Table = SQLModel.metadata.tables["delivery"]
_ADDRESS: Table = SQLModel.metadata.tables["address"]


@cache
def _sent(dialect: str) -> Executable:
    given = rows_given(
        dialect,
        "arrivals",
        delivery=Integer(),
        under=Integer(),
        at=DateTime(timezone=True),
        message=Text(),
        asked=Date(),
        shown=Date(),
        place=Text(),
    )
    return (
        update(_DELIVERY)
        .where(_DELIVERY.c.id == given["delivery"], _DELIVERY.c.claim == given["under"])
        .where(_DELIVERY.c.state == word(DeliveryState.SENDING), ~_DELIVERY.c.wiped)
        .values(
            state=DeliveryState.SENT.value,
            reason=None,
            document=None,  # a file is not kept once it is sent
            to=case((_DELIVERY.c.to.is_not(None), given["place"])),  # where a reply lies, should it be edited
            settled_at=given["at"],
            platform_message=func.coalesce(given["message"], _DELIVERY.c.platform_message),
            asked_on=func.coalesce(given["asked"], _DELIVERY.c.asked_on),
            deadline_shown=func.coalesce(given["shown"], _DELIVERY.c.deadline_shown),
        )
        .returning(_DELIVERY.c.id)
    )


@cache
def _found(dialect: str) -> Executable:
    given = rows_given(dialect, "places", address=Integer(), conversation=Text())
    return (
        update(_ADDRESS)
        .where(_ADDRESS.c.id == given["address"])
        .where(_ADDRESS.c.conversation.is_distinct_from(given["conversation"]))
        .values(conversation=given["conversation"])
    )


@cache
def _old_dates(dialect: str) -> Select[int | None, date | None]:
    return (
        select(col(DeliveryRow.campaign_id), col(DeliveryRow.deadline_shown))
        .join(CampaignRow, col(CampaignRow.id) == col(DeliveryRow.campaign_id))
        .where(among(dialect, col(DeliveryRow.id), "ids"), col(CampaignRow.revision) > 1)
        .distinct()
    )


@dataclass(frozen=True, slots=True)
class Arrival:
    """A message that was accepted, under the claim by which it was sent; `place` is where a reply lies, as text."""

    delivery: int
    claim: int
    at: datetime
    message: str | None
    address: int
    conversation: str | None
    asked_on: date | None
    deadline_shown: date | None
    place: str | None = None


def save(session: Session, arrivals: Sequence[Arrival]) -> frozenset[int]:
    """They are sent, each only under its own claim; which rows took that. Those that are to be wiped do not."""
    if not arrivals:
        return frozenset()
    session.flush()
    connection = session.connection()
    rows = [
        {
            "delivery": arrival.delivery,
            "under": arrival.claim,
            "at": written(arrival.at),
            "message": arrival.message,
            "asked": arrival.asked_on and arrival.asked_on.isoformat(),
            "shown": arrival.deadline_shown and arrival.deadline_shown.isoformat(),
            "place": arrival.place,
        }
        for arrival in arrivals
    ]
    saved = connection.execute(_sent(connection.dialect.name), {"arrivals": rows}).scalars().all()
    found = [
        {"address": arrival.address, "conversation": arrival.conversation}
        for arrival in arrivals
        if arrival.conversation and arrival.address
    ]
    if found:  # where edits go: Slack tells it with the first message
        connection.execute(_found(connection.dialect.name), {"places": found})
    cohorts.note(session, [arrival.delivery for arrival in arrivals if arrival.asked_on])
    return frozenset(saved)


def look_for_old_dates(session: Session, delivery_ids: Sequence[int]) -> None:
    """What was on its way while its campaign's deadline moved has shown the old date: to be corrected."""
    if not delivery_ids:
        return
    session.flush()
    connection = session.connection()
    shown = connection.execute(_old_dates(connection.dialect.name), {"ids": delivery_ids}).all()
    present = campaigns.by_ids(session, [campaign_id or 0 for campaign_id, _ in shown]) if shown else {}
    for campaign_id, day in shown:
        if day != present[campaign_id or 0].document.deadline:
            cohorts.compute_again(session, campaign_id or 0)
