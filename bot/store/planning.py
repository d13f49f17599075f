"""Planning: one statement over a set of people puts their deliveries into the outbox."""

from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from sqlalchemy import bindparam, text
from sqlalchemy.orm import aliased
from sqlmodel import Session, and_, col, select, update
from sqlmodel.sql.expression import SelectOfScalar

from bot.domain.campaign import Campaign
from bot.domain.delivery import DeliveryState
from bot.domain.recipient import ChannelName
from bot.domain.step import StepKind, kind_of, on_doubt
from bot.store import audience, chosen, core, lanes
from bot.store.cohorts import Cohort
from bot.store.dialect import one_by_one
from bot.store.models import CampaignRow, DeliveryRow, RecipientRow, SlotRow
from bot.store.outbox import CAMPAIGN_AFTER
from bot.store.slots import Slot

SEGMENT = 2_000  # rows a transaction makes at most: an answer waits for three of them
AHEAD = 20_000  # people that are looked up at a time, where nobody waits
PLANNING_LOCK = 0x7E66A8


@dataclass(frozen=True, slots=True)
class Newcomers:
    """People of the audience for whom no notice is planned, alike in zone and channel; `since` is when
    they could first be reached, None for those who could be before the start."""

    zone: str
    channel: ChannelName
    since: datetime | None
    people: Sequence[int]


def take_turn(session: Session) -> None:
    """Nobody else plans until this transaction ends; SQLite has one writer anyway."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": PLANNING_LOCK})


def newcomers(session: Session, campaign: Campaign, *, after: int, limit: int) -> list[Newcomers]:
    """Groups of people in the audience, reachable, for whom no notice is planned yet: the first so many after
    this one."""
    statement = chosen.newcomers(session.get_bind().dialect.name, campaign)
    with one_by_one(session):
        found = session.connection().execute(statement, {"after": after, "most": limit}).all()
    return [
        Newcomers(zone, ChannelName(channel), since, sorted(people)) for zone, channel, since, people in found
    ]


def awaiting(session: Session, campaign: Campaign, slot: Slot) -> Sequence[int]:
    """Everybody who may still be to get the slot's step."""
    asked = {"among": slot.zone, "on_channel": slot.channel.value, "day_asked": slot.day_asked}
    options = {"yield_per": AHEAD}
    found = session.execute(chosen.awaiting(campaign), asked, execution_options=options)
    return array("q", sorted(found.scalars()))


def insert_notices(
    session: Session, campaign: Campaign, slot: Slot, people: Sequence[int], *, now: datetime
) -> int:
    """Notices for those of these people who may be asked in the slot's zone and channel; how many."""
    known = _new_delivery(session, campaign, slot, now)
    known |= {"among": slot.zone, "on_channel": slot.channel.value, "people": list(people)}
    insert = chosen.insert_notices(session.get_bind().dialect.name, campaign)
    return core.execute(session, insert, known).rowcount


def insert_steps(
    session: Session, campaign: Campaign, slot: Slot, people: Sequence[int], *, now: datetime
) -> int:
    """Deliveries of the slot's step for those of these people who are still undecided; how many."""
    kind = kind_of(slot.step)
    known = _new_delivery(session, campaign, slot, now)
    known |= {"among": slot.zone, "on_channel": slot.channel.value, "day_asked": slot.day_asked}
    known |= {"people": list(people)}
    if kind is StepKind.REMINDER:
        known |= audience.put_off_by(slot)
    insert = chosen.insert_steps(session.get_bind().dialect.name, campaign, kind)
    return core.execute(session, insert, known).rowcount


def merge_earlier(
    session: Session, campaign: Campaign, slot: Slot, people: Sequence[int], *, now: datetime
) -> None:
    """Earlier reminders still waiting for those of these people who have now got a later one in line are
    merged into it."""
    merged = {"campaign": campaign.id, "slot": slot.id, "got": slot.step, "people": list(people)}
    statement = chosen.merge_earlier(session.get_bind().dialect.name)
    session.execute(statement, {**merged, "why": f"merged into {slot.step}", "at": now})


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
