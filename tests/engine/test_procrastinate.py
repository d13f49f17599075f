"""The engine over many processes, where its workers end otherwise than they should."""

import asyncio
from collections.abc import Callable

import pytest
from procrastinate.exceptions import ConnectorException

from bot.engine import procrastinate
from bot.engine.procrastinate import ProcrastinateEngine

URL = "postgresql://nobody@127.0.0.1:1/nothing"


async def test_a_worker_that_loses_its_database_as_it_takes_its_leave_is_not_started_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It then says that the database is away instead of that it was cancelled, and nobody cancels it twice."""
    engine, started = ProcrastinateEngine(URL), asyncio.Semaphore(0)
    monkeypatch.setattr(engine._app, "run_worker_async", _failing_at_its_leave(started))
    monkeypatch.setattr(procrastinate, "AGAIN", 0)
    working = asyncio.create_task(engine._work("lanes", ["lanes:telegram:1"]))
    await started.acquire()

    working.cancel()
    await asyncio.wait({working}, timeout=5)

    assert working.cancelled()
    assert started.locked()  # not once more


def _failing_at_its_leave(started: asyncio.Semaphore) -> Callable[..., object]:
    async def run(**options: object) -> None:
        started.release()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            raise ConnectorException from None

    return run
