"""Moving a deadline: what it would do, and doing it in one transaction."""

from dataclasses import asdict, dataclass, replace
from datetime import date, datetime

from bot.campaigns import planner
from bot.campaigns.planner import RestDays
from bot.domain import campaign as rules
from bot.domain.cadence import deadline_of
from bot.domain.calendar import closes_everywhere
from bot.domain.campaign import Campaign, CampaignState
from bot.domain.roles import Act
from bot.exceptions import BadMoment
from bot.store import campaigns, moves, planning, staff
from bot.store.database import Session

STARTED = (CampaignState.RUNNING, CampaignState.PAUSED)


@dataclass(frozen=True, slots=True)
class Move:
    """What moving a deadline does: who gets a correction, and who does not and why."""

    slug: str
    state: str
    was: date
    deadline: date
    revision: int
    content_hash: str
    corrections: int  # undecided, and told the old date
    silent: int  # told it, but muted, excluded or out of reach
    not_told: int  # not asked yet: their notice will show the new date
    answered: int

    def as_json(self) -> dict[str, object]:
        """The move as scripts read it."""
        return {**asdict(self), "was": self.was.isoformat(), "deadline": self.deadline.isoformat()}


def preview(session: Session, slug: str, *, to: date, now: datetime) -> Move:
    """What moving the deadline would do; nothing is changed."""
    campaign = campaigns.get(session, slug)
    return _outcome(session, campaign, _moved(campaign, to, by=campaign.author, now=now))


def move(session: Session, slug: str, *, to: date, by: str, now: datetime, rest_days: RestDays) -> Move:
    """A new revision with this deadline; all that is queued is planned anew.

    Those who are undecided and were told the old date get one correction, nobody else does. Reminders that
    were in line give way to it, and keep their number. A campaign that has not started is a draft again.
    """
    planning.take_turn(session)
    before = campaigns.get(session, slug)
    after = _moved(before, to, by=by, now=now)
    outcome = _outcome(session, before, after)
    saved = campaigns.save(session, after, now=now, by=by)
    staff.audit(
        session,
        actor=by,
        act=Act.MOVE_DEADLINE,
        allowed=True,
        now=now,
        subject=slug,
        detail=f"{before.document.deadline} -> {to}",
    )
    if saved.state in STARTED:
        _plan_anew(session, saved, now, rest_days)
    return outcome


def _plan_anew(session: Session, campaign: Campaign, now: datetime, rest_days: RestDays) -> None:
    for zone in moves.zones(session, campaign):
        moves.allow_until(session, campaign, zone, deadline_of(campaign.document, zone))
    moves.give_way(session, campaign, now=now)
    planner.compute_slots(session, campaign, now=now, rest_days=rest_days)
    campaigns.audience_changed(session)


def _moved(campaign: Campaign, to: date, *, by: str, now: datetime) -> Campaign:
    """The campaign with the other deadline. A running one is approved by who moves it; one that has not
    started needs its approval again."""
    if to == campaign.document.deadline:
        raise BadMoment("The deadline", to.isoformat(), "another day than the one that it is already")
    if to < campaign.document.announce or now > closes_everywhere(to):
        raise BadMoment("The deadline", to.isoformat(), "a day to come, not before the announcement")
    moved = rules.move_deadline(campaign, to)
    if moved.state in STARTED:
        return replace(moved, approver=by, approved_hash=moved.document.content_hash)
    return replace(
        moved, state=CampaignState.DRAFT, author=by, approver=None, approved_hash=None, start_at=None
    )


def _outcome(session: Session, before: Campaign, after: Campaign) -> Move:
    people = moves.concerned(session, after)
    return Move(
        slug=after.slug,
        state=after.state.value,
        was=before.document.deadline,
        deadline=after.document.deadline,
        revision=after.revision,
        content_hash=after.document.content_hash,
        corrections=people.to_correct,
        silent=people.silent,
        not_told=people.not_told,
        answered=people.answered,
    )
