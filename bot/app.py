"""The composition root: opens everything in order, runs it, and closes it in reverse."""

import asyncio
import hashlib
import logging
import os
import secrets
import socket
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

from apscheduler.schedulers.asyncio import AsyncIOScheduler

from bot import i18n, resources
from bot.campaigns.composer import Composer
from bot.campaigns.dispatcher import Dispatcher
from bot.campaigns.planner import Planner
from bot.channels.base import Channel, Inbound
from bot.channels.slack.client import SlackChannel
from bot.channels.slack.inbound import SlackInbound
from bot.channels.telegram.client import TelegramChannel
from bot.channels.telegram.inbound import TelegramInbound
from bot.clock import Clock, SystemClock
from bot.config import Settings
from bot.conversation import wording
from bot.conversation.intake import Intake
from bot.conversation.lexicon import load_lexicon
from bot.conversation.person import Speaking
from bot.conversation.router import Router
from bot.conversation.talk import Talk
from bot.domain.reply import interpret
from bot.engine.base import Job
from bot.engine.local import LocalEngine
from bot.engine.metronome import JumpingMetronome, Metronome
from bot.exceptions import NotReady
from bot.store import inbox, lanes, outbox
from bot.store.database import Database, Session

logger = logging.getLogger(__name__)

TICK = 1.0  # seconds
GLANCE = 0.2  # seconds, where updates come in through another process
PLAN, INBOX = "plan", "inbox"
GRACE = 10.0  # seconds that sends on their way have when the program is stopped
LONGEST_RETRY = timedelta(minutes=15)  # `drain` waits so long for a platform that said to come later

RandomBytes = Callable[[int], bytes]


@dataclass(slots=True)
class Lane:
    """One bot identity: its sending side, and its receiving side if this process has one."""

    channel: Channel
    rate: float
    token: str
    inbound: Inbound | None = None


@dataclass(slots=True)
class App:
    """Everything, opened and wired; `run` serves until cancelled, `drain` until nothing is due."""

    settings: Settings
    clock: Clock
    database: Database
    planner: Planner
    router: Router
    dispatchers: dict[str, Dispatcher]
    intakes: Sequence[Intake]
    engine: LocalEngine
    metronome: Metronome
    changes: "Changes"
    stopping: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self) -> None:
        """Serve until `stop` is called or the task is cancelled: take in, answer, plan, send."""
        async with asyncio.TaskGroup() as tasks:
            serving = [
                tasks.create_task(self.engine.run(self._jobs()), name="engine"),
                tasks.create_task(self.metronome.run(self._tick), name="metronome"),
                *(tasks.create_task(intake.run(), name="intake") for intake in self.intakes),
            ]
            await self.stopping.wait()
            await self._finish(serving)

    def stop(self) -> None:
        """Begin nothing more and end; what is on its way is settled first."""
        self.stopping.set()

    async def drain(self) -> None:
        """Plan and send until no row is due, on its way, or to be tried again."""
        while True:
            await self.database.transact(lanes.free_dead, _is_dead)
            await self.router.work()
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
        drains = {f"lane:{name}": partial(self._drain_lane, name) for name in self.dispatchers}
        return {PLAN: self._plan_and_wake, INBOX: self._work_inbox, **drains}

    def _tick(self) -> None:
        self.engine.hint(INBOX)
        self.engine.hint(PLAN)

    async def _plan(self) -> None:
        await self.planner.plan(self.clock.now())

    async def _plan_and_wake(self) -> None:
        await self.database.transact(lanes.free_dead, _is_dead)
        await self._plan()
        await self._wake_lanes()
        self.metronome.changed()

    async def _wake_lanes(self) -> None:
        for lane in await self.database.transact(outbox.lanes_with_work, now=self.clock.now()):
            if lane in self.dispatchers:
                self.dispatchers[lane].hint()
                self.engine.hint(f"lane:{lane}")

    async def _work_inbox(self) -> None:
        if await self.router.work():
            await self._wake_lanes()
            self.engine.hint(PLAN)

    async def _drain_lane(self, name: str) -> None:
        await self.dispatchers[name].drain()
        self.engine.hint(PLAN)

    async def _finish(self, serving: Sequence[asyncio.Task[None]]) -> None:
        for dispatcher in self.dispatchers.values():
            dispatcher.stop()
        with suppress(TimeoutError):
            async with asyncio.timeout(GRACE):
                await asyncio.gather(*(dispatcher.idle.wait() for dispatcher in self.dispatchers.values()))
        for task in serving:
            task.cancel()


class Changes:
    """Counts what this process has learned that may speak against a message already claimed."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self) -> int:
        return self.count

    def note(self) -> None:
        self.count += 1


@asynccontextmanager
async def opened(
    settings: Settings,
    *,
    clock: Clock | None = None,
    random_bytes: RandomBytes = secrets.token_bytes,
    jumps: bool = False,
    listens: bool = True,
) -> AsyncIterator[App]:
    """The application over these settings, with everything open; closed in reverse when the block ends.

    `jumps`: ticks come at the instants at which something is due, for a virtual clock. `listens`: updates
    are taken in as well; without it nothing is called but sends and edits.
    """
    clock = clock or SystemClock()
    settings.require("BOT_SECRET_KEY", purpose="Signing buttons")
    async with AsyncExitStack() as stack:
        database = stack.enter_context(Database(settings.database_url, clock=clock))
        database.require_migrated()
        speaking = Speaking(i18n.Catalogs.load(resources.locales()), settings.operator)
        served = await _open_lanes(stack, settings, database, clock, speaking, listens=listens)
        yield _wire(settings, clock, database, speaking, served, random_bytes, jumps=jumps, listens=listens)


@dataclass(frozen=True, slots=True)
class Reception:
    """The receiving sides of the channels that are on, and the inbox for what they take in."""

    settings: Settings
    clock: Clock
    database: Database
    telegram: TelegramInbound | None
    slack: SlackInbound | None


@asynccontextmanager
async def receiving(settings: Settings, *, clock: Clock | None = None) -> AsyncIterator[Reception]:
    """What webhooks stand on; nothing is planned, answered or sent here. Closed when the block ends."""
    clock = clock or SystemClock()
    settings.require("BOT_SECRET_KEY", purpose="Knowing webhooks by their secret")
    async with AsyncExitStack() as stack:
        database = stack.enter_context(Database(settings.database_url, clock=clock))
        database.require_migrated()
        speaking = Speaking(i18n.Catalogs.load(resources.locales()), settings.operator)
        telegram = slack = None
        if settings.telegram_token:
            telegram = await _telegram_inbound(stack, settings, clock, speaking)
        if settings.slack_bot_token:
            team = await _team(stack, settings, database)
            slack = await _slack_inbound(stack, settings, clock, speaking, team=team)
        yield Reception(settings, clock, database, telegram, slack)


@asynccontextmanager
async def planning(settings: Settings, *, clock: Clock | None = None) -> AsyncIterator[asyncio.Event]:
    """A planner at work once a second, and nothing else; it needs no channel. Set the event to be told."""
    clock, stopping = clock or SystemClock(), asyncio.Event()
    with Database(settings.database_url, clock=clock) as database:
        database.require_migrated()
        planner, engine = Planner(database, rest_days=i18n.rest_days), LocalEngine()

        async def plan() -> None:
            await planner.plan(clock.now())

        async with asyncio.TaskGroup() as tasks:
            work = [
                tasks.create_task(engine.run({PLAN: plan})),
                tasks.create_task(_Scheduler().run(partial(engine.hint, PLAN))),
            ]
            yield stopping
            for task in work:
                task.cancel()


def _wire(
    settings: Settings,
    clock: Clock,
    database: Database,
    speaking: Speaking,
    served: Sequence[Lane],
    random_bytes: RandomBytes,
    *,
    jumps: bool,
    listens: bool,
) -> App:
    changes, engine = Changes(), LocalEngine()
    key = settings.secret_key.encode()
    planner = Planner(database, rest_days=i18n.rest_days)
    composer = Composer(speaking.catalogs, operator=settings.operator)
    lexicon = load_lexicon(resources.locales())
    talk = Talk(
        speaking,
        key=key,
        interpret=lambda text: interpret(text, lexicon),
        random_bytes=random_bytes,
        rest_days=i18n.rest_days,
    )
    inbounds = {lane.channel.lane: lane.inbound for lane in served if lane.inbound is not None}

    def taken() -> None:
        changes.note()
        engine.hint(INBOX)

    dispatchers = {
        lane.channel.lane: Dispatcher(
            database,
            lane.channel,
            composer,
            clock=clock,
            owner=_owner(),
            key=key,
            rate=lane.rate,
            changes=changes,
            rest_days=i18n.rest_days,
        )
        for lane in served
    }
    intakes = [Intake(database, inbound, clock=clock, taken=taken) for inbound in inbounds.values()]
    return App(
        settings=settings,
        clock=clock,
        database=database,
        planner=planner,
        router=Router(database, talk, inbounds, clock=clock, worked=changes.note),
        dispatchers=dispatchers,
        intakes=intakes if listens else (),
        engine=engine,
        metronome=_metronome(
            clock,
            database,
            planner,
            dispatchers,
            jumps=jumps,
            glance=None if listens else partial(engine.hint, INBOX),
        ),
        changes=changes,
    )


async def _open_lanes(
    stack: AsyncExitStack,
    settings: Settings,
    database: Database,
    clock: Clock,
    speaking: Speaking,
    *,
    listens: bool,
) -> list[Lane]:
    served = []
    if settings.telegram_token:
        served.append(await _open_telegram(stack, settings, clock, speaking))
    if settings.slack_bot_token:
        served.append(await _open_slack(stack, settings, database, clock, speaking, listens=listens))
    if not served:
        raise NotReady(
            "No channel is on: set BOT_TELEGRAM_TOKEN or BOT_SLACK_BOT_TOKEN (see .env.example), or try"
            " `tenggat demo`, which needs neither."
        )
    for lane in served:
        await database.transact(
            lanes.register, lane.channel.lane, token_hint=_hint(lane.token), now=clock.now()
        )
    return served


async def _open_telegram(stack: AsyncExitStack, settings: Settings, clock: Clock, speaking: Speaking) -> Lane:
    token, api = settings.telegram_token, settings.telegram_api
    channel = await stack.enter_async_context(TelegramChannel(token, clock=clock, api=api))
    inbound = await _telegram_inbound(stack, settings, clock, speaking)
    return Lane(channel, settings.telegram_rate, token, inbound)


async def _telegram_inbound(
    stack: AsyncExitStack, settings: Settings, clock: Clock, speaking: Speaking
) -> TelegramInbound:
    return await stack.enter_async_context(
        TelegramInbound(
            settings.telegram_token,
            clock=clock,
            api=settings.telegram_api,
            not_saved=lambda language: wording.not_saved(speaking.words(language, None)),
        )
    )


async def _open_slack(
    stack: AsyncExitStack,
    settings: Settings,
    database: Database,
    clock: Clock,
    speaking: Speaking,
    *,
    listens: bool,
) -> Lane:
    token, api = settings.slack_bot_token, settings.slack_api
    team = None if listens else await _known_team(database, token)
    channel = await stack.enter_async_context(SlackChannel(token, api=api, team=team))
    team = await channel.identify()
    inbound = await _slack_inbound(stack, settings, clock, speaking, team=team)
    return Lane(channel, settings.slack_rate, token, inbound)


async def _slack_inbound(
    stack: AsyncExitStack, settings: Settings, clock: Clock, speaking: Speaking, *, team: str
) -> SlackInbound:
    return await stack.enter_async_context(
        SlackInbound(
            team=team,
            bot_token=settings.slack_bot_token,
            app_token=settings.slack_app_token,
            clock=clock,
            api=settings.slack_api,
            not_saved=wording.not_saved(speaking.words(None, None)),
        )
    )


async def _team(stack: AsyncExitStack, settings: Settings, database: Database) -> str:
    """The workspace of the token: as it is known here, else as Slack says."""
    token = settings.slack_bot_token
    lane = await database.transact(lanes.served_by, _hint(token))
    known = lane.partition(":")[2] if lane else None
    channel = await stack.enter_async_context(SlackChannel(token, api=settings.slack_api, team=known))
    return await channel.identify()


async def _known_team(database: Database, token: str) -> str | None:
    """The workspace that this token served last, or the only one that recipients are in."""
    lane = await database.transact(lanes.served_by, _hint(token))
    lane = lane or await database.transact(lanes.only_slack)
    return lane.partition(":")[2] if lane else None


def _metronome(
    clock: Clock,
    database: Database,
    planner: Planner,
    dispatchers: dict[str, Dispatcher],
    *,
    jumps: bool,
    glance: Callable[[], None] | None,
) -> Metronome:
    if not jumps:
        return _Scheduler(glance)

    async def next_instant() -> datetime | None:
        now = clock.now()
        idle = [name for name, dispatcher in dispatchers.items() if dispatcher.lease is None]
        soon = await database.transact(_waits_for_a_lane, idle, now=now)
        instants = [
            await planner.next_instant(now),
            await database.transact(inbox.next_retry, now=now),
            now + timedelta(seconds=TICK) if soon else None,
        ]
        return min((instant for instant in instants if instant is not None), default=None)

    return JumpingMetronome(clock, next_instant=next_instant)


def _waits_for_a_lane(session: Session, idle: Sequence[str], *, now: datetime) -> bool:
    """Whether something is due on a lane that nobody works here: its old owner's lease must run out."""
    stopped = {name for name, _ in lanes.stopped(session)}
    return any(lane in idle and lane not in stopped for lane in outbox.lanes_with_work(session, now=now))


class _Scheduler:
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


def _owner() -> str:
    """A name for this process's leases, which tells others on this host when it is dead."""
    return f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"


def _is_dead(owner: str) -> bool:
    host, pid, _ = owner.rsplit(":", 2)
    if host != socket.gethostname():
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False


def _hint(token: str) -> str:
    """Tells tokens apart without telling the token."""
    return hashlib.sha256(token.encode()).hexdigest()[:16]
