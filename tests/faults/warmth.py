"""What a process has read and compiled once it has played a campaign: its forks need not do that again."""

import asyncio
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, event
from sqlalchemy.engine import make_url

from bot import i18n, resources
from bot.app import opened
from bot.clock import SystemClock
from bot.store.database import Database
from tests.faults.harness import LOOKS_EVERY, staged


@dataclass(frozen=True, slots=True)
class Warmth:
    """Catalogs that are read, and an engine whose statements are compiled; nothing of either is connected."""

    catalogs: i18n.Catalogs | None = None
    engine: Engine | None = None

    def database(self, url: str) -> Database | None:
        """The database at `url` over this engine, once in a process; None without one."""
        if self.engine is None:
            return None
        engine, (places, names) = self.engine, self.engine.dialect.create_connect_args(make_url(url))

        def elsewhere(_dialect: object, _record: object, arguments: list[Any], named: dict[str, Any]) -> None:
            arguments[:] = places
            named.update(names)

        event.listen(engine, "do_connect", elsewhere)
        return Database(url, clock=SystemClock(), engine=engine)


async def warmed(url: str) -> Warmth:
    """A campaign was played in the empty database at `url`, in this process."""
    catalogs, folder = i18n.Catalogs.load(resources.locales()), Path(tempfile.gettempdir())
    with Database(url, clock=SystemClock()) as database:
        async with (
            staged(url, folder) as run,
            opened(run.settings, database=database, catalogs=catalogs) as app,
        ):
            running = asyncio.create_task(app.run())
            while not run.is_over and not running.done():
                await asyncio.wait({running}, timeout=LOOKS_EVERY)
            app.stop()
            await running
    return Warmth(catalogs, database.engine)
