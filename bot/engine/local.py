"""The engine inside one process: a task for each job, woken by an event."""

import asyncio
from collections.abc import Mapping

from bot.engine.base import Job, attempt


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
            await attempt(name, job)
