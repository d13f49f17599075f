"""Why somebody gets no message: every reason made to happen, and never at odds with `explain`."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.campaigns.deadline import move
from bot.campaigns.explain import Explanation, explain
from bot.campaigns.silence import COMING, Silence, Why, why_no_message
from bot.clock import VirtualClock
from bot.domain import campaign as rules
from bot.domain.calendar import window
from bot.domain.campaign import CampaignState
from bot.domain.later import LaterOption, plan_later
from bot.domain.people_file import Imported
from bot.domain.recipient import Plan, Reach
from bot.store import addresses, campaigns, lanes, putoff, recipients
from bot.store.database import Database
from tests.worlds import BEFORE, DEADLINE, MORNING, TELEGRAM, World, jakarta, on_slack, on_telegram, rest_days


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


def later(
    world: World, option: LaterOption = LaterOption.TOMORROW, slug: str = "terms", ref: str = "u1"
) -> None:
    """The person asks to be reminded later."""
    campaign, person = world.run(campaigns.get, slug), world.run(recipients.get, ref)
    asked_on, already = world.run(putoff.so_far, person.id, campaign.id)
    if asked_on is None:
        return
    asked_at = window(asked_on, "Asia/Jakarta", campaign.document.hours).start
    steps = plan_later(
        campaign.document, option, now=world.now, asked_at=asked_at, zone="Asia/Jakarta", already=already
    )
    [place] = person.addresses
    world.run(putoff.put, campaign, steps, recipient_id=person.id, address=place, now=world.now)


def lose(world: World, reach: Reach, ref: str = "u1") -> None:
    """The person's only account cannot be written to any more."""
    [place] = world.run(recipients.get, ref).addresses
    world.run(addresses.update, replace(place, reach=reach), now=world.now)


def test_not_started(world):
    world.people(on_telegram(1))
    world.campaign(running=False)

    assert why(world) == Silence(Why.NOT_STARTED)


def test_not_started_but_scheduled(world):
    world.people(on_telegram(1))
    draft = world.campaign(running=False)
    world.save(rules.schedule(rules.approve(draft, by="bob"), at=MORNING))

    assert why(world) == Silence(Why.NOT_STARTED, at=MORNING)


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
    """And for how long, which is what support is asked."""
    lose(asked(world), Reach.BLOCKED)
    world.at(jakarta(9))

    assert why(world) == Silence(Why.BLOCKED, at=MORNING)


def test_gone_since(world):
    lose(asked(world), Reach.GONE)
    world.at(jakarta(9))

    assert why(world) == Silence(Why.GONE, at=MORNING)


def test_who_comes_back_is_not_blocked_any_more(world):
    lose(asked(world), Reach.BLOCKED)
    lose(world, Reach.REACHABLE)

    assert why(world).why is Why.NOT_YET_DUE


def test_muted(world):
    asked(world).mute()

    assert why(world).why is Why.MUTED


def test_paused(world):
    asked(world).pause()

    assert why(world).why is Why.PAUSED


def test_only_a_first_part_is_asked(world):
    """No mark is lower than the empty one, so that nobody is in the first part."""
    world.people(on_telegram(1))
    campaign = world.campaign(running=False)
    world.save(rules.start(rules.approve(campaign, by="bob"), now=BEFORE, first_below=""))
    world.at(MORNING).send()

    assert why(world).why is Why.FIRST_PART


def test_put_off(world):
    later(asked(world))

    assert why(world) == Silence(Why.PUT_OFF, "later-1", jakarta(3))


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


def test_the_platform_refuses_the_token(world):
    world.people(on_telegram(1))
    world.campaign()
    world.at(MORNING).plan()
    world.run(lanes.stop, TELEGRAM, why="the token is not known")

    assert why(world) == Silence(Why.LANE_STOPPED, "notice", MORNING)


def test_nothing_is_left(world):
    asked(world)
    for day in (15, 22, 25, 28, 29):
        world.at(jakarta(day, 17)).send()
    world.at(jakarta(29, 20))

    assert why(world).why is Why.NOTHING_LEFT


def on_nothing(number: int, **changes: object) -> Imported:
    """Somebody with no account connected."""
    return on_telegram(number, places=(), **changes)


EXCLUSIONS = {
    "plan": {Why.PLAN},
    "registered_late": {Why.REGISTERED_LATE},
    "unlinked": {Why.UNLINKED},
    "unreachable": {Why.BLOCKED, Why.GONE},
    "muted": {Why.MUTED},
}


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    plan=st.sampled_from([Plan.PRO, Plan.PRO, Plan.WORK]),
    place=st.sampled_from([on_telegram, on_slack, on_nothing]),
    late=st.booleans(),
    start=st.sampled_from(["not", "all", "all", "first part"]),
    sends=st.integers(0, 3),
    acts=st.sets(st.sampled_from(["answer", "mute", "block", "go", "later", "move"]), max_size=2),
    state=st.sampled_from([None, None, CampaignState.PAUSED, CampaignState.CANCELLED]),
    hours=st.integers(0, 30 * 24),
)
def test_the_reason_and_explain_never_disagree(database, plan, place, late, start, sends, acts, state, hours):
    """Something comes by the one if and only if it comes by the other, at the same time; and where nothing
    comes, both say the same of why."""
    world = _afresh(database)
    slug = f"terms-{world.run(lambda session: len(campaigns.every(session)))}"
    ref = slug.replace("terms", "u")
    registered = BEFORE.date() if late else date(2024, 5, 1)
    number = int(slug.partition("-")[2]) + 1
    world.people(replace(place(number, plan=plan, registered_on=registered), ref=ref))
    campaign = world.campaign(slug, running=False)
    if start != "not":
        below = "" if start == "first part" else None
        campaign = world.save(
            rules.start(rules.approve(campaign, by="bob"), now=world.now, first_below=below)
        )
        for day in (2, 15, 22)[:sends]:
            world.at(jakarta(day, 17)).send()
    for act in sorted(acts):
        _do(world, act, slug=slug, ref=ref)
    if start != "not" and state:
        world.save(replace(world.run(campaigns.get, slug), state=state))
    world.at(max(world.now, MORNING + timedelta(hours=hours)))

    silence = world.run(why_no_message, slug, ref, rest_days=rest_days, now=world.now)
    explained = world.run(explain, slug, ref, rest_days=rest_days)

    coming = [step for step in explained.steps if step.state == "planned" and step.due_at]
    said = " ".join(step.why for step in explained.steps)
    if silence.why in COMING:
        assert silence.step == coming[0].step
        assert silence.at is not None
        assert coming[0].due_at is not None
        assert silence.at >= coming[0].due_at
    elif silence.why is not Why.NOT_STARTED:
        assert not coming
    if silence.why in (Why.ANSWERED, Why.PAUSED, Why.OVER, Why.FIRST_PART) and _pending(explained):
        assert SAID[silence.why] in said
    if silence.why in {why for whys in EXCLUSIONS.values() for why in whys}:
        assert explained.excluded is not None
        assert silence.why in EXCLUSIONS[explained.excluded]


SAID = {
    Why.ANSWERED: "answered",
    Why.PAUSED: "the campaign is paused",
    Why.OVER: "the campaign is cancelled",
    Why.FIRST_PART: "only a first part",
}


def _pending(explained: Explanation) -> bool:
    """Whether a step is told of that was not sent, skipped or merged by the plan."""
    return any(step.state in ("held", "cancelled") for step in explained.steps)


def _do(world: World, act: str, *, slug: str, ref: str) -> None:
    """What may befall a person, or their campaign."""
    if act == "answer":
        world.answer(ref, slug=slug)
    elif act == "mute":
        world.mute(ref)
    elif act == "later" and world.run(recipients.get, ref).addresses:
        later(world, slug=slug, ref=ref)
    elif act in ("block", "go") and world.run(recipients.get, ref).addresses:
        lose(world, Reach.BLOCKED if act == "block" else Reach.GONE, ref)
    elif act == "move":
        campaign = world.run(campaigns.get, slug)
        if campaign.state is CampaignState.RUNNING:
            world.run(
                move, slug, to=DEADLINE + timedelta(days=10), by="bob", now=world.now, rest_days=rest_days
            )


def _afresh(database: Database) -> World:
    clock = database.clock
    assert isinstance(clock, VirtualClock)
    return World(database, clock).at(BEFORE)
