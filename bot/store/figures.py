"""Figures of a campaign, each counted by the database."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import ColumnElement, case, literal
from sqlalchemy import select as select_columns
from sqlmodel import Session, and_, col, func, or_, select

from bot.domain.campaign import Campaign, CampaignDocument
from bot.domain.choice import ChoiceValue
from bot.domain.delivery import DeliveryState
from bot.domain.recipient import Exclusion, Reach
from bot.domain.step import StepKind
from bot.store.models import AddressRow, ChoiceRow, DeliveryRow, LinkTokenRow, RecipientRow

REACHED = (DeliveryState.SENT.value, DeliveryState.IN_DOUBT.value)
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


def of(session: Session, campaign: Campaign) -> Figures:
    """The figures of this campaign as they are now."""
    excluded = exclusions(session, campaign.document)
    chosen = choices(session, campaign.id)
    steps = _steps(session, campaign.id)
    answered = sum(chosen.values())
    asked, silent = _asked(session, campaign.id)
    return Figures(
        audience=excluded.pop(None, 0),
        excluded={why.value: excluded[why] for why in Exclusion if why in excluded},
        asked=asked,
        answered=answered,
        opt_in=chosen.get(ChoiceValue.OPT_IN, 0),
        opt_out=chosen.get(ChoiceValue.OPT_OUT, 0),
        no_answer=silent,
        muted=_covered(session, campaign.document, col(RecipientRow.muted_at).is_not(None)),
        unreachable=_covered(session, campaign.document, ~_has_address(Reach.REACHABLE)),
        in_doubt=sum(states.get(state, 0) for states in steps.values() for state in DOUBTFUL),
        funnel=_funnel(session, campaign.id),
        steps=steps,
    )


def exclusions(session: Session, document: CampaignDocument) -> dict[Exclusion | None, int]:
    """How many recipients the campaign leaves out, by reason; under None those whom it asks."""
    why = exclusion(document)
    found = session.execute(select_columns(why, func.count()).select_from(RecipientRow).group_by(why))
    return {None if reason is None else Exclusion(reason): count for reason, count in found}


def choices(session: Session, campaign_id: int) -> dict[ChoiceValue, int]:
    """How many people stand by each answer."""
    latest = (
        select(func.max(ChoiceRow.id))
        .where(ChoiceRow.campaign_id == campaign_id, col(ChoiceRow.supersedes).is_(True))
        .group_by(col(ChoiceRow.recipient_id))
    )
    found = session.execute(
        select_columns(col(ChoiceRow.value), func.count())
        .where(col(ChoiceRow.id).in_(latest))
        .group_by(col(ChoiceRow.value))
    )
    return {ChoiceValue(value): count for value, count in found}


def blocked(session: Session, document: CampaignDocument) -> int:
    """How many of those whom the campaign is for have blocked the bot, and cannot be reached elsewhere."""
    rule = and_(_has_address(Reach.BLOCKED), ~_has_address(Reach.REACHABLE))
    return _covered(session, document, rule)


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


def _covered(session: Session, document: CampaignDocument, rule: ColumnElement[bool]) -> int:
    return session.exec(
        select(func.count()).select_from(RecipientRow).where(_has_plan(document), ~_is_late(document), rule)
    ).one()


def _asked(session: Session, campaign_id: int) -> tuple[int, int]:
    """How many were asked, and how many of them have not answered."""
    answered = (
        select(ChoiceRow.id)
        .where(ChoiceRow.campaign_id == campaign_id, ChoiceRow.recipient_id == DeliveryRow.recipient_id)
        .exists()
    )
    notices = (
        select(func.count())
        .select_from(DeliveryRow)
        .where(DeliveryRow.campaign_id == campaign_id, DeliveryRow.step == StepKind.NOTICE.value)
        .where(_is_asked())
    )
    return session.exec(notices).one(), session.exec(notices.where(~answered)).one()


def _funnel(session: Session, campaign_id: int) -> Funnel:
    """Those who answered without being asked, as by a command, were not asked and do not count as answered."""
    used = col(LinkTokenRow.used_at).is_not(None)
    asked = (
        select(DeliveryRow.id)
        .where(DeliveryRow.campaign_id == campaign_id, DeliveryRow.recipient_id == LinkTokenRow.recipient_id)
        .where(DeliveryRow.step == StepKind.NOTICE.value, _is_asked())
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
            col(LinkTokenRow.campaign_id) == campaign_id
        )
    ).one()
    return Funnel(*counted)


def _is_asked() -> ColumnElement[bool]:
    return or_(col(DeliveryRow.state).in_(REACHED), col(DeliveryRow.asked_on).is_not(None))


def _steps(session: Session, campaign_id: int) -> dict[str, dict[str, int]]:
    found = session.execute(
        select_columns(col(DeliveryRow.step), col(DeliveryRow.state), func.count())
        .where(col(DeliveryRow.campaign_id) == campaign_id, col(DeliveryRow.kind) != StepKind.REPLY.value)
        .group_by(col(DeliveryRow.step), col(DeliveryRow.state))
        .order_by(func.min(col(DeliveryRow.id)), col(DeliveryRow.state))
    )
    steps: dict[str, dict[str, int]] = {}
    for step, state, count in found:
        steps.setdefault(step or "", {})[state] = count
    return steps
