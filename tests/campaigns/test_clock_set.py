"""The clock is set while a campaign is sent: waits go by another one, and what is due is a row."""

import asyncio
from collections import Counter
from collections.abc import Callable
from datetime import timedelta

import pytest

from bot.campaigns.dispatcher import Dispatcher
from bot.channels.base import Post
from bot.domain.delivery import Deferred, DeliveryState, Outcome
from bot.store import deliveries
from tests.campaigns.sending import World, make_world, sqlite
from tests.clocks import SetClock

__all__ = ["make_world", "sqlite"]  # fixtures

MakeWorld = Callable[[int], World]
HOUR = timedelta(hours=1)
WAIT = timedelta(seconds=30)


async def by_day(make_world: MakeWorld, people: int) -> World:
    """Two hours after the window has opened: an hour ago is still inside it."""
    world = make_world(people)
    await world.clock.run(world.clock.now() + 2 * HOUR)
    return world


def by(clock: SetClock, world: World, *, rate: float = 10, owner: str = "host:1:a") -> Dispatcher:
    """It goes by this clock."""
    dispatcher = world.dispatcher(rate=rate, owner=owner)
    dispatcher.clock = clock
    return dispatcher


def states(world: World) -> Counter[DeliveryState]:
    return Counter(line.state for line in world.database.run(deliveries.find, limit=1_000))


@pytest.mark.parametrize("ahead", [-HOUR, HOUR], ids=["back", "ahead"])
async def test_a_wait_that_the_platform_asks_for_is_neither_cut_short_nor_drawn_out(
    make_world: MakeWorld, ahead: timedelta
) -> None:
    world, instants = await by_day(make_world, 5), list[float]()
    clock, original = SetClock(world.clock), world.channel.send
    world.channel.answers.append(Deferred(WAIT, whole_lane=True))

    async def noted(post: Post) -> Outcome:
        instants.append(world.clock.monotonic())
        clock.ahead = ahead
        return await original(post)

    world.channel.send = noted  # type: ignore[method-assign]  # a channel that looks round
    await world.drain(by(clock, world))

    waited = instants[1] - instants[0]
    assert WAIT.total_seconds() <= waited < WAIT.total_seconds() + 2
    assert states(world) == {DeliveryState.SENT: 5}


async def test_what_arrived_is_saved_as_soon_as_ever(make_world: MakeWorld) -> None:
    """Though another send takes its time, and the clock shows an hour before either began."""
    world = await by_day(make_world, 2)
    clock, original, saved = SetClock(world.clock), world.channel.send, list[int]()

    async def slow(post: Post) -> Outcome:
        if post.delivery == 1:
            return await original(post)
        clock.ahead = -HOUR
        with world.clock.parked():
            await world.clock.sleep(timedelta(seconds=5))
        saved.append(states(world)[DeliveryState.SENT])
        return await original(post)

    world.channel.send = slow  # type: ignore[method-assign]  # a channel that looks round
    await world.drain(by(clock, world, rate=0))

    assert (saved, states(world)) == ([1], {DeliveryState.SENT: 2})


@pytest.mark.parametrize("ahead", [-HOUR, HOUR], ids=["back", "ahead"])
async def test_two_owners_whose_clock_is_set_leave_nobody_out_and_list_who_was_asked_twice(
    make_world: MakeWorld, ahead: timedelta
) -> None:
    """A lease seems to be over that is not: the lane goes to the other, and what was under way is in doubt."""
    world = await by_day(make_world, 60)
    clock, original = SetClock(world.clock), world.channel.send

    async def setting(post: Post) -> Outcome:
        if len(world.channel.posts) == 20:
            clock.ahead = ahead
        with world.clock.parked():
            await world.clock.sleep(timedelta(seconds=3))
        return await original(post)

    world.channel.send = setting  # type: ignore[method-assign]  # a channel that looks round
    both = [by(clock, world, owner=owner) for owner in ("host:1:a", "host:1:b")]

    async def working(dispatcher: Dispatcher) -> None:
        while states(world)[DeliveryState.SENT] < 60:
            await dispatcher.drain()
            await clock.sleep(timedelta(milliseconds=100))

    tasks = [asyncio.ensure_future(working(dispatcher)) for dispatcher in both]
    await world.clock.run(world.clock.now() + 3 * HOUR)
    are_done = [task.done() for task in tasks]
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)

    asked = Counter(post.delivery for post in world.channel.posts)
    doubted = {line.id for line in world.database.run(deliveries.find, limit=1_000, doubted=True)}
    assert are_done == [True, True]
    assert len(asked) == 60
    assert {delivery for delivery, times in asked.items() if times > 1} <= doubted
    assert max(asked.values()) <= 2
