"""The register of a campaign: its answers, in groups of answers alike; and each of them, for export."""

from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import median
from typing import Any

from sqlalchemy import JSON, ColumnElement, String, case, cast, literal_column
from sqlalchemy import select as select_columns
from sqlalchemy.orm import aliased
from sqlmodel import Session, and_, col, func, or_, select

from bot.domain.campaign import Campaign
from bot.domain.choice import ChoiceRecord, ChoiceValue
from bot.domain.step import StepKind
from bot.store.choices import HOUR, RECORD
from bot.store.dialect import seconds_between
from bot.store.models import ChoiceRow, DeliveryRow, RecipientRow
from bot.store.tallies import is_asked

PAGE = 5_000
VALUE = 3  # where it stands in a group

Group = tuple[str, str, str, str]  # hour (UTC), channel, locale, value of answers alike


@dataclass(frozen=True, slots=True)
class Answered:
    """So many gave this answer alike: in the same hour (UTC), on one channel, in one language."""

    hour: datetime
    channel: str
    locale: str
    value: ChoiceValue
    count: int


@dataclass(frozen=True, slots=True)
class ToStep:
    """So many gave this answer to a step; `step` is None for answers to no campaign message, as by a command."""

    step: str | None
    value: ChoiceValue
    count: int


@dataclass(frozen=True, slots=True)
class Answers:
    """What was answered: the answers that stand, in groups and by the step that they answer; how many people
    gave both, one after the other; how many of those who answered had been asked; and the median time from
    notice to first answer."""

    groups: Sequence[Answered]
    steps: Sequence[ToStep]
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
class KeptAnswer:
    """An answer as it is exported."""

    ref: str
    record: ChoiceRecord
    stands: bool


def answers(session: Session, campaign: Campaign) -> Answers:
    """What was answered; who answered more than once is looked at as a whole, the others are counted."""
    often = _often(session, campaign)
    groups, steps = _groups(session, campaign), Counter[tuple[str, str]]()
    for given in often.values():
        groups.subtract(group for group, _, _ in given)
        group, step, _ = next((one for one in reversed(given) if one[-1]), given[0])
        groups[group] += 1
        steps[step, group[VALUE]] += 1
    took, asked = array("d"), 0
    seen: set[int] = set()
    for person, value, step, seconds, was_asked in _given(session, campaign):
        if person not in often:
            steps[step, value] += 1
        elif person in seen:
            continue
        else:
            seen.add(person)
        asked += was_asked
        if seconds is not None:
            took.append(seconds)
    return Answers(
        groups=[_answered(group, count) for group, count in sorted(groups.items()) if count],
        steps=[
            ToStep(step or None, ChoiceValue(value), count) for (step, value), count in sorted(steps.items())
        ],
        changed=sum(len({group[VALUE] for group, _, _ in given}) > 1 for given in often.values()),
        asked=asked,
        seconds_to_answer=round(max(0.0, median(took)), 3) if took else None,
    )


def _often(session: Session, campaign: Campaign) -> Mapping[int, Sequence[tuple[Group, str, bool]]]:
    """What those answered who did so more than once: the group, the step, and whether it supersedes; in the
    order in which it was kept."""
    person, delivery = col(ChoiceRow.recipient_id), aliased(DeliveryRow)
    counted = select(person).group_by(person, col(ChoiceRow.campaign_id)).having(func.count() > 1)
    found = session.execute(
        select_columns(person, *_alike(session), _step(delivery), col(ChoiceRow.supersedes))
        .select_from(ChoiceRow)
        .outerjoin(delivery, col(delivery.id) == col(ChoiceRow.delivery_id))
        .where(col(ChoiceRow.campaign_id) == campaign.id)
        .where(person.in_(counted.where(col(ChoiceRow.campaign_id) == campaign.id)))
        .order_by(col(ChoiceRow.id))
    )
    given: dict[int, list[tuple[Group, str, bool]]] = {}
    for person, hour, channel, locale, value, step, stands in found:
        given.setdefault(person, []).append(((hour, channel, locale, value), step, stands))
    return given


def _groups(session: Session, campaign: Campaign) -> Counter[Group]:
    """All answers, counted in the order of an index."""
    keys = (ChoiceRow.hour, ChoiceRow.channel, ChoiceRow.locale, ChoiceRow.value)
    ours, is_copied = col(ChoiceRow.campaign_id) == campaign.id, col(ChoiceRow.hour).is_not(None)
    counts = Counter[Group]()
    for columns, which in ((keys, is_copied), (_alike(session), ~is_copied)):
        found = session.execute(
            select_columns(*columns, func.count()).where(ours, which).group_by(*_first(len(columns)))
        )
        for hour, channel, locale, value, count in found:
            counts[hour, channel, locale, value] += count
    return counts


def _given(session: Session, campaign: Campaign) -> Iterable[Sequence[Any]]:
    """Every answer, in the order in which it was kept: whose, which, to which step, seconds since the notice
    (None: there was none), and (0 or 1) whether the person was asked.

    Plain columns, since there may be a million of them. Most answers are to the notice itself, so that it is
    looked for only where they are not.
    """
    answered, notice = aliased(DeliveryRow), aliased(DeliveryRow)
    to_notice = func.coalesce(answered.step, "") == StepKind.NOTICE.value
    asked_at = case((to_notice, col(answered.settled_at)), else_=col(notice.settled_at))
    was_asked = or_(and_(to_notice, is_asked(answered)), and_(~to_notice, is_asked(notice)))
    return session.connection().execute(
        select_columns(
            col(ChoiceRow.recipient_id),
            col(ChoiceRow.value),
            _step(answered),
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


def _alike(session: Session) -> tuple[Any, ...]:
    """What makes a group, also of choices that a release without these columns has kept."""
    hour: ColumnElement[str] = func.substr(_said(session, "received_at"), 1, HOUR)
    return hour, _said(session, "channel"), _said(session, "locale"), col(ChoiceRow.value)


def _said(session: Session, name: str) -> ColumnElement[str]:
    """What a choice's record says under a name: as it is copied beside it, else by reading the record."""
    record = col(ChoiceRow.record)
    if session.get_bind().dialect.name == "postgresql":
        said = func.json_extract_path_text(cast(func.convert_from(record, "UTF8"), JSON), name)
    else:
        said = func.json_extract(cast(record, String), f"$.{name}")
    return func.coalesce(getattr(ChoiceRow, name), said)


def _step(delivery: type[DeliveryRow]) -> ColumnElement[str]:
    """The campaign step that this is a message of ("": none, or it is a reply)."""
    return func.coalesce(case((col(delivery.kind) != StepKind.REPLY.value, col(delivery.step))), "")


def _answered(group: Group, count: int) -> Answered:
    hour, channel, locale, value = group
    return Answered(datetime.fromisoformat(f"{hour}:00+00:00"), channel, locale, ChoiceValue(value), count)


def _first(count: int) -> list[ColumnElement[object]]:
    return [literal_column(str(place)) for place in range(1, count + 1)]


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
