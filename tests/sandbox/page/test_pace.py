"""The pace: time passes as the visitor wants, and a little for every answer."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from bot.clock import VirtualClock
from bot.sandbox.page.pace import ANSWERED_WITHIN, MORE_WITHIN, READ_IN, Pace, Speed

BEGIN = datetime(2025, 9, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock(BEGIN)


async def test_without_a_visitor_time_passes_as_fast_as_it_can(clock):
    pace = Pace(clock)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(clock.sleep(1000 * HOUR))

        await clock.run(BEGIN + 1000 * HOUR, is_quiet=pace.may_jump)

    assert clock.now() == BEGIN + 1000 * HOUR


async def test_while_paused_only_what_the_visitor_does_lets_time_pass(clock):
    """An answer comes even though the clock is stopped; the next day does not."""
    pace = Pace(clock)
    pace.watch()
    pace.pause()
    soon, later = (
        asyncio.create_task(clock.sleep(delay)) for delay in (ANSWERED_WITHIN, 2 * ANSWERED_WITHIN)
    )
    running = asyncio.create_task(clock.run(BEGIN + HOUR, is_quiet=pace.may_jump))

    pace.answer("u-1")
    await soon

    assert clock.now() == BEGIN + ANSWERED_WITHIN
    assert not await pace.may_jump()
    assert not later.done()
    for task in (running, later):
        task.cancel()


@pytest.mark.parametrize(("who", "passes"), [("u-1", MORE_WITHIN), ("u-2", ANSWERED_WITHIN)])
async def test_only_an_answer_cuts_the_wait_for_it_short(clock, who, passes):
    """A reminder that comes to another of the visitor's people is none."""
    pace = Pace(clock)
    pace.watch()
    pace.pause()
    seconds = asyncio.create_task(_every_second(clock))
    running = asyncio.create_task(clock.run(BEGIN + HOUR, is_quiet=pace.may_jump))

    pace.answer("u-1")
    pace.answered(who)
    while await pace.may_jump():
        await clock.settle()

    assert clock.now() == BEGIN + passes
    for task in (running, seconds):
        task.cancel()


async def _every_second(clock: VirtualClock) -> None:
    while True:
        await clock.sleep(timedelta(seconds=1))


async def test_seeking_ends_when_what_was_sought_can_have_been_read(clock):
    """Whoever sends a message has stored that it is sent before anybody can answer it."""
    pace = Pace(clock)
    pace.watch()
    pace.seek()
    first, stored, later = (
        asyncio.create_task(clock.sleep(delay)) for delay in (HOUR, HOUR + READ_IN, 2 * HOUR)
    )
    first.add_done_callback(lambda _: pace.found())
    running = asyncio.create_task(clock.run(BEGIN + 3 * HOUR, is_quiet=pace.may_jump))

    await first
    was_paused = pace.is_paused
    await stored
    may_jump = await pace.may_jump()

    assert (was_paused, may_jump) == (False, False)
    assert pace.now() == clock.now() == BEGIN + HOUR + READ_IN
    assert not later.done()
    for task in (running, later):
        task.cancel()


async def test_time_is_shown_to_pass_between_two_events(clock):
    pace = Pace(clock, speed=Speed.DAY)
    pace.watch()
    sleeping = asyncio.create_task(clock.sleep(1000 * HOUR))
    await asyncio.sleep(0)

    while pace.now() == BEGIN:
        assert not await pace.may_jump()

    assert clock.now() == BEGIN < pace.now() < BEGIN + 1000 * HOUR
    sleeping.cancel()


async def test_no_more_time_is_shown_than_has_passed_for_those_at_work(clock):
    """Somebody who is woken late, and sleeps a little again, would else make the clock go back."""
    pace = Pace(clock, speed=Speed.DAY)
    pace.watch()
    soon, later = (asyncio.create_task(clock.sleep(delay)) for delay in (timedelta(minutes=1), 1000 * HOUR))
    await clock.settle()

    while not await pace.may_jump():
        """The visitor has waited for longer than until the first wakes."""
    before = pace.now()
    await clock.run(BEGIN + timedelta(minutes=1))
    at_work = pace.now()
    again = asyncio.create_task(clock.sleep(timedelta(minutes=1)))

    assert before == at_work == BEGIN + timedelta(minutes=1)
    await soon
    for task in (again, later):
        task.cancel()


async def test_going_on_takes_the_speed_that_it_is_given(clock):
    pace = Pace(clock)
    pace.watch()
    pace.pause()

    pace.go_on(Speed.FULL)

    assert (pace.is_paused, pace.speed) == (False, Speed.FULL)
    assert await pace.may_jump()
