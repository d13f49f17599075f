"""The planner: finds who is due and puts one row per recipient and step into the outbox."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.campaigns import starts
from bot.domain import campaign as rules
from bot.domain.cadence import PlannedStep, plan_closing, plan_correction, plan_notice, plan_steps
from bot.domain.calendar import NO_REST, SECOND, closes_everywhere, local_date, window
from bot.domain.campaign import Campaign, CampaignState
from bot.domain.recipient import ChannelName
from bot.domain.step import StepKind, kind_of
from bot.failpoints import failpoint
from bot.store import campaigns, outbox, planning, slots
from bot.store import cohorts as cohort_rows
from bot.store.claims import RestDays as RestDays
from bot.store.cohorts import Cohort
from bot.store.database import Database, Session

AT_ONCE = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class Planned:
    """What one pass did: rows put into the outbox, and whether there is more to put at once."""

    rows: int
    more: bool


class Planner:
    """Turns what campaigns promise into due deliveries; any number of them may run at once."""

    def __init__(self, database: Database, *, rest_days: RestDays) -> None:
        self.database = database
        self.rest_days = rest_days

    async def plan(self, now: datetime) -> int:
        """Everything due by `now` is in the outbox; how many rows that made."""
        rows = 0
        while True:
            done = await self.plan_some(now)
            rows += done.rows
            if not done.more:
                return rows

    async def plan_some(self, now: datetime) -> Planned:
        """As much of it as one transaction may take."""
        done = await self.database.transact(plan_segment, now=now, rest_days=self.rest_days)
        failpoint("planner.after_segment")
        return done


def plan_segment(session: Session, *, now: datetime, rest_days: RestDays) -> Planned:
    """One pass over the running campaigns: at most one segment of rows for each group of people."""
    rows, more = 0, False
    planning.take_turn(session)
    starts.start_due(session, now=now)
    for campaign in campaigns.in_state(session, CampaignState.RUNNING):
        made = [
            *_plan_notices(session, campaign, now, rest_days),
            *_plan_due(session, campaign, now, rest_days),
        ]
        rows += sum(made)
        more = more or any(count >= planning.SEGMENT for count in made)
        if not more:
            _finish(session, campaign, now)
    return Planned(rows, more)


def next_instant(session: Session, *, now: datetime) -> datetime | None:
    """The next instant at which a pass would find something to do, as far as it can be told now."""
    instants: list[datetime | None] = [outbox.next_due(session, now=now)]
    for campaign in campaigns.in_state(session, CampaignState.RUNNING, CampaignState.SCHEDULED):
        if campaign.state is CampaignState.SCHEDULED:
            instants.append(campaign.start_at)
            continue
        if _is_unplanned(session, campaign) or _is_over(session, campaign, now):
            return now + AT_ONCE
        instants.append(slots.next_due(session, campaign, now=now))
        instants.append(closes_everywhere(campaign.document.deadline) + SECOND)
    return min((instant for instant in instants if instant is not None and instant > now), default=None)


def _is_unplanned(session: Session, campaign: Campaign) -> bool:
    """Whether a pass would plan somebody's notice or the steps of those who were just asked."""
    return campaigns.unplanned(session, campaign) or bool(
        cohort_rows.without_slots(session, campaign.id, campaign.revision)
    )


def compute_slots(session: Session, campaign: Campaign, *, now: datetime, rest_days: RestDays) -> None:
    """Every cohort of the campaign has the slots of its present revision."""
    for cohort in cohort_rows.without_slots(session, campaign.id, campaign.revision):
        if campaign.revision > 1:
            slots.drop_unmade(session, cohort)
        for step in steps_of(session, campaign, cohort, now=now, rest_days=rest_days):
            slots.put(session, campaign, cohort, step)
        cohort_rows.computed(session, cohort, campaign.revision)


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


def rest_for(channel: ChannelName, zone: str, rest_days: RestDays) -> frozenset[int]:
    """Slack keeps the days of rest of the zone's territory, Telegram none."""
    return rest_days(zone) if channel is ChannelName.SLACK else NO_REST


def _plan_notices(session: Session, campaign: Campaign, now: datetime, rest_days: RestDays) -> Iterable[int]:
    if not campaigns.unplanned(session, campaign):
        return
    complete = True
    for group in planning.newcomers(session, campaign):
        step = plan_notice(
            campaign.document,
            zone=group.zone,
            started_at=campaign.started_at,
            reachable_since=group.since,
            rest_days=rest_for(group.channel, group.zone, rest_days),
        )
        if step.due_at is None:
            continue
        day = local_date(step.due_at, group.zone)
        slot = slots.put(session, campaign, Cohort(campaign.id, group.zone, day, group.channel), step)
        slots.made(session, slot, now=now)
        count = planning.insert_notices(session, campaign, group, slot, now=now)
        complete = complete and count < planning.SEGMENT
        yield count
    if complete:
        campaigns.planned(session, campaign)


def _plan_due(session: Session, campaign: Campaign, now: datetime, rest_days: RestDays) -> Iterable[int]:
    compute_slots(session, campaign, now=now, rest_days=rest_days)
    for slot in slots.due(session, campaign, now=now):
        count = planning.insert_steps(session, campaign, slot, now=now)
        planning.count_anew(session, count)
        planning.merge_earlier(session, campaign, slot, now=now)
        if count < planning.SEGMENT:
            slots.made(session, slot, now=now)
        yield count


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
