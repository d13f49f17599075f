"""Approval: a second person says yes or no to a campaign, or to a change of one that has started."""

from dataclasses import replace
from datetime import date, datetime

from bot.campaigns import deadline, service
from bot.campaigns.deadline import Move
from bot.campaigns.lint import Lint, lint_shipped
from bot.campaigns.rest import RestDays
from bot.domain import campaign as rules
from bot.domain.campaign import Campaign
from bot.domain.roles import Act
from bot.exceptions import AudienceDiffers
from bot.store import campaigns, planning, staff, templates
from bot.store.database import Session


def approve(
    session: Session,
    slug: str,
    *,
    by: str,
    now: datetime,
    rest_days: RestDays,
    audience: int | None = None,
    lint: Lint = lint_shipped,
) -> Campaign:
    """The campaign is approved as it is; of one that has started, the change that waits is so from now on.

    Raise what `service.approve` raises.
    """
    if campaigns.get(session, slug).proposed is None:
        return service.approve(session, slug, by=by, now=now, audience=audience, lint=lint)
    planning.take_turn(session)
    before = campaigns.get(session, slug)
    after = _with_its_words(session, rules.adopt(before, by=by))
    counted = service.audience_of(session, after)
    if audience is not None and audience != counted:
        raise AudienceDiffers(slug, given=audience, counted=counted)
    service.require_fair(after, lint)
    moves = after.document.deadline != before.document.deadline
    if moves:
        deadline.require_to_come(before, after.document.deadline, now=now)
    detail = f"{after.approved_hash}, {counted} people"
    staff.audit(session, actor=by, act=Act.APPROVE, allowed=True, now=now, subject=slug, detail=detail)
    saved = campaigns.save(session, after, now=now, by=by)
    if moves:
        deadline.plan_anew(session, saved, now=now, rest_days=rest_days)
    return saved


def reject(session: Session, slug: str, *, by: str, now: datetime, why: str | None = None) -> Campaign:
    """A draft again; of a campaign that has started, the change that waited is dropped. Why stands on record."""
    campaign = campaigns.get(session, slug)
    if campaign.proposed is None:
        return service.reject(session, slug, by=by, now=now, why=why)
    staff.audit(session, actor=by, act=Act.REJECT, allowed=True, now=now, subject=slug, detail=why)
    return campaigns.save(session, rules.dismiss(campaign), now=now, by=by)


def move_deadline(
    session: Session,
    slug: str,
    *,
    to: date,
    by: str,
    now: datetime,
    rest_days: RestDays,
    may_approve: bool,
) -> Move:
    """The deadline is moved, or will be once a second person has approved it; a single operator who may
    approve needs none."""
    if may_approve and campaigns.get(session, slug).document.single_operator:
        return deadline.move(session, slug, to=to, by=by, now=now, rest_days=rest_days)
    return deadline.propose(session, slug, to=to, by=by, now=now, rest_days=rest_days)


def _with_its_words(session: Session, campaign: Campaign) -> Campaign:
    name = campaign.document.words
    return replace(campaign, words=templates.get(session, name) if name else None)
