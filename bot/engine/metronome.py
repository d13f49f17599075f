"""The metronome: tells when there may be something to do; it knows nothing of what."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Protocol

from bot.clock import Clock, wait_for_event

NextInstant = Callable[[], Awaitable[datetime | None]]

MOMENT = timedelta(microseconds=1)
AGAIN = timedelta(seconds=1)  # what is still there after a tick is no reason for another one before then


class Metronome(Protocol):
    """Calls `tick` now and then until it is cancelled."""

    async def run(self, tick: Callable[[], None]) -> None:
        """Tick until cancelled."""

    def changed(self) -> None:
        """What is due may have changed."""


class JumpingMetronome:
    """Ticks at the instants at which something falls due, for a clock that jumps."""

    def __init__(self, clock: Clock, *, next_instant: NextInstant) -> None:
        self.clock = clock
        self.next_instant = next_instant
        self._changed = asyncio.Event()

    async def run(self, tick: Callable[[], None]) -> None:
        """Tick at each instant that `next_instant` names; for one that has come, at once, or `AGAIN` after the
        tick before."""
        ticked_at = None
        while True:
            self._changed.clear()
            instant = await self.next_instant()
            if instant is not None and ticked_at is not None and instant <= self.clock.now():
                instant = ticked_at + AGAIN
            wait = None if instant is None else instant - self.clock.now()
            if not await wait_for_event(self.clock, self._changed, wait):
                tick()
                ticked_at = self.clock.now()
            await self.clock.sleep(MOMENT)  # one look for all that this instant brings

    def changed(self) -> None:
        """What is due may have changed."""
        self._changed.set()
