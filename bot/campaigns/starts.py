"""Scheduled starts: campaigns begin by themselves at their instant, or wait for a person."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from bot.domain import campaign as rules
from bot.domain.calendar import closes_everywhere
from bot.domain.campaign import Campaign, CampaignState
from bot.domain.roles import Act
from bot.store import campaigns, staff
from bot.store.database import Session

BY = "schedule"
TOO_LATE = timedelta(hours=6)  # a start missed by more than this is asked about first


def start_due(session: Session, *, now: datetime) -> list[Campaign]:
    """The campaigns whose instant has come are running; those that were started by this."""
    return [_start(session, campaign, now) for campaign in _due(session, now) if _may_start(campaign, now)]


def waiting(session: Session, *, now: datetime) -> list[Campaign]:
    """The campaigns that should have started by themselves, and wait for a person instead: the instant is
    long past, the approval has fallen, or the deadline is over."""
    return [campaign for campaign in _due(session, now) if not _may_start(campaign, now)]


def is_due(campaign: Campaign, now: datetime) -> bool:
    """Whether the campaign should have started by itself by now."""
    is_scheduled = campaign.state is CampaignState.SCHEDULED
    return is_scheduled and campaign.start_at is not None and campaign.start_at <= now


def _start(session: Session, campaign: Campaign, now: datetime) -> Campaign:
    staff.audit(session, actor=BY, act=Act.START, allowed=True, now=now, subject=campaign.slug)
    return campaigns.save(session, rules.start(campaign, now=now), now=now, by=BY)


def _due(session: Session, now: datetime) -> Sequence[Campaign]:
    scheduled = campaigns.in_state(session, CampaignState.SCHEDULED)
    return [campaign for campaign in scheduled if is_due(campaign, now)]


def _may_start(campaign: Campaign, now: datetime) -> bool:
    in_time = campaign.start_at is not None and now - campaign.start_at <= TOO_LATE
    is_approved = campaign.approved_hash == campaign.document.content_hash
    return in_time and is_approved and now <= closes_everywhere(campaign.document.deadline)
