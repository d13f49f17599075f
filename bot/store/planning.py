"""Planning: one statement over a set of people puts their deliveries into the outbox."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache, partial
from typing import Protocol

from sqlalchemy import Executable, bindparam, text
from sqlalchemy.orm import aliased
from sqlmodel import Session, and_, col, or_, select, update
from sqlmodel.sql.expression import SelectOfScalar

from bot.domain.campaign import Campaign
from bot.domain.delivery import DeliveryState
from bot.domain.recipient import ChannelName
from bot.domain.step import StepKind, kind_of, on_doubt
from bot.store import audience, chosen, lanes
from bot.store.cohorts import Cohort
from bot.store.models import CampaignRow, DeliveryRow, RecipientRow, SlotRow
from bot.store.outbox import CAMPAIGN_AFTER
from bot.store.slots import Slot

MANY = 5_000
SEGMENT = 20_000  # rows a statement makes at most; 50,000 held an answer up for 1.5 s on SQLite
PLANNING_LOCK = 0x7E66A8


class _Insert(Protocol):
    def __call__(self, *, goes_on: bool) -> Executable:
        """The statement that makes a segment; `goes_on`: of those after the last one only."""


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
    found = session.connection().execute(chosen.newcomers(campaign)).all()
    groups = [Newcomers(zone, ChannelName(channel), since) for zone, channel, since in found]
    return sorted(groups, key=lambda group: (group.zone, group.channel, group.since is not None, group.since))


def insert_notices(
    session: Session, campaign: Campaign, group: Newcomers, slot: Slot, *, now: datetime
) -> int:
    """Notices for at most one segment of the group, pointing to the slot; how many."""
    known = _new_delivery(session, campaign, slot, now)
    known |= {"among": group.zone, "on_channel": group.channel.value}
    if group.since is not None:
        known["since"] = group.since
    dialect, is_late = session.get_bind().dialect.name, group.since is not None
    return _insert(session, slot, known, partial(chosen.insert_notices, dialect, campaign, is_late=is_late))


def insert_steps(session: Session, campaign: Campaign, slot: Slot, *, now: datetime) -> int:
    """Deliveries of the slot's step for at most one segment of those who are still undecided; how many."""
    dialect, kind = session.get_bind().dialect.name, kind_of(slot.step)
    known = _new_delivery(session, campaign, slot, now)
    known |= {"among": slot.zone, "on_channel": slot.channel.value, "day_asked": slot.day_asked}
    if kind is StepKind.REMINDER:
        known |= audience.put_off_by(slot)
    return _insert(session, slot, known, partial(chosen.insert_steps, dialect, campaign, kind))


def count_anew(session: Session, made: int) -> None:
    """PostgreSQL knows how many deliveries of which kind there are, if so many were made that what it knew no
    longer holds: by itself it counts minutes later, and until then reads them all for each one of them."""
    if made >= MANY and session.get_bind().dialect.name == "postgresql":
        session.execute(text("ANALYZE delivery"))


def merge_earlier(session: Session, campaign: Campaign, slot: Slot, *, now: datetime) -> None:
    """Earlier reminders still waiting for people who have now got a later one in line are merged into it.

    The people of the slot are looked up, not the slot for each waiting row: that would be quadratic.
    """
    merged = {"campaign": campaign.id, "slot": slot.id, "why": f"merged into {slot.step}", "at": now}
    session.execute(_MERGE_EARLIER, merged)


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
    asked = {"day": cohort.day_asked, "channel": cohort.channel.value, "zone": cohort.zone}
    return session.exec(_told_otherwise(campaign), params=asked).first() is not None


@lru_cache(maxsize=chosen.REMEMBERED)
def _told_otherwise(campaign: Campaign) -> SelectOfScalar[int | None]:
    return (
        select(col(RecipientRow.id))
        .join(CampaignRow, col(CampaignRow.id) == campaign.id)
        .join(DeliveryRow, col(DeliveryRow.recipient_id) == col(RecipientRow.id))
        .where(DeliveryRow.campaign_id == campaign.id, DeliveryRow.step == StepKind.NOTICE.value)
        .where(DeliveryRow.asked_on == bindparam("day"), DeliveryRow.channel == bindparam("channel"))
        .where(audience.zone() == bindparam("zone"), audience.undecided(campaign))
        .where(audience.told_otherwise(campaign))
        .limit(1)
    )


def _new_delivery(session: Session, campaign: Campaign, slot: Slot, now: datetime) -> dict[str, object]:
    """What a new delivery of the slot takes from it."""
    kind = kind_of(slot.step)
    return {
        "slot": slot.id,
        "step": slot.step,
        "kind": kind.value,
        "final": slot.final,
        "asks": kind is not StepKind.CLOSING,
        "telegram": lanes.telegram(session),
        "priority": CAMPAIGN_AFTER,
        "on_doubt": on_doubt(campaign.document.on_doubt, kind, final=slot.final).value,
        "now": now,
    }


def _insert(session: Session, slot: Slot, known: Mapping[str, object], insert: _Insert) -> int:
    """One segment of the chosen: those after the last one that the slot has, and once they are through all
    others, who may have come to be chosen meanwhile."""
    connection, known = session.connection(), {**known, "most": SEGMENT}
    after, made = _last(session, slot), 0
    if after:
        made = connection.execute(insert(goes_on=True), {**known, "after": after}).rowcount
    return made if made >= SEGMENT else made + connection.execute(insert(goes_on=False), known).rowcount


def _last(session: Session, slot: Slot) -> int | None:
    """The person to whom the newest delivery of the slot goes; a segment is made in their order."""
    return session.exec(_LAST, params={"slot": slot.id}).first()


_LAST = (
    select(DeliveryRow.recipient_id)
    .where(DeliveryRow.slot_id == bindparam("slot"))
    .order_by(col(DeliveryRow.id).desc())
    .limit(1)
)
_NEWER = aliased(DeliveryRow)
_MERGE_EARLIER = (
    update(DeliveryRow)
    .where(
        col(DeliveryRow.recipient_id).in_(
            select(_NEWER.recipient_id).where(_NEWER.slot_id == bindparam("slot"))
        )
    )
    .where(col(DeliveryRow.campaign_id) == bindparam("campaign"))
    .where(col(DeliveryRow.state) == DeliveryState.DUE.value)
    .where(col(DeliveryRow.kind).in_((StepKind.REMINDER.value, StepKind.LATER.value)))
    .where(or_(col(DeliveryRow.slot_id).is_(None), col(DeliveryRow.slot_id) != bindparam("slot")))
    .values(state=DeliveryState.MERGED.value, reason=bindparam("why"), settled_at=bindparam("at"))
    .execution_options(synchronize_session=False)
)
