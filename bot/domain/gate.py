"""The last look before a send: may this delivery be begun now, later, or not at all?"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.domain.calendar import NO_REST, next_window
from bot.domain.campaign import CampaignState, Hours
from bot.domain.delivery import DeliveryState
from bot.domain.step import StepKind

BETWEEN_CAMPAIGNS = timedelta(hours=20)  # a person gets at most one campaign message in this time


@dataclass(frozen=True, slots=True)
class Standing:
    """What is true of a campaign step, read in the transaction that claims it."""

    kind: StepKind
    answered: bool
    muted: bool
    excluded: bool
    campaign_state: CampaignState
    not_after: datetime | None
    zone: str
    hours: Hours
    min_gap: timedelta
    rest_days: frozenset[int] = NO_REST
    final: bool = False
    last_step_at: datetime | None = None  # the latest step of this campaign that reached the person
    last_campaign_at: datetime | None = None  # the latest step of any other campaign


@dataclass(frozen=True, slots=True)
class Go:
    """Begin it."""


@dataclass(frozen=True, slots=True)
class Wait:
    """Not before `until`."""

    until: datetime
    why: str


@dataclass(frozen=True, slots=True)
class Drop:
    """Never; the delivery ends in `state`."""

    state: DeliveryState
    why: str


Verdict = Go | Wait | Drop
GO = Go()


def judge(standing: Standing, *, now: datetime) -> Verdict:
    """What may be done with a campaign step now."""
    reason = _over(standing)
    if reason is not None:
        return Drop(DeliveryState.CANCELLED, reason)
    if standing.not_after is not None and now > standing.not_after:
        return Drop(DeliveryState.EXPIRED, "the deadline has passed")
    return _when(standing, now)


def pressing(last: datetime | None, gap: timedelta, *, now: datetime) -> datetime | None:
    """When a person was last written to, if that still keeps others waiting; None once the gap is over."""
    return last if last is not None and last + gap > now else None


def judge_reply(
    *,
    asks: bool,
    answered: bool,
    muted: bool = False,
    not_after: datetime | None = None,
    now: datetime,
) -> Verdict:
    """Replies may always go, unless they would ask what was answered meanwhile. One with a `not_after` is not
    what the person asked for: it respects a mute, and comes in time or not at all."""
    if asks and answered:
        return Drop(DeliveryState.CANCELLED, "answered meanwhile")
    if not_after is not None and muted:
        return Drop(DeliveryState.CANCELLED, "muted")
    if not_after is not None and now > not_after:
        return Drop(DeliveryState.EXPIRED, "its time is over")
    return GO


def _over(standing: Standing) -> str | None:
    if standing.campaign_state in (CampaignState.CANCELLED, CampaignState.FINISHED):
        return f"the campaign is {standing.campaign_state}"
    if standing.answered:
        return "answered"
    if standing.muted:
        return "muted"
    return "no longer in the audience" if standing.excluded else None


def _when(standing: Standing, now: datetime) -> Verdict:
    earliest, why = now, ""
    gaps = []
    if standing.last_step_at is not None and standing.kind in (StepKind.REMINDER, StepKind.LATER):
        gaps.append((standing.last_step_at + standing.min_gap, "the gap to the step before"))
    if standing.last_campaign_at is not None:
        gaps.append((standing.last_campaign_at + BETWEEN_CAMPAIGNS, "another campaign wrote today"))
    for instant, reason in gaps:
        if instant > earliest:
            earliest, why = instant, reason
    opens = _opening(standing, earliest)
    if opens > earliest:
        earliest, why = opens, "outside the hours"
    if earliest <= now:
        return GO
    if standing.not_after is not None and earliest > standing.not_after:
        return Drop(DeliveryState.SKIPPED, f"{why} leaves no time before the deadline")
    return Wait(earliest, why)


def _opening(standing: Standing, instant: datetime) -> datetime:
    """When it may go out; what must not be missed rather breaks the rest than the deadline."""
    opens = next_window(instant, standing.zone, standing.hours, standing.rest_days).start
    must_arrive = standing.final or standing.kind in (StepKind.NOTICE, StepKind.CORRECTION)
    if must_arrive and standing.not_after is not None and opens > standing.not_after:
        return next_window(instant, standing.zone, standing.hours).start
    return opens
