"""The application at work: takes in, answers, plans and sends until it is stopped."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial

from bot.app.owners import is_dead
from bot.campaigns.dispatcher import Dispatcher, Drained
from bot.campaigns.planner import Planner
from bot.campaigns.upkeep import Upkeep
from bot.clock import Clock
from bot.config import Settings
from bot.conversation.errands import Errands
from bot.conversation.intake import Intake
from bot.conversation.router import Router
from bot.engine.base import Engine, Job
from bot.engine.metronome import Metronome
from bot.exceptions import DatabaseAway, TenggatError
from bot.store import candidates, identities, lanes, outbox
from bot.store.database import Database
from bot.store.lanes import Lease

logger = logging.getLogger(__name__)

PLAN, INBOX, ERRANDS = "plan", "inbox", "errands"
LANES, SEGMENTS = "lane", "segments:all"  # shared with other processes: a lane's drain, much to plan
LOOK = timedelta(seconds=3)  # in which identities that were added are noticed
GRACE = 8.0  # seconds that sends on their way have when the program is stopped
LONGEST_RETRY = timedelta(minutes=15)  # `drain` waits so long for a platform that said to come later


@dataclass(slots=True)
class App:
    """Everything, opened and wired; `run` serves until cancelled, `drain` until nothing is due."""

    settings: Settings
    clock: Clock
    database: Database
    planner: Planner
    router: Router
    errands: Errands
    dispatchers: dict[str, Dispatcher]
    intakes: Sequence[Intake]
    engine: Engine
    metronome: Metronome
    owner: str
    introductions: Sequence[
        Callable[[], Awaitable[None]]
    ] = ()  # what the bots say of themselves, at the start
    upkeep: Mapping[str, Upkeep] = field(default_factory=dict)
    leases_inbound: bool = True  # others may listen under the same identity: one at a time does
    slice: timedelta | None = None  # so long a lane is drained before others may have its place
    identities: str | None = None  # as they were when this was opened; None: others are no concern of it
    secrets: Sequence[str] = field(default=(), repr=False)  # of the identities: none may be logged
    is_outdated: bool = False  # there are other identities now: whoever runs it opens it anew
    stopping: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self) -> None:
        """Serve until `stop` is called or the task is cancelled: take in, answer, plan, send."""
        async with asyncio.TaskGroup() as tasks:
            serving = [
                tasks.create_task(self.engine.run(self._jobs()), name="engine"),
                tasks.create_task(self.metronome.run(self._tick), name="metronome"),
                *(tasks.create_task(self._take_in(intake), name="intake") for intake in self.intakes),
                *(
                    tasks.create_task(_said(introduce), name="introduction")
                    for introduce in self.introductions
                ),
            ]
            if self.identities is not None:
                serving.append(tasks.create_task(self._watch_identities(self.identities), name="identities"))
            await self.stopping.wait()
            await self._finish(serving)

    def stop(self) -> None:
        """Begin nothing more and end; what is on its way is settled first."""
        self.stopping.set()

    async def drain(self) -> None:
        """Plan and send until no row is due, on its way, or to be tried again."""
        while True:
            await self.database.transact(lanes.free_dead, is_dead)
            await self.router.work()
            await self.errands.work()
            await self._plan()
            for dispatcher in self.dispatchers.values():
                await dispatcher.drain()
            again = await self.database.transact(
                outbox.tried_again_at, lanes=list(self.dispatchers), now=self.clock.now()
            )
            if again is None or again - self.clock.now() > LONGEST_RETRY:
                return
            await self.clock.sleep(max(again - self.clock.now(), timedelta(milliseconds=100)))

    def _jobs(self) -> dict[str, Job]:
        drains = {f"{LANES}:{name}": partial(self._drain_lane, name) for name in self.dispatchers}
        upkeep = {name: work.work for name, work in self.upkeep.items()}
        own = {
            PLAN: self._plan_and_wake,
            INBOX: self._work_inbox,
            ERRANDS: self._do_errands,
            SEGMENTS: self._plan_all,
        }
        return {**own, **drains, **upkeep}

    def _tick(self) -> None:
        for job in (INBOX, PLAN, ERRANDS, *self.upkeep):
            self.engine.hint(job)

    async def _plan(self) -> None:
        await self.planner.plan(self.clock.now())

    async def _plan_and_wake(self) -> None:
        """One segment at most: what is looked at each second must not wait for millions of rows."""
        await self.database.transact(lanes.free_dead, is_dead)
        if (await self.planner.plan_some(self.clock.now())).more:
            self.engine.hint(SEGMENTS)
        await self._wake_lanes()
        self.metronome.changed()

    async def _plan_all(self) -> None:
        await self._plan()
        await self._wake_lanes()
        self.metronome.changed()

    async def _wake_lanes(self) -> None:
        for lane in await self.database.transact(candidates.lanes, now=self.clock.now()):
            if lane in self.dispatchers:
                self.dispatchers[lane].hint()
            self.engine.hint(f"{LANES}:{lane}")

    async def _work_inbox(self) -> None:
        if await self.router.work():
            await self._wake_lanes()
            self.engine.hint(ERRANDS)
            self.metronome.changed()

    async def _do_errands(self) -> None:
        if await self.errands.work():
            await self._wake_lanes()
            self.metronome.changed()

    async def _drain_lane(self, name: str) -> None:
        match await self.dispatchers[name].drain(self.slice):
            case Drained.PART:  # others may be waiting for this one's place
                self.engine.hint(f"{LANES}:{name}")
            case Drained.ALL:
                self.metronome.changed()
            case Drained.TAKEN:  # the next tick is soon enough: its owner is at work
                pass

    async def _watch_identities(self, known: str) -> None:
        """Stop when identities were added, removed or given another token."""
        await other_identities(self.database, self.clock, known)
        logger.info("other identities are there")
        self.is_outdated = True
        self.stop()

    async def _take_in(self, intake: Intake) -> None:
        """Take updates in while nobody else does under this identity."""
        if not self.leases_inbound:
            await intake.run()
        inbound_lane = f"{lanes.INBOUND}{intake.inbound.identity}"
        await self.database.transact(lanes.register, inbound_lane, now=self.clock.now())
        while True:
            lease = await self.database.transact(
                lanes.acquire, inbound_lane, owner=self.owner, now=self.clock.now()
            )
            if lease is not None:
                await self._take_in_under(lease, intake)
            await self.clock.sleep(lanes.RENEW_EVERY)

    async def _take_in_under(self, lease: Lease, intake: Intake) -> None:
        taking = asyncio.create_task(intake.run())
        try:
            while not taking.done():
                await asyncio.wait({taking}, timeout=lanes.RENEW_EVERY.total_seconds())
                if not await self._renewed(lease):
                    logger.warning("somebody else listens now", extra={"lane": lease.lane})
                    return
            await taking
        finally:
            taking.cancel()
            await asyncio.wait({taking})
            with suppress(TenggatError):
                await self.database.transact(lanes.release, lease, now=self.clock.now())

    async def _renewed(self, lease: Lease) -> bool:
        try:
            return await self.database.transact(lanes.renew, lease, now=self.clock.now())
        except TenggatError as error:  # nothing can be taken in meanwhile, so nothing is lost by waiting
            logger.warning("lease not renewed: %s", error, extra={"lane": lease.lane})
            return True

    async def _finish(self, serving: Sequence[asyncio.Task[None]]) -> None:
        for dispatcher in self.dispatchers.values():
            dispatcher.stop()
        with suppress(TimeoutError):
            async with asyncio.timeout(GRACE):
                await asyncio.gather(*(dispatcher.idle.wait() for dispatcher in self.dispatchers.values()))
        for task in serving:
            task.cancel()


async def other_identities(database: Database, clock: Clock, known: str) -> None:
    """Return once there are other identities, or other credentials, than those `known` by their mark."""
    while True:
        await clock.sleep(LOOK)
        with suppress(DatabaseAway):  # it is looked at again
            if await database.transact(identities.mark) != known:
                return


async def _said(introduce: Callable[[], Awaitable[None]]) -> None:
    """The bot has introduced itself; if not, everything else goes on, and the next start tries again."""
    try:
        await introduce()
    except Exception:
        logger.exception("the bot could not introduce itself")
