"""A plan: steps laid out between the notice and the deadline, in open windows and far enough apart."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from bot.domain.calendar import Window, last_window, next_window
from bot.domain.campaign import Hours
from bot.domain.message import MessageKind
from bot.domain.step import kind_of, message_kind

EVER = datetime.min.replace(tzinfo=UTC)


class StepState(StrEnum):
    """What the plan makes of a step."""

    PLANNED = "planned"
    SKIPPED = "skipped"
    MERGED = "merged"


@dataclass(frozen=True, slots=True)
class PlannedStep:
    """One step as planned; `due_at` is None when it will not be sent, and `why` tells an operator why so.

    It may be begun from `due_at` on, in that window or a later one, and never after `not_after`. `left` is
    the time from `due_at` to the deadline; zero for what comes after the deadline or is not sent.
    """

    step: str
    due_at: datetime | None
    not_after: datetime
    state: StepState
    why: str
    left: timedelta = timedelta()
    final: bool = False

    @property
    def kind(self) -> MessageKind:
        return message_kind(kind_of(self.step), final=self.final)


@dataclass(frozen=True, slots=True)
class Terms:
    """On which terms a campaign runs for one group of people; nothing is planned before `since`."""

    zone: str
    hours: Hours
    rest_days: frozenset[int]
    min_gap: timedelta
    deadline: datetime
    since: datetime = EVER

    @property
    def last(self) -> Window:
        """The last window before the deadline, on a working day."""
        found = last_window(self.deadline, self.zone, self.hours, self.rest_days)
        return replace(found, end=min(found.end, self.deadline))

    def opening(self, instant: datetime) -> datetime:
        """The first instant from `instant` on at which a reminder may be begun."""
        return max(instant, next_window(instant, self.zone, self.hours, self.rest_days).start)


@dataclass(frozen=True, slots=True)
class Wish:
    """Where the rule alone would put a step."""

    step: str
    at: datetime
    why: str
    final: bool = False


@dataclass(frozen=True, slots=True)
class Sent:
    """The message from which the gap to the next one counts."""

    step: str
    at: datetime


def arrange(wishes: Iterable[Wish | PlannedStep], terms: Terms, *, after: Sent) -> tuple[PlannedStep, ...]:
    """Every wish as a step, in the same order; what is decided already stays as it is.

    A wish moves forward: to keep the gap from the step before it, into a window, off a day of rest. One
    that so passes the last window moves back into it if that keeps the gap, and is skipped if not. The
    final reminder does not give way: those that would stand too near before it are merged into it.
    """
    steps: tuple[PlannedStep, ...] = ()
    for wish in wishes:
        steps = _add(steps, wish, terms, after) if isinstance(wish, Wish) else (*steps, wish)
    return steps


def planned(step: str, due_at: datetime, terms: Terms, *, why: str, final: bool = False) -> PlannedStep:
    """A step that goes out at `due_at`."""
    left = terms.deadline - due_at
    return PlannedStep(step, due_at, terms.deadline, StepState.PLANNED, why, left, final)


def dropped(step: str, state: StepState, terms: Terms, *, why: str, final: bool = False) -> PlannedStep:
    """A step that does not go out."""
    return PlannedStep(step, None, terms.deadline, state, why, final=final)


def span(duration: timedelta) -> str:
    """A duration for operators: `13.3 d`, `15 h`."""
    days, hours = duration / timedelta(days=1), duration / timedelta(hours=1)
    return f"{round(days, 1):g} d" if abs(days) >= 2 else f"{round(hours, 1):g} h"


def _add(steps: tuple[PlannedStep, ...], wish: Wish, terms: Terms, after: Sent) -> tuple[PlannedStep, ...]:
    due = [Sent(step.step, step.due_at) for step in steps if step.due_at is not None]
    before = due[-1] if due else after
    if place := _place(wish, terms, before):
        return (*steps, place)
    if wish.final and due:
        return _add(_merge(steps, due[-1].step, into=wish.step), wish, terms, after)
    why = f"{wish.why}; no window before the deadline keeps {span(terms.min_gap)} from {before.step}"
    return (*steps, dropped(wish.step, StepState.SKIPPED, terms, why=why, final=wish.final))


def _place(wish: Wish, terms: Terms, before: Sent) -> PlannedStep | None:
    earliest, last = max(before.at + terms.min_gap, terms.since), terms.last
    due = terms.opening(max(wish.at, earliest))
    if due >= last.end:
        due = max(last.start, earliest)
    if due >= last.end:
        return None
    why = "".join((wish.why, *_moves(wish, due, terms, before)))
    return planned(wish.step, due, terms, why=why, final=wish.final)


def _moves(wish: Wish, due: datetime, terms: Terms, before: Sent) -> Iterable[str]:
    """Why `due` is not where the rule alone would have put it."""
    earliest = before.at + terms.min_gap
    opening = next_window(max(wish.at, earliest), terms.zone, terms.hours)
    if due < wish.at:
        yield "; moved back to the last window before the deadline"
        return
    if earliest > wish.at:
        yield f"; moved to keep {span(terms.min_gap)} from {before.step}"
    if due > max(wish.at, earliest):
        yield f"; moved to the window {terms.hours.start:%H:%M}–{terms.hours.end:%H:%M}"
    if due >= opening.end:
        yield " of a working day"


def _merge(steps: tuple[PlannedStep, ...], step: str, *, into: str) -> tuple[PlannedStep, ...]:
    return tuple(_merged(found, into) if found.step == step else found for found in steps)


def _merged(step: PlannedStep, into: str) -> PlannedStep:
    why = f"it would stand too near before {into}, which goes out instead"
    return replace(step, due_at=None, state=StepState.MERGED, why=why, left=timedelta())
