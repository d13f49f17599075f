"""The pace of a run: however long a chain of wake-ups is, time stands still until its end."""

import asyncio
from collections.abc import Coroutine
from datetime import UTC, datetime, timedelta

import pytest

from bot.sandbox.simulation.pace import Idle, Jumps

BEGIN = datetime(2025, 9, 1, tzinfo=UTC)
SECOND = timedelta(seconds=1)


@pytest.mark.parametrize("turns", [0, 1, 13, 1_000])
def test_time_waits_for_whatever_is_left_to_do(turns: int) -> None:
    """A chain that is cut off by a jump would be as long as the machine's load lets it."""
    seen = _played(turns)

    assert seen == [BEGIN + SECOND] * 2


def test_time_waits_for_who_is_busy_with_something_real() -> None:
    idle = Idle()
    clock = Jumps(BEGIN, idle)
    done: list[datetime] = []

    async def work() -> None:
        with clock.busy():
            await asyncio.sleep(0.02)
            done.append(clock.now())

    async def play() -> None:
        working = asyncio.create_task(work())
        sleeping = asyncio.create_task(clock.sleep(SECOND))
        await clock.run(BEGIN + SECOND)
        await asyncio.gather(working, sleeping)

    _run(play(), idle)

    assert done == [BEGIN]


def _played(turns: int) -> list[datetime]:
    """When a sleeper woke, and when it was done after so many turns of the loop, with another asleep meanwhile."""
    idle = Idle()
    clock = Jumps(BEGIN, idle)
    seen: list[datetime] = []

    async def wake() -> None:
        await clock.sleep(SECOND)
        seen.append(clock.now())
        for _ in range(turns):
            await asyncio.sleep(0)
        seen.append(clock.now())

    async def play() -> None:
        tasks = [asyncio.create_task(wake()), asyncio.create_task(clock.sleep(2 * SECOND))]
        await clock.run(BEGIN + 2 * SECOND)
        await asyncio.gather(*tasks)

    _run(play(), idle)
    return seen


def _run(play: Coroutine[None, None, None], idle: Idle) -> None:
    with asyncio.Runner(loop_factory=lambda: asyncio.SelectorEventLoop(idle)) as runner:
        runner.run(play)
