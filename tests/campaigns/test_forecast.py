"""What a campaign will do, told before it does it."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from bot.campaigns.forecast import Forecast, Rates, forecast
from bot.domain.recipient import Plan, Reach
from bot.store import addresses, recipients
from tests.worlds import MORNING, SLACK, TELEGRAM, World, jakarta, on_slack, on_telegram, rest_days

UNHURRIED = Rates(telegram=1.0, slack=1.0)
STEPS = ["notice", "reminder-1", "reminder-2", "reminder-3", "reminder-4", "closing"]


@pytest.fixture
def database_url(database_url: str) -> str:
    """Both engines: what is counted is counted by the database."""
    return database_url


def told(world: World, *, at: datetime | None = None, rates: Rates = UNHURRIED) -> Forecast:
    """What is forecast now."""
    return world.run(forecast, "terms", rates=rates, rest_days=rest_days, now=world.now, at=at)


def counts(found: Forecast) -> dict[str, dict[str, int]]:
    """Step and count by lane."""
    return {lane.lane: {step.step: step.count for step in lane.steps} for lane in found.lanes}


def test_before_the_start_everybody_gets_every_step(world):
    world.people(*map(on_telegram, (1, 2, 3)), on_slack(4))
    world.campaign(running=False)

    found = told(world)

    assert counts(found) == {TELEGRAM: dict.fromkeys(STEPS, 3), SLACK: dict.fromkeys(STEPS, 1)}
    assert found.lanes[1].steps[0].first_at == jakarta(2)
    assert found.lanes[1].steps[0].last_at == jakarta(2).replace(second=2)
    assert not found.misses


def test_those_left_out_are_counted_by_reason(world):
    world.people(on_telegram(1), on_telegram(2, plan=Plan.WORK), on_telegram(3, places=()))
    world.campaign(running=False)

    found = told(world)

    assert (found.audience, found.excluded) == (1, {"plan": 1, "unlinked": 1})


def test_a_lane_that_is_too_slow_misses_people_and_says_so(world):
    """One message in two hours: six fit into a day's window, and a reminder is overtaken by the next."""
    world.people(*map(on_telegram, range(1, 201)))
    world.campaign(running=False)

    found = told(world, rates=Rates(telegram=1 / 7200, slack=1.0))

    missed = {miss.step: miss.count for miss in found.misses}
    [lane] = found.lanes
    sent = {step.step: step.count for step in lane.steps}
    assert sent["notice"] + missed["notice"] == 200
    assert missed["notice"] > 0
    assert any(hold.step == "notice" for hold in found.holds)


def test_what_went_out_counts_with_what_is_to_come(world):
    world.people(*map(on_telegram, (1, 2, 3)))
    world.campaign()
    world.at(MORNING).send()
    world.answer("u1")
    world.mute("u2")

    found = told(world)

    assert counts(found) == {TELEGRAM: {"notice": 3} | dict.fromkeys(STEPS[1:], 1)}


def test_what_waits_in_the_outbox_is_to_come_too(world):
    """A pause holds the rows that are made; they and all that follows are still planned."""
    world.people(*map(on_telegram, (1, 2)))
    world.campaign()
    world.at(MORNING).plan()

    found = told(world)

    assert counts(found) == {TELEGRAM: dict.fromkeys(STEPS, 2)}


def test_another_start_may_be_asked_for(world):
    world.people(on_telegram(1))
    world.campaign(running=False)

    found = told(world, at=jakarta(20, 12))

    [lane] = found.lanes
    assert lane.steps[0].first_at == jakarta(20, 12)
    assert len(lane.steps) < len(STEPS)


def test_after_the_end_only_what_happened_is_told(world):
    world.people(on_telegram(1))
    campaign = world.campaign()
    world.at(MORNING).send()
    from bot.domain import campaign as rules

    world.save(rules.cancel(campaign))

    assert counts(told(world)) == {TELEGRAM: {"notice": 1}}


def test_the_blocked_get_nothing_more(world):
    world.people(on_telegram(1), on_telegram(2))
    world.campaign()
    world.at(MORNING).send()
    [place] = world.run(recipients.get, "u1").addresses
    world.run(addresses.update, replace(place, reach=Reach.BLOCKED), now=world.now)

    found = told(world)

    assert counts(found)[TELEGRAM]["reminder-1"] == 1
    assert found.excluded == {"unreachable": 1}


def test_json_is_what_scripts_rely_on(world):
    world.people(on_telegram(1))
    world.campaign(running=False)

    document = told(world).as_json()

    assert document.keys() >= {"audience", "excluded", "lanes", "finishes_at", "misses"}
    assert document["lanes"][0]["steps"][0] == {  # type: ignore[index]  # a JSON document
        "step": "notice",
        "count": 1,
        "first_at": jakarta(2).astimezone(UTC).isoformat(),
        "last_at": jakarta(2).astimezone(UTC).isoformat(),
    }


def test_paid_broadcasts_have_their_cost_and_their_pace_on_telegram_alone(world):
    """0.1 Star for each of six messages to three people; Slack has neither."""
    world.people(*map(on_telegram, (1, 2, 3)), on_slack(4))
    world.campaign(running=False, allow_paid_broadcast=True)

    found = told(world)

    assert (found.stars, found.as_json()["stars"]) == (1.8, 1.8)
    assert {lane.lane: lane.rate for lane in found.lanes} == {TELEGRAM: 1000.0, SLACK: 1.0}


def test_what_was_paid_for_already_counts_in_the_cost(world):
    world.people(*map(on_telegram, (1, 2)))
    world.campaign(allow_paid_broadcast=True)
    world.at(MORNING).send()
    world.answer("u1")

    assert told(world).stars == 0.7


def test_a_campaign_that_does_not_pay_costs_nothing(world):
    world.people(on_telegram(1))
    world.campaign(running=False)

    assert told(world).stars is None
