"""Why somebody gets no message just now, in one reason; it rests on what `explain` tells."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bot.campaigns.explain import ENDED, Explanation, explain
from bot.campaigns.planner import RestDays, rest_for
from bot.domain.calendar import NO_REST, next_window
from bot.domain.campaign import Campaign, CampaignState
from bot.domain.explain import ExplainedStep
from bot.domain.recipient import Exclusion, Reach, Recipient
from bot.store import campaigns, choices, recipients
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
    UNREACHABLE = "unreachable"
    MUTED = "muted"
    PAUSED = "paused"
    NOT_YET_DUE = "not_yet_due"
    QUIET_HOURS = "quiet_hours"
    IN_LINE = "in_line"
    NOTHING_LEFT = "nothing_left"


COMING = frozenset({Why.NOT_YET_DUE, Why.QUIET_HOURS, Why.IN_LINE})


@dataclass(frozen=True, slots=True)
class Silence:
    """The reason; `at` is when something is sent again, `step` what, where that is known."""

    why: Why
    step: str | None = None
    at: datetime | None = None


def why_no_message(session: Session, slug: str, ref: str, *, rest_days: RestDays, now: datetime) -> Silence:
    """The one reason why this person gets nothing now; it never disagrees with `explain`."""
    campaign, person = campaigns.get(session, slug), recipients.get(session, ref)
    explanation = explain(session, slug, ref, rest_days=rest_days)
    answered = choices.standing(session, person.id, campaign.id) is not None
    over = _over(campaign, explanation, answered=answered)
    if over is not None:
        return Silence(over)
    coming = [step for step in explanation.steps if step.state == PLANNED and step.due_at is not None]
    if not coming:
        return Silence(Why.NOTHING_LEFT)
    return _coming(campaign, person, explanation.zone, coming[0], rest_days, now)


def _over(campaign: Campaign, explanation: Explanation, *, answered: bool) -> Why | None:
    if campaign.state in ENDED:
        return Why.OVER
    if answered and campaign.started_at is not None:
        return Why.ANSWERED
    if explanation.excluded is not None:
        return Why(Exclusion(explanation.excluded).value)
    if campaign.started_at is None:
        return Why.NOT_STARTED
    return Why.PAUSED if campaign.state is CampaignState.PAUSED else None


def _coming(
    campaign: Campaign,
    person: Recipient,
    zone: str,
    step: ExplainedStep,
    rest_days: RestDays,
    now: datetime,
) -> Silence:
    due = step.due_at or now
    if due > now:
        return Silence(Why.NOT_YET_DUE, step.step, due)
    place = next((place for place in person.addresses if place.reach is Reach.REACHABLE), None)
    rest = NO_REST if place is None else rest_for(place.channel, zone, rest_days)
    opens = next_window(now, zone, campaign.document.hours, rest).start
    return Silence(Why.QUIET_HOURS if opens > now else Why.IN_LINE, step.step, max(opens, now))
