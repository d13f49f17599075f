"""The router: works the inbox, one update a transaction."""

import logging
from collections.abc import Mapping

from bot.channels.base import Inbound
from bot.clock import Clock
from bot.conversation.talk import Talk
from bot.exceptions import DatabaseAway
from bot.failpoints import failpoint
from bot.store import inbox
from bot.store.database import Database
from bot.store.inbox import Kept

logger = logging.getLogger(__name__)

BATCH = 50


class Router:
    """Reads stored updates through their channel and lets the talk answer them."""

    def __init__(
        self,
        database: Database,
        talk: Talk,
        inbounds: Mapping[str, Inbound],
        *,
        clock: Clock,
    ) -> None:
        self.database = database
        self.talk = talk
        self.inbounds = inbounds
        self.clock = clock

    async def work(self) -> int:
        """Every update that can be worked now is; how many there were."""
        count = 0
        with self.clock.busy():
            while rows := await self.database.transact(
                inbox.waiting, list(self.inbounds), now=self.clock.now(), limit=BATCH
            ):
                for row in rows:
                    await self._work(row)
                count += len(rows)
        return count

    async def _work(self, kept: Kept) -> None:
        try:
            events = await self.inbounds[kept.identity].read(kept.body)
            failpoint("inbox.before_apply")
            await self.database.transact(self.talk.apply, kept, tuple(events), now=self.clock.now())
            failpoint("inbox.after_apply")
        except DatabaseAway:  # not the update's fault: it waits, with all its tries left
            raise
        except Exception as error:
            logger.exception("an update could not be worked", extra={"inbox": kept.id})
            dead = await self.database.transact(
                inbox.fail, kept.id, error=type(error).__name__, now=self.clock.now()
            )
            if dead:
                logger.error("dead letter", extra={"inbox": kept.id, "identity": kept.identity})
