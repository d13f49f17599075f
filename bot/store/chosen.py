"""The chosen: who is to have a step of a campaign, as statements that are built once for each campaign.

A planner asks at every tick; what differs from slot to slot is a parameter.
"""

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Executable, Select, bindparam, literal, select
from sqlalchemy.orm import aliased
from sqlalchemy.sql.expression import SQLColumnExpression
from sqlmodel import SQLModel, and_, col

from bot.domain.campaign import Campaign
from bot.domain.delivery import DeliveryState
from bot.domain.step import StepKind
from bot.store import audience, lanes
from bot.store.dialect import insert_selected
from bot.store.models import AddressRow, CampaignRow, DeliveryRow, RecipientRow

REMEMBERED = 64  # statements of each sort
DELIVERY_COLUMNS = (
    "campaign_id", "recipient_id", "address_id", "slot_id", "step", "kind", "final", "asks", "channel", "lane",
    "priority", "state", "on_doubt", "claim", "epoch", "failures", "doubts", "created_at",
)  # fmt: skip
_TYPES = {column.name: column.type for column in SQLModel.metadata.tables["delivery"].c}


@lru_cache(maxsize=REMEMBERED)
def newcomers(campaign: Campaign) -> Select[str, str, datetime | None]:
    """The groups of people in the audience, reachable, for whom no notice is planned yet."""
    return (
        select(audience.zone(), col(AddressRow.channel), audience.since(campaign))
        .select_from(RecipientRow)
        .join(CampaignRow, col(CampaignRow.id) == campaign.id)
        .join(AddressRow, col(AddressRow.id) == audience.preferred_address())
        .where(audience.may_be_asked(campaign))
        .distinct()
    )


@lru_cache(maxsize=REMEMBERED)
def insert_notices(dialect: str, campaign: Campaign, *, is_late: bool, goes_on: bool) -> Executable:
    """Notices for a segment of one group of newcomers; `is_late`: they came into reach at `since`; `goes_on`:
    of those after the person `after` only."""
    since = audience.since(campaign)
    chosen = (
        select(*_new_delivery(campaign))
        .select_from(RecipientRow)
        .join(CampaignRow, col(CampaignRow.id) == campaign.id)
        .join(AddressRow, col(AddressRow.id) == audience.preferred_address())
        .where(audience.may_be_asked(campaign), audience.zone() == bindparam("among"))
        .where(col(AddressRow.channel) == bindparam("on_channel"))
        .where(since == bindparam("since") if is_late else since.is_(None))
    )
    return _insert(dialect, chosen, goes_on=goes_on)


@lru_cache(maxsize=REMEMBERED)
def insert_steps(dialect: str, campaign: Campaign, kind: StepKind, *, goes_on: bool) -> Executable:
    """Deliveries of a slot's step, of this kind, for a segment of those who are still undecided."""
    notice = aliased(DeliveryRow)
    whose = and_(col(notice.recipient_id) == col(RecipientRow.id), col(notice.campaign_id) == campaign.id)
    chosen = (
        select(*_new_delivery(campaign))
        .select_from(RecipientRow)
        .join(CampaignRow, col(CampaignRow.id) == campaign.id)
        .join(notice, whose)
        .join(AddressRow, col(AddressRow.id) == audience.preferred_address())
        .where(col(notice.step) == StepKind.NOTICE.value, col(notice.asked_on) == bindparam("day_asked"))
        .where(col(notice.channel) == bindparam("on_channel"), audience.zone() == bindparam("among"))
        .where(audience.undecided(campaign))
        .where(~audience.has_step(campaign, bindparam("step", type_=_TYPES["step"])))
    )
    match kind:
        case StepKind.REMINDER:
            chosen = chosen.where(~audience.put_off(campaign))
        case StepKind.CORRECTION:
            chosen = chosen.where(audience.told_otherwise(campaign), ~audience.awaits_correction(campaign))
        case _:
            pass
    return _insert(dialect, chosen, goes_on=goes_on)


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


def _insert(dialect: str, chosen: Select[Any], *, goes_on: bool) -> Executable:
    if goes_on:
        chosen = chosen.where(col(RecipientRow.id) > bindparam("after"))
    ordered = chosen.order_by(col(RecipientRow.id)).limit(bindparam("most"))
    insert = insert_selected(dialect, DeliveryRow, DELIVERY_COLUMNS, ordered)
    return insert.execution_options(preserve_rowcount=True)  # psycopg forgets it with its cursor
