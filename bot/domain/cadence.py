"""When a campaign's messages are due: notice, reminders that follow the time left, correction, closing note.

Every function here plans for one group of people: those who share a zone, days of rest and a day on which
they were asked. What comes out are values; nothing is sent and nothing is stored.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import assert_never

from bot.domain.calendar import NO_REST, SECOND, end_of_day, local_date, next_window, window
from bot.domain.campaign import CampaignDocument, Halving, Offsets
from bot.domain.plan import PlannedStep, Sent, StepState, Terms, Wish, arrange, dropped, planned, span
from bot.domain.step import StepKind, is_reminder, name_of, number_of

__all__ = [
    "PlannedStep",
    "PutOff",
    "StepState",
    "deadline_of",
    "plan_closing",
    "plan_correction",
    "plan_notice",
    "plan_steps",
]

NOTHING_SENT: Mapping[str, datetime] = MappingProxyType({})
CLOSING_LASTS = timedelta(days=7)  # a note about a deadline longer past would only puzzle


@dataclass(frozen=True, slots=True)
class PutOff:
    """A wish to be reminded later: the number of the reminder that it replaces, and until when."""

    number: int
    until: datetime


def deadline_of(document: CampaignDocument, zone: str) -> datetime:
    """The deadline of those who live in `zone`: the last second of the day on their clock."""
    return end_of_day(document.deadline, zone)


def plan_notice(
    document: CampaignDocument,
    *,
    zone: str,
    started_at: datetime | None = None,
    reachable_since: datetime | None = None,
    rest_days: frozenset[int] = NO_REST,
    deadline: datetime | None = None,
) -> PlannedStep:
    """The notice, in the first window on or after the latest of announcement, start, and the instant at
    which the first address became reachable (leave it out for those imported before the start)."""
    announced = window(document.announce, zone, document.hours).start
    causes = {"becoming reachable": reachable_since, "the start": started_at, "the announcement": announced}
    since, cause = max((at, cause) for cause, at in causes.items() if at is not None)
    terms = _terms(document, zone, rest_days, deadline)
    return _soonest(StepKind.NOTICE.value, terms, since=since, cause=cause)


def plan_correction(
    document: CampaignDocument,
    *,
    number: int,
    moved_at: datetime,
    zone: str,
    rest_days: frozenset[int] = NO_REST,
    deadline: datetime | None = None,
) -> PlannedStep:
    """The correction, in the first window after the deadline was moved; it need not keep the gap."""
    terms = _terms(document, zone, rest_days, deadline)
    step = name_of(StepKind.CORRECTION, number)
    return _soonest(step, terms, since=moved_at, cause="the deadline was moved")


def plan_closing(
    document: CampaignDocument,
    *,
    zone: str,
    rest_days: frozenset[int] = NO_REST,
    deadline: datetime | None = None,
) -> PlannedStep:
    """The closing note, in the first window after the recipient's own deadline."""
    ended = deadline or deadline_of(document, zone)
    due = next_window(ended + SECOND, zone, document.hours, rest_days).start
    why = "first window after the deadline"
    return PlannedStep(StepKind.CLOSING.value, due, due + CLOSING_LASTS, StepState.PLANNED, why)


def plan_steps(
    document: CampaignDocument,
    *,
    asked_at: datetime,
    zone: str,
    rest_days: frozenset[int] = NO_REST,
    deadline: datetime | None = None,
    already: Mapping[str, datetime] = NOTHING_SENT,
    moved_at: datetime | None = None,
    put_off: PutOff | None = None,
) -> tuple[PlannedStep, ...]:
    """The reminders that are still open, in the order of their numbers.

    `asked_at` is when the notice was accepted, or before that is due. `already` holds when other steps went
    out, and a correction as soon as it is due: those reminders are left out and the gap is kept from all.
    What the new rule would have sent before `moved_at`, when the deadline was moved, is not made up.
    """
    terms = replace(_terms(document, zone, rest_days, deadline), since=moved_at or asked_at)
    done = {number_of(step) for step in already if is_reminder(step)}
    wishes = [wish for wish in _wishes(document, terms, asked_at) if number_of(wish.step) not in done]
    after = max((Sent("notice", asked_at), *map(Sent, already, already.values())), key=lambda sent: sent.at)
    decided = _not_made_up(_with_put_off(wishes, put_off, terms), terms)
    return arrange(decided, terms, after=after)


def _terms(
    document: CampaignDocument, zone: str, rest_days: frozenset[int], deadline: datetime | None
) -> Terms:
    return Terms(
        zone=zone,
        hours=document.hours,
        rest_days=rest_days,
        min_gap=document.cadence.min_gap,
        deadline=deadline or deadline_of(document, zone),
    )


def _soonest(step: str, terms: Terms, *, since: datetime, cause: str) -> PlannedStep:
    """In the first window; off a day of rest if that leaves another window before the deadline."""
    first = next_window(since, terms.zone, terms.hours)
    working = next_window(since, terms.zone, terms.hours, terms.rest_days)
    chosen = working if working.start < terms.last.start else first
    due = max(since, chosen.start)
    if due >= min(chosen.end, terms.deadline):
        why = f"no window is left between {cause} and the deadline"
        return dropped(step, StepState.SKIPPED, terms, why=why)
    rested = "" if chosen == first else " of a working day"
    return planned(step, due, terms, why=f"first window{rested} after {cause}")


def _wishes(document: CampaignDocument, terms: Terms, asked_at: datetime) -> Iterator[Wish]:
    rule = document.cadence.rule
    match rule:
        case Halving(max_reminders=count):
            return _halves(terms, _base(asked_at, terms), count)
        case Offsets(offsets=offsets):
            return _before_deadline(terms, asked_at, offsets)
    assert_never(rule)


def _base(asked_at: datetime, terms: Terms) -> datetime:
    """From where the time left counts: the opening of the window of the day of asking."""
    return window(local_date(asked_at, terms.zone), terms.zone, terms.hours).start


def _halves(terms: Terms, base: datetime, count: int) -> Iterator[Wish]:
    whole = terms.deadline - base
    for k in range(1, count):
        left = whole // 2**k // SECOND * SECOND
        why = f"{span(left)} left, 1/{2**k} of {span(whole)}"
        yield Wish(name_of(StepKind.REMINDER, k), terms.deadline - left, why)
    if count:
        why = "last window before the deadline"
        yield Wish(name_of(StepKind.REMINDER, count), terms.last.start, why, final=True)


def _before_deadline(terms: Terms, asked_at: datetime, offsets: tuple[timedelta, ...]) -> Iterator[Wish]:
    for k, offset in enumerate(sorted(offsets, reverse=True), start=1):
        at = terms.deadline - offset
        if at > asked_at:
            step = name_of(StepKind.REMINDER, k)
            yield Wish(step, at, f"{span(offset)} left", final=k == len(offsets))


def _with_put_off(wishes: list[Wish], put_off: PutOff | None, terms: Terms) -> Iterator[Wish | PlannedStep]:
    """The wishes, one of them put off; those that would fall within the pause are merged into it."""
    later: Wish | None = None
    for wish in wishes:
        if put_off and number_of(wish.step) == put_off.number:
            step = name_of(StepKind.LATER, put_off.number)
            later = Wish(step, put_off.until, "the recipient asked for it", wish.final)
            yield later
        elif later and wish.at <= later.at and not wish.final:
            why = f"it falls into the pause that ends with {later.step}"
            yield dropped(wish.step, StepState.MERGED, terms, why=why)
        else:
            yield wish


def _not_made_up(wishes: Iterator[Wish | PlannedStep], terms: Terms) -> Iterator[Wish | PlannedStep]:
    for wish in wishes:
        if isinstance(wish, Wish) and terms.opening(wish.at) < terms.since:
            why = f"{wish.why}; past by then, and not made up"
            yield dropped(wish.step, StepState.SKIPPED, terms, why=why, final=wish.final)
        else:
            yield wish
