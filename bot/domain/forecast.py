"""What a lane's rate makes of a plan: who waits for their turn, who is held for the hours, who is missed."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from heapq import heappop, heappush
from itertools import count as numbers
from math import ceil

from bot.domain.calendar import NO_REST, Window, next_window
from bot.domain.campaign import Hours
from bot.domain.pacing import ahead
from bot.domain.plan import EVER, PlannedStep
from bot.domain.step import StepKind, is_reminder, kind_of

DEADLINE_FIRST = "at the lane's rate their turn comes after the deadline"
HOURS_FIRST = "at the lane's rate no local window is left before the deadline"
OVERTAKEN = "at the lane's rate the next step is due before their turn"


@dataclass(frozen=True, slots=True)
class Load:
    """People alike who wait for the same step; `overtaken_at` is when a later step takes its place.

    `asked_on` is the local day of their notice, None while that is the step that they wait for.
    """

    step: PlannedStep
    count: int
    zone: str
    rest_days: frozenset[int] = NO_REST
    asked_on: date | None = None
    overtaken_at: datetime | None = None

    @property
    def kind(self) -> StepKind:
        return kind_of(self.step.step)


@dataclass(frozen=True, slots=True)
class Sending:
    """So many messages of a step, the first and the last of them begun at these instants."""

    step: str
    count: int
    first_at: datetime
    last_at: datetime


@dataclass(frozen=True, slots=True)
class Miss:
    """People whom a step does not reach, and why."""

    step: str
    count: int
    why: str


@dataclass(frozen=True, slots=True)
class Hold:
    """Messages whose turn came outside the local hours: they waited for the next window."""

    step: str
    count: int


@dataclass(frozen=True, slots=True)
class Course:
    """What a lane does, in time order."""

    sendings: Sequence[Sending] = ()
    misses: Sequence[Miss] = ()
    holds: Sequence[Hold] = ()


Follow = Callable[[Load, date], Iterable[Load]]


def course(
    loads: Iterable[Load],
    *,
    hours: Hours,
    rate: float,
    min_gap: timedelta,
    follow: Follow,
    now: datetime = EVER,
) -> Course:
    """What comes of the loads of one lane when nobody answers; nothing is begun before `now`.

    `rate` is in messages a second, 0 for no limit. What is due first goes first; `follow` tells what people
    who were asked on a local day get after it.
    """
    lane = _Lane(hours, rate, min_gap, follow, free_at=now)
    for load in loads:
        lane.put(load)
    while lane.waiting:
        lane.advance()
    return Course(lane.sendings, lane.misses, lane.holds)


@dataclass(slots=True)
class _Lane:
    """One lane as time goes by."""

    hours: Hours
    rate: float
    min_gap: timedelta
    follow: Follow
    free_at: datetime
    waiting: list[tuple[datetime, int, Load]] = field(default_factory=list)
    order: "numbers[int]" = field(default_factory=numbers)
    begun: dict[tuple[str, date, frozenset[int]], datetime] = field(default_factory=dict)
    sendings: list[Sending] = field(default_factory=list)
    misses: list[Miss] = field(default_factory=list)
    holds: list[Hold] = field(default_factory=list)

    def put(self, load: Load, at: datetime | None = None) -> None:
        """The load waits for its instant; one that the plan leaves out does not."""
        due = at or load.step.due_at
        if due is None:
            self._miss(load, load.step.why)
        elif load.count > 0:
            heappush(self.waiting, (due, next(self.order), load))

    def advance(self) -> None:
        """The load whose turn it is is sent, as far as its window goes, or waits, or is missed."""
        ready, _, load = heappop(self.waiting)
        at = max(ready, self.free_at)
        ends = load.step.not_after
        if load.overtaken_at is not None and at >= load.overtaken_at:
            self._miss(load, OVERTAKEN)
        elif at > ends:
            self._miss(load, DEADLINE_FIRST)
        elif (earliest := self._gap_over(load)) > at:
            self._wait(load, earliest)
        elif (opens := self._window(load, at)).start > at:
            self.holds.append(Hold(load.step.step, load.count))
            self._wait(load, opens.start)
        else:
            self._send(load, at, opens)

    def _send(self, load: Load, at: datetime, opens: Window) -> None:
        until = min(opens.end, load.step.not_after, load.overtaken_at or opens.end)
        sent = load.count
        if self.rate:
            sent = min(sent, self._begun_by(until - at))
        last = at + self._lasts(sent - 1)
        self.sendings.append(Sending(load.step.step, sent, at, last))
        self.free_at = at + self._lasts(sent)
        self._follow(load, sent, at, opens.day)
        if sent < load.count:
            self.put(replace(load, count=load.count - sent), self.free_at)

    def _follow(self, load: Load, sent: int, at: datetime, day: date) -> None:
        if load.kind is not StepKind.NOTICE:
            if load.asked_on is not None:
                self.begun[load.zone, load.asked_on, load.rest_days] = at
            return
        self.begun.setdefault((load.zone, day, load.rest_days), at)
        for coming in self.follow(replace(load, count=sent), day):
            self.put(coming)

    def _gap_over(self, load: Load) -> datetime:
        """Before this instant the step before it is too near."""
        if load.asked_on is None or not is_reminder(load.step.step):
            return EVER
        before = self.begun.get((load.zone, load.asked_on, load.rest_days))
        return EVER if before is None else before + self.min_gap

    def _window(self, load: Load, at: datetime) -> Window:
        """What must not be missed rather breaks the rest than the deadline."""
        opens = next_window(at, load.zone, self.hours, load.rest_days)
        must_arrive = load.step.final or load.kind in (StepKind.NOTICE, StepKind.CORRECTION)
        if must_arrive and opens.start > load.step.not_after:
            return next_window(at, load.zone, self.hours)
        return opens

    def _wait(self, load: Load, until: datetime) -> None:
        if until > load.step.not_after:
            self._miss(load, HOURS_FIRST)
        else:
            self.put(load, until)

    def _miss(self, load: Load, why: str) -> None:
        if load.count > 0:
            self.misses.append(Miss(load.step.step, load.count, why))

    def _begun_by(self, end: timedelta) -> int:
        """How many are begun when the last of them must be claimed before `end`."""
        chunk = ahead(self.rate)
        return chunk * ceil((end.total_seconds() * self.rate + 1) / chunk)

    def _lasts(self, sends: int) -> timedelta:
        return timedelta(seconds=sends / self.rate) if self.rate else timedelta()
