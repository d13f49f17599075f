"""Ticks go on at their measure, whatever is done to the machine's clock meanwhile."""

import asyncio
from datetime import datetime, timedelta, tzinfo

import pytest

from bot.app import ticking
from bot.app.ticking import Scheduler
from bot.clock import SystemClock
from tests.clocks import SetClock

MEASURE = 0.02  # seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> SetClock:
    """APScheduler reads it, too."""
    clock = SetClock(SystemClock())

    class Today(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
            return clock.now().astimezone(tz)

    monkeypatch.setattr("apscheduler.schedulers.base.datetime", Today)
    monkeypatch.setattr("apscheduler.triggers.interval.datetime", Today)
    monkeypatch.setattr(ticking, "TICK", MEASURE)
    monkeypatch.setattr(ticking, "GLANCE", MEASURE)
    return clock


class Counted:
    """How often it was called, and a wait for the next few times."""

    def __init__(self) -> None:
        self.times = 0
        self._called = asyncio.Event()

    def call(self) -> None:
        self.times += 1
        self._called.set()

    async def more(self, times: int) -> None:
        for _ in range(times):
            self._called.clear()
            async with asyncio.timeout(20):
                await self._called.wait()


@pytest.mark.parametrize("by", [timedelta(), timedelta(hours=-1), timedelta(days=3_650)], ids=str)
async def test_a_clock_that_is_set_holds_up_no_tick(clock: SetClock, by: timedelta) -> None:
    """Waits are monotonic; and what a machine has slept through is not counted out."""
    ticks, glances = Counted(), Counted()
    running = asyncio.ensure_future(Scheduler(clock, glances.call).run(ticks.call))
    await ticks.more(2)

    clock.ahead = by
    before = ticks.times

    await ticks.more(5)
    await glances.more(5)
    assert ticks.times < before + 500
    running.cancel()
