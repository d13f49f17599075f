"""Tallies of answers and of people reached, by step, day, language and channel; and every answer, for export."""

from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from statistics import median

from sqlalchemy import JSON, ColumnElement, String, Subquery, case, cast, literal_column
from sqlalchemy import select as select_columns
from sqlalchemy.orm import aliased
from sqlmodel import Session, and_, col, func, select

from bot.domain.campaign import Campaign
from bot.domain.choice import ChoiceRecord, ChoiceValue
from bot.domain.step import StepKind
from bot.store.choices import RECORD
from bot.store.figures import REACHED
from bot.store.models import ChoiceRow, DeliveryRow, RecipientRow

PAGE = 5_000
HOUR = len("2025-09-02T09")


@dataclass(frozen=True, slots=True)
class Answered:
    """So many gave this answer alike: in the same hour (UTC), on one channel, in one language, to one step.

    `step` is None for an answer to no campaign message, as by a command.
    """

    hour: datetime
    channel: str
    locale: str
    step: str | None
    value: ChoiceValue
    count: int


@dataclass(frozen=True, slots=True)
class Reached:
    """So many were reached by a step on a channel; `asked_on` and `locale` stand for the notice alone."""

    step: str
    channel: str
    asked_on: date | None
    locale: str | None
    count: int


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """An answer as it is exported."""

    ref: str
    record: ChoiceRecord
    stands: bool


def answers(session: Session, campaign: Campaign) -> list[Answered]:
    """The answers that stand, in groups."""
    latest = _latest(campaign)
    keys = (
        func.substr(_said(session, "received_at"), 1, HOUR),
        _said(session, "channel"),
        _said(session, "locale"),
        case((col(DeliveryRow.kind) != StepKind.REPLY.value, col(DeliveryRow.step))),
        col(ChoiceRow.value),
    )
    found = session.execute(
        select_columns(*keys, func.count())
        .select_from(ChoiceRow)
        .join(latest, latest.c.id == col(ChoiceRow.id))
        .outerjoin(DeliveryRow, col(DeliveryRow.id) == col(ChoiceRow.delivery_id))
        .group_by(*_first(len(keys)))
        .order_by(*_first(len(keys)))
    )
    return [
        Answered(datetime.fromisoformat(f"{hour}:00+00:00"), channel, locale, step, ChoiceValue(value), count)
        for hour, channel, locale, step, value, count in found
    ]


def reached(session: Session, campaign: Campaign) -> list[Reached]:
    """Who was reached, in groups; in doubt counts as reached."""
    is_notice = col(DeliveryRow.step) == StepKind.NOTICE.value
    locale = case((is_notice, func.coalesce(RecipientRow.chosen_locale, RecipientRow.locale)))
    keys = (col(DeliveryRow.step), col(DeliveryRow.channel), case((is_notice, DeliveryRow.asked_on)), locale)
    found = session.execute(
        select_columns(*keys, func.count())
        .select_from(DeliveryRow)
        .outerjoin(RecipientRow, and_(is_notice, col(RecipientRow.id) == col(DeliveryRow.recipient_id)))
        .where(col(DeliveryRow.campaign_id) == campaign.id, col(DeliveryRow.kind) != StepKind.REPLY.value)
        .where(col(DeliveryRow.state).in_(REACHED))
        .group_by(*_first(len(keys)))
        .order_by(func.min(col(DeliveryRow.id)))
    )
    return [Reached(step, channel, day, locale, count) for step, channel, day, locale, count in found]


def changed(session: Session, campaign: Campaign) -> int:
    """How many people have given both answers, one after the other."""
    both = (
        select_columns(col(ChoiceRow.recipient_id))
        .where(col(ChoiceRow.campaign_id) == campaign.id)
        .group_by(col(ChoiceRow.recipient_id))
        .having(func.count(col(ChoiceRow.value).distinct()) > 1)
        .subquery()
    )
    return int(session.execute(select_columns(func.count()).select_from(both)).scalar_one())


def seconds_to_answer(session: Session, campaign: Campaign) -> float | None:
    """The median time from the notice to a person's first answer; None without any."""
    first = (
        select_columns(func.min(col(ChoiceRow.id)).label("id"))
        .where(col(ChoiceRow.campaign_id) == campaign.id)
        .group_by(col(ChoiceRow.recipient_id))
        .subquery()
    )
    notice = aliased(DeliveryRow)
    found = session.execute(
        select_columns(col(notice.settled_at), _said(session, "received_at"))
        .select_from(ChoiceRow)
        .join(first, first.c.id == col(ChoiceRow.id))
        .join(
            notice,
            and_(
                col(notice.recipient_id) == col(ChoiceRow.recipient_id),
                col(notice.campaign_id) == campaign.id,
                col(notice.step) == StepKind.NOTICE.value,
            ),
        )
        .where(col(notice.settled_at).is_not(None)),
        execution_options={"yield_per": PAGE},
    )
    took = array("d")
    for asked_at, received_at in found:
        took.append(max(0.0, (datetime.fromisoformat(received_at) - asked_at).total_seconds()))
    return median(took) if took else None


def every_answer(session: Session, campaign: Campaign) -> Iterator[KeptAnswer]:
    """Everything that was answered, in the order in which it was kept, later changes too."""
    last = 0
    while rows := session.exec(
        select(ChoiceRow, RecipientRow.ref)
        .join(RecipientRow, col(RecipientRow.id) == col(ChoiceRow.recipient_id))
        .where(ChoiceRow.campaign_id == campaign.id, col(ChoiceRow.id) > last)
        .order_by(col(ChoiceRow.id))
        .limit(PAGE)
    ).all():
        for row, ref in rows:
            last = row.id or 0
            yield KeptAnswer(ref, RECORD.validate_json(row.record), row.supersedes)
        session.expunge_all()


def _latest(campaign: Campaign) -> Subquery:
    return (
        select_columns(func.max(col(ChoiceRow.id)).label("id"))
        .where(col(ChoiceRow.campaign_id) == campaign.id, col(ChoiceRow.supersedes).is_(True))
        .group_by(col(ChoiceRow.recipient_id))
        .subquery()
    )


def _said(session: Session, name: str) -> ColumnElement[str]:
    """What a choice's record says under a name, in the engine's own words."""
    record = col(ChoiceRow.record)
    if session.get_bind().dialect.name == "postgresql":
        return func.json_extract_path_text(cast(func.convert_from(record, "UTF8"), JSON), name)
    return func.json_extract(cast(record, String), f"$.{name}")


def _first(count: int) -> list[ColumnElement[object]]:
    return [literal_column(str(place)) for place in range(1, count + 1)]
