"""The engine inside one process: a task for each job, woken by an event."""

import asyncio
import logging
from collections.abc import Mapping

from bot.engine.base import Job
from bot.exceptions import TenggatError

logger = logging.getLogger(__name__)


class LocalEngine:
    """Each job runs once at the beginning and once after every hint, never twice at a time."""

    def __init__(self) -> None:
        self._hints: dict[str, asyncio.Event] = {}

    async def run(self, jobs: Mapping[str, Job]) -> None:
        """Serve these jobs until cancelled; a job that fails is logged and runs again at its next hint."""
        for name in jobs:
            self._hints.setdefault(name, asyncio.Event()).set()
        async with asyncio.TaskGroup() as tasks:
            for name, job in jobs.items():
                tasks.create_task(self._serve(name, job), name=name)

    def hint(self, job: str) -> None:
        """The job runs soon, or again once it has ended."""
        event = self._hints.get(job)
        if event is not None:
            event.set()

    async def _serve(self, name: str, job: Job) -> None:
        hint = self._hints[name]
        while True:
            await hint.wait()
            hint.clear()
            try:
                await job()
            except Exception as error:
                if _is_cancelled():  # it failed while it cleaned up: there is no next hint for it
                    raise
                _log(name, error)


def _log(job: str, error: Exception) -> None:
    """What somebody can mend, such as a database that is away, is one sentence; a bug shows where it is."""
    if isinstance(error, TenggatError):
        logger.error("job failed: %s", error, extra={"job": job})
    else:
        logger.error("job failed", exc_info=error, extra={"job": job})


def _is_cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
