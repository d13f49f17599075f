"""The engine over many processes, where its workers end otherwise than they should."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

import psycopg
import pytest
from procrastinate.exceptions import ConnectorException
from procrastinate.jobs import Job

from bot.clock import SystemClock
from bot.engine import procrastinate
from bot.engine.procrastinate import ProcrastinateEngine
from bot.store.database import Database

LANE = "lane:telegram:1"
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
    await asyncio.wait({working}, timeout=60)

    assert working.cancelled()
    assert started.locked()  # not once more


async def test_an_engine_that_is_told_to_end_as_it_opens_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """What waits for the first connections may take a cancellation for its own, when they come just then."""
    engine, opens = ProcrastinateEngine(URL), asyncio.Event()

    @asynccontextmanager
    async def deaf() -> AsyncIterator[None]:
        opens.set()
        with suppress(asyncio.CancelledError):
            await asyncio.Event().wait()
        yield

    monkeypatch.setattr(engine._app, "open_async", deaf)
    serving = asyncio.create_task(engine.run({}))
    await opens.wait()

    serving.cancel()
    await asyncio.wait({serving}, timeout=10)

    assert serving.cancelled()


async def test_what_the_tables_alone_believe_to_be_running_is_in_nobodys_way(postgres_url: str) -> None:
    """A connection that is cut as the end of a job is told leaves it running for ever, and its lane unserved."""
    url, served = _migrated(postgres_url), asyncio.Semaphore(0)

    async def serve() -> None:
        served.release()

    engine = ProcrastinateEngine(url)
    serving = asyncio.create_task(engine.run({LANE: serve}))
    async with asyncio.timeout(60):
        await served.acquire()
        while not await asyncio.to_thread(_is_believed_to_be_running, url):
            pass
        engine.hint(LANE)
        await served.acquire()
    serving.cancel()
    await asyncio.wait({serving})


async def test_a_process_that_stands_still_as_it_hands_a_hint_over_holds_up_nobody(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a transaction it would keep the hint's name from all others, who wait for it and give no hints meanwhile."""
    url = _migrated(postgres_url)
    commit, stands, served = psycopg.AsyncConnection.commit, asyncio.Event(), asyncio.Event()

    async def stand_still(_: psycopg.AsyncConnection) -> None:
        monkeypatch.setattr(psycopg.AsyncConnection, "commit", commit)  # only this one stands still
        stands.set()
        await asyncio.Event().wait()

    async def none_at_all(**_: object) -> list[Job]:
        monkeypatch.setattr(psycopg.AsyncConnection, "commit", stand_still)
        return []

    async def serve() -> None:
        served.set()

    frozen, other = ProcrastinateEngine(url), ProcrastinateEngine(url)
    monkeypatch.setattr(frozen._jobs, "list_jobs_async", none_at_all)
    async with frozen._app.open_async():
        handing_over = asyncio.create_task(frozen._defer(LANE))
        standing = asyncio.create_task(stands.wait())
        await asyncio.wait({standing}, timeout=30)
        assert stands.is_set()
        serving = asyncio.create_task(other.run({LANE: serve}))
        waiting = asyncio.create_task(served.wait())
        await asyncio.wait({waiting}, timeout=30)
        for task in (serving, handing_over, waiting):
            task.cancel()
        await asyncio.wait({serving, handing_over, waiting})

    assert served.is_set()


async def test_a_worker_may_start_while_others_are_asked_what_they_run(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """After an outage both come at once: the process ended by it, and another had to take its lanes."""
    engine = ProcrastinateEngine(URL)
    engine._jobs.workers.update((1, 2))
    asked = []

    async def running_of(worker: int) -> list[Job]:
        asked.append(worker)
        engine._jobs.workers.add(worker + 10)
        return []

    monkeypatch.setattr(engine._jobs, "running_of", running_of)
    await engine._bury_lost()

    assert asked == [1, 2]


def _migrated(postgres_url: str) -> str:
    """The address of the database, with the tables in it, as the engine takes it."""
    with Database(postgres_url, clock=SystemClock()) as database:
        database.migrate()
        return database.plain_url


def _is_believed_to_be_running(url: str) -> bool:
    """Add a running job of the lane, once its real one is ended: a lane has one that runs."""
    with psycopg.connect(url, autocommit=True) as connection:
        added = connection.execute(
            "INSERT INTO engine.procrastinate_jobs (queue_name, task_name, lock, status, worker_id)"
            " SELECT %(lane)s::text, 'work', %(lane)s::text, 'doing', max(id) FROM engine.procrastinate_workers"
            " ON CONFLICT DO NOTHING",
            {"lane": LANE},
        )
        return added.rowcount == 1


def _failing_at_its_leave(started: asyncio.Semaphore) -> Callable[..., object]:
    async def run(**options: object) -> None:
        started.release()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            raise ConnectorException from None

    return run
