"""Where *now* comes from: the system's clock, or a virtual one that jumps from event to event."""

import asyncio
import heapq
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from datetime import UTC, datetime, timedelta
from typing import Protocol

QUIET_TURNS = 12  # turns of the event loop without work; the longest chain of wake-ups seen is 5


class Clock(Protocol):
    """The time, and waiting for it."""

    def now(self) -> datetime:
        """Aware, in UTC."""

    def monotonic(self) -> float:
        """Seconds from an arbitrary origin; never go back."""

    async def sleep(self, delay: timedelta) -> None:
        """Return when `delay` has passed on this clock; at once if it is not positive."""

    def busy(self) -> AbstractContextManager[None]:
        """While it is held, a virtual clock does not jump; a real one does not care."""

    def parked(self) -> AbstractContextManager[None]:
        """While it is held, one holder of `busy` does not count: it waits for somebody who waits for time."""


async def sleep_until(clock: Clock, instant: datetime) -> None:
    """Return when `clock` shows `instant` or later."""
    while (left := instant - clock.now()) > timedelta():
        await clock.sleep(left)


async def wait_for_event(clock: Clock, event: asyncio.Event, at_most: timedelta | None) -> bool:
    """Return True as soon as `event` is set, False when `at_most` has passed on `clock` before that."""
    if event.is_set():
        return True
    if at_most is None:
        return await event.wait()
    if isinstance(clock, SystemClock):  # the event loop keeps this time by itself: no task need wait for it
        with suppress(TimeoutError):
            async with asyncio.timeout(at_most.total_seconds()):
                await event.wait()
        return event.is_set()
    waits = {asyncio.ensure_future(event.wait()), asyncio.ensure_future(clock.sleep(at_most))}
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()
        await asyncio.wait(waits)  # not `await wait`: that could take our own cancellation for theirs
    return event.is_set()


class Rest:
    """A rest between two looks, by what measures a clock's waits: whoever sets the clock neither cuts it short nor
    draws it out."""

    def __init__(self, clock: Clock, lasts: timedelta = timedelta()) -> None:
        self._clock = clock
        self.begin(lasts)

    def begin(self, lasts: timedelta) -> None:
        """It lasts so long from now on."""
        self._ends = self._clock.monotonic() + lasts.total_seconds()

    @property
    def left(self) -> timedelta:
        """How long it still lasts; never less than nothing."""
        return max(timedelta(seconds=self._ends - self._clock.monotonic()), timedelta())

    @property
    def is_over(self) -> bool:
        """Whether it is time to look."""
        return not self.left


# what goes on while the machine is suspended, where the system has such a clock: a lease is over after a long sleep
_AWAKE_AND_ASLEEP = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.clock_gettime(_AWAKE_AND_ASLEEP)

    async def sleep(self, delay: timedelta) -> None:
        if delay > timedelta():
            await asyncio.sleep(delay.total_seconds())

    def busy(self) -> AbstractContextManager[None]:
        return nullcontext()

    def parked(self) -> AbstractContextManager[None]:
        return nullcontext()


class VirtualClock:
    """A clock that stands still while anybody works and then jumps to the next instant somebody waits for.

    Sleepers are woken one at a time, by (instant, order of going to sleep), and each one's work is done
    before the next wakes: the same run therefore takes the same course, whatever the machine's load.
    """

    def __init__(self, start: datetime) -> None:
        self._now = start.astimezone(UTC)
        self._start = self._now
        self._sleepers: list[tuple[datetime, int, asyncio.Future[None]]] = []
        self._order = 0
        self._busy = 0
        self._entries = 0  # how often somebody began to work; tells "still quiet" from "quiet again"

    def now(self) -> datetime:
        return self._now

    def monotonic(self) -> float:
        return (self._now - self._start).total_seconds()

    async def sleep(self, delay: timedelta) -> None:
        if delay <= timedelta():
            return
        woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._order += 1
        heapq.heappush(self._sleepers, (self._now + delay, self._order, woken))
        await woken

    @contextmanager
    def busy(self) -> Iterator[None]:
        self._busy += 1
        self._entries += 1
        try:
            yield
        finally:
            self._busy -= 1

    @contextmanager
    def parked(self) -> Iterator[None]:
        counted = min(self._busy, 1)
        self._busy -= counted
        try:
            yield
        finally:
            self._busy += counted

    @property
    def is_busy(self) -> bool:
        """Whether somebody is at work by their own word."""
        return self._busy > 0

    async def settle(self) -> None:
        """Return when nobody has been at work for a while of event-loop turns."""
        quiet, entries = 0, self._entries
        while quiet < QUIET_TURNS:
            await asyncio.sleep(0.0005 if self._busy else 0)
            idle = not self._busy and entries == self._entries
            quiet, entries = (quiet + 1 if idle else 0), self._entries

    def next_instant(self) -> datetime | None:
        """The earliest instant that somebody sleeps until."""
        while self._sleepers and self._sleepers[0][2].done():
            heapq.heappop(self._sleepers)
        return self._sleepers[0][0] if self._sleepers else None

    async def run(
        self, until: datetime, *, is_quiet: Callable[[], bool | Awaitable[bool]] | None = None
    ) -> None:
        """Let time pass until the clock shows `until`; everything due by then has been done.

        `is_quiet` is asked before each jump, for work that no `busy` covers.
        """
        while True:
            await self.settle()
            if is_quiet is not None and not await _ask(is_quiet):
                continue
            instant = self.next_instant()
            if instant is None or instant > until:
                self._now = max(self._now, until)
                return
            self._now = max(self._now, instant)
            heapq.heappop(self._sleepers)[2].set_result(None)


async def _ask(question: Callable[[], bool | Awaitable[bool]]) -> bool:
    answer = question()
    return answer if isinstance(answer, bool) else await answer
