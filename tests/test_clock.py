"""The virtual clock: it stands still while anybody works and wakes one sleeper at a time."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from bot.clock import Rest, SystemClock, VirtualClock, sleep_until, wait_for_event
from tests.clocks import SetClock

START = datetime(2025, 9, 2, tzinfo=UTC)
HOUR = timedelta(hours=1)
MICROSECOND = timedelta(microseconds=1)


async def test_days_pass_in_no_time() -> None:
    """A campaign of a month is played in seconds."""
    clock, woken = VirtualClock(START), []

    async def sleeper(days: int) -> None:
        await clock.sleep(timedelta(days=days))
        woken.append((days, clock.now()))

    tasks = [asyncio.ensure_future(sleeper(days)) for days in (9, 3)]
    await clock.run(START + timedelta(days=30))

    assert woken == [(3, START + timedelta(days=3)), (9, START + timedelta(days=9))]
    assert clock.now() == START + timedelta(days=30)
    assert all(task.done() for task in tasks)


async def test_it_does_not_jump_while_somebody_works() -> None:
    """Work takes no virtual time, however long it takes in real time."""
    clock, seen = VirtualClock(START), []

    async def worker() -> None:
        await clock.sleep(HOUR)
        with clock.busy():
            for _ in range(200):
                await asyncio.sleep(0)
            seen.append(clock.now())

    async def other() -> None:
        await clock.sleep(HOUR)
        seen.append(clock.now())
        await clock.sleep(HOUR)
        seen.append(clock.now())

    tasks = [asyncio.ensure_future(worker()), asyncio.ensure_future(other())]
    await clock.run(START + 3 * HOUR)
    await asyncio.gather(*tasks)

    assert seen == [START + HOUR, START + HOUR, START + 2 * HOUR]


async def test_it_jumps_while_one_at_work_waits_for_one_who_waits_for_time() -> None:
    """A request that the platform holds back for some seconds is no standstill."""
    clock = VirtualClock(START)

    async def client() -> datetime:
        with clock.busy(), clock.parked():
            await clock.sleep(HOUR)
        return clock.now()

    task = asyncio.ensure_future(client())
    await clock.run(START + 2 * HOUR)

    assert await task == START + HOUR


async def test_an_event_ends_a_wait_before_its_time() -> None:
    """And the sleeper that is left over does not keep the clock from jumping on."""
    clock, event = VirtualClock(START), asyncio.Event()
    waiting = asyncio.ensure_future(wait_for_event(clock, event, HOUR))
    await clock.settle()

    event.set()
    await clock.run(START + 2 * HOUR)

    assert await waiting is True
    assert clock.next_instant() is None


async def test_a_wait_ends_at_its_time_without_the_event() -> None:
    """The answer tells which of the two it was."""
    clock = VirtualClock(START)
    waiting = asyncio.ensure_future(wait_for_event(clock, asyncio.Event(), HOUR))

    await clock.run(START + HOUR)

    assert await waiting is False


@pytest.mark.parametrize("set_by", [timedelta(), -HOUR, 24 * HOUR], ids=str)
async def test_a_rest_lasts_as_long_as_was_said_whatever_the_clock_is_set_to(set_by: timedelta) -> None:
    """What measures waits is not set."""
    inner = VirtualClock(START)
    clock = SetClock(inner)
    rest = Rest(clock)
    assert rest.is_over

    rest.begin(HOUR)
    clock.ahead = set_by
    await inner.run(START + HOUR - MICROSECOND)
    assert (rest.is_over, rest.left) == (False, MICROSECOND)
    await inner.run(START + HOUR)

    assert (rest.is_over, rest.left) == (True, timedelta())


async def test_sleeping_until_the_past_returns_at_once() -> None:
    """On both clocks."""
    await sleep_until(VirtualClock(START), START - HOUR)
    await sleep_until(SystemClock(), START)
