"""Why somebody gets no message: every reason made to happen, and never at odds with `explain`."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.campaigns.explain import explain
from bot.campaigns.silence import COMING, Silence, Why, why_no_message
from bot.clock import VirtualClock
from bot.domain import campaign as rules
from bot.domain.campaign import CampaignState
from bot.domain.recipient import Plan, Reach
from bot.store import addresses, campaigns, recipients
from bot.store.database import Database
from tests.worlds import BEFORE, MORNING, World, jakarta, on_slack, on_telegram, rest_days


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """One engine is enough here: the reasons are drawn from what the store tells."""
    return sqlite_url


def why(world: World) -> Silence:
    """Why the first person gets nothing now."""
    return world.run(why_no_message, "terms", "u1", rest_days=rest_days, now=world.now)


def asked(world: World, **changes: object) -> World:
    """Somebody has got the notice of a running campaign."""
    world.people(on_telegram(1, **changes))
    world.campaign()
    world.at(MORNING).send()
    return world


def test_not_started(world):
    world.people(on_telegram(1))
    world.campaign(running=False)

    assert why(world).why is Why.NOT_STARTED


def test_over(world):
    asked(world)
    world.save(rules.cancel(world.run(campaigns.get, "terms")))

    assert why(world).why is Why.OVER


def test_answered(world):
    asked(world).answer("u1")

    assert why(world).why is Why.ANSWERED


def test_the_plan_is_not_covered(world):
    assert why(asked(world, plan=Plan.WORK)).why is Why.PLAN


def test_registered_late(world):
    assert why(asked(world, registered_on=BEFORE.date())).why is Why.REGISTERED_LATE


def test_unlinked(world):
    assert why(asked(world, places=())).why is Why.UNLINKED


def test_blocked_since(world):
    asked(world)
    [place] = world.run(recipients.get, "u1").addresses
    world.run(addresses.update, replace(place, reach=Reach.BLOCKED), now=world.now)

    assert why(world).why is Why.UNREACHABLE


def test_muted(world):
    asked(world).mute()

    assert why(world).why is Why.MUTED


def test_paused(world):
    asked(world).pause()

    assert why(world).why is Why.PAUSED


def test_not_yet_due(world):
    assert why(asked(world)) == Silence(Why.NOT_YET_DUE, "reminder-1", jakarta(15, 16, 30))


def test_quiet_hours(world):
    """Due, but the day's window closed before its turn came."""
    world.people(on_telegram(1))
    world.campaign()
    world.at(MORNING).plan()
    world.at(jakarta(2, 22))

    assert why(world) == Silence(Why.QUIET_HOURS, "notice", jakarta(3))


def test_in_line(world):
    world.people(on_telegram(1))
    world.campaign()
    world.at(MORNING).plan()

    assert why(world) == Silence(Why.IN_LINE, "notice", MORNING)


def test_nothing_is_left(world):
    asked(world)
    for day in (15, 22, 25, 28, 29):
        world.at(jakarta(day, 17)).send()
    world.at(jakarta(29, 20))

    assert why(world).why is Why.NOTHING_LEFT


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    plan=st.sampled_from([Plan.PRO, Plan.WORK]),
    place=st.sampled_from([on_telegram, on_slack]),
    running=st.booleans(),
    sends=st.booleans(),
    answers=st.booleans(),
    mutes=st.booleans(),
    state=st.sampled_from([None, CampaignState.PAUSED, CampaignState.CANCELLED]),
    hours=st.integers(0, 30 * 24),
)
def test_the_reason_and_explain_never_disagree(
    database, plan, place, running, sends, answers, mutes, state, hours
):
    """Something comes by the one if and only if it comes by the other, at the same time."""
    world = _afresh(database)
    slug = f"terms-{world.run(lambda session: len(campaigns.every(session)))}"
    ref = slug.replace("terms", "u")
    world.people(replace(place(hash(slug) % 10**9, plan=plan), ref=ref))
    campaign = world.campaign(slug, running=running)
    if running and sends:
        world.at(MORNING).send()
    if answers:
        world.answer(ref, slug=slug)
    if mutes:
        world.mute(ref)
    if running and state:
        world.save(replace(campaign, state=state))
    world.at(MORNING + timedelta(hours=hours))

    silence = world.run(why_no_message, slug, ref, rest_days=rest_days, now=world.now)
    steps = world.run(explain, slug, ref, rest_days=rest_days).steps

    coming = [step for step in steps if step.state == "planned" and step.due_at]
    if silence.why in COMING:
        assert silence.step == coming[0].step
        assert silence.at is not None
        assert coming[0].due_at is not None
        assert silence.at >= coming[0].due_at
    elif silence.why is not Why.NOT_STARTED:
        assert not coming


def _afresh(database: Database) -> World:
    clock = database.clock
    assert isinstance(clock, VirtualClock)
    return World(database, clock).at(BEFORE)
