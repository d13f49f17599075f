"""A moved deadline, over a whole campaign: whom it concerns, and what gives way to it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, case, literal_column
from sqlalchemy import select as select_columns
from sqlmodel import Session, col, func, select, update

from bot.domain.campaign import Campaign
from bot.domain.delivery import DeliveryState
from bot.domain.recipient import Reach
from bot.domain.step import StepKind
from bot.store import audience
from bot.store.models import AddressRow, ChoiceRow, CohortRow, DeliveryRow, RecipientRow, SlotRow


@dataclass(frozen=True, slots=True)
class Concerned:
    """How many people a moved deadline concerns.

    `to_correct` are undecided, can be reached and were last told another date; `silent` were told it too,
    but are muted, excluded or out of reach; `not_told` were told no date yet; `answered` need no other.
    """

    to_correct: int
    silent: int
    not_told: int
    answered: int


def concerned(session: Session, campaign: Campaign) -> Concerned:
    """Whom the campaign's deadline, as given here, concerns as another one than they were told.

    Each person is looked at once: what is true of them is found first, and counted then.
    """
    reachable = _exists(AddressRow.recipient_id == RecipientRow.id, AddressRow.reach == Reach.REACHABLE.value)
    is_open = audience.undecided(campaign) & reachable
    answered = _exists(ChoiceRow.campaign_id == campaign.id, ChoiceRow.recipient_id == RecipientRow.id)
    if not is_any_asked(session, campaign) and not _is_any(session, ChoiceRow.campaign_id == campaign.id):
        return Concerned(to_correct=0, silent=0, not_told=_count(session, is_open), answered=0)
    shown = _exists(
        DeliveryRow.campaign_id == campaign.id,
        DeliveryRow.recipient_id == RecipientRow.id,
        col(DeliveryRow.deadline_shown).is_not(None),
    )
    rules = (audience.told_otherwise(campaign), is_open, answered, shown)
    flags = [case((rule, 1), else_=0).label(f"flag_{n}") for n, rule in enumerate(rules)]
    names: list[ColumnElement[int]] = [literal_column(flag.name) for flag in flags]
    found = session.execute(
        select_columns(*flags, func.count()).select_from(RecipientRow).group_by(*names)
    ).all()
    return Concerned(
        to_correct=sum(n for told, is_open, _, _, n in found if told and is_open),
        silent=sum(n for told, is_open, answer, _, n in found if told and not answer and not is_open),
        not_told=sum(n for _, is_open, _, was_shown, n in found if is_open and not was_shown),
        answered=sum(n for _, _, answer, _, n in found if answer),
    )


def is_any_asked(session: Session, campaign: Campaign) -> bool:
    """Whether anybody's notice has arrived: nobody else was told a date, reminded or had anything to put off."""
    return _is_any(session, CohortRow.campaign_id == campaign.id)


def zones(session: Session, campaign: Campaign) -> Sequence[str]:
    """The zones in which the campaign has slots."""
    return session.exec(
        select(SlotRow.zone).where(SlotRow.campaign_id == campaign.id).distinct().order_by(SlotRow.zone)
    ).all()


def has_own_limits(session: Session, campaign: Campaign) -> bool:
    """Whether something is in line that does not go by its slot alone, as what somebody has put off."""
    found = session.exec(
        select(DeliveryRow.id)
        .where(DeliveryRow.campaign_id == campaign.id, DeliveryRow.state == DeliveryState.DUE.value)
        .where(col(DeliveryRow.not_after).is_not(None))
        .limit(1)
    )
    return found.first() is not None


def allow_until(
    session: Session, campaign: Campaign, zone: str, not_after: datetime, *, own_limits: bool = True
) -> None:
    """What is in line for people of this zone may be begun until `not_after`; the closing note is not. Without
    `own_limits` nothing is looked for that does not go by its slot."""
    session.execute(
        update(SlotRow)
        .where(col(SlotRow.campaign_id) == campaign.id, col(SlotRow.zone) == zone)
        .where(col(SlotRow.kind) != StepKind.CLOSING.value)
        .values(not_after=not_after)
    )
    if not own_limits:
        return
    there = _exists(
        RecipientRow.id == DeliveryRow.recipient_id,
        func.coalesce(RecipientRow.zone, campaign.document.zone) == zone,
    )
    session.execute(
        update(DeliveryRow)
        .where(col(DeliveryRow.campaign_id) == campaign.id, col(DeliveryRow.state) == DeliveryState.DUE.value)
        .where(col(DeliveryRow.not_after).is_not(None), there)
        .values(not_after=not_after)
    )


def give_way(session: Session, campaign: Campaign, *, now: datetime) -> None:
    """Reminders in line for people who will get a correction are merged into it; notices that came too
    late for the old deadline are due again."""
    if is_any_asked(session, campaign):
        _merge_reminders(session, campaign, now)
    session.execute(
        update(DeliveryRow)
        .where(col(DeliveryRow.campaign_id) == campaign.id, col(DeliveryRow.kind) == StepKind.NOTICE.value)
        .where(col(DeliveryRow.state).in_((DeliveryState.EXPIRED.value, DeliveryState.SKIPPED.value)))
        .values(state=DeliveryState.DUE.value, reason=None, settled_at=None, due_at=None)
        .execution_options(synchronize_session=False)  # else every row's number is fetched
    )


def _merge_reminders(session: Session, campaign: Campaign, now: datetime) -> None:
    told = _exists(RecipientRow.id == DeliveryRow.recipient_id, audience.told_otherwise(campaign))
    session.execute(
        update(DeliveryRow)
        .where(col(DeliveryRow.campaign_id) == campaign.id, col(DeliveryRow.kind) == StepKind.REMINDER.value)
        .where(col(DeliveryRow.state) == DeliveryState.DUE.value, told)
        .values(
            state=DeliveryState.MERGED.value,
            reason="the deadline was moved; a correction goes out instead",
            settled_at=now,
        )
        .execution_options(synchronize_session=False)
    )


def _exists(*rules: ColumnElement[bool] | bool) -> ColumnElement[bool]:
    return select(1).where(*rules).exists()


def _is_any(session: Session, rule: ColumnElement[bool] | bool) -> bool:
    return bool(session.execute(select_columns(_exists(rule))).scalar_one())


def _count(session: Session, rule: ColumnElement[bool]) -> int:
    return session.exec(select(func.count()).select_from(RecipientRow).where(rule)).one()
