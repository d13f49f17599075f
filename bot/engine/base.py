"""The seam to what runs the work: named jobs, of which any may be hinted at twice, late or never."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol

Job = Callable[[], Awaitable[None]]


class Engine(Protocol):
    """Runs jobs when it is hinted at them; the tables are the truth, a hint is only a hint."""

    async def run(self, jobs: Mapping[str, Job]) -> None:
        """Serve these jobs until cancelled; each is run by one task at a time."""

    def hint(self, job: str) -> None:
        """There may be something for `job` to do; unknown names and repetitions do no harm."""
