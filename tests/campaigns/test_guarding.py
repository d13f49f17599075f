"""Guarding: who blocked after which message, a pause by itself, and a person who lets it go on."""

from datetime import timedelta

import pytest
from sqlmodel import select

from bot.campaigns import service
from bot.campaigns.guarding import LOOK_EVERY, Guarding
from bot.domain.alert import AlertKind
from bot.domain.campaign import CampaignState
from bot.domain.delivery import Rejected, Why
from bot.domain.guard import Guards
from bot.domain.recipient import Reach
from bot.store import addresses, alerts, campaigns, guards
from bot.store.models import AuditRow
from tests.clocks import SetClock
from tests.worlds import MORNING, World, on_telegram, rest_days

STRICT = Guards(blocked=10, blocked_after=4, failed=20, failed_after=4)


@pytest.fixture
def asked(world: World) -> World:
    """Ten people, all of whom have the notice."""
    world.people(*map(on_telegram, range(1, 11)))
    world.campaign(guards=STRICT)
    world.at(MORNING).send()
    return world


async def test_blocks_after_the_message_pause_it_and_a_person_lets_it_go_on(asked):
    """What was known when a person let it go on is not held against it again; what comes then is."""
    guarding = Guarding(asked.database, clock=asked.clock)
    _block(asked, 1)
    await _look(asked, guarding)
    assert _state(asked) is CampaignState.RUNNING

    _block(asked, 2)
    await _look(asked, guarding)
    assert _state(asked) is CampaignState.PAUSED
    assert _audited(asked) == [("guard", "blocked: 2 of 10, over 10 %")]
    assert [incident.alert.subject for incident in _incidents(asked)] == ["terms"]

    asked.run(service.resume, "terms", by="budi", now=asked.now, rest_days=rest_days)
    for _ in range(2):
        await _look(asked, guarding)
    assert _state(asked) is CampaignState.RUNNING
    assert _incidents(asked) == []


async def test_who_had_blocked_before_is_counted_apart(world):
    """The campaign did not drive them away."""
    world.people(*map(on_telegram, range(1, 11)))
    world.campaign(guards=STRICT)
    world.at(MORNING).plan()
    first, *rest = world.claim()
    world.settle([first, *rest[:7]], None)
    world.settle(rest[7:], Rejected(Why.BLOCKED, "Forbidden: bot was blocked by the user"))

    await _look(world, Guarding(world.database, clock=world.clock))

    found = world.run(guards.refusals, world.run(campaigns.get, "terms").id)
    assert (found.blocked, found.blocked_before, found.failed) == (0, 2, 0)
    assert _state(world) is CampaignState.RUNNING


async def test_failures_pause_it(world):
    """Whatever is wrong, it is wrong for the others as well; but for an account that never let the bot in."""
    world.people(*map(on_telegram, range(1, 12)))
    world.campaign(guards=STRICT)
    world.at(MORNING).plan()
    claimed = world.claim()
    world.settle(claimed[:7])
    world.settle(claimed[7:10], Rejected(Why.MESSAGE, "Bad Request: message is too long"))
    world.settle(claimed[10:], Rejected(Why.UNLINKED, "Bad Request: chat not found"))

    await _look(world, Guarding(world.database, clock=world.clock))

    assert _state(world) is CampaignState.PAUSED
    assert _audited(world) == [("guard", "failed: 3 of 10, over 20 %")]


async def test_two_processes_pause_it_once(asked):
    """Each of them looks; one of them acts."""
    _block(asked, 1, 2)

    for guarding in (
        Guarding(asked.database, clock=asked.clock),
        Guarding(asked.database, clock=asked.clock),
    ):
        await guarding.work()

    assert len(_audited(asked)) == 1
    assert len(_incidents(asked)) == 1


@pytest.mark.parametrize("days", [-3, 3])
async def test_it_looks_as_soon_as_ever_after_its_clock_was_set(asked, days):
    """Ahead by three days for one look, and right again: nobody is written to for three days unguarded."""
    clock = SetClock(asked.clock)
    guarding = Guarding(asked.database, clock=clock)
    clock.ahead = timedelta(days=days)
    await guarding.work()
    clock.ahead = timedelta()
    _block(asked, 1, 2)

    await _look(asked, guarding)

    assert _state(asked) is CampaignState.PAUSED


async def _look(world: World, guarding: Guarding) -> None:
    world.at(world.now + LOOK_EVERY)
    await guarding.work()


def _block(world: World, *numbers: int) -> None:
    def block(session):
        for number in numbers:
            row = addresses.by_key(session, f"telegram:{1_000 + number}")
            assert row is not None
            addresses.closed(row, Reach.BLOCKED, now=world.now)

    world.run(block)


def _state(world: World) -> CampaignState:
    return world.run(campaigns.get, "terms").state


def _audited(world: World) -> list[tuple[str, str]]:
    query = select(AuditRow.actor, AuditRow.detail).where(AuditRow.act == "campaign.pause")
    return [tuple(row) for row in world.run(lambda session: session.exec(query).all())]


def _incidents(world: World):
    return world.run(alerts.lasting, AlertKind.GUARD_TRIPPED)
