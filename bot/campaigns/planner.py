"""The planner: finds who is due and puts one row per recipient and step into the outbox."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from bot.campaigns import ahead, starts
from bot.campaigns.ahead import Reached, Seen, Wanted
from bot.campaigns.rest import RestDays, rest_for
from bot.domain import campaign as rules
from bot.domain.cadence import PlannedStep, plan_closing, plan_correction, plan_steps
from bot.domain.calendar import SECOND, closes_everywhere, window
from bot.domain.campaign import Campaign, CampaignState
from bot.domain.step import StepKind, kind_of
from bot.failpoints import failpoint
from bot.store import campaigns, outbox, planning, slots
from bot.store import cohorts as cohort_rows
from bot.store.cohorts import Cohort
from bot.store.database import Database, Session
from bot.store.outlook import Outlook, outlook

COHORTS = 5  # whose slots one transaction computes


@dataclass(frozen=True, slots=True)
class Planned:
    """What one pass did: rows put into the outbox, and whether there is more to put at once."""

    rows: int
    more: bool


@dataclass(frozen=True, slots=True)
class Course:
    """How far a planner has come: who was seen and is still to be planned, else who is to be looked for, and
    where an earlier look for them ended."""

    seen: Sequence[Seen] = ()
    wanted: Sequence[Wanted] = ()
    reached: Mapping[tuple[int, int | None], Reached] = field(default_factory=dict)


class Planner:
    """Turns what campaigns promise into due deliveries; any number of them may run at once."""

    def __init__(self, database: Database, *, rest_days: RestDays) -> None:
        self.database = database
        self.rest_days = rest_days
        self._course = Course()
        self._turn = asyncio.Lock()  # whoever plans here goes on where the other one ended

    async def plan(self, now: datetime) -> int:
        """Everything due by `now` is in the outbox; how many rows that made."""
        rows = 0
        while True:
            done = await self.plan_some(now)
            rows += done.rows
            if not done.more:
                return rows

    async def plan_some(self, now: datetime) -> Planned:
        """As much of it as one transaction may take. What only reads, and may be long, is read beside it."""
        async with self._turn:
            course, self._course = self._course, Course()  # nothing is known any more if this fails
            done, course = await self._advance(course, now)
            if course.wanted and not done.rows:
                seen = await self.database.look(
                    ahead.look, course.wanted, limit=planning.AHEAD, rest_days=self.rest_days
                )
                done, course = await self._advance(replace(course, seen=seen), now)
            self._course = course
            return done

    async def _advance(self, course: Course, now: datetime) -> tuple[Planned, Course]:
        done = await self.database.transact(advance, course, now=now, rest_days=self.rest_days)
        failpoint("planner.after_segment")
        return done


def advance(
    session: Session, course: Course, *, now: datetime, rest_days: RestDays
) -> tuple[Planned, Course]:
    """At most one segment of those who were seen is planned; what is to be looked for, once all of them are."""
    planning.take_turn(session)
    made = ahead.make(session, course.seen, now=now)
    reached = {**course.reached, **{one.wanted.key: one for one in made.reached}} if made.holds else {}
    if made.left:
        return Planned(made.rows, more=True), Course(made.left, (), reached)
    wanted, are_left = _wanted(session, reached, now=now, rest_days=rest_days)
    open_looks = {one.key: reached[one.key] for one in wanted if one.key in reached}
    return Planned(made.rows, more=bool(wanted) or are_left), Course((), wanted, open_looks)


def plan_segment(session: Session, *, now: datetime, rest_days: RestDays) -> Planned:
    """One segment of what is due, looked for and planned in this one transaction."""
    course = Course()
    while True:
        done, course = advance(session, course, now=now, rest_days=rest_days)
        if done.rows or not done.more:
            return done
        if not course.seen:
            seen = ahead.look(session, course.wanted, limit=planning.SEGMENT, rest_days=rest_days)
            course = replace(course, seen=seen)


def next_instant(session: Session, *, now: datetime) -> datetime | None:
    """The next instant at which a pass would find something to do, as far as it can be told now; `now` when
    it would at once."""
    instants: list[datetime | None] = [outbox.next_due(session, now=now)]
    for campaign in campaigns.in_state(session, CampaignState.RUNNING, CampaignState.SCHEDULED):
        if campaign.state is CampaignState.SCHEDULED:
            instants.append(campaign.start_at)
            continue
        stands = outlook(session, campaign, now=now)
        if stands.notices or stands.cohorts or _is_over(session, campaign, now):
            return now
        instants.append(stands.next_slot)
        instants.append(closes_everywhere(campaign.document.deadline) + SECOND)
    return min((instant for instant in instants if instant is not None and instant > now), default=None)


def compute_slots(session: Session, campaign: Campaign, *, now: datetime, rest_days: RestDays) -> None:
    """Every cohort of the campaign has the slots of its present revision."""
    for cohort in _without_slots(session, campaign):
        _compute(session, campaign, cohort, now=now, rest_days=rest_days)


def steps_of(
    session: Session, campaign: Campaign, cohort: Cohort, *, now: datetime, rest_days: RestDays
) -> Iterable[PlannedStep]:
    """What the cohort gets from now on, as the campaign stands or would stand; nothing is changed."""
    document = campaign.document
    rest = rest_for(cohort.channel, cohort.zone, rest_days)
    made = slots.of_cohort(session, cohort)
    already = {
        slot.step: slot.due_at for slot in made if slot.due_at and kind_of(slot.step) is not StepKind.NOTICE
    }
    if campaign.revision > 1:
        correction = _correction(session, campaign, cohort, now, rest)
        if correction is not None and correction.due_at is not None:
            already[correction.step] = correction.due_at
            yield correction
    yield from plan_steps(
        document,
        asked_at=window(cohort.day_asked, cohort.zone, document.hours).start,
        zone=cohort.zone,
        rest_days=rest,
        already=already,
        moved_at=now if campaign.revision > 1 else None,
    )
    yield plan_closing(document, zone=cohort.zone, rest_days=rest)


def _wanted(
    session: Session, reached: Mapping[tuple[int, int | None], Reached], *, now: datetime, rest_days: RestDays
) -> tuple[Sequence[Wanted], bool]:
    """Whom to look for, and whether cohorts are left without slots; campaigns whose time has come are started,
    and those that are over finished."""
    wanted, are_left = list[Wanted](), False
    for campaign in _running(session, now):
        stands = outlook(session, campaign, now=now)
        waiting = _without_slots(session, campaign) if stands.cohorts else ()
        for cohort in waiting[:COHORTS]:
            _compute(session, campaign, cohort, now=now, rest_days=rest_days)
        are_left = are_left or len(waiting) > COHORTS
        due = slots.due(session, campaign, now=now) if waiting or stands.slots else ()
        found = [
            *_wanted_notices(session, campaign, stands, reached.get((campaign.id, None))),
            *(Wanted(campaign, slot) for slot in due),
        ]
        wanted += found
        if not found and not are_left:
            _finish(session, campaign, now)
    return wanted, are_left


def _running(session: Session, now: datetime) -> Sequence[Campaign]:
    """The campaigns that run, also those whose time has come."""
    found = campaigns.in_state(session, CampaignState.RUNNING, CampaignState.SCHEDULED)
    if any(starts.is_due(campaign, now) for campaign in found) and starts.start_due(session, now=now):
        found = campaigns.in_state(session, CampaignState.RUNNING)
    return [campaign for campaign in found if campaign.state is CampaignState.RUNNING]


def _without_slots(session: Session, campaign: Campaign) -> Sequence[Cohort]:
    return cohort_rows.without_slots(session, campaign.id, campaign.revision)


def _wanted_notices(
    session: Session, campaign: Campaign, stands: Outlook, reached: Reached | None
) -> Iterable[Wanted]:
    if reached is not None and reached.person is not None:
        yield replace(reached.wanted, campaign=campaign, after=reached.person)
    elif stands.notices:
        yield Wanted(campaign, look=campaigns.begin_look(session, campaign))


def _compute(
    session: Session, campaign: Campaign, cohort: Cohort, *, now: datetime, rest_days: RestDays
) -> None:
    """The cohort has the slots of the campaign's present revision."""
    if campaign.revision > 1:
        slots.drop_unmade(session, campaign, cohort, now=now)
    for step in steps_of(session, campaign, cohort, now=now, rest_days=rest_days):
        slots.put(session, campaign, cohort, step)
    cohort_rows.computed(session, cohort, campaign.revision)


def _correction(
    session: Session, campaign: Campaign, cohort: Cohort, now: datetime, rest: frozenset[int]
) -> PlannedStep | None:
    """The correction for those of the cohort who were told another deadline, if there are such."""
    if not planning.told_otherwise(session, campaign, cohort):
        return None
    number = 1 + slots.corrections(session, campaign)
    return plan_correction(campaign.document, number=number, moved_at=now, zone=cohort.zone, rest_days=rest)


def _finish(session: Session, campaign: Campaign, now: datetime) -> None:
    if _is_over(session, campaign, now):
        campaigns.save(session, rules.finish(campaign), now=now, by="planner")


def _is_over(session: Session, campaign: Campaign, now: datetime) -> bool:
    """The deadline has passed everywhere, and nothing that was planned is still to come."""
    over = now > closes_everywhere(campaign.document.deadline)
    return over and not slots.is_open(session, campaign, now=now)
