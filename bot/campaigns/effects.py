"""Telling the system of record: every choice, each person's in order, until it has taken it."""

import asyncio
import logging
from datetime import datetime
from typing import Protocol

from bot.clock import Clock
from bot.domain.effect import Answer, Effect, Untold
from bot.store import effects
from bot.store.database import Database, Session

logger = logging.getLogger(__name__)

AT_ONCE = 8  # people whose choices are told at the same time


class Receiver(Protocol):
    """The system of record."""

    async def tell(self, effect: Effect) -> Answer:
        """What came of one attempt."""


class Effects:
    """Tells the receiver what it does not know yet."""

    def __init__(self, database: Database, receiver: Receiver, *, clock: Clock) -> None:
        self.database = database
        self.receiver = receiver
        self.clock = clock

    async def work(self) -> None:
        """Nothing that is due now is left untold, but for what the receiver did not take."""
        while await self.database.transact(effects.gather, now=self.clock.now()):
            pass
        while claimed := await self.database.transact(effects.claim, now=self.clock.now(), limit=AT_ONCE):
            async with asyncio.TaskGroup() as tasks:
                for effect in claimed:
                    tasks.create_task(self._tell(effect), name=effect.id)

    def next_instant(self, session: Session, *, now: datetime) -> datetime | None:
        """When there is somebody to be told of something."""
        return effects.next_instant(session, now=now)

    async def _tell(self, effect: Effect) -> None:
        with self.clock.busy():
            answer = await self.receiver.tell(effect)
        if isinstance(answer, Untold):
            logger.warning(
                "effect not taken",
                extra={"effect": effect.id, "reason": answer.reason, "attempt": effect.attempts},
            )
        await self.database.transact(effects.save, effect, answer, now=self.clock.now())
