"""After a restore nothing is sent until somebody releases it, and then nothing twice."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlmodel import Session, col, select

from bot.campaigns.releasing import release_sends
from bot.domain.delivery import DeliveryState
from bot.domain.ledger import EntryType
from bot.exceptions import NothingHeld
from bot.store import backup, doubts, lanes, outbox, restores, verification
from bot.store.database import Database
from bot.store.models import StatementRow
from tests.campaigns.sending import make_world as make_world
from tests.campaigns.sending import sqlite as sqlite
from tests.worlds import MORNING, TELEGRAM, World, on_telegram, rest_days

DAY = timedelta(days=1)
ADMIN = "admin"
PEOPLE = 20


@pytest.fixture
def waiting(world: World) -> World:
    """Three people are to be asked; the copy was made before anybody was."""
    world.people(*map(on_telegram, (1, 2, 3)))
    world.campaign()
    world.at(MORNING)
    world.plan()
    return world


@pytest.fixture
def restored(waiting: World) -> World:
    """The copy was put back an hour later."""
    waiting.at(MORNING + timedelta(hours=1))
    waiting.run(restores.hold, by=ADMIN, now=waiting.now)
    return waiting


async def test_nothing_is_sent_until_it_is_released(restored):
    """Not even the lane can be had; and nobody waits for it in vain."""
    assert restored.run(lanes.acquire, TELEGRAM, owner="worker", now=restored.now) is None
    assert restored.run(outbox.tried_again_at, lanes=[TELEGRAM], now=restored.now) is None

    await release_sends(restored.database, by=ADMIN, rest_days=rest_days)

    assert restored.lease() is not None


def test_who_holds_the_lane_loses_it(waiting):
    lease = waiting.lease()

    waiting.run(restores.hold, by=ADMIN, now=waiting.now)

    assert not waiting.run(lanes.renew, lease, now=waiting.now)


def test_updates_are_taken_in_meanwhile(restored):
    """People may answer what they have in front of them."""
    inbound = f"{lanes.INBOUND}{TELEGRAM}"
    restored.run(lanes.register, inbound, now=restored.now)

    lease = restored.run(lanes.acquire, inbound, owner="worker", now=restored.now)

    assert lease is not None
    assert restored.run(lanes.renew, lease, now=restored.now)


async def test_what_was_due_by_the_restore_is_in_doubt_and_goes_to_nobody(restored):
    in_doubt = await release_sends(restored.database, by=ADMIN, rest_days=rest_days)

    assert in_doubt == 3
    assert set(restored.states().values()) == {DeliveryState.IN_DOUBT.value}
    assert restored.send(TELEGRAM) == []
    assert [doubt.sends for doubt in restored.run(doubts.open_ones)] == [1, 1, 1]


async def test_what_the_copy_had_not_planned_is_in_doubt_too(world):
    """It came due between the copy and the restore, and whoever was at work then has planned and sent it."""
    world.people(on_telegram(1))
    world.campaign()
    world.at(MORNING + timedelta(hours=1))
    world.run(restores.hold, by=ADMIN, now=world.now)

    assert await release_sends(world.database, by=ADMIN, rest_days=rest_days) == 1
    assert world.send(TELEGRAM) == []


async def test_what_comes_due_after_the_restore_is_sent(waiting):
    """Whoever was asked before the copy was made is reminded as ever."""
    waiting.send(TELEGRAM)
    waiting.run(restores.hold, by=ADMIN, now=waiting.now)
    waiting.at(MORNING + 30 * DAY)
    steps = {row.step for row in waiting.log()}

    in_doubt = await release_sends(waiting.database, by=ADMIN, rest_days=rest_days)

    assert steps == {"notice"}
    assert in_doubt == 0


async def test_a_platform_that_is_asked_is_asked_for_the_whole_time(restored):
    """It may have been sent at any instant from when it was due until the restore."""
    await release_sends(restored.database, by=ADMIN, rest_days=rest_days)

    [doubt, *_] = restored.run(doubts.open_ones)
    assert doubt.claimed_at <= MORNING
    assert doubt.settled_at == restored.now


async def test_the_ledger_and_the_audit_say_who_released_it(restored):
    await release_sends(restored.database, by=ADMIN, rest_days=rest_days)

    check = restored.database.read(verification.verify)
    assert check.ok
    assert restored.run(_statements)[-1:] == [EntryType.RESTORE.value]
    with pytest.raises(NothingHeld):
        await release_sends(restored.database, by=ADMIN, rest_days=rest_days)


@pytest.mark.parametrize(("is_held", "twice"), [(True, 0), (False, PEOPLE)], ids=["held", "control"])
async def test_a_drill_with_a_copy_that_is_put_back(make_world, tmp_path, is_held, twice):
    """The platform has taken what the copy still takes for unsent; without the hold everybody is asked again."""
    small = make_world(PEOPLE)
    backup.write(small.database, tmp_path / "copy.db")
    await small.drain(small.dispatcher())

    with Database(f"sqlite:///{tmp_path / 'copy.db'}", clock=small.clock) as copy:
        put_back = replace(small, database=copy)
        if is_held:
            copy.run(restores.hold, by=ADMIN, now=small.clock.now())
            await put_back.drain(put_back.dispatcher(owner="host:2:b"))
            assert len(small.channel.posts) == PEOPLE
            await release_sends(copy, by=ADMIN, rest_days=rest_days)
        await put_back.drain(put_back.dispatcher(owner="host:2:b"))

    assert len(small.channel.posts) == PEOPLE + twice
    assert len({post.to.key for post in small.channel.posts}) == PEOPLE


def _statements(session: Session) -> list[str]:
    return list(session.exec(select(StatementRow.type).order_by(col(StatementRow.id))))
