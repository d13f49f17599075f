"""Figures of a campaign, each counted by the database."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, case, literal, literal_column
from sqlalchemy import select as select_columns
from sqlmodel import Session, and_, col, func, select

from bot.domain.campaign import Campaign, CampaignDocument
from bot.domain.choice import ChoiceValue
from bot.domain.delivery import DeliveryState
from bot.domain.recipient import Exclusion, Reach
from bot.domain.step import StepKind
from bot.store import register, tallies
from bot.store.models import AddressRow, ChoiceRow, DeliveryRow, LinkTokenRow, RecipientRow
from bot.store.register import Answers
from bot.store.tallies import Delivered, is_asked

REACHES = (Reach.UNLINKED, Reach.GONE, Reach.BLOCKED, Reach.REACHABLE)  # the last that holds is a person's
USUAL = 2 * REACHES.index(Reach.REACHABLE)  # the number of who can be reached and wants messages
DOUBTFUL = (DeliveryState.IN_DOUBT.value, DeliveryState.HELD.value)


@dataclass(frozen=True, slots=True)
class Funnel:
    """What became of those who got a link, in people; each figure counts some of the one before."""

    invited: int
    linked: int
    asked: int
    answered: int


@dataclass(frozen=True, slots=True)
class Figures:
    """Where a campaign stands, in people; `in_doubt` counts deliveries, `steps` them by step and state.

    `audience` are those who are asked or would be, `excluded` all others by the first reason that holds.
    `no_answer` are those who were asked and have not answered. `funnel` is about invited people alone.
    """

    audience: int
    excluded: Mapping[str, int]
    asked: int
    answered: int
    opt_in: int
    opt_out: int
    no_answer: int
    muted: int
    unreachable: int
    in_doubt: int
    funnel: Funnel
    steps: Mapping[str, Mapping[str, int]]


@dataclass(frozen=True, slots=True)
class People:
    """All recipients as a campaign sees them: left out by reason (None: asked), and of those whom it is for
    how many want no messages, cannot be reached, or blocked the bot and cannot be reached elsewhere."""

    excluded: Mapping[Exclusion | None, int]
    muted: int
    unreachable: int
    blocked: int


def of(session: Session, campaign: Campaign) -> Figures:
    """The figures of this campaign as they are now."""
    return summed(
        people(session, campaign.document),
        tallies.deliveries(session, campaign),
        register.answers(session, campaign),
        funnel(session, campaign.id),
    )


def summed(found: People, deliveries: Sequence[Delivered], answers: Answers, invited: Funnel) -> Figures:
    """The figures that these come to."""
    excluded = dict(found.excluded)
    chosen = answers.chosen
    steps: dict[str, dict[str, int]] = {}
    for row in deliveries:
        states = steps.setdefault(row.step, {})
        states[row.state] = states.get(row.state, 0) + row.count
    asked = sum(row.count for row in deliveries if row.step == StepKind.NOTICE.value and row.is_asked)
    return Figures(
        audience=excluded.pop(None, 0),
        excluded={why.value: excluded[why] for why in Exclusion if why in excluded},
        asked=asked,
        answered=sum(chosen.values()),
        opt_in=chosen.get(ChoiceValue.OPT_IN, 0),
        opt_out=chosen.get(ChoiceValue.OPT_OUT, 0),
        no_answer=asked - answers.asked,
        muted=found.muted,
        unreachable=found.unreachable,
        in_doubt=sum(states.get(state, 0) for states in steps.values() for state in DOUBTFUL),
        funnel=invited,
        steps=steps,
    )


def people(session: Session, document: CampaignDocument) -> People:
    """Everybody, counted in one pass: a million people are looked at once."""
    excluded: dict[Exclusion | None, int] = {}
    muted = unreachable = blocked = 0
    for number, count in _numbers(session, document).items():
        reach, off = (None, 0) if number < 0 else (REACHES[number // 2], number % 2)
        why = _why(number, reach, off)
        excluded[why] = excluded.get(why, 0) + count
        muted += count * off
        unreachable += count if reach not in (None, Reach.REACHABLE) else 0
        blocked += count if reach is Reach.BLOCKED else 0
    return People(excluded, muted, unreachable, blocked)


def _numbers(session: Session, document: CampaignDocument) -> Mapping[int, int]:
    """How many people have which number: -2 and -1 are left out by plan and by date; of all others it is twice
    their place in `REACHES`, and one more if they want no messages. Only whose number is unusual gets sorted."""
    best = case(
        {reach.value: rank for rank, reach in enumerate(REACHES)}, value=col(AddressRow.reach), else_=0
    )
    nearest = (
        select(func.coalesce(func.max(best), 0))
        .where(AddressRow.recipient_id == RecipientRow.id)
        .correlate(RecipientRow)
        .scalar_subquery()
    )
    reach = case((_has_address(Reach.REACHABLE), REACHES.index(Reach.REACHABLE)), else_=nearest)
    is_muted = case((col(RecipientRow.muted_at).is_not(None), 1), else_=0)
    number = case((~_has_plan(document), -2), (_is_late(document), -1), else_=reach * 2 + is_muted)
    unusual = select_columns(number, func.count()).select_from(RecipientRow).where(number != USUAL)
    counts: dict[int, int] = dict(iter(session.execute(unusual.group_by(literal_column("1")))))
    everybody = session.exec(select(func.count()).select_from(RecipientRow)).one()
    usual = everybody - sum(counts.values())
    return counts | ({USUAL: usual} if usual else {})


def _why(number: int, reach: Reach | None, off: int) -> Exclusion | None:
    if reach is None:
        return Exclusion.PLAN if number == -2 else Exclusion.REGISTERED_LATE
    if reach is not Reach.REACHABLE:
        return Exclusion.UNLINKED if reach is Reach.UNLINKED else Exclusion.UNREACHABLE
    return Exclusion.MUTED if off else None


def exclusions(session: Session, document: CampaignDocument) -> dict[Exclusion | None, int]:
    """How many recipients the campaign leaves out, by reason; under None those whom it asks."""
    return dict(people(session, document).excluded)


def exclusion(document: CampaignDocument) -> ColumnElement[str | None]:
    """The rule of `recipient.exclusion`, over the table."""
    reasons = [
        (~_has_plan(document), Exclusion.PLAN),
        (_is_late(document), Exclusion.REGISTERED_LATE),
        (~_has_address(Reach.REACHABLE, Reach.BLOCKED, Reach.GONE), Exclusion.UNLINKED),
        (~_has_address(Reach.REACHABLE), Exclusion.UNREACHABLE),
        (col(RecipientRow.muted_at).is_not(None), Exclusion.MUTED),
    ]
    return case(*((rule, literal(why.value)) for rule, why in reasons), else_=None)


def _has_plan(document: CampaignDocument) -> ColumnElement[bool]:
    return col(RecipientRow.plan).in_(sorted(plan.value for plan in document.audience.plans))


def _is_late(document: CampaignDocument) -> ColumnElement[bool]:
    before = document.audience.registered_before
    if before is None:
        return literal(value=False)
    return and_(col(RecipientRow.registered_on).is_not(None), col(RecipientRow.registered_on) >= before)


def _has_address(*reaches: Reach) -> ColumnElement[bool]:
    return (
        select(AddressRow.id)
        .where(AddressRow.recipient_id == RecipientRow.id, col(AddressRow.reach).in_(reaches))
        .exists()
    )


def funnel(session: Session, campaign_id: int) -> Funnel:
    """Those who answered without being asked, as by a command, were not asked and do not count as answered."""
    used = col(LinkTokenRow.used_at).is_not(None)
    asked = (
        select(DeliveryRow.id)
        .where(DeliveryRow.campaign_id == campaign_id, DeliveryRow.recipient_id == LinkTokenRow.recipient_id)
        .where(DeliveryRow.step == StepKind.NOTICE.value, is_asked(DeliveryRow))
        .exists()
    )
    answered = (
        select(ChoiceRow.id)
        .where(ChoiceRow.campaign_id == campaign_id, ChoiceRow.recipient_id == LinkTokenRow.recipient_id)
        .exists()
    )
    stages = (literal(value=True), used, and_(used, asked), and_(used, asked, answered))
    counted = session.execute(
        select_columns(*(func.count(case((stage, 1))) for stage in stages)).where(
            col(LinkTokenRow.campaign_id) == campaign_id, col(LinkTokenRow.until).is_(None)
        )
    ).one()
    return Funnel(*counted)
