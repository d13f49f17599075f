"""The chosen: who is to have a step of a campaign, as statements that are built once for each campaign.

A planner asks at every tick; what differs from slot to slot is a parameter.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Executable, Select, bindparam, literal, select
from sqlalchemy.orm import aliased
from sqlalchemy.sql.expression import SQLColumnExpression
from sqlmodel import SQLModel, and_, col, or_, update

from bot.domain.campaign import Campaign
from bot.domain.delivery import DeliveryState
from bot.domain.step import StepKind
from bot.store import audience, lanes
from bot.store.dialect import among, gathered, insert_selected, sifted
from bot.store.models import AddressRow, CampaignRow, DeliveryRow, RecipientRow

REMEMBERED = 64  # statements of each sort
DELIVERY_COLUMNS = (
    "campaign_id", "recipient_id", "address_id", "slot_id", "step", "kind", "final", "asks", "channel", "lane",
    "priority", "state", "on_doubt", "claim", "epoch", "failures", "doubts", "created_at",
)  # fmt: skip
_TYPES = {column.name: column.type for column in SQLModel.metadata.tables["delivery"].c}


@lru_cache(maxsize=REMEMBERED)
def newcomers(dialect: str, campaign: Campaign) -> Select[Any]:
    """The groups of people in the audience, reachable, for whom no notice is planned yet: the first `most` of
    them after the person `after`."""
    people: Sequence[SQLColumnExpression[Any]] = (
        col(RecipientRow.id).label("person"),
        audience.zone().label("zone"),
        col(AddressRow.channel),
        audience.since(campaign).label("since"),
    )
    found = (
        _reachable(select(*people), campaign)
        .where(audience.comes_next(campaign), col(RecipientRow.id) > bindparam("after"))
        .order_by(col(RecipientRow.id))
        .limit(bindparam("most"))
        .subquery()
    )
    alike = (found.c.zone, found.c.channel, found.c.since)
    return select(*alike, gathered(dialect, found.c.person)).group_by(*alike)


@lru_cache(maxsize=REMEMBERED)
def awaiting(campaign: Campaign) -> Select[Any]:
    """Everybody who may still be to get a slot's step."""
    notice = aliased(DeliveryRow)
    return (
        select(col(RecipientRow.id))
        .select_from(notice)
        .join(CampaignRow, col(CampaignRow.id) == campaign.id)
        .join(RecipientRow, col(RecipientRow.id) == col(notice.recipient_id))
        .where(col(notice.campaign_id) == campaign.id, col(notice.step) == StepKind.NOTICE.value)
        .where(col(notice.asked_on) == bindparam("day_asked"), col(notice.channel) == bindparam("on_channel"))
        .where(audience.zone() == bindparam("among"), audience.undecided(campaign))
    )


@lru_cache(maxsize=REMEMBERED)
def insert_notices(dialect: str, campaign: Campaign) -> Executable:
    """Notices for those of the `people` who may be asked, in one zone and on one channel."""
    chosen = (
        _reachable(select(*_new_delivery(campaign)), campaign)
        .where(audience.is_asked_for(campaign), audience.zone() == bindparam("among"))
        .where(col(AddressRow.channel) == bindparam("on_channel"))
    )
    return _insert(dialect, chosen)


@lru_cache(maxsize=REMEMBERED)
def insert_steps(dialect: str, campaign: Campaign, kind: StepKind) -> Executable:
    """Deliveries of a slot's step, of this kind, for those of the `people` who are still undecided."""
    notice = aliased(DeliveryRow)
    whose = and_(col(notice.recipient_id) == col(RecipientRow.id), col(notice.campaign_id) == campaign.id)
    chosen = (
        _reachable(select(*_new_delivery(campaign)), campaign)
        .join(notice, whose)
        .where(col(notice.step) == StepKind.NOTICE.value)
        .where(sifted(col(notice.asked_on)) == bindparam("day_asked"))
        .where(sifted(col(notice.channel)) == bindparam("on_channel"), audience.zone() == bindparam("among"))
        .where(audience.undecided(campaign))
    )
    match kind:
        case StepKind.REMINDER:
            chosen = chosen.where(~audience.put_off(campaign))
        case StepKind.CORRECTION:
            chosen = chosen.where(audience.told_otherwise(campaign), ~audience.awaits_correction(campaign))
        case _:
            pass
    return _insert(dialect, chosen)


@lru_cache(maxsize=REMEMBERED)
def merge_earlier(dialect: str) -> Executable:
    """Reminders still waiting for those of the `people` who have got the slot's step are merged into it."""
    newer = aliased(DeliveryRow)
    served = (
        select(col(newer.recipient_id))
        .where(col(newer.campaign_id) == bindparam("campaign"), col(newer.step) == bindparam("got"))
        .where(col(newer.slot_id) == bindparam("slot"), among(dialect, col(newer.recipient_id), "people"))
    )
    return (
        update(DeliveryRow)
        .where(col(DeliveryRow.recipient_id).in_(served))
        .where(col(DeliveryRow.campaign_id) == bindparam("campaign"))
        .where(col(DeliveryRow.state) == DeliveryState.DUE.value)
        .where(col(DeliveryRow.kind).in_((StepKind.REMINDER.value, StepKind.LATER.value)))
        .where(or_(col(DeliveryRow.slot_id).is_(None), col(DeliveryRow.slot_id) != bindparam("slot")))
        .values(state=DeliveryState.MERGED.value, reason=bindparam("why"), settled_at=bindparam("at"))
        .execution_options(synchronize_session=False)
    )


def _reachable(people: Select[Any], campaign: Campaign) -> Select[Any]:
    """Of people, with the place where they are written to."""
    return (
        people.select_from(RecipientRow)
        .join(CampaignRow, col(CampaignRow.id) == campaign.id)
        .join(AddressRow, col(AddressRow.id) == audience.preferred_address())
    )


def _new_delivery(campaign: Campaign) -> Sequence[SQLColumnExpression[Any]]:
    return (
        literal(campaign.id),
        col(RecipientRow.id),
        col(AddressRow.id),
        _given("slot_id", "slot"),
        _given("step"),
        _given("kind"),
        _given("final"),
        _given("asks"),
        col(AddressRow.channel),
        lanes.where_telegram_is(bindparam("telegram", type_=_TYPES["lane"])),
        _given("priority"),
        literal(DeliveryState.DUE.value),
        _given("on_doubt"),
        literal(0),
        literal(0),
        literal(0),
        literal(0),
        _given("created_at", "now"),
    )


def _given(column: str, name: str | None = None) -> ColumnElement[Any]:
    return bindparam(name or column, type_=_TYPES[column])


def _insert(dialect: str, chosen: Select[Any]) -> Executable:
    ordered = chosen.where(among(dialect, col(RecipientRow.id), "people")).order_by(col(RecipientRow.id))
    insert = insert_selected(dialect, DeliveryRow, DELIVERY_COLUMNS, ordered)
    return insert.execution_options(preserve_rowcount=True)  # psycopg forgets it with its cursor
