"""The rule about how often people are written to: 6."""

from collections.abc import Iterator
from datetime import timedelta
from itertools import pairwise

from bot.domain.cadence import PlannedStep
from bot.domain.campaign import Cadence, Halving, Offsets
from bot.domain.fairness.case import Case, Finding, Rule, Schedule, Shown
from bot.domain.message import MessageKind
from bot.domain.plan import span
from bot.domain.step import StepKind, is_reminder, kind_of

MOST_REMINDERS = 4
LEAST_GAP = timedelta(hours=24)
REMINDERS = (MessageKind.REMINDER, MessageKind.LAST_REMINDER)


def no_nagging(case: Case) -> Iterator[Finding]:
    """Rule 6: one notice, few reminders, a day between them, nothing after the deadline, none longer than
    the notice. That none comes after an answer or a stop is looked at again before every send."""
    yield from _promised(case.cadence)
    for schedule in case.schedules:
        yield from _planned(schedule)
    for shown in case.shown:
        if shown.kind in REMINDERS:
            yield from _longer(case, shown)


def _promised(cadence: Cadence) -> Iterator[Finding]:
    match cadence.rule:
        case Halving(max_reminders=count):
            pass
        case Offsets(offsets=offsets):
            count = len(offsets)
    if count > MOST_REMINDERS:
        yield _too_many("cadence", count)
    if cadence.min_gap < LEAST_GAP:
        why = f"The least gap is {span(cadence.min_gap)}."
        yield Finding(Rule.NO_NAGGING, "cadence", "min_gap", why, f"Leave at least {span(LEAST_GAP)}.")


def _planned(schedule: Schedule) -> Iterator[Finding]:
    sent = [(step, step.due_at) for step in schedule.steps if step.due_at is not None]
    asking = sorted(
        ((at, step) for step, at in sent if kind_of(step.step) is not StepKind.CLOSING),
        key=lambda pair: pair[0],
    )
    reminders = [step for step, _ in sent if is_reminder(step.step)]
    notices = [step for step, _ in sent if kind_of(step.step) is StepKind.NOTICE]
    if len(reminders) > MOST_REMINDERS:
        yield _too_many(schedule.place, len(reminders))
    if len(notices) > 1:
        why, do = "There is more than one notice.", "Send one; what follows it are reminders."
        yield Finding(Rule.NO_NAGGING, schedule.place, "notice", why, do)
    for (before, _), (after, step) in pairwise(asking):
        if after - before < LEAST_GAP:
            yield _too_near(schedule, step, after - before)
    for at, step in asking:
        if at > schedule.deadline:
            why, do = "It asks after the deadline.", "End the reminders with the deadline."
            yield Finding(Rule.NO_NAGGING, f"{schedule.place}/{step.step}", at.isoformat(), why, do)


def _too_many(place: str, count: int) -> Finding:
    why, do = f"There are {count} reminders.", f"Send at most {MOST_REMINDERS}."
    return Finding(Rule.NO_NAGGING, place, f"{count} reminders", why, do)


def _too_near(schedule: Schedule, step: PlannedStep, gap: timedelta) -> Finding:
    why, do = f"It comes {span(gap)} after the message before it.", f"Leave at least {span(LEAST_GAP)}."
    return Finding(Rule.NO_NAGGING, f"{schedule.place}/{step.step}", step.step, why, do)


def _longer(case: Case, shown: Shown) -> Iterator[Finding]:
    notice = next((s for s in case.shown if _is_notice_of(s, shown)), None)
    if notice is not None and _length(shown) > _length(notice):
        why = f"It has {_length(shown)} characters, the notice {_length(notice)}."
        yield Finding(Rule.NO_NAGGING, shown.place, shown.headline, why, "Make reminders shorter.")


def _is_notice_of(other: Shown, shown: Shown) -> bool:
    return (other.kind, other.locale, other.channel) == (MessageKind.NOTICE, shown.locale, shown.channel)


def _length(shown: Shown) -> int:
    return sum(len(text) for text in (shown.headline, *shown.texts))
