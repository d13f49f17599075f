"""Slots: the instants that deliveries share."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import bindparam
from sqlmodel import Session, SQLModel, and_, col, func, or_, select, update

from bot.domain.cadence import PlannedStep
from bot.domain.campaign import Campaign
from bot.domain.delivery import DeliveryState
from bot.domain.plan import StepState
from bot.domain.recipient import ChannelName
from bot.domain.step import StepKind, kind_of, number_of
from bot.store.cohorts import Cohort
from bot.store.models import DeliveryRow, SlotRow

NOW = bindparam("now", type_=SQLModel.metadata.tables["slot"].c.due_at.type)
IS_UNMADE = col(SlotRow.planned_at).is_(None)
_IS_BEGUN = select(DeliveryRow.id).where(DeliveryRow.slot_id == SlotRow.id).exists()
IS_TO_BE_MADE = and_(IS_UNMADE, col(SlotRow.due_at) <= NOW, col(SlotRow.not_after) >= NOW)
_UNMADE = (
    select(SlotRow)
    .where(SlotRow.campaign_id == bindparam("campaign"), IS_TO_BE_MADE)
    .order_by(col(SlotRow.zone), col(SlotRow.day_asked), col(SlotRow.channel), col(SlotRow.due_at))
)
_THIS = (
    select(SlotRow)
    .where(SlotRow.campaign_id == bindparam("campaign"), SlotRow.step == bindparam("step"))
    .where(SlotRow.zone == bindparam("zone"), SlotRow.day_asked == bindparam("day"))
    .where(SlotRow.channel == bindparam("channel"))
)
_OF_COHORT = (
    select(SlotRow)
    .where(SlotRow.campaign_id == bindparam("campaign"), SlotRow.zone == bindparam("zone"))
    .where(SlotRow.day_asked == bindparam("day"), SlotRow.channel == bindparam("channel"))
    .where(or_(~IS_UNMADE, _IS_BEGUN))
)
_MADE = update(SlotRow).where(col(SlotRow.id) == bindparam("slot")).values(planned_at=bindparam("at"))


@dataclass(frozen=True, slots=True)
class Slot:
    """A stored slot."""

    id: int
    step: str
    zone: str
    day_asked: date
    channel: ChannelName
    due_at: datetime | None
    not_after: datetime
    final: bool
    number: int


def put(session: Session, campaign: Campaign, cohort: Cohort, step: PlannedStep) -> Slot:
    """The slot stands as planned in the campaign's present revision, and its deliveries are to be made.

    Those who come into reach on one day share the notice's slot: it keeps the earliest of their instants.
    """
    key = {
        "campaign": campaign.id,
        "step": step.step,
        "zone": cohort.zone,
        "day": cohort.day_asked,
        "channel": cohort.channel.value,
    }
    row = session.exec(_THIS, params=key).first()
    if row is None:
        row = SlotRow(
            campaign_id=campaign.id,
            revision=campaign.revision,
            step=step.step,
            kind=kind_of(step.step).value,
            number=number_of(step.step) or 0,
            zone=cohort.zone,
            day_asked=cohort.day_asked,
            channel=cohort.channel.value,
            state=step.state.value,
            not_after=step.not_after,
            why=step.why,
        )
    if not (row.kind == StepKind.NOTICE and _is_earlier(row.due_at, step.due_at)):
        row.due_at, row.why = step.due_at, step.why
    row.revision, row.state = campaign.revision, step.state.value
    row.not_after, row.final, row.planned_at = step.not_after, step.final, None
    session.add(row)
    session.flush()
    return _value(row)


def due(session: Session, campaign: Campaign, *, now: datetime) -> list[Slot]:
    """Slots whose instant has come and whose deliveries are not made; of each cohort the latest step only:
    the ones before it are marked as merged."""
    rows = session.exec(_UNMADE, params={"campaign": campaign.id, "now": now}).all()
    latest: dict[tuple[str, date, str, bool], SlotRow] = {}
    for row in rows:
        key = (row.zone, row.day_asked, row.channel, row.kind == StepKind.REMINDER)
        if key[3] and key in latest:
            latest[key].planned_at, latest[key].why = now, "missed; a later one goes out instead"
        latest[key] = row
    return [_value(row) for row in latest.values()]


def made(session: Session, slot: Slot, *, now: datetime) -> None:
    """The slot's deliveries are made."""
    session.execute(_MADE, {"slot": slot.id, "at": now})


def is_unmade(session: Session, slot: Slot) -> bool:
    """Whether the slot stands as given, and its deliveries are still to be made."""
    row = session.exec(select(SlotRow).where(SlotRow.id == slot.id, IS_UNMADE)).first()
    return row is not None and _value(row) == slot


def of_cohort(session: Session, cohort: Cohort) -> list[Slot]:
    """The slots of a cohort whose deliveries are made already, or begun to be."""
    key = {
        "campaign": cohort.campaign_id,
        "zone": cohort.zone,
        "day": cohort.day_asked,
        "channel": cohort.channel.value,
    }
    return [_value(row) for row in session.exec(_OF_COHORT, params=key)]


@dataclass(frozen=True, slots=True)
class LaidOut:
    """A cohort's slot as the step that it stands for; `is_made`: its deliveries are in the outbox."""

    step: PlannedStep
    is_made: bool


def laid_out(session: Session, cohort: Cohort) -> list[LaidOut]:
    """What a cohort gets after its notice, in time order."""
    rows = session.exec(
        select(SlotRow)
        .where(SlotRow.campaign_id == cohort.campaign_id, SlotRow.zone == cohort.zone)
        .where(SlotRow.day_asked == cohort.day_asked, SlotRow.channel == cohort.channel.value)
        .where(SlotRow.kind != StepKind.NOTICE.value)
        .order_by(col(SlotRow.number), col(SlotRow.id))
    )
    return [LaidOut(_planned(row), row.planned_at is not None) for row in rows]


def drop_unmade(session: Session, campaign: Campaign, cohort: Cohort, *, now: datetime) -> None:
    """Slots of the cohort whose deliveries are not made no longer stand; where some of an earlier revision's are
    made, no more are."""
    rows = session.exec(
        select(SlotRow, _IS_BEGUN)
        .where(SlotRow.campaign_id == cohort.campaign_id, SlotRow.zone == cohort.zone)
        .where(SlotRow.day_asked == cohort.day_asked, SlotRow.channel == cohort.channel.value)
        .where(IS_UNMADE, SlotRow.kind != StepKind.NOTICE.value)
    ).all()
    for row, is_begun in rows:
        if is_begun and row.revision < campaign.revision:
            row.planned_at = now
        elif not is_begun:
            session.delete(row)
    session.flush()


def corrections(session: Session, campaign: Campaign) -> int:
    """How many corrections earlier revisions have begun to send."""
    return (
        session.exec(
            select(func.max(SlotRow.number))
            .where(SlotRow.campaign_id == campaign.id, SlotRow.kind == StepKind.CORRECTION.value)
            .where(SlotRow.revision < campaign.revision)
        ).one()
        or 0
    )


def is_open(session: Session, campaign: Campaign, *, now: datetime) -> bool:
    """Whether anything of this campaign is still to be made or sent."""
    pending = (DeliveryState.DUE.value, DeliveryState.SENDING.value)
    slot = select(SlotRow.id).where(
        SlotRow.campaign_id == campaign.id,
        IS_UNMADE,
        col(SlotRow.due_at).is_not(None),
        col(SlotRow.not_after) >= now,
    )
    delivery = select(DeliveryRow.id).where(
        DeliveryRow.campaign_id == campaign.id,
        col(DeliveryRow.state).in_(pending),
        DeliveryRow.kind != StepKind.REPLY.value,
    )
    return (
        session.exec(slot.limit(1)).first() is not None or session.exec(delivery.limit(1)).first() is not None
    )


def _is_earlier(instant: datetime | None, than: datetime | None) -> bool:
    return instant is not None and (than is None or instant < than)


def _planned(row: SlotRow) -> PlannedStep:
    return PlannedStep(
        step=row.step,
        due_at=row.due_at,
        not_after=row.not_after,
        state=StepState(row.state),
        why=row.why,
        left=max(row.not_after - row.due_at, timedelta())
        if row.due_at and row.kind != StepKind.CLOSING
        else timedelta(),
        final=row.final,
    )


def _value(row: SlotRow) -> Slot:
    return Slot(
        id=row.id or 0,
        step=row.step,
        zone=row.zone,
        day_asked=row.day_asked,
        channel=ChannelName(row.channel),
        due_at=row.due_at,
        not_after=row.not_after,
        final=row.final,
        number=row.number,
    )
