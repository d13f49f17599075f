"""The forecast: what a campaign will send, when, and whom it will not reach in time, if nobody answers."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import partial
from itertools import pairwise

from bot.campaigns.rest import RestDays, rest_for
from bot.config import PAID_RATE, Settings
from bot.domain.broadcast import stars
from bot.domain.cadence import deadline_of, plan_closing, plan_notice, plan_steps
from bot.domain.calendar import window
from bot.domain.campaign import Campaign, CampaignDocument, CampaignState
from bot.domain.forecast import Course, Hold, Load, Miss, Sending, course
from bot.domain.plan import EVER, PlannedStep, StepState
from bot.domain.recipient import ChannelName, Exclusion
from bot.domain.step import StepKind, is_reminder, kind_of
from bot.store import campaigns, figures, prospects, slots
from bot.store.cohorts import Cohort
from bot.store.database import Session
from bot.store.prospects import Asked, Unasked, Waiting

ENDED = (CampaignState.CANCELLED, CampaignState.FINISHED)

Json = dict[str, object]


@dataclass(frozen=True, slots=True)
class StepForecast:
    """A step on one lane: how many, and when the first and the last of them go out."""

    step: str
    count: int
    first_at: datetime
    last_at: datetime

    def as_json(self) -> Json:
        """The step as scripts read it."""
        return {
            "step": self.step,
            "count": self.count,
            "first_at": _iso(self.first_at),
            "last_at": _iso(self.last_at),
        }


@dataclass(frozen=True, slots=True)
class LaneForecast:
    """What one lane sends, at most `rate` messages a second (0: no limit); `sendings` in time order."""

    lane: str
    rate: float
    steps: tuple[StepForecast, ...]
    sendings: tuple[Sending, ...]

    def as_json(self) -> Json:
        """The lane as scripts read it."""
        return {
            "lane": self.lane,
            "rate_per_second": self.rate,
            "steps": [step.as_json() for step in self.steps],
        }


@dataclass(frozen=True, slots=True)
class Forecast:
    """What a campaign will do: `misses` are people whom a step does not reach, `holds` those who wait for
    their own hours after their turn has come, `stars` what Telegram charges at most when it may be paid."""

    audience: int
    excluded: Mapping[str, int]
    lanes: tuple[LaneForecast, ...]
    misses: tuple[Miss, ...]
    holds: tuple[Hold, ...]
    stars: float | None = None

    @property
    def finishes_at(self) -> datetime | None:
        """When the last message goes out."""
        return max((step.last_at for lane in self.lanes for step in lane.steps), default=None)

    def as_json(self) -> Json:
        """The forecast as scripts read it."""
        return {
            "audience": self.audience,
            "excluded": dict(self.excluded),
            "lanes": [lane.as_json() for lane in self.lanes],
            "finishes_at": None if self.finishes_at is None else _iso(self.finishes_at),
            "misses": [{"step": miss.step, "count": miss.count, "why": miss.why} for miss in self.misses],
            "holds": [{"step": hold.step, "count": hold.count} for hold in self.holds],
            "stars": self.stars,
        }


@dataclass(frozen=True, slots=True)
class Rates:
    """Messages a second on each channel's lanes, 0 for no limit; `bot` is the number of the Telegram bot."""

    telegram: float
    slack: float
    bot: str = ""
    paid: float = PAID_RATE

    @classmethod
    def of_settings(cls, settings: Settings) -> "Rates":
        """As the settings have them."""
        bot = settings.telegram_token.partition(":")[0]
        return cls(settings.telegram_rate, settings.slack_rate, bot, settings.telegram_paid_rate)

    def of(self, channel: ChannelName, document: CampaignDocument) -> float:
        """The rate of this channel's lanes for what the campaign sends."""
        if channel is ChannelName.SLACK:
            return self.slack
        return (
            max(self.telegram, self.paid)
            if document.allow_paid_broadcast and self.telegram
            else self.telegram
        )


def forecast(
    session: Session,
    slug: str,
    *,
    rates: Rates,
    rest_days: RestDays,
    now: datetime,
    at: datetime | None = None,
) -> Forecast:
    """Before the start, the plan from the announcement; afterwards what went out and what is still to come.

    `at` asks instead what a start at that instant would bring.
    """
    campaign = campaigns.get(session, slug)
    counted = figures.exclusions(session, campaign.document)
    anew = at is not None or campaign.started_at is None
    view = _View(session, campaign, rest_days, started_at=at or campaign.started_at or campaign.start_at)
    courses = _courses(
        view, rates, loads=view.planned() if anew else view.to_come(), now=EVER if anew else now
    )
    if not anew:
        courses = _with_past(session, campaign, courses, rates)
    found = tuple(_lane(_named(lane, rates), rate, courses[lane, rate]) for lane, rate in sorted(courses))
    return Forecast(
        audience=counted.pop(None, 0),
        excluded={why.value: counted[why] for why in Exclusion if why in counted},
        lanes=found,
        stars=_stars(found) if campaign.document.allow_paid_broadcast else None,
        misses=_misses(courses.values()),
        holds=_holds(courses.values()),
    )


def _stars(lanes: Iterable[LaneForecast]) -> float:
    on_telegram = (lane for lane in lanes if lane.lane.startswith(f"{ChannelName.TELEGRAM}:"))
    return stars(sum(step.count for lane in on_telegram for step in lane.steps))


Lane = tuple[str, float]


@dataclass(frozen=True, slots=True)
class _Group:
    """People alike, on their lane."""

    lane: str
    channel: ChannelName
    load: Load


@dataclass(frozen=True, slots=True)
class _View:
    """A campaign as the planner sees it."""

    session: Session
    campaign: Campaign
    rest_days: RestDays
    started_at: datetime | None

    def planned(self) -> Iterable[_Group]:
        """Everybody's notice, as if nobody had been asked."""
        for group in prospects.unasked(self.session, self.campaign, anew=True):
            yield self._notice(group)

    def to_come(self) -> Iterable[_Group]:
        """What is still to be sent, in a campaign that has started."""
        if self.campaign.state in ENDED:
            return
        for waiting in prospects.waiting(self.session, self.campaign):
            yield self._in_outbox(waiting)
        for group in prospects.unasked(self.session, self.campaign, anew=False):
            yield self._notice(group)
        yield from self._after_notices()

    def after(self, channel: ChannelName, load: Load, day: date) -> Iterable[Load]:
        """What people get who are asked on this day."""
        return self._loads(self._plan(channel, load.zone, day), load, day)

    def _notice(self, group: Unasked) -> _Group:
        rest = rest_for(group.channel, group.zone, self.rest_days)
        step = plan_notice(
            self.campaign.document,
            zone=group.zone,
            started_at=self.started_at,
            reachable_since=group.since,
            rest_days=rest,
        )
        return _Group(group.lane, group.channel, Load(step, group.count, group.zone, rest))

    def _in_outbox(self, waiting: Waiting) -> _Group:
        ends = waiting.not_after or deadline_of(self.campaign.document, waiting.zone)
        step = PlannedStep(
            waiting.step, waiting.due_at, ends, StepState.PLANNED, "in the outbox", final=waiting.final
        )
        rest = rest_for(waiting.channel, waiting.zone, self.rest_days)
        asked_on = None if kind_of(waiting.step) is StepKind.NOTICE else waiting.asked_on
        return _Group(waiting.lane, waiting.channel, Load(step, waiting.count, waiting.zone, rest, asked_on))

    def _after_notices(self) -> Iterable[_Group]:
        put_off = prospects.put_off(self.session, self.campaign)
        told = {_key(group): group.count for group in self._told_otherwise()}
        for group in prospects.asked(self.session, self.campaign):
            rest = rest_for(group.channel, group.zone, self.rest_days)
            whole = Load(_NOTHING, group.count, group.zone, rest)
            for load in self._loads(self._open(group), whole, group.asked_on):
                less = put_off.get((group.zone, group.asked_on, group.channel.value, load.step.step), 0)
                count = told.get(_key(group), 0) if load.kind is StepKind.CORRECTION else group.count - less
                yield _Group(group.lane, group.channel, replace(load, count=count))

    def _told_otherwise(self) -> Iterable[Asked]:
        is_moved = self.campaign.revision > 1
        return prospects.asked(self.session, self.campaign, told_otherwise=True) if is_moved else ()

    def _open(self, group: Asked) -> Iterable[PlannedStep]:
        """The steps of a cohort that are not in the outbox yet."""
        cohort = Cohort(self.campaign.id, group.zone, group.asked_on, group.channel)
        if laid := slots.laid_out(self.session, cohort):
            return [found.step for found in laid if not found.is_made]
        return self._plan(group.channel, group.zone, group.asked_on)

    def _plan(self, channel: ChannelName, zone: str, day: date) -> tuple[PlannedStep, ...]:
        document, rest = self.campaign.document, rest_for(channel, zone, self.rest_days)
        asked_at = window(day, zone, document.hours).start
        reminders = plan_steps(document, asked_at=asked_at, zone=zone, rest_days=rest)
        return (*reminders, plan_closing(document, zone=zone, rest_days=rest))

    def _loads(self, steps: Iterable[PlannedStep], whole: Load, day: date) -> Iterable[Load]:
        due = [step for step in steps if step.due_at is not None]
        reminders = [step for step in due if is_reminder(step.step)]
        next_due = {step.step: after.due_at for step, after in pairwise(reminders)}
        for step in due:
            yield Load(step, whole.count, whole.zone, whole.rest_days, day, next_due.get(step.step))


_NOTHING = PlannedStep(StepKind.NOTICE.value, None, EVER, StepState.SKIPPED, "")


def _courses(view: _View, rates: Rates, *, loads: Iterable[_Group], now: datetime) -> dict[Lane, Course]:
    document = view.campaign.document
    by_lane: dict[tuple[str, ChannelName], list[Load]] = {}
    for group in loads:
        by_lane.setdefault((group.lane, group.channel), []).append(group.load)
    return {
        (lane, rates.of(channel, document)): course(
            found,
            hours=document.hours,
            rate=rates.of(channel, document),
            min_gap=document.cadence.min_gap,
            follow=partial(view.after, channel),
            now=now,
        )
        for (lane, channel), found in by_lane.items()
    }


def _with_past(
    session: Session, campaign: Campaign, courses: Mapping[Lane, Course], rates: Rates
) -> dict[Lane, Course]:
    """What went out counts as it did, before what is to come."""
    whole = dict(courses)
    for row in prospects.gone(session, campaign):
        channel = ChannelName(row.lane.partition(":")[0])
        key = (row.lane, rates.of(channel, campaign.document))
        before = whole.get(key, Course())
        past = Sending(row.step, row.count, row.first_at, row.last_at)
        whole[key] = replace(before, sendings=[past, *before.sendings])
    return whole


def _named(lane: str, rates: Rates) -> str:
    """The lane's name, also where no Telegram bot has been up yet."""
    return lane if lane.partition(":")[2] else f"{lane}{rates.bot}"


def _lane(lane: str, rate: float, found: Course) -> LaneForecast:
    steps: dict[str, StepForecast] = {}
    for sending in sorted(found.sendings, key=lambda sending: sending.first_at):
        known = steps.get(sending.step)
        steps[sending.step] = StepForecast(
            sending.step,
            sending.count + (known.count if known else 0),
            known.first_at if known else sending.first_at,
            max(sending.last_at, known.last_at) if known else sending.last_at,
        )
    return LaneForecast(lane, rate, tuple(steps.values()), tuple(found.sendings))


def _misses(courses: Iterable[Course]) -> tuple[Miss, ...]:
    counts: dict[tuple[str, str], int] = {}
    for miss in (miss for found in courses for miss in found.misses):
        counts[miss.step, miss.why] = counts.get((miss.step, miss.why), 0) + miss.count
    return tuple(Miss(step, count, why) for (step, why), count in counts.items())


def _holds(courses: Iterable[Course]) -> tuple[Hold, ...]:
    counts: dict[str, int] = {}
    for hold in (hold for found in courses for hold in found.holds):
        counts[hold.step] = counts.get(hold.step, 0) + hold.count
    return tuple(Hold(step, count) for step, count in counts.items())


def _key(group: Asked) -> tuple[str, str, date, ChannelName]:
    return group.lane, group.zone, group.asked_on, group.channel


def _iso(instant: datetime) -> str:
    return instant.isoformat(timespec="milliseconds" if instant.microsecond else "seconds")
