"""The seam to what runs the work: named jobs, of which any may be hinted at twice, late or never."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol

from bot.exceptions import TenggatError

Job = Callable[[], Awaitable[None]]

logger = logging.getLogger(__name__)


class Engine(Protocol):
    """Runs jobs when it is hinted at them; the tables are the truth, a hint is only a hint.

    A name with a colon, `kind:what`, is shared: any process that serves it may run it. Other jobs are this
    process's own.
    """

    async def run(self, jobs: Mapping[str, Job]) -> None:
        """Serve these jobs until cancelled; in this process each is run by one task at a time."""

    def hint(self, job: str) -> None:
        """There may be something for `job` to do; unknown names and repetitions do no harm."""


def is_shared(job: str) -> bool:
    """Whether any process that serves the job may run it."""
    return ":" in job


async def attempt(name: str, job: Job) -> None:
    """The job was run; if it failed, that is logged, and its next hint is the next attempt."""
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
