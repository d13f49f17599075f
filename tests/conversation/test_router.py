"""The router: several updates a transaction; what an update is to blame for, and what it is not."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from sqlmodel import col, select

from bot import failpoints
from bot.conversation.router import TOGETHER, Router
from bot.domain.update import Update
from bot.exceptions import DatabaseAway
from bot.store import inbox, lanes
from bot.store.models import InboxRow, LaneRow

IDENTITY = "telegram:1"
POISON, OUTAGE = "poison", "outage"


class Killed(BaseException):
    """The process is no more."""


class Silent:
    """An inbound whose updates say nothing."""

    async def read(self, body):
        if body == "junk":
            raise ValueError(body)
        return ()


class Hears:
    """A talk that makes a lane of each update, and then does what the update says."""

    def take_first_answers(self, session, heard, *, now):
        return frozenset()

    def apply(self, session, kept, events, *, now):
        assert inbox.finish(session, kept.id, now=now)
        lanes.register(session, f"{kept.sender}/{kept.position}", now=now)
        session.flush()
        if kept.body == POISON:
            raise ValueError(POISON)
        if kept.body == OUTAGE:
            _break(session)


def _break(session) -> None:
    """The connection is gone, in the midst of a transaction."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))
    raise OperationalError("UPDATE", {}, Exception("disk I/O error"))


@pytest.fixture
def router(world):
    return router_of(world)


def router_of(world) -> Router:
    return Router(world.database, cast(Any, Hears()), cast(Any, {IDENTITY: Silent()}), clock=world.clock)


def keep(world, number: int = 1, body: str = "{}", *, sender: str | None = None) -> None:
    by = sender or f"telegram:{number}"
    update = Update(IDENTITY, str(number), number, by, body, datetime(2025, 9, 2, tzinfo=UTC))
    world.run(inbox.keep, [update])


def rows(world) -> Sequence[InboxRow]:
    query = select(InboxRow).order_by(col(InboxRow.id))
    found: Sequence[InboxRow] = world.run(lambda session: [row.model_copy() for row in session.exec(query)])
    return found


def states(world) -> list[tuple[str, int]]:
    return [(row.state, row.attempts) for row in rows(world)]


def made(world) -> list[str]:
    """What the updates have come to."""
    query = select(LaneRow.name).where(col(LaneRow.name).contains("/")).order_by(LaneRow.name)
    return list(world.run(lambda session: session.exec(query).all()))


async def test_a_database_that_is_away_is_not_the_updates_fault(world, router):
    """Three outages would make an answer that was said OK to a dead letter."""
    keep(world)

    def away():
        raise DatabaseAway("the database", "restarted")

    for _ in range(inbox.MAX_ATTEMPTS):
        with failpoints.armed("inbox.before_apply", away), pytest.raises(DatabaseAway):
            await router.work()
        assert states(world) == [("new", 0)]

    await router.work()
    assert states(world) == [("done", 0)]


async def test_an_update_that_nobody_can_read_is(world, router):
    keep(world, body="junk")

    await router.work()

    assert states(world) == [("new", 1)]


async def test_one_that_fails_spoils_none_of_those_beside_it(world, router):
    """It alone is tried again, and becomes a dead letter by its own tries; what it did is taken back."""
    for number in range(1, 6):
        keep(world, number, POISON if number == 3 else "{}")

    for attempt in range(1, inbox.MAX_ATTEMPTS + 1):
        await router.work()
        fate = "dead" if attempt == inbox.MAX_ATTEMPTS else "new"
        assert states(world) == [("done", 0), ("done", 0), (fate, attempt), ("done", 0), ("done", 0)]
        world.at(world.now + timedelta(minutes=1))

    assert made(world) == [f"telegram:{number}/{number}" for number in (1, 2, 4, 5)]


async def test_an_outage_in_the_midst_of_a_batch_costs_nobody_a_try(world, router):
    """Nothing of the batch is done; with the database back, everything is, once."""
    for number in range(1, 4):
        keep(world, number, OUTAGE if number == 2 else "{}")

    for _ in range(inbox.MAX_ATTEMPTS):
        with pytest.raises(DatabaseAway):
            await router.work()
        assert states(world) == [("new", 0)] * 3
        assert made(world) == []

    world.run(lambda session: session.execute(text(f"UPDATE inbox SET body = '' WHERE body = '{OUTAGE}'")))
    assert await router.work() == 3
    assert states(world) == [("done", 0)] * 3
    assert len(made(world)) == 3


async def test_killed_in_the_midst_of_a_batch_nothing_of_it_was_done(world, router):
    for number in range(1, 4):
        keep(world, number)
    passed: list[int] = []

    def second_time():
        passed.append(1)
        if len(passed) == 2:
            raise Killed

    with failpoints.armed("inbox.amid_batch", second_time), pytest.raises(Killed):
        await router.work()

    assert states(world) == [("new", 0)] * 3
    assert made(world) == []
    assert await router.work() == 3
    assert len(made(world)) == 3


async def test_what_one_person_does_is_worked_in_its_order(world, router):
    """In one call, though not in one transaction."""
    for number in range(1, 5):
        keep(world, number, sender="telegram:7")
        keep(world, 10 + number)

    await router.work()

    done = [row for row in rows(world) if row.sender == "telegram:7"]
    assert [row.state for row in done] == ["done"] * 4
    assert len(made(world)) == 8


async def test_after_one_that_failed_the_same_persons_next_waits(world, router):
    keep(world, 1, POISON, sender="telegram:7")
    keep(world, 2, sender="telegram:7")
    keep(world, 3)

    await router.work()

    assert states(world) == [("new", 1), ("new", 0), ("done", 0)]


async def test_two_that_work_the_same_inbox_work_each_update_once(world):
    """None waits for the other's row, and none does it again."""
    for number in range(3 * TOGETHER):
        keep(world, number)

    await asyncio.gather(router_of(world).work(), router_of(world).work())

    assert states(world) == [("done", 0)] * 3 * TOGETHER
    assert len(made(world)) == 3 * TOGETHER


async def test_what_another_transaction_holds_is_left_to_it(world, router):
    """Nobody looks again and again until the other one is ready."""
    if world.database.is_sqlite:
        pytest.skip("SQLite has one writer")
    keep(world)
    [row] = rows(world)

    with world.database.engine.connect() as other, other.begin():
        other.execute(text("SELECT id FROM inbox WHERE id = :id FOR UPDATE"), {"id": row.id})
        assert await router.work() == 0

    assert await router.work() == 1
