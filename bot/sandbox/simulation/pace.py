"""The pace of a run: time jumps as soon as nobody has anything left to do, and not a turn of the loop before."""

import asyncio
from datetime import datetime
from selectors import SelectorKey, SelectSelector

from bot.clock import VirtualClock

A_MOMENT = 0.0005  # seconds of real time


class Idle(SelectSelector):
    """Knows when an event loop has nothing to run: only then does the loop ask it to wait.

    It looks for nothing before: no socket and no thread has anything to say in a run, and asking the system at
    every turn of the loop takes longer than the turn.
    """

    def __init__(self) -> None:
        super().__init__()
        self._asked: asyncio.Future[None] | None = None

    async def comes(self) -> None:
        """Return when nothing else is ready to run, however many turns of the loop that takes."""
        self._asked = asyncio.get_running_loop().create_future()
        await self._asked

    def select(self, timeout: float | None = None) -> list[tuple[SelectorKey, int]]:
        if timeout is not None and timeout <= 0:
            return []
        asked, self._asked = self._asked, None
        if asked is None or asked.done():
            return super().select(timeout)
        asked.set_result(None)
        return []


class Jumps(VirtualClock):
    """A clock that jumps whenever its loop is idle: a count of turns would depend on the machine's load."""

    def __init__(self, start: datetime, idle: Idle) -> None:
        super().__init__(start)
        self._idle = idle

    async def settle(self) -> None:
        """Return when nothing is left to do at this instant."""
        await self._idle.comes()
        while self.is_busy:  # with what takes real time
            await asyncio.sleep(A_MOMENT)
            await self._idle.comes()
