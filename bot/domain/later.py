"""Reminders put off: what may be wished for, and the plan that follows the wish."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from functools import partial
from typing import assert_never

from bot.domain.cadence import NOTHING_SENT, PutOff, deadline_of, plan_steps
from bot.domain.calendar import DAY, NO_REST, local_date, window
from bot.domain.campaign import CampaignDocument, Hours
from bot.domain.plan import PlannedStep, StepState
from bot.domain.step import number_of

THREE_DAYS = timedelta(days=3)


class LaterOption(StrEnum):
    """Until when a reminder can be put off."""

    TOMORROW = "tomorrow"
    THREE_DAYS = "three_days"
    DAY_BEFORE = "day_before"


def later_options(
    document: CampaignDocument, *, now: datetime, zone: str, deadline: datetime | None = None
) -> tuple[LaterOption, ...]:
    """What can be offered: days still to come that are not past the deadline, each once."""
    ends = deadline or deadline_of(document, zone)
    days: dict[datetime, LaterOption] = {}
    for option in LaterOption:
        until = _until(option, now=now, zone=zone, hours=document.hours, deadline=ends)
        if now < until < ends:
            days.setdefault(until, option)
    return tuple(days.values())


def plan_later(
    document: CampaignDocument,
    option: LaterOption,
    *,
    now: datetime,
    asked_at: datetime,
    zone: str,
    rest_days: frozenset[int] = NO_REST,
    deadline: datetime | None = None,
    already: Mapping[str, datetime] = NOTHING_SENT,
) -> tuple[PlannedStep, ...]:
    """The open reminders once the next of them is put off: it is called `later-k` and keeps its number k.

    Those that fall into the pause are merged into it, and it is itself merged into the final reminder where
    the two would stand too near. Empty when there is no reminder left to put off.
    """
    ends = deadline or deadline_of(document, zone)
    plan = partial(
        plan_steps,
        document,
        asked_at=asked_at,
        zone=zone,
        rest_days=rest_days,
        deadline=ends,
        already=already,
    )
    open_steps = [step for step in plan() if step.state is StepState.PLANNED]
    number = number_of(open_steps[0].step) if open_steps else None
    if number is None:
        return ()
    until = _until(option, now=now, zone=zone, hours=document.hours, deadline=ends)
    return plan(put_off=PutOff(number=number, until=until), moved_at=now)


def _until(option: LaterOption, *, now: datetime, zone: str, hours: Hours, deadline: datetime) -> datetime:
    match option:
        case LaterOption.TOMORROW:
            day = local_date(now, zone) + DAY
        case LaterOption.THREE_DAYS:
            day = local_date(now, zone) + THREE_DAYS
        case LaterOption.DAY_BEFORE:
            day = local_date(deadline, zone) - DAY
        case _:
            assert_never(option)
    return window(day, zone, hours).start
