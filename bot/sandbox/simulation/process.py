"""A process of the application inside this one: it can be killed at a failpoint, and frozen for a while."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from datetime import datetime, timedelta
from functools import partial

from bot import failpoints
from bot.app import App
from bot.clock import VirtualClock
from bot.exceptions import DatabaseAway
from bot.sandbox.simulation.course import KILLED_AT, Kill, Span

BEFORE_COMMIT = "database.before_commit"
TIMEKEEPER = "metronome"  # on a real clock it asks nobody, so an outage must not be felt by it


class Killed(BaseException):
    """This process is no more; nothing of it may tidy up."""


class Process:
    """One process: what it runs at present, and whether it is frozen."""

    def __init__(self, number: int, clock: VirtualClock) -> None:
        self.number = number
        self.clock = ProcessClock(clock, self)
        self.born = 0
        self.app: App | None = None
        self.is_dead = False
        self.away = timedelta()  # until it is started again
        self.killed = asyncio.Event()
        self._thawed = asyncio.Event()
        self._thawed.set()

    @property
    def life(self) -> tuple[int, int]:
        """Another one after each start."""
        return self.number, self.born

    def begin(self, app: App) -> None:
        """It runs from now on."""
        self.born += 1
        self.app = app
        self.killed.clear()

    def die(self, away: timedelta) -> None:
        """From this instant on it does nothing: its database is shut to it, and its requests are cut off."""
        app, self.app = self.app, None
        self.is_dead, self.away = True, away
        if app is None:  # it was not up yet
            return
        app.database.close()
        for dispatcher in app.dispatchers.values():
            for sending in dispatcher.sending:
                sending.cancel()
        self.killed.set()

    def freeze(self) -> None:
        """It stands still, with whatever it holds."""
        self._thawed.clear()

    def thaw(self) -> None:
        """It goes on as if nothing had happened."""
        self._thawed.set()

    async def running(self) -> None:
        """Return when it is not frozen."""
        await self._thawed.wait()


class ProcessClock:
    """The clock as a process sees it: a frozen one sleeps longer than it wanted."""

    def __init__(self, clock: VirtualClock, process: Process) -> None:
        self._clock = clock
        self._process = process

    def now(self) -> datetime:
        return self._clock.now()

    def monotonic(self) -> float:
        return self._clock.monotonic()

    async def sleep(self, delay: timedelta) -> None:
        await self._clock.sleep(delay)
        await self._process.running()

    def busy(self) -> AbstractContextManager[None]:
        return self._clock.busy()

    def parked(self) -> AbstractContextManager[None]:
        return self._clock.parked()


IN: ContextVar[Process | None] = ContextVar("process", default=None)  # whose code is running


class Mishaps:
    """Kills processes at failpoints, one after the other, and takes the database away for a while."""

    def __init__(
        self, kills: Sequence[Kill], outages: Sequence[Span], *, now: Callable[[], datetime]
    ) -> None:
        self._left = list(kills)
        self._outages = outages
        self._now = now
        self._passed = 0
        self.done: list[Kill] = []
        self.refused = 0  # transactions

    @contextmanager
    def armed(self) -> Iterator[None]:
        """Within the block they happen."""
        for name in KILLED_AT:
            failpoints.arm(name, partial(self._pass, name))
        try:
            yield
        finally:
            for name in KILLED_AT:
                failpoints.disarm(name)

    def _pass(self, name: str) -> None:
        process = IN.get()
        if process is None:
            return
        if process.is_dead:
            raise Killed
        if self._left and self._left[0].failpoint == name:
            self._passed += 1
            if self._passed >= self._left[0].nth:
                self._kill(process)
        if name == BEFORE_COMMIT and not _keeps_time() and any(s.holds(self._now()) for s in self._outages):
            self.refused += 1
            raise DatabaseAway("the database", "an outage of the simulation")

    def _kill(self, process: Process) -> None:
        kill = self._left.pop(0)
        self._passed = 0
        self.done.append(kill)
        process.die(kill.away)
        raise Killed


def _keeps_time() -> bool:
    task = asyncio.current_task()
    return task is not None and task.get_name() == TIMEKEEPER
