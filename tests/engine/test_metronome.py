"""The metronome of a clock that jumps."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from bot.clock import VirtualClock
from bot.engine.metronome import JumpingMetronome

START = datetime(2025, 9, 2, 8, 59, 50, tzinfo=UTC)


@pytest.mark.parametrize(
    ("named", "changed", "ticks"),
    [
        pytest.param([10], [9.9], [10], id="changed just before"),
        pytest.param([10, 10.1], [], [10, 10.1], id="one soon after the other"),
        pytest.param([10, 10.6], [10.5], [10, 10.6], id="changed between"),
    ],
)
async def test_it_ticks_at_each_instant_that_is_named(
    named: Sequence[float], changed: Sequence[float], ticks: Sequence[float]
) -> None:
    """Whatever else changes meanwhile: at most the look at it comes between."""
    clock = VirtualClock(START)

    async def next_instant() -> datetime | None:
        return min((_at(seconds) for seconds in named if _at(seconds) > clock.now()), default=None)

    assert await _ticks(clock, next_instant, changed) == pytest.approx(ticks)


async def test_what_is_still_there_is_told_once_a_second() -> None:
    """As on a real clock: else whatever cannot be done just now would be tried without end."""
    clock = VirtualClock(START)

    async def at_once() -> datetime | None:
        return clock.now() if clock.monotonic() < 2.5 else None

    assert await _ticks(clock, at_once, []) == pytest.approx([0, 1, 2, 3], abs=0.01)


async def _ticks(clock: VirtualClock, next_instant, changed: Sequence[float]) -> list[float]:
    ticks: list[float] = []
    metronome = JumpingMetronome(clock, next_instant=next_instant)

    async def change() -> None:
        for seconds in changed:
            await clock.sleep(_at(seconds) - clock.now())
            metronome.changed()

    running = asyncio.create_task(metronome.run(lambda: ticks.append(clock.monotonic())))
    changing = asyncio.create_task(change())
    await clock.run(_at(60))
    running.cancel()
    await asyncio.wait({running, changing})
    return ticks


def _at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)
