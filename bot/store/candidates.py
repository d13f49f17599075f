"""Candidates: the rows of a lane whose turn has come, each with what its claim must know.

This is read for every message, and a lane may hold a million of them: statements are built once, and each
follows an index from its beginning and stops when it has enough.
"""

from collections.abc import Sequence
from datetime import date, datetime
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, and_, bindparam, or_, select, text
from sqlalchemy.orm import aliased
from sqlmodel import Session, SQLModel, col

from bot.domain.campaign import CampaignState
from bot.domain.delivery import DeliveryState
from bot.domain.step import StepKind
from bot.store.dialect import word
from bot.store.models import (
    AddressRow,
    CampaignRow,
    ChoiceRow,
    DeliveryRow,
    InboxRow,
    LaneRow,
    RecipientRow,
    SlotRow,
)


class Candidate(NamedTuple):
    """A row that is due, with its address and its person. Of these nearly all is looked at for every message: as a
    row of SQLAlchemy's each look would cost ten times as much."""

    id: int
    campaign_id: int | None
    recipient_id: int | None
    step: str | None
    kind: str
    final: bool
    asks: bool
    channel: str
    lane: str
    to: str | None
    on_doubt: str
    claim: int
    failures: int
    body: str | None
    edits: str | None
    response_url: str | None
    document: str | None
    surface: str
    not_after: datetime | None
    slot_not_after: datetime | None
    place_id: int | None  # without it nothing of the address is here
    place_channel: str
    external: str
    workspace: str | None
    conversation: str | None
    reach: str
    language: str | None
    plan: str
    registered_on: date | None
    zone: str | None
    locale: str | None
    chosen_locale: str | None
    muted_at: datetime | None
    answered: bool
    written_to: bool


# In the index's own words, then ours: a parameter, or one without the other, would keep SQLite off the index.
DUE = text("delivery.state IN ('due', 'sending') AND delivery.state = 'due'")
SENDING = text("delivery.state IN ('due', 'sending') AND delivery.state = 'sending'")
_REPLY = col(DeliveryRow.kind) == StepKind.REPLY.value


def unread() -> ColumnElement[bool]:
    """Who has written something that we have not yet read gets no campaign message meanwhile."""
    return (
        select(col(InboxRow.id))
        .where(col(InboxRow.state) == word("new"), col(InboxRow.sender) == AddressRow.key)
        .where(col(InboxRow.identity) == DeliveryRow.lane)  # what came by another identity may never be read
        .exists()
    )


def may_run() -> ColumnElement[bool]:
    """Replies, and the steps of campaigns that are not paused."""
    return or_(_REPLY, col(CampaignRow.state) != word(CampaignState.PAUSED))


def find(session: Session, lane: str, *, now: datetime, limit: int) -> Sequence[Candidate]:
    """Up to `limit` rows that are due, in their order: replies, then what is tried again, then the rest."""
    connection = session.connection()
    asked: dict[str, object] = {"lane": lane, "now": now}
    found: list[Candidate] = []
    for statement in _due_first():
        if len(found) < limit:
            rows = connection.execute(statement, {**asked, "most": limit - len(found)}).all()
            found += map(Candidate._make, rows)
    return found


def lanes(session: Session, *, now: datetime) -> list[str]:
    """The lanes in which something is due, or left over by an owner that ended."""
    return list(session.connection().execute(_lanes(), {"now": now}).scalars())


def _due(*conditions: ColumnElement[bool], order: Sequence[Any]) -> Select[Any]:
    return (
        select(*_columns())
        .select_from(DeliveryRow)
        .outerjoin(SlotRow, col(SlotRow.id) == col(DeliveryRow.slot_id))
        .outerjoin(CampaignRow, col(CampaignRow.id) == col(DeliveryRow.campaign_id))
        .outerjoin(AddressRow, col(AddressRow.id) == col(DeliveryRow.address_id))
        .outerjoin(RecipientRow, col(RecipientRow.id) == col(DeliveryRow.recipient_id))
        .where(DUE, col(DeliveryRow.lane) == bindparam("lane"), *conditions)
        .order_by(*order)
        .limit(bindparam("most"))
        .with_for_update(skip_locked=True, of=DeliveryRow)
    )


NOW = bindparam("now", type_=SQLModel.metadata.tables["delivery"].c.due_at.type)
_AGAIN = col(DeliveryRow.due_at) <= NOW
_BY_SLOT = and_(col(DeliveryRow.due_at).is_(None), col(SlotRow.due_at) <= NOW)
_ALLOWED = and_(may_run(), ~unread())
_IN_TIME = (col(DeliveryRow.due_at), col(DeliveryRow.id))
_LATER = (~_REPLY, col(DeliveryRow.priority) == text("10"), _ALLOWED)


@cache
def _due_first() -> Sequence[Select[Any]]:
    return (
        _due(_REPLY, col(DeliveryRow.priority) == text("0"), _AGAIN, order=_IN_TIME),
        _due(*_LATER, _AGAIN, order=_IN_TIME),
        _due(*_LATER, _BY_SLOT, order=_IN_TIME),
    )


@cache
def _lanes() -> Select[Any]:
    """Asked once a second: each lane's first row that is due answers for it."""
    one = (
        select(col(DeliveryRow.id))
        .outerjoin(SlotRow, col(SlotRow.id) == col(DeliveryRow.slot_id))
        .outerjoin(CampaignRow, col(CampaignRow.id) == col(DeliveryRow.campaign_id))
        .where(col(DeliveryRow.lane) == col(LaneRow.name))
        .correlate(LaneRow)
    )
    due = [
        one.where(DUE, col(DeliveryRow.priority) == text("0"), _AGAIN),
        one.where(DUE, col(DeliveryRow.priority) == text("10"), _AGAIN, may_run()),
        one.where(DUE, col(DeliveryRow.priority) == text("10"), _BY_SLOT, may_run()),
        one.where(SENDING),
    ]
    return select(col(LaneRow.name)).where(or_(*(each.exists() for each in due))).order_by(col(LaneRow.name))


def _columns() -> Sequence[Any]:
    """Those of a `Candidate`, in its order."""
    other = aliased(DeliveryRow)
    answered = (
        select(col(ChoiceRow.id))
        .where(col(ChoiceRow.recipient_id) == DeliveryRow.recipient_id)
        .where(col(ChoiceRow.campaign_id) == DeliveryRow.campaign_id)
        .exists()
    )
    written_to = (
        select(col(other.id))
        .where(col(other.recipient_id) == DeliveryRow.recipient_id, col(other.kind) != StepKind.REPLY.value)
        .where(col(other.state) == word(DeliveryState.SENDING))
        .exists()
    )
    return [
        DeliveryRow.id,
        DeliveryRow.campaign_id,
        DeliveryRow.recipient_id,
        DeliveryRow.step,
        DeliveryRow.kind,
        DeliveryRow.final,
        DeliveryRow.asks,
        DeliveryRow.channel,
        DeliveryRow.lane,
        DeliveryRow.to,
        DeliveryRow.on_doubt,
        DeliveryRow.claim,
        DeliveryRow.failures,
        DeliveryRow.body,
        DeliveryRow.edits,
        DeliveryRow.response_url,
        DeliveryRow.document,
        DeliveryRow.surface,
        DeliveryRow.not_after,
        SlotRow.not_after,
        AddressRow.id,
        AddressRow.channel,
        AddressRow.external,
        AddressRow.workspace,
        AddressRow.conversation,
        AddressRow.reach,
        AddressRow.language,
        RecipientRow.plan,
        RecipientRow.registered_on,
        RecipientRow.zone,
        RecipientRow.locale,
        RecipientRow.chosen_locale,
        RecipientRow.muted_at,
        answered,
        written_to,
    ]
