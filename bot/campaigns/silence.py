"""Why somebody gets no message just now, in one reason; it rests on what `explain` tells."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from bot.campaigns.explain import ENDED, Explanation, explain
from bot.campaigns.rest import RestDays, rest_for
from bot.domain.calendar import NO_REST, next_window
from bot.domain.campaign import Campaign, CampaignState
from bot.domain.explain import ExplainedStep
from bot.domain.recipient import Exclusion, Reach, Recipient
from bot.domain.step import StepKind, kind_of
from bot.store import addresses, campaigns, choices, lanes, recipients
from bot.store.audience import waits_for_the_rest
from bot.store.database import Session

PLANNED = "planned"


class Why(StrEnum):
    """The reason why no message goes out now."""

    NOT_STARTED = "not_started"
    OVER = "over"
    ANSWERED = "answered"
    PLAN = "plan"
    REGISTERED_LATE = "registered_late"
    UNLINKED = "unlinked"
    BLOCKED = "blocked"
    GONE = "gone"
    MUTED = "muted"
    PAUSED = "paused"
    FIRST_PART = "first_part"  # only a first part of the audience is asked for now, and this is not in it
    PUT_OFF = "put_off"
    NOT_YET_DUE = "not_yet_due"
    QUIET_HOURS = "quiet_hours"
    LANE_STOPPED = "lane_stopped"
    IN_LINE = "in_line"
    NOTHING_LEFT = "nothing_left"


COMING = frozenset({Why.PUT_OFF, Why.NOT_YET_DUE, Why.QUIET_HOURS, Why.LANE_STOPPED, Why.IN_LINE})
EXCLUDED: Final[Mapping[Exclusion, Why]] = {
    Exclusion.PLAN: Why.PLAN,
    Exclusion.REGISTERED_LATE: Why.REGISTERED_LATE,
    Exclusion.UNLINKED: Why.UNLINKED,
    Exclusion.MUTED: Why.MUTED,
}


@dataclass(frozen=True, slots=True)
class Silence:
    """The reason; `step` is what comes next and `at` when, or since when it is so, where that is known."""

    why: Why
    step: str | None = None
    at: datetime | None = None


def why_no_message(session: Session, slug: str, ref: str, *, rest_days: RestDays, now: datetime) -> Silence:
    """The one reason why this person gets nothing now; it never disagrees with `explain`."""
    campaign, person = campaigns.get(session, slug), recipients.get(session, ref)
    explanation = explain(session, slug, ref, rest_days=rest_days)
    over = _over(session, campaign, person, explanation)
    if over is not None:
        return over
    coming = [step for step in explanation.steps if step.state == PLANNED and step.due_at is not None]
    if not coming:
        return Silence(_nothing_comes(campaign, person, explanation))
    return _coming(session, campaign, person, explanation.zone, coming[0], rest_days, now)


def _over(session: Session, campaign: Campaign, person: Recipient, explained: Explanation) -> Silence | None:
    if campaign.state in ENDED:
        return Silence(Why.OVER)
    answer = choices.standing(session, person.id, campaign.id)
    if answer is not None and campaign.started_at is not None:
        return Silence(Why.ANSWERED, at=answer.received_at)
    if explained.excluded is not None:
        return _excluded(session, person, Exclusion(explained.excluded))
    if campaign.started_at is None:
        return Silence(Why.NOT_STARTED, at=campaign.start_at)
    return Silence(Why.PAUSED) if campaign.state is CampaignState.PAUSED else None


def _excluded(session: Session, person: Recipient, reason: Exclusion) -> Silence:
    if reason in EXCLUDED:
        return Silence(EXCLUDED[reason], at=person.muted_at if reason is Exclusion.MUTED else None)
    closed = [place for place in person.addresses if place.reach in (Reach.BLOCKED, Reach.GONE)]
    blocked = next((place for place in closed if place.reach is Reach.BLOCKED), closed[0])
    since = addresses.closed_at(session, blocked.id)
    return Silence(Why.BLOCKED if blocked.reach is Reach.BLOCKED else Why.GONE, at=since)


def _nothing_comes(campaign: Campaign, person: Recipient, explained: Explanation) -> Why:
    waits = waits_for_the_rest(campaign, person.ref) and any(step.state == "held" for step in explained.steps)
    return Why.FIRST_PART if waits else Why.NOTHING_LEFT


def _coming(
    session: Session,
    campaign: Campaign,
    person: Recipient,
    zone: str,
    step: ExplainedStep,
    rest_days: RestDays,
    now: datetime,
) -> Silence:
    due = step.due_at or now
    if due > now:
        put_off = kind_of(step.step) is StepKind.LATER
        return Silence(Why.PUT_OFF if put_off else Why.NOT_YET_DUE, step.step, due)
    place = next((place for place in person.addresses if place.reach is Reach.REACHABLE), None)
    rest = NO_REST if place is None else rest_for(place.channel, zone, rest_days)
    opens = next_window(now, zone, campaign.document.hours, rest).start
    if opens > now:
        return Silence(Why.QUIET_HOURS, step.step, opens)
    lane = None if place is None else lanes.of(session, place)
    is_stopped = any(name == lane for name, _ in lanes.stopped(session))
    return Silence(Why.LANE_STOPPED if is_stopped else Why.IN_LINE, step.step, now)
