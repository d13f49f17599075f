"""One of several processes that drain a lane: `python -m tests.engine.member URL JOURNAL`.

What it would send is a line in the journal, written before the outcome is known to anybody.
"""

import asyncio
import os
import sys
from pathlib import Path

from bot import i18n, resources
from bot.app.owners import is_dead, owner_name
from bot.campaigns.composer import Composer
from bot.campaigns.dispatcher import Dispatcher
from bot.channels.base import Post
from bot.clock import SystemClock
from bot.domain.delivery import Accepted, Outcome
from bot.domain.recipient import ChannelName
from bot.engine.base import Engine, Job
from bot.engine.local import LocalEngine
from bot.engine.procrastinate import ProcrastinateEngine
from bot.store import candidates, lanes
from bot.store.database import Database
from tests.worlds import TELEGRAM, rest_days

RATE = 20
TICK = 0.2
JOB = f"lane:{TELEGRAM}"


class Journal:
    """A channel that writes down which delivery went out, under which claim of which process."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def name(self) -> ChannelName:
        return ChannelName.TELEGRAM

    @property
    def lane(self) -> str:
        return TELEGRAM

    async def send(self, post: Post) -> Outcome:
        with self.path.open("a", encoding="utf-8") as journal:
            journal.write(f"{post.delivery} {os.getpid()}\n")
        return Accepted(f"m{post.delivery}")


def engine_for(database: Database) -> Engine:
    """The engine that belongs to this database."""
    return LocalEngine() if database.is_sqlite else ProcrastinateEngine(database.plain_url)


async def serve(database: Database, journal: Path) -> None:
    engine = engine_for(database)
    dispatcher = Dispatcher(
        database,
        Journal(journal),
        Composer(i18n.Catalogs.load(resources.locales()), operator="Contoh"),
        clock=database.clock,
        owner=owner_name(),
        key=b"k" * 32,
        rate=RATE,
        rest_days=rest_days,
    )

    async def drain() -> None:
        await dispatcher.drain()

    async def tick() -> None:
        now = database.clock.now()
        await database.transact(lanes.free_dead, is_dead)
        for lane in await database.transact(candidates.lanes, now=now):
            engine.hint(f"lane:{lane}")

    async def metronome() -> None:
        while True:
            engine.hint("tick")
            await asyncio.sleep(TICK)

    jobs: dict[str, Job] = {JOB: drain, "tick": tick}
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(engine.run(jobs))
        tasks.create_task(metronome())


if __name__ == "__main__":
    url, journal = sys.argv[1:]
    with Database(url, clock=SystemClock()) as database:
        asyncio.run(serve(database, Path(journal)))
