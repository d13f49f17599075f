"""Counting for pages: what takes seconds is done once, beside the page, and kept for a little while."""

import asyncio
from collections.abc import Callable
from typing import Final, Generic, TypeVar

from bot.store import campaigns
from bot.store.database import Session
from bot.web.staff.desk import Visit

GOOD_FOR: Final = 5.0  # seconds; a million people are not counted for every click
PATIENCE: Final = 0.1  # seconds for which a page waits: all of it is to be there within 0.3

T = TypeVar("T")


class Counting(Generic[T]):
    """What `count` finds for a campaign, a few seconds old at most."""

    def __init__(self, count: Callable[[Session, Visit], T]) -> None:
        self._count = count
        self._known: dict[str, tuple[float, T]] = {}
        self._running: dict[str, asyncio.Task[T]] = {}

    async def of(self, visit: Visit, *, patience: float | None = None) -> T | None:
        """The figures of the campaign that the address names; the former ones, or None when there are none,
        while they take longer than `patience`, or a page's. What cannot be counted is raised, and `UnknownCampaign`
        sooner than figures of one that is not there are promised."""
        known = self._known.get(visit.slug)
        if known is not None and visit.desk.clock.monotonic() - known[0] < GOOD_FOR:
            return known[1]
        running = self._running.get(visit.slug)
        if running is None:
            running = asyncio.create_task(self._found(visit), name=f"count {visit.slug}")
            running.add_done_callback(_heard)
            self._running[visit.slug] = running
        done, _ = await asyncio.wait({running}, timeout=PATIENCE if patience is None else patience)
        if done:
            return running.result()
        if known is None:
            await visit.desk.database.transact(campaigns.get, visit.slug)
            return None
        return known[1]

    def forget(self, slug: str) -> None:
        """Something has changed: the next page is counted anew."""
        self._known.pop(slug, None)

    async def _found(self, visit: Visit) -> T:
        try:
            found = await asyncio.to_thread(visit.desk.database.read, self._count, visit)
            self._known[visit.slug] = (visit.desk.clock.monotonic(), found)
            return found
        finally:
            self._running.pop(visit.slug, None)


def _heard(task: asyncio.Task[T]) -> None:
    """Whoever asked may have gone on by now: what went wrong is not news to anybody."""
    if not task.cancelled():
        task.exception()
