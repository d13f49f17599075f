"""The router: what an update is to blame for, and what it is not."""

from datetime import UTC, datetime
from typing import Any, cast

import pytest
from sqlmodel import select

from bot import failpoints
from bot.conversation.router import Router
from bot.domain.update import Update
from bot.exceptions import DatabaseAway
from bot.store import inbox
from bot.store.models import InboxRow

IDENTITY = "telegram:1"


class Silent:
    """An inbound whose updates say nothing."""

    async def read(self, body):
        if body == "junk":
            raise ValueError(body)
        return ()


class Hears:
    """A talk that does what it must, and nothing else."""

    def apply(self, session, kept, events, *, now):
        return inbox.finish(session, kept.id, now=now)


@pytest.fixture
def router(world):
    return Router(world.database, cast(Any, Hears()), cast(Any, {IDENTITY: Silent()}), clock=world.clock)


def kept(world, body="{}"):
    update = Update(IDENTITY, "1", 1, "telegram:7", body, datetime(2025, 9, 2, tzinfo=UTC))
    world.run(inbox.keep, [update])


def row(world):
    return world.run(lambda session: session.exec(select(InboxRow)).one().model_copy())


async def test_a_database_that_is_away_is_not_the_updates_fault(world, router):
    """Three outages would make an answer that was said OK to a dead letter."""
    kept(world)

    def away():
        raise DatabaseAway("the database", "restarted")

    for _ in range(inbox.MAX_ATTEMPTS):
        with failpoints.armed("inbox.before_apply", away), pytest.raises(DatabaseAway):
            await router.work()
        assert (row(world).state, row(world).attempts) == ("new", 0)

    await router.work()
    assert row(world).state == "done"


async def test_an_update_that_nobody_can_read_is(world, router):
    kept(world, "junk")

    await router.work()

    assert row(world).attempts == 1
