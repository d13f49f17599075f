"""What staff do with campaigns: each act is a function of a transaction, and each is on record."""

from dataclasses import replace
from datetime import date, datetime

from bot.campaigns import planner
from bot.campaigns.lint import Lint, lint_shipped
from bot.campaigns.rest import RestDays
from bot.domain import campaign as rules
from bot.domain.calendar import closes_everywhere, local_date
from bot.domain.campaign import Campaign, CampaignDocument, CampaignState
from bot.domain.roles import Act
from bot.domain.share import Share
from bot.exceptions import (
    ApprovalFallen,
    AudienceDiffers,
    BadMoment,
    CampaignLocked,
    DeadlinePassed,
    SlugTaken,
    Unfair,
)
from bot.store import campaigns, figures, first_part, planning, staff
from bot.store.database import Session

REWRITABLE = (CampaignState.DRAFT, CampaignState.APPROVED, CampaignState.SCHEDULED)
NOT_STARTED = (
    CampaignState.DRAFT,
    CampaignState.IN_REVIEW,
    CampaignState.APPROVED,
    CampaignState.SCHEDULED,
)


def has_passed(document: CampaignDocument, now: datetime) -> bool:
    """Whether the deadline is over for everybody."""
    return now > closes_everywhere(document.deadline)


def load(session: Session, document: CampaignDocument, *, author: str, now: datetime) -> Campaign:
    """The document stands as a draft, new or rewritten; an approval that there was has fallen.

    Loaded again without a change it is left as it is, in any state. Words that the campaign has of its own
    stay with it: no file holds them.
    """
    present = campaigns.find(session, document.slug)
    if present is None:
        return _add(session, document, author=author, now=now)
    document = replace(document, words=present.document.words)
    if present.document.content_hash == document.content_hash:
        return present
    if present.state not in REWRITABLE:
        raise CampaignLocked(present.slug, present.state)
    draft = Campaign(document, revision=present.revision, author=author, id=present.id)
    _record(session, Act.EDIT, draft, by=author, now=now, detail=document.content_hash)
    return campaigns.rewrite(session, draft, now=now)


def new_from(
    session: Session,
    slug: str,
    *,
    deadline: date,
    author: str,
    now: datetime,
    name: str | None = None,
    announce: date | None = None,
) -> Campaign:
    """A draft that says what another campaign says, but for its slug, its announcement and its deadline."""
    origin = campaigns.get(session, slug).document
    today = local_date(now, origin.zone)
    document = replace(
        origin,
        slug=name or f"{slug}-{deadline}",
        announce=announce or min(today, deadline),
        deadline=deadline,
    )
    return add(session, document, author=author, now=now)


def add(session: Session, document: CampaignDocument, *, author: str, now: datetime) -> Campaign:
    """The document stands as a draft, beside all others; none is rewritten."""
    deadline = document.deadline
    if has_passed(document, now):
        raise BadMoment("The new deadline", deadline.isoformat(), "a day to come")
    if document.announce > deadline:
        raise BadMoment("The announcement", document.announce.isoformat(), f"{deadline} or a day before it")
    if campaigns.find(session, document.slug) is not None:
        raise SlugTaken(document.slug)
    return _add(session, document, author=author, now=now)


def request(session: Session, slug: str, *, by: str, now: datetime) -> Campaign:
    """In review, and locked: somebody else than its author is asked to approve it or to reject it."""
    return _save(session, Act.REQUEST, rules.request(campaigns.get(session, slug)), by=by, now=now)


def reject(session: Session, slug: str, *, by: str, now: datetime, why: str | None = None) -> Campaign:
    """A draft again, and why that is stands on record."""
    return _save(session, Act.REJECT, rules.reject(campaigns.get(session, slug)), by=by, now=now, detail=why)


def approve(
    session: Session,
    slug: str,
    *,
    by: str,
    now: datetime,
    audience: int | None = None,
    lint: Lint = lint_shipped,
) -> Campaign:
    """Approved as it is now, by somebody else than its author unless it says `single_operator`.

    The approval holds for one content hash, which binds words, audience and schedule. Raise `AudienceDiffers`
    when `audience` is given and is not how many people the campaign asks, `Unfair` when the lint finds
    anything: nothing is approved then.
    """
    approved = rules.approve(campaigns.get(session, slug), by=by)
    counted = audience_of(session, approved)
    if audience is not None and audience != counted:
        raise AudienceDiffers(slug, given=audience, counted=counted)
    require_fair(approved, lint)
    detail = f"{approved.approved_hash}, {counted} people"
    return _save(session, Act.APPROVE, approved, by=by, now=now, detail=detail)


def audience_of(session: Session, campaign: Campaign) -> int:
    """How many people the campaign asks, as things stand."""
    return figures.exclusions(session, campaign.document).get(None, 0)


def start(
    session: Session,
    slug: str,
    *,
    by: str,
    now: datetime,
    first: Share | None = None,
    lint: Lint = lint_shipped,
) -> Campaign:
    """Running from now on: the planner finds whom to ask, the `first` part of them alone if there is one.

    Raise `Unfair` as `approve` does.
    """
    campaign = _startable(session, slug, now)
    below = None if first is None else first_part.bound(session, campaign, first)
    started = rules.start(campaign, now=now, first_below=below)
    require_fair(started, lint)
    detail = None if first is None else f"first {first.people(audience_of(session, campaign))}"
    return _save(session, Act.START, started, by=by, now=now, detail=detail)


def go_on(session: Session, slug: str, *, by: str, now: datetime) -> Campaign:
    """Everybody in the audience is asked from now on, not the first part alone."""
    campaign = rules.go_on(campaigns.get(session, slug))
    campaigns.audience_changed(session)
    return _save(session, Act.START, campaign, by=by, now=now, detail="everybody")


def schedule(
    session: Session, slug: str, *, at: datetime, by: str, now: datetime, lint: Lint = lint_shipped
) -> Campaign:
    """It starts by itself at `at`. Raise `Unfair` as `approve` does."""
    campaign = _startable(session, slug, now)
    if at < now:
        raise BadMoment("The start", at.isoformat(), "an instant to come")
    if has_passed(campaign.document, at):
        raise BadMoment("The start", at.isoformat(), f"an instant before the deadline {_deadline(campaign)}")
    scheduled = rules.schedule(campaign, at=at)
    require_fair(scheduled, lint)
    return _save(session, Act.SCHEDULE, scheduled, by=by, now=now, detail=at.isoformat())


def unschedule(session: Session, slug: str, *, by: str, now: datetime) -> Campaign:
    """Approved as before; it no longer starts by itself."""
    campaign = rules.unschedule(campaigns.get(session, slug))
    return _save(session, Act.SCHEDULE, campaign, by=by, now=now, detail="unscheduled")


def pause(session: Session, slug: str, *, by: str, now: datetime, why: str | None = None) -> Campaign:
    """Nothing more is begun; what is on its way still arrives."""
    return _save(session, Act.PAUSE, rules.pause(campaigns.get(session, slug)), by=by, now=now, detail=why)


def resume(session: Session, slug: str, *, by: str, now: datetime, rest_days: RestDays) -> Campaign:
    """Running again. What came due meanwhile is planned at once: of a person's reminders the latest only."""
    planning.take_turn(session)
    campaign = rules.resume(campaigns.get(session, slug))
    saved = _save(session, Act.RESUME, campaign, by=by, now=now)
    planning.merge_missed(session, saved, now=now)
    planner.plan_segment(session, now=now, rest_days=rest_days)
    return saved


def cancel(session: Session, slug: str, *, by: str, now: datetime) -> Campaign:
    """Over before its time: nothing more is sent, and the choices already made stand."""
    return _save(session, Act.CANCEL, rules.cancel(campaigns.get(session, slug)), by=by, now=now)


def require_fair(campaign: Campaign, lint: Lint) -> None:
    """Raise `Unfair` with everything that the lint finds in this campaign."""
    if findings := lint(campaign):
        raise Unfair(campaign.slug, [finding.as_json() for finding in findings])


def _startable(session: Session, slug: str, now: datetime) -> Campaign:
    """The campaign; raise when its deadline has passed or it is not as it was approved."""
    campaign = campaigns.get(session, slug)
    if campaign.state in NOT_STARTED and has_passed(campaign.document, now):
        raise DeadlinePassed(slug, _deadline(campaign))
    if campaign.approved_hash is not None and campaign.approved_hash != campaign.document.content_hash:
        raise ApprovalFallen(slug)
    return campaign


def _add(session: Session, document: CampaignDocument, *, author: str, now: datetime) -> Campaign:
    added = campaigns.add(session, Campaign(document, author=author), now=now)
    _record(session, Act.EDIT, added, by=author, now=now, detail=document.content_hash)
    return added


def _save(
    session: Session, act: Act, campaign: Campaign, *, by: str, now: datetime, detail: str | None = None
) -> Campaign:
    _record(session, act, campaign, by=by, now=now, detail=detail)
    return campaigns.save(session, campaign, now=now, by=by)


def _record(
    session: Session, act: Act, campaign: Campaign, *, by: str, now: datetime, detail: str | None
) -> None:
    staff.audit(session, actor=by, act=act, allowed=True, now=now, subject=campaign.slug, detail=detail)


def _deadline(campaign: Campaign) -> str:
    return campaign.document.deadline.isoformat()
