"""Twins see one and the same instant, whoever writes meanwhile."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

from sqlmodel import func, select

from bot.store.models import RecipientRow
from bot.store.twins import twinned
from tests.worlds import on_telegram


def _count(session):
    return session.exec(select(func.count()).select_from(RecipientRow)).one()


def test_neither_sees_what_is_written_after_both_have_begun(world):
    world.people(on_telegram(1))

    def look(session, twin):
        world.people(on_telegram(2))
        return _count(session), _count(twin)

    assert world.database.read(twinned(look)) == (1, 1)
    assert world.database.read(_count) == 2


def test_a_twin_works_in_a_thread_of_its_own(world):
    world.people(*map(on_telegram, range(1, 4)))

    def look(session, twin):
        with ThreadPoolExecutor(1) as beside:
            return beside.submit(_count, twin).result(), _count(session)

    assert asyncio.run(world.database.look(twinned(look))) == (3, 3)
