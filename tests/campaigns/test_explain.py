"""Explaining: the plan before the start, and what happened after it."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest

from bot.campaigns.explain import Explanation, explain, zone_for
from bot.domain.choice import ChoiceValue
from bot.domain.delivery import InDoubt, OnDoubt, Rejected, Why
from bot.domain.explain import ExplainedStep
from bot.domain.recipient import Plan
from tests.worlds import MORNING, World, jakarta, on_slack, on_telegram, rest_days


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """One engine is enough here: where they differ is the store's matter, and tested there."""
    return sqlite_url


def test_before_the_start_it_is_the_plan_from_the_announcement(world):
    world.people(on_telegram())
    world.campaign(running=False)

    told = _explain(world.at(jakarta(1, month=12)))

    assert _steps(told) == [
        ("notice", "2025-09-02T09:00:00+07:00", "planned"),
        ("reminder-1", "2025-09-15T16:30:00+07:00", "planned"),
        ("reminder-2", "2025-09-22T09:00:00+07:00", "planned"),
        ("reminder-3", "2025-09-25T16:07:30+07:00", "planned"),
        ("reminder-4", "2025-09-28T09:00:00+07:00", "planned"),
        ("closing", "2025-09-29T09:00:00+07:00", "planned"),
    ]
    assert told.as_json()["deadline"] == "2025-09-28T23:59:59+07:00"
    assert [step.left for step in told.steps][-1] == timedelta()


@pytest.mark.parametrize("zone", ["America/New_York", "Pacific/Kiritimati", "Asia/Kolkata", None])
def test_the_deadline_is_the_end_of_the_day_on_the_persons_own_clock(world, zone):
    world.people(on_telegram(zone=zone))
    world.campaign(running=False)

    told = _explain(world).as_json()

    assert str(told["deadline"]).startswith("2025-09-28T23:59:59")
    assert told["zone"] == zone or "Asia/Jakarta"


def test_who_joins_with_four_days_left_gets_the_same_curve_over_four_days(world):
    world.people(on_telegram())
    world.campaign()

    told = _explain(world, joined=datetime(2025, 9, 25, 2, tzinfo=UTC))

    sent = [step for step in told.steps if step.state == "planned"]
    assert [step.step for step in sent] == ["notice", "reminder-1", "reminder-4", "closing"]
    assert _gaps(sent) == sorted(_gaps(sent), reverse=True)


def test_another_start_can_be_asked_for(world):
    world.people(on_telegram())
    world.campaign(running=False)

    told = _explain(world, at=jakarta(10, 12))

    assert _steps(told)[0] == ("notice", "2025-09-10T12:00:00+07:00", "planned")


@pytest.mark.parametrize(
    ("person", "why"),
    [
        (on_telegram(plan=Plan.GOV), "plan"),
        (on_telegram(registered_on=date(2025, 8, 28)), "registered_late"),
        (on_telegram(places=()), "unlinked"),
    ],
)
def test_who_is_not_asked_is_told_why(world, person, why):
    world.people(person)
    world.campaign()

    told = _explain(world)

    assert told.excluded == why
    assert {(step.state, step.due_at, step.why) for step in told.steps} == {("excluded", None, why)}


def test_slack_rests_at_the_weekend(world):
    world.people(on_slack())
    world.campaign()

    last = next(step for step in _explain(world).steps if step.step == "reminder-4")

    assert last.due_at is not None
    assert last.due_at.date() == date(2025, 9, 26)


def test_after_the_start_it_tells_what_happened_and_what_is_to_come(world):
    world.people(on_telegram())
    world.campaign()
    world.at(MORNING).send()
    world.at(jakarta(15, 17)).send()

    told = _explain(world)

    assert _steps(told)[:3] == [
        ("notice", "2025-09-02T10:00:00+07:00", "sent"),
        ("reminder-1", "2025-09-15T17:00:00+07:00", "sent"),
        ("reminder-2", "2025-09-22T09:00:00+07:00", "planned"),
    ]
    assert len(told.steps) == 6


def test_between_planning_and_sending_nothing_is_missing(world):
    world.people(on_telegram())
    world.campaign()
    world.plan()

    assert [step.state for step in _explain(world).steps] == ["planned"] * 6
    assert _explain(world.at(MORNING)).steps[0].step == "notice"


def test_who_has_answered_gets_nothing_more(world):
    world.people(on_telegram())
    world.campaign()
    world.at(MORNING).send()
    world.answer("u1", ChoiceValue.OPT_IN)

    told = _explain(world)

    assert told.excluded is None
    assert [step.state for step in told.steps] == ["sent"] + ["cancelled"] * 5
    assert "answered opt_in" in told.steps[1].why


def test_a_mute_is_why_nothing_comes(world):
    world.people(on_telegram())
    world.campaign()
    world.at(MORNING).send()
    world.mute()

    told = _explain(world)

    assert told.excluded == "muted"
    assert [step.state for step in told.steps] == ["sent"] + ["excluded"] * 5


def test_a_pause_holds_what_is_to_come(world):
    world.people(on_telegram())
    world.campaign()
    world.at(MORNING).send()
    world.pause()

    assert [step.state for step in _explain(world).steps] == ["sent"] + ["held"] * 5


def test_a_doubt_is_told_as_one(world):
    world.people(on_telegram())
    world.campaign(on_doubt=(("notice", OnDoubt.HOLD),))
    world.at(MORNING).plan()
    world.settle(world.claim(), InDoubt("connection reset"))

    assert _steps(_explain(world))[0][2] == "held"
    assert "connection reset" in _explain(world).steps[0].why


def test_a_refusal_is_told(world):
    world.people(on_telegram())
    world.campaign()
    world.at(MORNING).plan()
    world.settle(world.claim(), Rejected(Why.BLOCKED, "bot was blocked"))

    told = _explain(world)

    assert told.excluded == "unreachable"
    assert (told.steps[0].state, told.steps[0].why) == ("skipped", "refused: bot was blocked")


def test_what_was_merged_after_an_outage_is_told(world):
    world.people(on_telegram())
    world.campaign()
    world.at(MORNING).send()
    world.plan()
    world.at(jakarta(22, 10)).send()

    states = {step.step: step.state for step in _explain(world).steps}

    assert (states["reminder-1"], states["reminder-2"]) == ("skipped", "sent")


def test_one_who_came_late_is_told_their_own_case(world):
    world.campaign()
    world.at(jakarta(24, 10)).people(on_telegram())

    told = _explain(world)

    assert _steps(told)[0] == ("notice", "2025-09-24T10:00:00+07:00", "planned")


def test_an_instant_without_an_offset_is_on_the_persons_own_clock(world):
    world.people(on_telegram(1, zone="Asia/Tokyo"), on_telegram(2, zone=None))
    world.campaign()

    assert [world.run(zone_for, "terms", ref) for ref in ("u1", "u2")] == ["Asia/Tokyo", "Asia/Jakarta"]


def _gaps(steps: list[ExplainedStep]) -> list[timedelta]:
    days = [step.due_at for step in steps if step.due_at is not None]
    return [later - earlier for earlier, later in pairwise(days)]


def _explain(world: World, **case: datetime) -> Explanation:
    return world.run(explain, "terms", "u1", rest_days=rest_days, **case)


def _steps(told: Explanation) -> list[tuple[object, object, object]]:
    steps = told.as_json()["steps"]
    assert isinstance(steps, list)
    return [(step["step"], step["due_at"], step["state"]) for step in steps]
