"""The engine inside one process: hints may be lost, doubled or late."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress

import pytest

from bot.engine.base import Job
from bot.engine.local import LocalEngine
from bot.exceptions import DatabaseAway


@asynccontextmanager
async def serving(engine: LocalEngine, jobs: Mapping[str, Job]) -> AsyncIterator[None]:
    task = asyncio.ensure_future(engine.run(jobs))
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def turns(count: int = 10) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


async def test_every_job_runs_once_at_the_beginning() -> None:
    """What was due while nobody ran needs no hint."""
    ran = []

    async def job() -> None:
        ran.append("job")

    async with serving(LocalEngine(), {"job": job}):
        await turns()

    assert ran == ["job"]


async def test_hints_while_a_job_runs_lead_to_one_more_run() -> None:
    """A doubled hint does no harm, and none that comes late is lost."""
    engine, gate = LocalEngine(), asyncio.Event()
    runs: list[int] = []

    async def job() -> None:
        runs.append(len(runs))
        await gate.wait()

    async with serving(engine, {"job": job}):
        await turns()
        engine.hint("job")
        engine.hint("job")
        gate.set()
        await turns()

    assert runs == [0, 1]


async def test_a_job_never_runs_twice_at_a_time() -> None:
    """Each job may think that it is alone."""
    engine, running, most = LocalEngine(), 0, 0

    async def job() -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await turns(3)
        running -= 1

    async with serving(engine, {"job": job}):
        for _ in range(5):
            engine.hint("job")
            await turns()

    assert most == 1


async def test_a_job_that_fails_runs_again_and_stops_no_other() -> None:
    """One broken thing must not end the process."""
    engine, failures, others = LocalEngine(), [], []

    async def broken() -> None:
        failures.append(1)
        raise RuntimeError("broken")

    async def sound() -> None:
        others.append(1)

    async with serving(engine, {"broken": broken, "sound": sound}):
        await turns()
        engine.hint("broken")
        engine.hint("sound")
        engine.hint("unknown")
        await turns()

    assert (len(failures), len(others)) == (2, 2)


@pytest.mark.parametrize(
    ("error", "has_traceback"),
    [(DatabaseAway("sqlite:///x.db", "disk I/O error"), False), (RuntimeError("a bug"), True)],
)
async def test_a_failure_is_logged_once_and_only_a_bug_with_its_traceback(
    caplog: pytest.LogCaptureFixture, error: Exception, has_traceback: bool
) -> None:
    """A database that is away would fill the log with pages that help nobody, once a second."""
    engine = LocalEngine()

    async def failing() -> None:
        raise error

    async with serving(engine, {"job": failing}):
        await turns()

    [record] = caplog.records
    assert bool(record.exc_info) is has_traceback
    assert "job failed" in record.getMessage()
