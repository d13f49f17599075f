"""Planning: one statement over a set of people puts their deliveries into the outbox."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Select, literal, text
from sqlalchemy.orm import aliased
from sqlmodel import Session, and_, col, or_, select, update

from bot.domain.campaign import Campaign
from bot.domain.delivery import DeliveryState
from bot.domain.recipient import ChannelName
from bot.domain.step import StepKind, kind_of, on_doubt
from bot.store import audience, lanes
from bot.store.cohorts import Cohort
from bot.store.dialect import insert_selected
from bot.store.models import AddressRow, CampaignRow, DeliveryRow, RecipientRow, SlotRow
from bot.store.outbox import CAMPAIGN_AFTER
from bot.store.slots import Slot

MANY = 5_000
SEGMENT = 20_000  # rows a statement makes at most; 50,000 held an answer up for 1.5 s on SQLite
PLANNING_LOCK = 0x7E66A8
DELIVERY_COLUMNS = (
    "campaign_id", "recipient_id", "address_id", "slot_id", "step", "kind", "final", "asks", "channel", "lane",
    "priority", "state", "on_doubt", "claim", "epoch", "failures", "doubts", "created_at",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Newcomers:
    """People of the audience for whom no notice is planned, alike in zone and channel; `since` is when
    they could first be reached, None for those who could be before the start."""

    zone: str
    channel: ChannelName
    since: datetime | None


def take_turn(session: Session) -> None:
    """Nobody else plans until this transaction ends; SQLite has one writer anyway."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": PLANNING_LOCK})


def newcomers(session: Session, campaign: Campaign) -> list[Newcomers]:
    """Groups of people in the audience, reachable, for whom no notice is planned yet."""
    since = audience.since(campaign)
    found = session.exec(
        select(audience.zone(), AddressRow.channel, since)
        .select_from(RecipientRow)
        .join(CampaignRow, col(CampaignRow.id) == campaign.id)
        .join(AddressRow, col(AddressRow.id) == audience.preferred_address())
        .where(audience.may_be_asked(campaign))
        .distinct()
    ).all()
    groups = [Newcomers(zone, ChannelName(channel), since) for zone, channel, since in found]
    return sorted(groups, key=lambda group: (group.zone, group.channel, group.since is not None, group.since))


def insert_notices(
    session: Session, campaign: Campaign, group: Newcomers, slot: Slot, *, now: datetime
) -> int:
    """Notices for at most one segment of the group, pointing to the slot; how many."""
    chosen = (
        _new_delivery(session, campaign, slot, now)
        .select_from(RecipientRow)
        .join(CampaignRow, col(CampaignRow.id) == campaign.id)
        .join(AddressRow, col(AddressRow.id) == audience.preferred_address())
        .where(
            audience.may_be_asked(campaign),
            audience.zone() == group.zone,
            col(AddressRow.channel) == group.channel.value,
        )
        .where(_same(audience.since(campaign), group.since))
    )
    return _insert(session, chosen, slot)


def insert_steps(session: Session, campaign: Campaign, slot: Slot, *, now: datetime) -> int:
    """Deliveries of the slot's step for at most one segment of those who are still undecided; how many."""
    notice = aliased(DeliveryRow)
    chosen = (
        _new_delivery(session, campaign, slot, now)
        .select_from(RecipientRow)
        .join(CampaignRow, col(CampaignRow.id) == campaign.id)
        .join(
            notice, and_(col(notice.recipient_id) == col(RecipientRow.id), notice.campaign_id == campaign.id)
        )
        .join(AddressRow, col(AddressRow.id) == audience.preferred_address())
        .where(col(notice.step) == StepKind.NOTICE.value, col(notice.asked_on) == slot.day_asked)
        .where(col(notice.channel) == slot.channel.value, audience.zone() == slot.zone)
        .where(
            audience.undecided(campaign),
            ~audience.has_step(campaign, slot.step),
            ~audience.put_off(campaign, slot),
        )
    )
    if kind_of(slot.step) is StepKind.CORRECTION:
        chosen = chosen.where(audience.told_otherwise(campaign), ~audience.awaits_correction(campaign))
    return _insert(session, chosen, slot)


def count_anew(session: Session, made: int) -> None:
    """PostgreSQL knows how many deliveries of which kind there are, if so many were made that what it knew no
    longer holds: by itself it counts minutes later, and until then reads them all for each one of them."""
    if made >= MANY and session.get_bind().dialect.name == "postgresql":
        session.execute(text("ANALYZE delivery"))


def merge_earlier(session: Session, campaign: Campaign, slot: Slot, *, now: datetime) -> None:
    """Earlier reminders still waiting for people who have now got a later one in line are merged into it.

    The people of the slot are looked up, not the slot for each waiting row: that would be quadratic.
    """
    newer = aliased(DeliveryRow)
    people = select(newer.recipient_id).where(newer.slot_id == slot.id)
    session.execute(
        update(DeliveryRow)
        .where(col(DeliveryRow.recipient_id).in_(people), col(DeliveryRow.campaign_id) == campaign.id)
        .where(col(DeliveryRow.state) == DeliveryState.DUE.value)
        .where(col(DeliveryRow.kind).in_((StepKind.REMINDER.value, StepKind.LATER.value)))
        .where(or_(col(DeliveryRow.slot_id).is_(None), col(DeliveryRow.slot_id) != slot.id))
        .values(state=DeliveryState.MERGED.value, reason=f"merged into {slot.step}", settled_at=now)
        .execution_options(synchronize_session=False)
    )


def merge_missed(session: Session, campaign: Campaign, *, now: datetime) -> None:
    """Reminders still waiting, whose successor is due by now as well, are merged into it."""
    own, newer = aliased(SlotRow), aliased(SlotRow)
    overtaken = (
        select(newer.id)
        .join(own, and_(own.id == DeliveryRow.slot_id, newer.campaign_id == own.campaign_id))
        .where(newer.zone == own.zone, newer.day_asked == own.day_asked, newer.channel == own.channel)
        .where(newer.kind == StepKind.REMINDER.value, col(newer.due_at) > col(own.due_at))
        .where(col(newer.due_at) <= now, col(newer.not_after) >= now)
        .correlate(DeliveryRow)
        .exists()
    )
    session.execute(
        update(DeliveryRow)
        .where(col(DeliveryRow.campaign_id) == campaign.id, col(DeliveryRow.state) == DeliveryState.DUE.value)
        .where(col(DeliveryRow.kind) == StepKind.REMINDER.value, overtaken)
        .values(
            state=DeliveryState.MERGED.value, reason="missed; a later one goes out instead", settled_at=now
        )
    )


def told_otherwise(session: Session, campaign: Campaign, cohort: Cohort) -> bool:
    """Whether somebody of the cohort is undecided and was told another deadline than the present one."""
    told = (
        select(col(RecipientRow.id))
        .join(CampaignRow, col(CampaignRow.id) == campaign.id)
        .join(DeliveryRow, col(DeliveryRow.recipient_id) == col(RecipientRow.id))
        .where(DeliveryRow.campaign_id == campaign.id, DeliveryRow.step == StepKind.NOTICE.value)
        .where(DeliveryRow.asked_on == cohort.day_asked, DeliveryRow.channel == cohort.channel.value)
        .where(audience.zone() == cohort.zone, audience.undecided(campaign))
        .where(audience.told_otherwise(campaign))
        .limit(1)
    )
    return session.exec(told).first() is not None


def _new_delivery(
    session: Session, campaign: Campaign, slot: Slot, now: datetime
) -> Select[tuple[object, ...]]:
    kind = kind_of(slot.step)
    return select(  # type: ignore[call-overload, no-any-return]  # sqlmodel types at most four columns
        literal(campaign.id),
        col(RecipientRow.id),
        col(AddressRow.id),
        literal(slot.id),
        literal(slot.step),
        literal(kind.value),
        literal(slot.final),
        literal(kind is not StepKind.CLOSING),
        col(AddressRow.channel),
        lanes.column(session),
        literal(CAMPAIGN_AFTER),
        literal(DeliveryState.DUE.value),
        literal(on_doubt(campaign.document.on_doubt, kind, final=slot.final).value),
        literal(0),
        literal(0),
        literal(0),
        literal(0),
        literal(now, type_=DeliveryRow.__table__.c.created_at.type),  # type: ignore[attr-defined]
    )


def _insert(session: Session, chosen: Select[tuple[object, ...]], slot: Slot) -> int:
    """One segment of the chosen: those after the last one that the slot has, and once they are through all
    others, who may have come to be chosen meanwhile."""
    after = _last(session, slot)
    made = _insert_some(session, chosen.where(col(RecipientRow.id) > after)) if after else 0
    return made if made >= SEGMENT else made + _insert_some(session, chosen)


def _last(session: Session, slot: Slot) -> int | None:
    """The person to whom the newest delivery of the slot goes; a segment is made in their order."""
    newest = select(DeliveryRow.recipient_id).where(DeliveryRow.slot_id == slot.id)
    return session.exec(newest.order_by(col(DeliveryRow.id).desc()).limit(1)).first()


def _insert_some(session: Session, chosen: Select[tuple[object, ...]]) -> int:
    ordered = chosen.order_by(col(RecipientRow.id)).limit(SEGMENT)
    insert = insert_selected(session.get_bind().dialect.name, DeliveryRow, DELIVERY_COLUMNS, ordered)
    counted = insert.execution_options(preserve_rowcount=True)  # psycopg forgets it with its cursor
    return session.connection().execute(counted).rowcount


def _same(column: ColumnElement[datetime | None], value: datetime | None) -> ColumnElement[bool]:
    return column.is_(None) if value is None else column == value
