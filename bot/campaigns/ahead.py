"""What lies ahead of a planner: the people who are to get a step, looked up while others write.

It is a hint. Each insert finds out for itself whether the person is still to get the step.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime

from bot.campaigns.rest import RestDays, rest_for
from bot.domain.cadence import PlannedStep, plan_notice
from bot.domain.calendar import local_date
from bot.domain.campaign import Campaign, CampaignState
from bot.domain.recipient import ChannelName
from bot.store import campaigns, planning, slots
from bot.store.cohorts import Cohort
from bot.store.database import Session
from bot.store.models import DeliveryRow
from bot.store.planning import Newcomers
from bot.store.slots import Slot
from bot.store.statistics import count_anew

NEVER = datetime.max.replace(tzinfo=UTC)
SHARE = 100  # what a share costs besides its rows, in rows


@dataclass(frozen=True, slots=True)
class Wanted:
    """People to look for: those who are to get the slot's step, or else the campaign's notice, by the look of
    this number and after this person."""

    campaign: Campaign
    slot: Slot | None = None
    look: int = 0
    after: int = 0

    @property
    def is_first(self) -> bool:
        """Whether nobody was looked for before them."""
        return self.after == 0

    @property
    def key(self) -> tuple[int, int | None]:
        return self.campaign.id, self.slot.id if self.slot else None


@dataclass(frozen=True, slots=True)
class Notice:
    """The notice as planned for a cohort to be."""

    cohort: Cohort
    step: PlannedStep


@dataclass(frozen=True, slots=True)
class Share:
    """Some of those who are to get one step at one instant."""

    campaign: Campaign
    to: Notice | Slot
    people: Sequence[int]


@dataclass(frozen=True, slots=True)
class Reached:
    """The shares of so many wanted people, up to this one, stand before; None: there is nobody after them."""

    wanted: Wanted
    count: int
    person: int | None


Seen = Share | Reached


@dataclass(frozen=True, slots=True)
class Made:
    """Rows that a segment made, what was seen and is still to be made, and how far what was wanted is made.

    `holds` is false when the campaign or the slot is no longer as it was seen: nothing that was seen counts.
    """

    rows: int
    left: Sequence[Seen] = ()
    reached: Sequence[Reached] = ()
    holds: bool = True


def look(session: Session, wanted: Sequence[Wanted], *, limit: int, rest_days: RestDays) -> Sequence[Seen]:
    """Whom the wanted steps go to, as far as the limit allows, but all of a slot's; nothing is changed."""
    seen = list[Seen]()
    for one in wanted:
        if limit <= 0:
            break
        found = _step(session, one, one.slot) if one.slot else _notices(session, one, limit, rest_days)
        limit -= sum(reached.count for reached in found if isinstance(reached, Reached))
        seen += found
    return seen


def make(session: Session, seen: Sequence[Seen], *, now: datetime) -> Made:
    """The deliveries of at most one segment of those who were seen are in the outbox, if they are to be."""
    found = campaigns.in_state(session, CampaignState.RUNNING) if seen else ()
    running = {campaign.id: campaign for campaign in found}
    rows, room, reached = 0, planning.SEGMENT, list[Reached]()
    for number, one in enumerate(seen):
        if not _holds(session, one, running):
            return Made(rows, holds=False)
        if isinstance(one, Reached):
            _reach(session, one, now=now)
            reached.append(one)
            continue
        if room <= 0:
            return Made(rows, seen[number:], reached)
        now_made, later = one.people[:room], one.people[room:]
        rows += _insert(session, replace(one, people=now_made), now=now)
        room -= len(now_made) + SHARE
        if later:
            return Made(rows, [replace(one, people=later), *seen[number + 1 :]], reached)
    return Made(rows, (), reached)


def _step(session: Session, wanted: Wanted, slot: Slot) -> Sequence[Seen]:
    people = planning.awaiting(session, wanted.campaign, slot)
    shares = [Share(wanted.campaign, slot, people)] if people else []
    return [*shares, Reached(wanted, len(people), None)]


def _notices(session: Session, wanted: Wanted, limit: int, rest_days: RestDays) -> Sequence[Seen]:
    """The newcomers by the slot that they will share, which has the earliest of their instants; those who come
    too late for a notice are left out."""
    groups = planning.newcomers(session, wanted.campaign, after=wanted.after, limit=limit)
    planned = [(_notice(wanted.campaign, group, rest_days), group) for group in groups]
    shares = dict[tuple[str, ChannelName, date], tuple[PlannedStep, list[int]]]()
    for step, group in sorted(planned, key=lambda one: one[0].due_at or NEVER):
        if step.due_at is not None:
            key = (group.zone, group.channel, local_date(step.due_at, group.zone))
            shares.setdefault(key, (step, []))[1].extend(group.people)
    count = sum(len(group.people) for group in groups)
    last = max(group.people[-1] for group in groups) if count == limit else None
    return [*_shares(wanted.campaign, shares), Reached(wanted, count, last)]


def _shares(
    campaign: Campaign, found: Mapping[tuple[str, ChannelName, date], tuple[PlannedStep, list[int]]]
) -> Iterable[Share]:
    for (zone, channel, day), (step, people) in sorted(found.items(), key=lambda item: item[0]):
        yield Share(campaign, Notice(Cohort(campaign.id, zone, day, channel), step), sorted(people))


def _notice(campaign: Campaign, group: Newcomers, rest_days: RestDays) -> PlannedStep:
    return plan_notice(
        campaign.document,
        zone=group.zone,
        started_at=campaign.started_at,
        reachable_since=group.since,
        rest_days=rest_for(group.channel, group.zone, rest_days),
    )


def _holds(session: Session, seen: Seen, running: dict[int, Campaign]) -> bool:
    """Whether the campaign, and the slot if there is one, still are as they were seen."""
    if isinstance(seen, Share):
        campaign, slot = seen.campaign, seen.to if isinstance(seen.to, Slot) else None
    else:
        campaign, slot = seen.wanted.campaign, seen.wanted.slot
    present = running.get(campaign.id)
    if present is None or present.revision != campaign.revision:
        return False
    return slot is None or slots.is_unmade(session, slot)


def _insert(session: Session, share: Share, *, now: datetime) -> int:
    campaign, people = share.campaign, share.people
    if isinstance(share.to, Notice):
        slot = slots.put(session, campaign, share.to.cohort, share.to.step)
        rows = planning.insert_notices(session, campaign, slot, people, now=now)
        # only now: PostgreSQL looks at the slot for each row, and thrice as long at one that was changed
        slots.made(session, slot, now=now)
        return rows
    rows = planning.insert_steps(session, campaign, share.to, people, now=now)
    planning.merge_earlier(session, campaign, share.to, people, now=now)
    return rows


def _reach(session: Session, reached: Reached, *, now: datetime) -> None:
    """What was wanted is noted as made, if there is nobody after them."""
    wanted = reached.wanted
    if wanted.is_first or reached.person is None:
        count_anew(session, reached.count if wanted.is_first else planning.AHEAD, DeliveryRow)
    if reached.person is not None:
        return
    if wanted.slot is None:
        campaigns.end_look(session, wanted.campaign, wanted.look)
    else:
        slots.made(session, wanted.slot, now=now)
