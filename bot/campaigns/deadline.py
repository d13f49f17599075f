"""Moving a deadline: what it would do, and doing it in one transaction."""

from dataclasses import asdict, dataclass, replace
from datetime import date, datetime

from bot.campaigns import planner
from bot.campaigns.rest import RestDays
from bot.domain import campaign as rules
from bot.domain.cadence import PlannedStep, deadline_of
from bot.domain.calendar import closes_everywhere
from bot.domain.campaign import STARTED, Campaign, CampaignState
from bot.domain.explain import ExplainedStep, explain, plan_all
from bot.domain.roles import Act
from bot.exceptions import BadMoment
from bot.store import campaigns, cohorts, moves, planning, staff
from bot.store.database import Session


@dataclass(frozen=True, slots=True)
class Move:
    """What moving a deadline does: who gets a correction, and who does not and why; and which steps go out
    when, on the clock of the campaign's zone, to those who were asked first.

    `waits`: a second person has to approve it before anything of it is so.
    """

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
    waits: bool = False
    zone: str = "UTC"
    steps: tuple[ExplainedStep, ...] = ()

    def as_json(self) -> dict[str, object]:
        """The move as scripts read it."""
        return {
            **{name: value for name, value in asdict(self).items() if name != "zone"},
            "was": self.was.isoformat(),
            "deadline": self.deadline.isoformat(),
            "steps": [step.as_json(self.zone) for step in self.steps],
        }


def preview(
    session: Session,
    slug: str,
    *,
    to: date,
    now: datetime,
    rest_days: RestDays,
) -> Move:
    """What moving the deadline would do; nothing is changed."""
    campaign = campaigns.get(session, slug)
    moved = _moved(campaign, to, by=campaign.author, now=now)
    told = _outcome(session, campaign, moved, now=now, rest_days=rest_days)
    return replace(told, waits=campaign.state in STARTED and not campaign.document.single_operator)


def propose(session: Session, slug: str, *, to: date, by: str, now: datetime, rest_days: RestDays) -> Move:
    """What the move will do once somebody else has approved it. A campaign that has not started needs its
    approval anyway: it is a draft with this deadline, at once."""
    campaign = campaigns.get(session, slug)
    if campaign.state not in STARTED:
        return move(session, slug, to=to, by=by, now=now, rest_days=rest_days)
    told = replace(preview(session, slug, to=to, now=now, rest_days=rest_days), waits=True)
    document = replace(campaign.document, deadline=to)
    proposed = rules.propose(campaign, document, by=by)
    staff.audit(
        session,
        actor=by,
        act=Act.MOVE_DEADLINE,
        allowed=True,
        now=now,
        subject=slug,
        detail=f"proposed {campaign.document.deadline} -> {to}, {document.content_hash}",
    )
    campaigns.save(session, proposed, now=now, by=by)
    return told


def move(session: Session, slug: str, *, to: date, by: str, now: datetime, rest_days: RestDays) -> Move:
    """A new revision with this deadline, at once; all that is queued is planned anew.

    Those who are undecided and were told the old date get one correction, nobody else does. Reminders that
    were in line give way to it, and keep their number. A campaign that has not started is a draft again.
    """
    planning.take_turn(session)
    before = campaigns.get(session, slug)
    after = _moved(before, to, by=by, now=now)
    outcome = _outcome(session, before, after, now=now, rest_days=rest_days)
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
        plan_anew(session, saved, now=now, rest_days=rest_days)
    return outcome


def require_to_come(campaign: Campaign, to: date, *, now: datetime) -> None:
    """Raise when the deadline cannot be moved to this day."""
    if to == campaign.document.deadline:
        raise BadMoment("The deadline", to.isoformat(), "another day than the one that it is already")
    if to < campaign.document.announce or now > closes_everywhere(to):
        raise BadMoment("The deadline", to.isoformat(), "a day to come, not before the announcement")


def plan_anew(session: Session, campaign: Campaign, *, now: datetime, rest_days: RestDays) -> None:
    """All that is queued stands as the campaign's deadline, which has moved, has it."""
    own_limits = moves.has_own_limits(session, campaign)
    for zone in moves.zones(session, campaign):
        last = deadline_of(campaign.document, zone)
        moves.allow_until(session, campaign, zone, last, own_limits=own_limits)
    moves.give_way(session, campaign, now=now)
    planner.compute_slots(session, campaign, now=now, rest_days=rest_days)
    campaigns.audience_changed(session)


def _moved(campaign: Campaign, to: date, *, by: str, now: datetime) -> Campaign:
    """The campaign with the other deadline. A running one is approved by who moves it; one that has not
    started needs its approval again."""
    require_to_come(campaign, to, now=now)
    moved = rules.move_deadline(campaign, to)
    if moved.state in STARTED:
        return replace(moved, approver=by, approved_hash=moved.document.content_hash)
    return replace(
        moved, state=CampaignState.DRAFT, author=by, approver=None, approved_hash=None, start_at=None
    )


def _outcome(
    session: Session, before: Campaign, after: Campaign, *, now: datetime, rest_days: RestDays
) -> Move:
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
        zone=after.document.zone,
        steps=explain(_steps(session, after, now=now, rest_days=rest_days)),
    )


def _steps(
    session: Session, campaign: Campaign, *, now: datetime, rest_days: RestDays
) -> tuple[PlannedStep, ...]:
    """What is to come under the moved deadline, for those who were asked first."""
    zone = campaign.document.zone
    cohort = cohorts.first(session, campaign.id, zone=zone) if campaign.state in STARTED else None
    if cohort is None:
        return plan_all(campaign.document, zone=zone, started_at=campaign.started_at or campaign.start_at)
    return tuple(planner.steps_of(session, campaign, cohort, now=now, rest_days=rest_days))
