"""What ticks: APScheduler on a real clock, the instants that matter on one that jumps."""

import asyncio
from collections.abc import Callable, Collection, Sequence
from datetime import datetime, timedelta

from apscheduler.schedulers.asyncio import AsyncIOScheduler

from bot.campaigns import planner
from bot.campaigns.dispatcher import Dispatcher
from bot.campaigns.upkeep import Upkeep
from bot.clock import Clock
from bot.engine.metronome import JumpingMetronome, Metronome
from bot.store import candidates, inbox, lanes
from bot.store.database import Database, Session

TICK = 1.0  # seconds
GLANCE = 0.2  # seconds, where updates come in through another process
WATCH = 4.0  # seconds between looks at a lane that another process has, where time jumps: half a lease


class Scheduler:
    """Ticks once a second by APScheduler, which holds nothing else: what is due is read from the tables.

    `glance` is called more often, for what other processes put into the inbox.
    """

    def __init__(self, glance: Callable[[], None] | None = None) -> None:
        self.glance = glance

    async def run(self, tick: Callable[[], None]) -> None:
        scheduler = AsyncIOScheduler(timezone="UTC")
        self._every(scheduler, TICK, tick)
        if self.glance is not None:
            self._every(scheduler, GLANCE, self.glance)
        scheduler.start()
        try:
            await asyncio.Event().wait()
        finally:
            scheduler.shutdown(wait=False)

    def changed(self) -> None:
        """The next tick is soon enough."""

    def _every(self, scheduler: AsyncIOScheduler, seconds: float, call: Callable[[], None]) -> None:
        async def called() -> None:  # a coroutine runs in the loop, a plain function in a thread
            call()

        scheduler.add_job(
            called, "interval", seconds=seconds, coalesce=True, max_instances=1, misfire_grace_time=None
        )


def metronome(
    clock: Clock,
    database: Database,
    dispatchers: dict[str, Dispatcher],
    upkeep: Collection[Upkeep],
    *,
    jumps: bool,
    glance: Callable[[], None] | None,
) -> Metronome:
    """What ticks: once a second on a real clock, at the next instant that matters on one that jumps."""
    if not jumps:
        return Scheduler(glance)

    async def next_instant() -> datetime | None:
        idle = [name for name, dispatcher in dispatchers.items() if dispatcher.lease is None]
        return await database.look(_next_instant, idle, upkeep, now=clock.now())

    return JumpingMetronome(clock, next_instant=next_instant)


def _next_instant(
    session: Session, idle: Sequence[str], upkeep: Collection[Upkeep], *, now: datetime
) -> datetime | None:
    """When there may be something to do; in one look, since a jump costs one of these."""
    instants = [
        planner.next_instant(session, now=now),
        inbox.next_retry(session, now=now),
        now + timedelta(seconds=WATCH) if _waits_for_a_lane(session, idle, now=now) else None,
        *(work.next_instant(session, now=now) for work in upkeep),
    ]
    return min((instant for instant in instants if instant is not None), default=None)


def _waits_for_a_lane(session: Session, idle: Sequence[str], *, now: datetime) -> bool:
    """Whether something is due on a lane that nobody works here: its old owner's lease must run out."""
    waiting = set(idle).intersection(candidates.lanes(session, now=now))
    return bool(waiting) and not waiting <= {name for name, _ in lanes.stopped(session)}
