"""What `explain` shows: every step of one person with its instant and the reason for it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from bot.domain.cadence import PlannedStep, plan_closing, plan_notice, plan_steps
from bot.domain.calendar import NO_REST
from bot.domain.campaign import CampaignDocument

EXCLUDED = "excluded"


@dataclass(frozen=True, slots=True)
class ExplainedStep:
    """One line: `due_at` is None for what will not be sent, and so is `left`."""

    step: str
    due_at: datetime | None
    left: timedelta | None
    state: str
    why: str

    def as_json(self, zone: str) -> dict[str, str | int | None]:
        """The line as scripts read it: the time with the offset that it has in `zone`."""
        return {
            "step": self.step,
            "due_at": None if self.due_at is None else shown(self.due_at, zone),
            "left_seconds": None if self.left is None else int(self.left.total_seconds()),
            "state": self.state,
            "why": self.why,
        }


def shown(instant: datetime, zone: str) -> str:
    """ISO 8601, to the second, with the offset that `zone` has then."""
    return instant.astimezone(ZoneInfo(zone)).isoformat(timespec="seconds")


def plan_all(
    document: CampaignDocument,
    *,
    zone: str,
    rest_days: frozenset[int] = NO_REST,
    started_at: datetime | None = None,
    reachable_since: datetime | None = None,
    deadline: datetime | None = None,
) -> tuple[PlannedStep, ...]:
    """Every step from the notice to the closing note, as it is planned before anything was sent."""
    notice = plan_notice(
        document,
        zone=zone,
        rest_days=rest_days,
        started_at=started_at,
        reachable_since=reachable_since,
        deadline=deadline,
    )
    if notice.due_at is None:
        return (notice,)
    reminders = plan_steps(
        document, asked_at=notice.due_at, zone=zone, rest_days=rest_days, deadline=deadline
    )
    closing = plan_closing(document, zone=zone, rest_days=rest_days, deadline=deadline)
    return (notice, *reminders, closing)


def explain(steps: Iterable[PlannedStep]) -> tuple[ExplainedStep, ...]:
    """The plan's lines, in time order."""
    return tuple(_line(step) for step in _in_time_order(steps))


def explain_excluded(steps: Iterable[PlannedStep], why: str) -> tuple[ExplainedStep, ...]:
    """The lines of somebody who is not asked: nothing is sent, for this reason."""
    return tuple(ExplainedStep(step.step, None, None, EXCLUDED, why) for step in _in_time_order(steps))


def _line(step: PlannedStep) -> ExplainedStep:
    left = None if step.due_at is None else step.left
    return ExplainedStep(step.step, step.due_at, left, step.state.value, step.why)


def _in_time_order(steps: Iterable[PlannedStep]) -> list[PlannedStep]:
    """By due time; one that is not sent stays behind the step that it followed in the plan."""
    keyed: list[tuple[datetime | None, PlannedStep]] = []
    for step in steps:
        keyed.append((step.due_at or (keyed[-1][0] if keyed else None), step))
    first = min((at for at, _ in keyed if at is not None), default=None)
    return [step for at, step in sorted(keyed, key=lambda pair: pair[0] or first or pair[1].not_after)]
