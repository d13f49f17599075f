"""Tallies of answers and of people reached, by step, day, language and channel; and every answer, for export."""

from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from statistics import median
from typing import Any

from sqlalchemy import JSON, ColumnElement, String, case, cast, literal_column
from sqlalchemy import select as select_columns
from sqlalchemy.orm import aliased
from sqlmodel import Session, and_, col, func, or_, select

from bot.domain.campaign import Campaign
from bot.domain.choice import ChoiceRecord, ChoiceValue
from bot.domain.delivery import DeliveryState
from bot.domain.step import StepKind
from bot.store.choices import RECORD
from bot.store.dialect import seconds_between
from bot.store.models import ChoiceRow, DeliveryRow, RecipientRow

PAGE = 5_000
HOUR = len("2025-09-02T09")
VALUE = 3  # where it stands in a group
TOLD = ("received_at", "channel", "locale")  # none of which holds a quotation mark
REACHED = (DeliveryState.SENT.value, DeliveryState.IN_DOUBT.value)

Group = tuple[str, str, str, str, str]  # hour, channel, locale, value, step ("": none) of answers alike


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
class Answers:
    """What was answered: the answers that stand, in groups; how many people gave both, one after the other;
    how many of those who answered had been asked; and the median time from notice to first answer."""

    groups: Sequence[Answered]
    changed: int
    asked: int
    seconds_to_answer: float | None

    @property
    def chosen(self) -> Mapping[ChoiceValue, int]:
        """How many people stand by each answer."""
        counts: dict[ChoiceValue, int] = {}
        for group in self.groups:
            counts[group.value] = counts.get(group.value, 0) + group.count
        return counts


@dataclass(frozen=True, slots=True)
class Delivered:
    """So many deliveries of a step alike; `asked_on` stands for the notice alone."""

    step: str
    state: str
    channel: str
    asked_on: date | None
    count: int

    @property
    def is_reached(self) -> bool:
        """Whether it arrived, as far as we know; in doubt counts."""
        return self.state in REACHED

    @property
    def is_asked(self) -> bool:
        """Whether it is how these people were asked."""
        return self.is_reached or self.asked_on is not None


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """An answer as it is exported."""

    ref: str
    record: ChoiceRecord
    stands: bool


def deliveries(session: Session, campaign: Campaign) -> list[Delivered]:
    """The campaign's messages, in groups; counted in the order of an index, without sorting a million rows."""
    states = list(DeliveryState)
    keys = (col(DeliveryRow.step), col(DeliveryRow.asked_on), col(DeliveryRow.channel))
    counts = [func.count(case((col(DeliveryRow.state) == state.value, 1))) for state in states]
    found = session.execute(
        select_columns(func.min(col(DeliveryRow.id)), *keys, *counts)
        .where(col(DeliveryRow.campaign_id) == campaign.id, col(DeliveryRow.kind) != StepKind.REPLY.value)
        .group_by(*keys)
    )
    return [
        Delivered(step or "", state.value, channel, day, count)
        for _, step, day, channel, *by_state in sorted(found, key=lambda row: row[0])
        for state, count in zip(states, by_state, strict=True)
        if count
    ]


def reached_by_locale(session: Session, campaign: Campaign) -> Mapping[str | None, int]:
    """How many people the notice reached, by the language that we write to them in."""
    locale = func.coalesce(RecipientRow.chosen_locale, RecipientRow.locale)
    found = session.execute(
        select_columns(locale, func.count())
        .select_from(DeliveryRow)
        .outerjoin(RecipientRow, col(RecipientRow.id) == col(DeliveryRow.recipient_id))
        .where(col(DeliveryRow.campaign_id) == campaign.id, col(DeliveryRow.step) == StepKind.NOTICE.value)
        .where(col(DeliveryRow.state).in_(REACHED))
        .group_by(*_first(1))
    )
    return {locale: int(count) for locale, count in found}


def answers(session: Session, campaign: Campaign) -> Answers:
    """What was answered, in one pass over the register; who answered more than once is looked at as a whole."""
    often = _often(session, campaign)
    kept: dict[int, list[tuple[Group, int]]] = {person: [] for person in often}
    groups: dict[Group, int] = {}
    took = array("d")
    asked = 0
    for person, told, value, step, stands, seconds, was_asked in _given(session, campaign):
        received, _, channel, _, locale = told.split('"')[1:6]
        group = (received[:HOUR], channel, locale, value, step)
        if person in often:
            kept[person].append((group, stands))
            if len(kept[person]) > 1:
                continue
        else:
            groups[group] = groups.get(group, 0) + 1
        asked += was_asked
        if seconds is not None:
            took.append(seconds)
    for given in kept.values():
        standing = next((group for group, stands in reversed(given) if stands), given[0][0])
        groups[standing] = groups.get(standing, 0) + 1
    return Answers(
        groups=[_answered(group, count) for group, count in sorted(groups.items())],
        changed=sum(len({group[VALUE] for group, _ in given}) > 1 for given in kept.values()),
        asked=asked,
        seconds_to_answer=round(max(0.0, median(took)), 3) if took else None,
    )


def _often(session: Session, campaign: Campaign) -> set[int]:
    """Who answered more than once."""
    person = col(ChoiceRow.recipient_id)
    counted = select(person).group_by(person, col(ChoiceRow.campaign_id)).having(func.count() > 1)
    return set(session.exec(counted.where(col(ChoiceRow.campaign_id) == campaign.id)))


def _given(session: Session, campaign: Campaign) -> Iterable[Sequence[Any]]:
    """Every answer, in the order in which it was kept: whose, when (UTC) and on which channel and in which
    language as a JSON list, which, to which step, whether it supersedes, seconds since the notice (None: there
    was none), and (0 or 1) whether the person was asked.

    Plain columns, since there may be a million of them. Most answers are to the notice itself, so that it is
    looked for only where they are not.
    """
    answered, notice = aliased(DeliveryRow), aliased(DeliveryRow)
    to_notice = func.coalesce(answered.step, "") == StepKind.NOTICE.value
    step = case((col(answered.kind) != StepKind.REPLY.value, col(answered.step)))
    asked_at = case((to_notice, col(answered.settled_at)), else_=col(notice.settled_at))
    was_asked = or_(and_(to_notice, is_asked(answered)), and_(~to_notice, is_asked(notice)))
    return session.connection().execute(
        select_columns(
            col(ChoiceRow.recipient_id),
            _told(session),
            col(ChoiceRow.value),
            func.coalesce(step, ""),
            case((col(ChoiceRow.supersedes), 1), else_=0),
            seconds_between(asked_at, _said(session, "received_at")),
            case((was_asked, 1), else_=0),
        )
        .select_from(ChoiceRow)
        .outerjoin(answered, col(answered.id) == col(ChoiceRow.delivery_id))
        .outerjoin(
            notice,
            and_(
                ~to_notice,
                col(notice.recipient_id) == col(ChoiceRow.recipient_id),
                col(notice.campaign_id) == campaign.id,
                col(notice.step) == StepKind.NOTICE.value,
            ),
        )
        .where(col(ChoiceRow.campaign_id) == campaign.id)
        .order_by(col(ChoiceRow.id)),
        execution_options={"yield_per": PAGE},
    )


def _answered(group: Group, count: int) -> Answered:
    hour, channel, locale, value, step = group
    return Answered(
        datetime.fromisoformat(f"{hour}:00+00:00"), channel, locale, step or None, ChoiceValue(value), count
    )


def is_asked(delivery: type[DeliveryRow]) -> ColumnElement[bool]:
    """Whether a notice is how the person was asked: it arrived, as far as we know, or did once."""
    return or_(col(delivery.state).in_(REACHED), col(delivery.asked_on).is_not(None))


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


def _told(session: Session) -> ColumnElement[str]:
    """When, where and in which language a choice was made, as a JSON list: to read a record takes longer than
    anything else here, so that it is read once for all three."""
    if session.get_bind().dialect.name == "postgresql":
        return cast(func.json_build_array(*(_said(session, name) for name in TOLD)), String)
    return func.json_extract(cast(col(ChoiceRow.record), String), *(f"$.{name}" for name in TOLD))


def _said(session: Session, name: str) -> ColumnElement[str]:
    """What a choice's record says under a name, in the engine's own words."""
    record = col(ChoiceRow.record)
    if session.get_bind().dialect.name == "postgresql":
        return func.json_extract_path_text(cast(func.convert_from(record, "UTF8"), JSON), name)
    return func.json_extract(cast(record, String), f"$.{name}")


def _first(count: int) -> list[ColumnElement[object]]:
    return [literal_column(str(place)) for place in range(1, count + 1)]
