"""Explaining a campaign to one person's case: every step with its time and the reason for it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import assert_never

from bot.campaigns.rest import RestDays, rest_for
from bot.domain import explain as lines
from bot.domain.cadence import deadline_of, plan_closing, plan_steps
from bot.domain.calendar import NO_REST, window
from bot.domain.campaign import Campaign, CampaignState
from bot.domain.delivery import DeliveryState
from bot.domain.explain import ExplainedStep, plan_all
from bot.domain.plan import PlannedStep, StepState
from bot.domain.recipient import Address, ChannelName, Reach, Recipient, exclusion
from bot.domain.step import StepKind, is_reminder, kind_of, name_of, number_of
from bot.store import addresses, campaigns, choices, deliveries, recipients, slots
from bot.store.audience import waits_for_the_rest
from bot.store.cohorts import Cohort
from bot.store.database import Session
from bot.store.deliveries import Logged
from bot.store.slots import LaidOut

ENDED = (CampaignState.CANCELLED, CampaignState.FINISHED)
ON_ITS_WAY = (DeliveryState.DUE, DeliveryState.SENDING)
NOT_SENT = ("cancelled", "skipped", "merged", "excluded")


@dataclass(frozen=True, slots=True)
class Explanation:
    """What a campaign holds for one person; `excluded` says why they are not asked."""

    ref: str
    deadline: datetime
    zone: str
    excluded: str | None
    steps: tuple[ExplainedStep, ...]

    def as_json(self) -> dict[str, object]:
        """The explanation as scripts read it."""
        return {
            "deadline": lines.shown(self.deadline, self.zone),
            "zone": self.zone,
            "excluded": self.excluded,
            "steps": [step.as_json(self.zone) for step in self.steps],
        }


def zone_for(session: Session, slug: str, ref: str) -> str:
    """The zone in which this person's days are counted: their own, else the campaign's."""
    return recipients.get(session, ref).zone or campaigns.get(session, slug).document.zone


def explain(
    session: Session,
    slug: str,
    ref: str,
    *,
    rest_days: RestDays,
    at: datetime | None = None,
    joined: datetime | None = None,
) -> Explanation:
    """Before the start, the plan from the announcement; afterwards what happened and what is still to come.

    `at` asks instead what a start at that instant would bring, `joined` what it would be like for somebody
    who could first be reached at that one.
    """
    campaign = campaigns.get(session, slug)
    person = recipients.get(session, ref)
    case = _Case.of(session, campaign, person, rest_days)
    if at is not None or joined is not None or campaign.started_at is None:
        return case.planned(started_at=at or campaign.started_at or campaign.start_at, joined=joined)
    return case.happened(session)


@dataclass(frozen=True, slots=True)
class _Case:
    """One person and one campaign."""

    campaign: Campaign
    person: Recipient
    place: Address | None
    zone: str
    rest_days: RestDays
    since: datetime | None

    @classmethod
    def of(cls, session: Session, campaign: Campaign, person: Recipient, rest_days: RestDays) -> "_Case":
        zone = person.zone or campaign.document.zone
        place = next((place for place in person.addresses if place.reach is Reach.REACHABLE), None)
        since = None if place is None else addresses.reachable_since(session, place.id)
        return cls(campaign, person, place, zone, rest_days, since)

    def rest_for(self, channel: ChannelName | None) -> frozenset[int]:
        """The days on which no reminder goes out on this channel."""
        return NO_REST if channel is None else rest_for(channel, self.zone, self.rest_days)

    @property
    def deadline(self) -> datetime:
        return deadline_of(self.campaign.document, self.zone)

    @property
    def excluded(self) -> str | None:
        why = exclusion(self.person, self.campaign.document.audience)
        return None if why is None else why.value

    def planned(self, *, started_at: datetime | None, joined: datetime | None = None) -> Explanation:
        """As it is planned before anything is sent."""
        steps = plan_all(
            self.campaign.document,
            zone=self.zone,
            rest_days=self.rest_for(self.place.channel if self.place else None),
            started_at=started_at,
            reachable_since=joined,
        )
        if self.excluded is not None:
            return self._explanation(lines.explain_excluded(steps, self.excluded))
        return self._explanation(lines.explain(steps))

    def happened(self, session: Session) -> Explanation:
        """What the log says, and behind it what is still to come."""
        log = deliveries.of_person(session, self.person.id, campaign_id=self.campaign.id)
        notice = next((row for row in log if row.kind is StepKind.NOTICE), None)
        if notice is None:
            return self._not_asked(session)
        over = self._over(session)
        past = [
            self._waiting(row, over) if row.state is DeliveryState.DUE else self._logged(row) for row in log
        ]
        to_come = [self._to_come(step, session) for step in self._open(session, notice, log)]
        return self._explanation(_in_time_order([*past, *to_come]))

    def _not_asked(self, session: Session) -> Explanation:
        started = self.campaign.started_at
        joined = self.since if started and self.since and self.since > started else None
        explanation = self.planned(started_at=started, joined=joined)
        if explanation.excluded is not None:
            return explanation
        over = self._over(session) or self._for_the_rest()
        steps = tuple(self._stopped(step, over) for step in explanation.steps)
        return replace(explanation, steps=steps)

    def _for_the_rest(self) -> tuple[str, str] | None:
        waits = waits_for_the_rest(self.campaign, self.person.ref)
        return ("held", "only a first part of the audience is asked for now") if waits else None

    def _open(self, session: Session, notice: Logged, log: Sequence[Logged]) -> Iterable[PlannedStep]:
        """The steps of which the log does not tell yet."""
        known = {row.step for row in log}
        known |= {name_of(StepKind.REMINDER, number_of(row.step)) for row in log if is_reminder(row.step)}
        pause = next((row for row in log if _is_pause(row)), None)
        for laid in self._plan(session, notice):
            if laid.step.step in known or self._is_others(laid.step, log):
                continue
            yield _past(laid.step) if laid.is_made else _in_pause(laid.step, pause)

    def _plan(self, session: Session, notice: Logged) -> Sequence[LaidOut]:
        document = self.campaign.document
        rest = self.rest_for(notice.channel)
        if notice.asked_on is not None:
            cohort = Cohort(self.campaign.id, self.zone, notice.asked_on, notice.channel)
            if laid := slots.laid_out(session, cohort):
                return laid
            asked_at = window(notice.asked_on, self.zone, document.hours).start
        elif notice.due_at is not None and notice.state in ON_ITS_WAY:
            asked_at = notice.due_at
        else:
            return ()
        reminders = plan_steps(document, asked_at=asked_at, zone=self.zone, rest_days=rest)
        closing = plan_closing(document, zone=self.zone, rest_days=rest)
        return [LaidOut(step, is_made=False) for step in (*reminders, closing)]

    def _is_others(self, step: PlannedStep, log: Sequence[Logged]) -> bool:
        """A correction is for those alone who were last told another date."""
        told = [row.deadline_shown for row in log if row.deadline_shown is not None]
        current = not told or told[-1] == self.campaign.document.deadline
        return kind_of(step.step) is StepKind.CORRECTION and current

    def _to_come(self, step: PlannedStep, session: Session) -> ExplainedStep:
        (line,) = lines.explain([step])
        return self._stopped(line, self._over(session))

    def _waiting(self, row: Logged, over: tuple[str, str] | None) -> ExplainedStep:
        """A row in the outbox: it will be dropped when its turn comes if there is a reason to."""
        return self._stopped(self._logged(row), over)

    def _logged(self, row: Logged) -> ExplainedStep:
        state, why = _told(row, is_paused=self.campaign.state is CampaignState.PAUSED)
        at = row.settled_at if state == "sent" else row.due_at
        if state in NOT_SENT:
            return ExplainedStep(row.step, None, None, state, why)
        return ExplainedStep(row.step, at, self._left(row.kind, at), state, why)

    def _left(self, kind: StepKind, at: datetime | None) -> timedelta | None:
        if at is None:
            return None
        return timedelta() if kind is StepKind.CLOSING else max(self.deadline - at, timedelta())

    def _over(self, session: Session) -> tuple[str, str] | None:
        """(state, why) of the steps that are not sent any more, if that is how it stands."""
        if self.campaign.state in ENDED:
            return "cancelled", f"the campaign is {self.campaign.state}"
        answer = choices.standing(session, self.person.id, self.campaign.id)
        if answer is not None:
            at = lines.shown(answer.received_at, self.zone)
            return "cancelled", f"answered {answer.value} at {at}"
        if self.excluded is not None:
            return "excluded", self.excluded
        if self.campaign.state is CampaignState.PAUSED:
            return "held", "the campaign is paused"
        return None

    def _stopped(self, line: ExplainedStep, over: tuple[str, str] | None) -> ExplainedStep:
        if over is None or line.state != StepState.PLANNED:
            return line
        state, why = over
        if state == "held":
            return replace(line, state=state, why=f"{line.why}; {why}")
        return ExplainedStep(line.step, None, None, state, why)

    def _explanation(self, steps: Iterable[ExplainedStep]) -> Explanation:
        return Explanation(self.person.ref, self.deadline, self.zone, self.excluded, tuple(steps))


def _told(row: Logged, *, is_paused: bool) -> tuple[str, str]:
    """(state, why) of a row, in the words of an explanation."""
    reason = row.reason or ""
    match row.state:
        case DeliveryState.DUE if is_paused:
            return "held", "the campaign is paused"
        case DeliveryState.DUE:
            return "planned", reason or "waits for its turn"
        case DeliveryState.SENDING:
            return "planned", "is being sent"
        case DeliveryState.SENT:
            return "sent", f"accepted by {row.channel}"
        case DeliveryState.IN_DOUBT | DeliveryState.HELD:
            return "held", f"nobody knows whether it arrived: {reason}" if reason else "held"
        case DeliveryState.REJECTED:
            return "skipped", f"refused: {reason}"
        case DeliveryState.SKIPPED | DeliveryState.EXPIRED:
            return "skipped", reason
        case DeliveryState.MERGED:
            return "merged", reason
        case DeliveryState.CANCELLED:
            return "cancelled", reason
    assert_never(row.state)


def _is_pause(row: Logged) -> bool:
    return row.kind is StepKind.LATER and row.state is DeliveryState.DUE


def _in_pause(step: PlannedStep, pause: Logged | None) -> PlannedStep:
    """The step, merged into the pause that the person asked for if it falls into it."""
    if pause is None or pause.due_at is None or step.due_at is None:
        return step
    if kind_of(step.step) is not StepKind.REMINDER or step.due_at >= pause.due_at:
        return step
    why = f"it falls into the pause that ends with {pause.step}"
    return replace(step, due_at=None, state=StepState.MERGED, why=why, left=timedelta())


def _past(step: PlannedStep) -> PlannedStep:
    """A step whose deliveries were made, but none for this person."""
    if step.state is not StepState.PLANNED:
        return step
    return replace(
        step, due_at=None, state=StepState.SKIPPED, why="it passed this person by", left=timedelta()
    )


def _in_time_order(steps: Sequence[ExplainedStep]) -> list[ExplainedStep]:
    """By time; a step without one stays behind the step that it followed."""
    last: datetime | None = None
    keyed: list[tuple[datetime | None, ExplainedStep]] = []
    for step in steps:
        last = step.due_at or last
        keyed.append((last, step))
    first = min((at for at, _ in keyed if at is not None), default=None)
    if first is None:
        return list(steps)
    return [step for _, step in sorted(keyed, key=lambda pair: pair[0] or first)]
