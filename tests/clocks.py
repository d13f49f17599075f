"""A clock that is set while others measure their waits by it."""

from contextlib import AbstractContextManager
from datetime import datetime, timedelta

from bot.clock import Clock


class SetClock:
    """Shows the time of another clock and what it was set ahead by; waits are the other's own."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.ahead = timedelta()

    def now(self) -> datetime:
        return self._clock.now() + self.ahead

    def monotonic(self) -> float:
        return self._clock.monotonic()

    async def sleep(self, delay: timedelta) -> None:
        await self._clock.sleep(delay)

    def busy(self) -> AbstractContextManager[None]:
        return self._clock.busy()

    def parked(self) -> AbstractContextManager[None]:
        return self._clock.parked()
