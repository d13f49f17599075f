"""Once a day what has been kept for long enough goes, and how much that was is on record."""

import logging
from collections.abc import Mapping
from datetime import datetime, timedelta

from bot.clock import Clock, Rest
from bot.domain.retention import Periods
from bot.store import retention, staff
from bot.store.database import Database, Session
from bot.store.retention import Clear

logger = logging.getLogger(__name__)

DAILY = timedelta(days=1)
BY, ACT = "retention", "retention"


class Retention:
    """Clears what is older than the periods allow, in short transactions."""

    def __init__(self, database: Database, periods: Periods, *, clock: Clock) -> None:
        self.database = database
        self.periods = periods
        self.clock = clock
        self._rest = Rest(clock)

    async def work(self) -> None:
        """Once a day nothing is left that should be gone; what went is counted in the audit."""
        now = self.clock.now()
        if not self._rest.is_over:
            return
        self._rest.begin(DAILY)
        counts = await self._clear(retention.WORDS, self.periods.words_until(now))
        counts |= await self._clear(retention.STAFF, self.periods.staff_until(now))
        if not any(counts.values()):
            return
        logger.info("retention done", extra={"counts": counts})
        detail = ", ".join(f"{what} {count}" for what, count in counts.items() if count)
        await self.database.transact(staff.audit, actor=BY, act=ACT, allowed=True, now=now, detail=detail)

    def next_instant(self, session: Session, *, now: datetime) -> datetime | None:
        """A day after the last time."""
        return now + self._rest.left

    async def _clear(self, kinds: Mapping[str, Clear], before: datetime | None) -> dict[str, int]:
        counts = dict.fromkeys(kinds, 0)
        if before is None:
            return counts
        for what, clear in kinds.items():
            after: int | None = 0
            while after is not None:
                cleared = await self.database.transact(clear, before, after)
                counts[what] += cleared.count
                after = cleared.up_to
        return counts
