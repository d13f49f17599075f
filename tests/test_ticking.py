"""Ticks go on at their measure, whatever is done to the machine's clock meanwhile."""

import asyncio
from datetime import UTC, datetime, timedelta, tzinfo

import pytest

from bot.app.ticking import Beat, Scheduler
from bot.clock import SystemClock
from tests.clocks import SetClock

MEASURE = 0.02  # seconds
HOUR = timedelta(hours=1)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> SetClock:
    """APScheduler reads it, too."""
    clock = SetClock(SystemClock())

    class Today(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]  # it gives no `Today`
            return clock.now().astimezone(tz)

    monkeypatch.setattr("apscheduler.schedulers.base.datetime", Today)
    monkeypatch.setattr("apscheduler.triggers.interval.datetime", Today)
    return clock


class Counted:
    """What is called, and a wait for the next few times."""

    def __init__(self) -> None:
        self._called = asyncio.Event()

    def call(self) -> None:
        self._called.set()

    async def more(self, times: int) -> None:
        for _ in range(times):
            self._called.clear()
            async with asyncio.timeout(60):
                await self._called.wait()


@pytest.mark.parametrize("ahead", [timedelta(), -HOUR, HOUR], ids=["not set", "back", "ahead"])
async def test_a_clock_that_is_set_holds_up_no_tick(clock: SetClock, ahead: timedelta) -> None:
    """Waits are monotonic."""
    ticks, glances = Counted(), Counted()
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(Scheduler(clock, glances.call, every=MEASURE).run(ticks.call))
        await ticks.more(2)

        clock.ahead = ahead

        await ticks.more(5)
        await glances.more(5)
        running.cancel()


def test_what_a_machine_has_slept_through_is_not_counted_out() -> None:
    """APScheduler asks for the next instant until it is in the future: for ten years that would be at once."""
    before = datetime(2025, 9, 2, tzinfo=UTC)
    now = before + timedelta(days=3_650)

    beat = Beat(seconds=1, timezone="UTC")

    assert beat.get_next_fire_time(before, now) == now + timedelta(seconds=1)
    assert beat.get_next_fire_time(before, before) == before + timedelta(seconds=1)
