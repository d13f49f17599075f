"""What ticks: APScheduler on a real clock, the instants that matter on one that jumps."""

from collections.abc import Callable, Collection, Sequence
from datetime import datetime, timedelta

from apscheduler.job import Job
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.interval import IntervalTrigger

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


class Beat(IntervalTrigger):  # type: ignore[misc]  # APScheduler has no types
    """An even measure, which begins anew where the clock has passed an instant of it: APScheduler's own lists every
    instant that a machine has slept through, one by one."""

    def get_next_fire_time(self, previous: datetime | None, now: datetime) -> datetime:
        """One measure after `previous`, or after `now` where that is over."""
        following: datetime = super().get_next_fire_time(previous, now)
        return following if following > now else now + self.interval


class Scheduler:
    """Ticks once a second by APScheduler, which holds nothing else: what is due is read from the tables.

    `glance` is called more often, for what other processes put into the inbox. A clock that is set, ahead or back,
    holds up neither for longer than a tick.
    """

    def __init__(
        self, clock: Clock, glance: Callable[[], None] | None = None, *, every: float = TICK
    ) -> None:
        self.clock = clock
        self.glance = glance
        self.every = every  # seconds

    async def run(self, tick: Callable[[], None]) -> None:
        scheduler = AsyncIOScheduler(timezone="UTC")
        self._call(scheduler, self.every, tick)
        if self.glance is not None:
            self._call(scheduler, min(GLANCE, self.every), self.glance)
        scheduler.start()
        try:
            while True:
                await self.clock.sleep(timedelta(seconds=self.every))
                for job in scheduler.get_jobs():
                    self._catch_up(job)
        finally:
            scheduler.shutdown(wait=False)

    def changed(self) -> None:
        """The next tick is soon enough."""

    def _call(self, scheduler: AsyncIOScheduler, seconds: float, call: Callable[[], None]) -> None:
        async def called() -> None:  # a coroutine runs in the loop, a plain function in a thread
            call()

        beat = Beat(seconds=seconds, timezone="UTC")
        scheduler.add_job(called, beat, coalesce=True, max_instances=1, misfire_grace_time=None)

    def _catch_up(self, job: Job) -> None:
        """APScheduler waits for an instant of the machine's clock: once that was set back, for too long."""
        if job.next_run_time - self.clock.now() > job.trigger.interval:
            job.modify(next_run_time=self.clock.now())


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
        return Scheduler(clock, glance)

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
