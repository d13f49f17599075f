"""Prospects: who still waits for what in a campaign, counted by the database in groups of people alike."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import ColumnElement, Null, and_, literal_column, null
from sqlalchemy import select as select_columns
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, func, select

from bot.domain.campaign import Campaign
from bot.domain.delivery import DeliveryState
from bot.domain.recipient import ChannelName, Exclusion
from bot.domain.step import StepKind, name_of, number_of
from bot.store import audience, lanes
from bot.store.figures import exclusion
from bot.store.models import AddressRow, CampaignRow, DeliveryRow, RecipientRow, SlotRow
from bot.store.tallies import REACHED

OPEN = (DeliveryState.DUE.value, DeliveryState.SENDING.value)
PAGE = 5_000


@dataclass(frozen=True, slots=True)
class Unasked:
    """People to whom no notice is planned; `since` when they came into reach after the start."""

    lane: str
    channel: ChannelName
    zone: str
    since: datetime | None
    count: int


@dataclass(frozen=True, slots=True)
class Waiting:
    """Deliveries of one step that are in the outbox."""

    lane: str
    channel: ChannelName
    zone: str
    step: str
    final: bool
    due_at: datetime
    not_after: datetime | None
    asked_on: date | None
    count: int


@dataclass(frozen=True, slots=True)
class Asked:
    """People who were asked on a local day and have not answered."""

    lane: str
    channel: ChannelName
    zone: str
    asked_on: date
    count: int


@dataclass(frozen=True, slots=True)
class Gone:
    """What went out of one step."""

    lane: str
    step: str
    count: int
    first_at: datetime
    last_at: datetime


@dataclass(frozen=True, slots=True)
class Unlinked:
    """Somebody of the audience whom no address of theirs reaches."""

    id: int
    ref: str
    locale: str | None
    zone: str | None


def unasked(session: Session, campaign: Campaign, *, anew: bool) -> list[Unasked]:
    """Groups of people for whom no notice is planned; `anew`: as if none were planned for anybody."""
    meant = audience.undecided(campaign) if anew else audience.may_be_asked(campaign)
    since: ColumnElement[datetime | None] | Null = (
        null() if anew or campaign.started_at is None else audience.since(campaign)
    )
    keys = (lanes.column(session), col(AddressRow.channel), audience.zone(), since)
    found = session.execute(
        select_columns(*keys, func.count())
        .select_from(RecipientRow)
        .join(CampaignRow, col(CampaignRow.id) == campaign.id)
        .join(AddressRow, col(AddressRow.id) == audience.preferred_address())
        .where(meant)
        .group_by(*_first(len(keys)))
    )
    groups = [
        Unasked(lane, ChannelName(channel), zone, at, count) for lane, channel, zone, at, count in found
    ]
    return sorted(groups, key=lambda group: (group.zone, group.channel, group.since is not None, group.since))


def waiting(session: Session, campaign: Campaign) -> list[Waiting]:
    """What is in the outbox and not yet begun, of people who have not answered and want to be written to."""
    due = func.coalesce(DeliveryRow.due_at, SlotRow.due_at)
    ends = func.coalesce(DeliveryRow.not_after, SlotRow.not_after)
    keys = (
        col(DeliveryRow.lane), col(DeliveryRow.channel), audience.zone(), col(DeliveryRow.step),
        col(DeliveryRow.final), due, ends, col(SlotRow.day_asked),
    )  # fmt: skip
    found = session.execute(
        select_columns(*keys, func.count())
        .select_from(DeliveryRow)
        .join(RecipientRow, col(RecipientRow.id) == col(DeliveryRow.recipient_id))
        .join(CampaignRow, col(CampaignRow.id) == campaign.id)
        .outerjoin(SlotRow, col(SlotRow.id) == col(DeliveryRow.slot_id))
        .where(col(DeliveryRow.campaign_id) == campaign.id, col(DeliveryRow.state).in_(OPEN))
        .where(col(DeliveryRow.kind) != StepKind.REPLY.value, audience.undecided(campaign), due.is_not(None))
        .group_by(*_first(len(keys)))
        .order_by(due, func.min(col(DeliveryRow.id)))
    )
    return [
        Waiting(lane, ChannelName(channel), zone, step, final, at, end, day, count)
        for lane, channel, zone, step, final, at, end, day, count in found
    ]


def asked(session: Session, campaign: Campaign, *, told_otherwise: bool = False) -> list[Asked]:
    """Those who were asked, are undecided and within reach; or those of them who know another deadline."""
    notice = aliased(DeliveryRow)
    keys = (
        lanes.column(session), col(notice.channel), audience.zone(), col(notice.asked_on),
    )  # fmt: skip
    query = (
        select_columns(*keys, func.count())
        .select_from(notice)
        .join(RecipientRow, col(RecipientRow.id) == col(notice.recipient_id))
        .join(CampaignRow, col(CampaignRow.id) == campaign.id)
        .join(AddressRow, col(AddressRow.id) == audience.preferred_address())
        .where(col(notice.campaign_id) == campaign.id, col(notice.step) == StepKind.NOTICE.value)
        .where(col(notice.asked_on).is_not(None), audience.undecided(campaign))
        .group_by(*_first(len(keys)))
        .order_by(*_first(len(keys)))
    )
    if told_otherwise:
        query = query.where(audience.told_otherwise(campaign), ~audience.awaits_correction(campaign))
    return [
        Asked(lane, ChannelName(channel), zone, day, count)
        for lane, channel, zone, day, count in session.execute(query)
    ]


def put_off(session: Session, campaign: Campaign) -> Mapping[tuple[str, date, str, str], int]:
    """How many of a zone, day asked and channel get a reminder of their own instead of this one."""
    notice = aliased(DeliveryRow)
    keys = (
        audience.zone(), col(notice.asked_on), col(notice.channel), col(DeliveryRow.step),
    )  # fmt: skip
    found = session.execute(
        select_columns(*keys, func.count())
        .select_from(DeliveryRow)
        .join(RecipientRow, col(RecipientRow.id) == col(DeliveryRow.recipient_id))
        .join(CampaignRow, col(CampaignRow.id) == campaign.id)
        .join(
            notice,
            and_(
                col(notice.recipient_id) == col(DeliveryRow.recipient_id),
                col(notice.campaign_id) == campaign.id,
                col(notice.step) == StepKind.NOTICE.value,
            ),
        )
        .where(col(DeliveryRow.campaign_id) == campaign.id, col(DeliveryRow.kind) == StepKind.LATER.value)
        .where(audience.undecided(campaign))
        .group_by(*_first(len(keys)))
    )
    return {
        (zone, day, channel, name_of(StepKind.REMINDER, number_of(step))): count
        for zone, day, channel, step, count in found
    }


def gone(session: Session, campaign: Campaign) -> list[Gone]:
    """What went out already, as far as we know."""
    at = col(DeliveryRow.settled_at)
    found = session.execute(
        select_columns(col(DeliveryRow.lane), col(DeliveryRow.step), func.count(), func.min(at), func.max(at))
        .where(col(DeliveryRow.campaign_id) == campaign.id, col(DeliveryRow.kind) != StepKind.REPLY.value)
        .where(col(DeliveryRow.state).in_(REACHED), at.is_not(None))
        .group_by(col(DeliveryRow.lane), col(DeliveryRow.step))
    )
    return [Gone(*row) for row in found]


def unlinked(session: Session, campaign: Campaign) -> Iterator[Unlinked]:
    """Everybody of the audience who cannot be written to because no account is connected."""
    last = 0
    while rows := session.exec(
        select(RecipientRow.id, RecipientRow.ref, RecipientRow.locale, RecipientRow.zone)
        .where(exclusion(campaign.document) == Exclusion.UNLINKED.value, col(RecipientRow.id) > last)
        .order_by(col(RecipientRow.id))
        .limit(PAGE)
    ).all():
        for id_, ref, locale, zone in rows:
            last = id_ or 0
            yield Unlinked(last, ref, locale, zone)


def _first(count: int) -> list[ColumnElement[object]]:
    """The first columns, by position: PostgreSQL takes no two expressions with parameters for the same."""
    return [literal_column(str(place)) for place in range(1, count + 1)]
