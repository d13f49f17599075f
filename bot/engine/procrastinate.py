"""The engine over many processes: Procrastinate, on PostgreSQL, takes hints from one to the other.

It wakes workers, shares the work out and knows which workers died. What it does not give is ownership: a
worker that was frozen and wakes up runs on beside its successor, so a lane belongs to whoever has its lease.
"""

import asyncio
import logging
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from itertools import groupby
from typing import TYPE_CHECKING

from procrastinate import App, PsycopgConnector
from procrastinate.connector import BaseConnector
from procrastinate.exceptions import AlreadyEnqueued, ConnectorException
from procrastinate.jobs import Job as ShownJob
from procrastinate.jobs import Status
from procrastinate.manager import JobManager

from bot.engine.base import Job, attempt, is_shared
from bot.engine.local import LocalEngine

if TYPE_CHECKING:
    from psycopg import AsyncConnection

SCHEMA = "engine"  # of its own, so that Alembic does not take its tables for ours
TASK = "work"
AGAIN = 1.0  # seconds until a worker that lost its connection is started anew
POLL = 1.0  # seconds; a lock that falls free tells nobody
GRACE = 3.0  # seconds that running jobs have when this process ends, after those that sends have
PATIENCE = (
    5.0  # seconds of trying to connect; the pool by itself tries at ever longer intervals, up to minutes
)
CONNECTIONS = 8  # two workers listen, and each fetches, finishes and lives

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Rhythm:
    """How often a worker says that it lives, and after how long a silence it is taken for dead.

    Three signs of life may be lost. The silence is shorter than a lane's lease, which is what really keeps a
    second owner off.
    """

    alive: timedelta = timedelta(seconds=1)
    dead: timedelta = timedelta(seconds=4)


USUAL = Rhythm()


class ProcrastinateEngine:
    """Shared jobs are run by any of the processes that serve them; the others as in `LocalEngine`.

    There is one worker for each kind of shared job, so that none waits for a slot of another kind's.
    """

    def __init__(self, url: str, *, rhythm: Rhythm | None = None) -> None:
        self._rhythm = rhythm or USUAL
        self._own = LocalEngine()
        self._shared: dict[str, Job] = {}
        self._running: set[str] = set()
        self._hinted: set[str] = set()
        self._stir = asyncio.Event()
        self._app = App(
            connector=PsycopgConnector(
                conninfo=url,
                kwargs={"options": f"-csearch_path={SCHEMA}"},
                configure=_commit_by_itself,
                min_size=2,
                max_size=CONNECTIONS,
                timeout=PATIENCE,
                reconnect_timeout=PATIENCE,
            )
        )
        self._app.job_manager = self._jobs = _Jobs(self._app.connector)
        self._lost: set[int] = (
            set()
        )  # jobs that the tables alone believed to be running here, at the last look
        self._task = self._app.task(name=TASK)(self._run_here)

    async def run(self, jobs: Mapping[str, Job]) -> None:
        """Serve these jobs until cancelled; a job that fails is logged and runs again at its next hint."""
        self._shared = {name: job for name, job in jobs.items() if is_shared(name)}
        self._hinted.update(self._shared)
        self._stir.set()
        async with self._app.open_async(), asyncio.TaskGroup() as tasks:
            _end_if_told_to()  # whoever waited for the first connections may have taken it for its own end
            tasks.create_task(self._own.run({name: job for name, job in jobs.items() if not is_shared(name)}))
            tasks.create_task(self._hand_over())
            tasks.create_task(self._bury())
            for kind, names in groupby(sorted(self._shared), key=_kind):
                tasks.create_task(self._work(kind, list(names)))

    def hint(self, job: str) -> None:
        """The job runs soon, or again once it has ended: here, or wherever it is served."""
        if not is_shared(job):
            self._own.hint(job)
            return
        self._hinted.add(job)
        self._stir.set()

    async def _run_here(self, job: str) -> None:
        # after this process was frozen, what it ran before may still be running
        if job not in self._shared or job in self._running:
            return
        self._running.add(job)
        try:
            await attempt(job, self._shared[job])
        finally:
            self._running.discard(job)

    async def _hand_over(self) -> None:
        """What is hinted at is in the engine's tables, each name once."""
        while True:
            await self._stir.wait()
            self._stir.clear()
            hinted, self._hinted = self._hinted, set()
            for job in sorted(hinted):
                await self._defer(job)
                _end_if_told_to()

    async def _defer(self, job: str) -> None:
        try:
            # asked first, or PostgreSQL's log would fill with broken unique keys
            if not list(await self._app.job_manager.list_jobs_async(queue=job, status=Status.TODO.value)):
                await self._task.configure(queue=job, lock=job, queueing_lock=job).defer_async(job=job)
        except AlreadyEnqueued:
            pass  # just now by somebody else, which is as good
        except ConnectorException as error:  # the next tick hints at it again
            logger.warning("a hint was lost: %s", error, extra={"job": job})

    async def _work(self, kind: str, names: list[str]) -> None:
        """Run what others and we hint at, for as long as we are wanted."""
        while True:
            try:
                await self._app.run_worker_async(
                    queues=names,
                    name=kind,
                    concurrency=len(names),
                    install_signal_handlers=False,
                    fetch_job_polling_interval=POLL,
                    delete_jobs="always",
                    shutdown_graceful_timeout=GRACE,
                    update_heartbeat_interval=self._rhythm.alive.total_seconds(),
                    stalled_worker_timeout=self._rhythm.dead.total_seconds(),
                )
            except (ConnectorException, OSError) as error:
                logger.warning("the engine's database is away: %s", error, extra={"kind": kind})
            _end_if_told_to()
            await asyncio.sleep(AGAIN)

    async def _bury(self) -> None:
        """Jobs of dead workers, and lost ones of ours, are no longer in the way of the next hint, which is given at
        once."""
        while True:
            with suppress(ConnectorException):  # it is tried again, and the workers say that it is away
                await self._bury_dead()
                await self._bury_lost()
            _end_if_told_to()
            await asyncio.sleep(self._rhythm.alive.total_seconds())

    async def _bury_dead(self) -> None:
        silence = self._rhythm.dead.total_seconds()
        for job in await self._jobs.get_stalled_jobs(task_name=TASK, seconds_since_heartbeat=silence):
            await self._bury_one(job)

    async def _bury_lost(self) -> None:
        """A connection that is cut as a job is given to us, or as its end is told, leaves one that nobody runs and
        that everybody waits for, as long as we live."""
        doing = [job for worker in sorted(self._jobs.workers) for job in await self._jobs.running_of(worker)]
        lost = {job.id: job for job in doing if job.queue not in self._running and job.id is not None}
        for number in self._lost & lost.keys():
            await self._bury_one(lost[number])
        self._lost = set(lost)

    async def _bury_one(self, job: ShownJob) -> None:
        with suppress(ConnectorException):  # somebody else has just buried it
            await self._jobs.finish_job(job, status=Status.FAILED, delete_job=True)
            self.hint(str(job.queue))


class _Jobs(JobManager):
    """The engine's tables; `workers` are those that this process ever had."""

    def __init__(self, connector: BaseConnector) -> None:
        super().__init__(connector)
        self.workers: set[int] = set()

    async def register_worker(self) -> int:
        """The number of one more worker."""
        number = await super().register_worker()
        self.workers.add(number)
        return number

    async def running_of(self, worker: int) -> Iterable[ShownJob]:
        """What the tables believe this worker to be running."""
        return await self.list_jobs_async(status=Status.DOING.value, worker_id=worker)


async def _commit_by_itself(connection: "AsyncConnection") -> None:
    """Each statement on this new connection is a transaction of its own, which the server ends: a process that stands
    still between a statement and its commit would keep what it has locked, and with it the hints of all others."""
    await connection.set_autocommit(True)


def _kind(job: str) -> str:
    return job.partition(":")[0]


def _end_if_told_to() -> None:
    """Raise `asyncio.CancelledError` in a task that was cancelled: whoever takes its leave from a database that is
    away says only that it is away."""
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError
