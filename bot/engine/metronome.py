"""The metronome: tells when there may be something to do; it knows nothing of what."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Protocol

from bot.clock import Clock, wait_for_event

NextInstant = Callable[[], Awaitable[datetime | None]]

MOMENT = timedelta(microseconds=1)


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
        """Tick at once, at each instant that `next_instant` names, and never twice at the same one."""
        while True:
            self._changed.clear()
            instant = await self.next_instant()
            wait = None if instant is None else max(instant - self.clock.now(), timedelta(milliseconds=1))
            if not await wait_for_event(self.clock, self._changed, wait):
                tick()
            await self.clock.sleep(MOMENT)  # one look for all that this instant brings

    def changed(self) -> None:
        """What is due may have changed."""
        self._changed.set()
