"""The intake: every update is in the inbox before the platform is told OK."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable, Sequence
from datetime import timedelta

from bot.channels.base import Inbound
from bot.clock import Clock
from bot.domain.update import Update
from bot.exceptions import TenggatError
from bot.failpoints import failpoint
from bot.store import inbox
from bot.store.database import Database

logger = logging.getLogger(__name__)

TAP_WAITS = 2.0  # seconds, real ones: after that the person is told that nothing is saved yet
TRY_AGAIN = timedelta(seconds=1)


class Intake:
    """Takes one identity's updates in; `taken` is called after each commit."""

    def __init__(
        self, database: Database, inbound: Inbound, *, clock: Clock, taken: Callable[[], None]
    ) -> None:
        self.database = database
        self.inbound = inbound
        self.clock = clock
        self.taken = taken

    async def run(self) -> None:
        """Takes updates in until it is cancelled."""
        updates = self.inbound.updates()
        try:
            async for batch in updates:
                await self.take(batch)
        finally:
            if isinstance(updates, AsyncGenerator):
                await updates.aclose()

    async def take(self, batch: Sequence[Update]) -> None:
        """Everything in `batch` is in the inbox; a tap that could not be kept in time is not, and the
        person has been told."""
        try:
            await self._keep(batch, TAP_WAITS)
        except TenggatError as error:
            logger.warning("not saved: %s", error, extra={"identity": self.inbound.identity})
            await self._answer(batch, saved=False)
            await self._keep_patiently([update for update in batch if update.tap is None])
            return
        await self._answer(batch, saved=True)

    async def _keep(self, batch: Sequence[Update], within: float) -> None:
        failpoint("inbox.before_keep")
        await self.database.transact_within(within, inbox.keep, batch)
        failpoint("inbox.after_keep")
        self.taken()

    async def _keep_patiently(self, batch: Sequence[Update]) -> None:
        while batch:
            try:
                await self._keep(batch, 60.0)
                return
            except TenggatError as error:
                logger.warning("still not saved: %s", error, extra={"identity": self.inbound.identity})
                with self.clock.parked():  # whoever hands updates over is at work meanwhile
                    await self.clock.sleep(TRY_AGAIN)

    async def _answer(self, batch: Sequence[Update], *, saved: bool) -> None:
        taps = [update for update in batch if update.tap is not None]
        answers = (self.inbound.tapped(update, saved=saved) for update in taps)
        for error in await asyncio.gather(*answers, return_exceptions=True):
            if isinstance(error, Exception):
                logger.warning("a tap was not answered", exc_info=error)
