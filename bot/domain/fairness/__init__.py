"""Fairness: the two answers are equal, and a campaign that does not keep to that is not approved."""

from collections.abc import Callable, Iterator
from typing import Final

from bot.domain.fairness import controls, schedule, wording
from bot.domain.fairness.case import (
    ANSWERS,
    FLOW,
    USUAL_CORE,
    Case,
    Control,
    Core,
    Deed,
    DenyList,
    Finding,
    Flow,
    Path,
    Rule,
    Schedule,
    Shown,
    Turn,
    straight,
)

__all__ = [
    "ANSWERS",
    "FLOW",
    "USUAL_CORE",
    "Case",
    "Control",
    "Core",
    "Deed",
    "DenyList",
    "Finding",
    "Flow",
    "Path",
    "Rule",
    "Schedule",
    "Shown",
    "Turn",
    "judge",
    "straight",
]

RULES: Final[tuple[Callable[[Case], Iterator[Finding]], ...]] = (
    controls.equal_answers,
    controls.equal_steps,
    controls.nothing_preset,
    wording.silence_is_no_answer,
    wording.no_pressure,
    wording.no_steering,
    schedule.no_nagging,
    controls.later_is_a_pause,
    controls.one_question,
    wording.informed,
    controls.ends_apart,
    wording.one_language,
)


def judge(case: Case) -> tuple[Finding, ...]:
    """Everything in this campaign that is not fair, by rule; nothing when it may be approved."""
    return tuple(dict.fromkeys(finding for rule in RULES for finding in rule(case)))
