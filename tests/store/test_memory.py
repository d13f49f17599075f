"""A database in memory: it begins anew with nothing but its tables, and whoever opened it closes for itself."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from sqlmodel import Session, func, select

from bot.clock import VirtualClock
from bot.domain.update import Update
from bot.store import inbox
from bot.store.memory import Memory
from bot.store.models import InboxRow

NOW = datetime(2025, 9, 2, tzinfo=UTC)


@pytest.fixture
def memory() -> Iterator[Memory]:
    memory = Memory(VirtualClock(NOW))
    yield memory
    memory.close()


def test_it_begins_anew_without_what_was_kept(memory: Memory) -> None:
    database = memory.opened(VirtualClock(NOW))
    database.run(inbox.keep, [_update()])
    kept = database.run(_count)

    memory.begin_anew()

    assert kept == 1
    assert database.run(_count) == 0
    database.require_migrated()


def test_one_that_is_closed_leaves_the_others_open(memory: Memory) -> None:
    """A process that ends takes nobody else's database with it."""
    ended, other = (memory.opened(VirtualClock(NOW)) for _ in range(2))
    ended.run(inbox.keep, [_update()])

    ended.close()

    assert other.run(_count) == 1


def _count(session: Session) -> int:
    return session.exec(select(func.count()).select_from(InboxRow)).one()


def _update() -> Update:
    return Update("telegram:1", "1", 1, "telegram:7", "{}", NOW)
