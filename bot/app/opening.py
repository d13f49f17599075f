"""Opening: everything in order, wired, and closed in reverse."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from bot import i18n, resources
from bot.app.identities import Lane, Opening, SlackDoor, registered
from bot.app.installs import KeptInstallations
from bot.app.introducing import introduce
from bot.app.observing import observed
from bot.app.owners import is_dead, owner_name
from bot.app.serving import INBOX, LANES, PLAN, App
from bot.app.staff_channel import staff_upkeep
from bot.app.ticking import Scheduler, metronome
from bot.app.upkeep import open_upkeep, periods_of
from bot.campaigns import doubts
from bot.campaigns.composer import Composer
from bot.campaigns.dispatcher import Dispatcher
from bot.campaigns.forecast import Rates
from bot.campaigns.planner import Planner
from bot.campaigns.upkeep import Upkeep
from bot.channels.recall import Recalls
from bot.channels.slack.installing import Installing
from bot.channels.telegram.client import TelegramChannel
from bot.channels.telegram.inbound import TelegramInbound
from bot.clock import Clock, SystemClock
from bot.config import Settings
from bot.conversation.errands import Errands
from bot.conversation.forms import Forms
from bot.conversation.intake import Intake
from bot.conversation.lexicon import load_lexicon
from bot.conversation.person import Speaking
from bot.conversation.router import Router
from bot.conversation.talk import Talk
from bot.domain.delivery import FIRST_RETRY
from bot.domain.reply import read
from bot.engine.base import Engine
from bot.engine.local import LocalEngine
from bot.store import candidates, lanes
from bot.store import identities as kept_identities
from bot.store.database import Database

SLICE = timedelta(seconds=30)  # a worker that ends, or another lane, waits no longer
RandomBytes = Callable[[int], bytes]


@asynccontextmanager
async def opened(
    settings: Settings,
    *,
    clock: Clock | None = None,
    random_bytes: RandomBytes = secrets.token_bytes,
    jumps: bool = False,
    listens: bool = True,
    identities: Sequence[Lane] | None = None,
    keeps_up: bool = True,
    database: Database | None = None,
    catalogs: i18n.Catalogs | None = None,
) -> AsyncIterator[App]:
    """The application over these settings, with everything open; closed in reverse when the block ends.

    `jumps`: ticks come at the instants at which something is due, for a virtual clock. `listens`: updates
    are taken in as well; without it nothing is called but sends and edits. `identities` are served instead of
    those of the settings, for platforms that are no servers. `keeps_up`: the ledger is sealed, and what was kept
    for long enough is let go of. `database`, `catalogs`: what is open already, for whoever opens one application
    after the other; it stays open.
    """
    clock = clock or SystemClock()
    settings.require("BOT_SECRET_KEY", purpose="Signing buttons")
    async with AsyncExitStack() as stack:
        if database is None:
            database = stack.enter_context(Database(settings.database_url, clock=clock, inline=jumps))
        database.require_migrated()
        speaking = Speaking(catalogs or i18n.Catalogs.load(resources.locales()), settings.operator)
        talk = _talk(settings, speaking, random_bytes)
        watch = stack.enter_context(observed(settings))
        engine = watch(LocalEngine() if jumps else _engine(database))
        upkeep = await open_upkeep(settings, database, clock, speaking, jumps=jumps) if keeps_up else {}
        known = None
        if identities is None:
            known = await database.transact(kept_identities.mark)
            desk = Forms(database, talk, clock=clock, taken=partial(engine.hint, PLAN))
            opening = Opening(stack, settings, database, clock, speaking, desk)
            served = await opening.lanes(listens=listens)
        else:
            served = await registered(identities, database, clock)
        told = staff_upkeep(settings, database, clock, speaking, served) if keeps_up else {}
        yield _wire(
            settings,
            clock,
            database,
            engine,
            talk,
            served,
            {**upkeep, **told},
            jumps=jumps,
            listens=listens,
            known=None if jumps else known,
        )


@dataclass(frozen=True, slots=True)
class Reception:
    """The receiving sides of the channels that are on, and the inbox for what they take in."""

    settings: Settings
    clock: Clock
    database: Database
    talk: Talk  # what the staff pages look people and campaigns up with
    telegram: Sequence[TelegramInbound]
    slack: Sequence[SlackDoor]
    installing: Installing | None = None  # where workspaces install the app, if they can
    known: str = ""  # the identities beside the environment's, by their mark


@asynccontextmanager
async def receiving(
    settings: Settings,
    *,
    clock: Clock | None = None,
    database: Database | None = None,
    catalogs: i18n.Catalogs | None = None,
) -> AsyncIterator[Reception]:
    """What webhooks stand on; nothing is planned, answered or sent here. Closed when the block ends.

    `database`, `catalogs`: what is open already; it stays open.
    """
    clock = clock or SystemClock()
    settings.require("BOT_SECRET_KEY", purpose="Knowing webhooks by their secret")
    async with AsyncExitStack() as stack:
        stack.enter_context(observed(settings))
        if database is None:
            database = stack.enter_context(Database(settings.database_url, clock=clock))
        database.require_migrated()
        speaking = Speaking(catalogs or i18n.Catalogs.load(resources.locales()), settings.operator)
        talk = _talk(settings, speaking, secrets.token_bytes)
        desk = Forms(database, talk, clock=clock, taken=lambda: None)  # the workers look each second
        opening = Opening(stack, settings, database, clock, speaking, desk)
        known = await database.transact(kept_identities.mark)
        telegram, slack = await opening.telegram_inbounds(), await opening.slack_doors()
        installing = await _installing(stack, settings, database, clock)
        yield Reception(settings, clock, database, talk, telegram, slack, installing, known)


async def _installing(
    stack: AsyncExitStack, settings: Settings, database: Database, clock: Clock
) -> Installing | None:
    """Where workspaces install the app by OAuth; None where that is not set up."""
    if not settings.slack_client_id:
        return None
    settings.require(
        "BOT_SLACK_CLIENT_SECRET",
        "BOT_SLACK_SIGNING_SECRET",
        "BOT_BASE_URL",
        purpose="Installing the app in workspaces (BOT_SLACK_CLIENT_ID)",
    )
    return await stack.enter_async_context(
        Installing(
            KeptInstallations(settings, database, clock=clock),
            client_id=settings.slack_client_id,
            client_secret=settings.slack_client_secret,
            base_url=settings.base_url,
            api=settings.slack_api,
        )
    )


@asynccontextmanager
async def planning(settings: Settings, *, clock: Clock | None = None) -> AsyncIterator[asyncio.Event]:
    """A planner at work once a second, and nothing else; it needs no channel. Set the event to be told."""
    clock, stopping = clock or SystemClock(), asyncio.Event()
    with observed(settings) as watch, Database(settings.database_url, clock=clock) as database:
        database.require_migrated()
        planner, engine = Planner(database, rest_days=i18n.rest_days), watch(_engine(database))

        async def plan() -> None:
            await database.transact(lanes.free_dead, is_dead)
            await planner.plan(clock.now())
            for lane in await database.transact(candidates.lanes, now=clock.now()):
                engine.hint(f"{LANES}:{lane}")

        async with asyncio.TaskGroup() as tasks:
            work = [
                tasks.create_task(engine.run({PLAN: plan})),
                tasks.create_task(Scheduler(clock).run(partial(engine.hint, PLAN))),
            ]
            yield stopping
            for task in work:
                task.cancel()


def _engine(database: Database) -> Engine:
    """What runs the jobs: this process alone on SQLite, on PostgreSQL all that share the database."""
    if database.is_sqlite:
        return LocalEngine()
    from bot.engine.procrastinate import ProcrastinateEngine  # late: most commands need none of it

    return ProcrastinateEngine(database.plain_url)


def _wire(
    settings: Settings,
    clock: Clock,
    database: Database,
    engine: Engine,
    talk: Talk,
    served: Sequence[Lane],
    upkeep: Mapping[str, Upkeep],
    *,
    jumps: bool,
    listens: bool,
    known: str | None,
) -> App:
    owner, key, speaking = owner_name(), settings.secret_key.encode(), talk.speaking
    planner = Planner(database, rest_days=i18n.rest_days)
    composer = Composer(speaking.catalogs, operator=settings.operator)
    load_lexicon(resources.locales())  # what is wrong with it is said now, not at the first answer
    inbounds = {lane.channel.lane: lane.inbound for lane in served if lane.inbound is not None}

    recalling = [lane.channel for lane in served if listens and isinstance(lane.channel, Recalls)]
    if recalling:
        upkeep = {**upkeep, "doubts": doubts.Doubts(database, recalling, clock=clock)}
    dispatchers = {
        lane.channel.lane: Dispatcher(
            database,
            lane.channel,
            composer,
            clock=clock,
            owner=owner,
            key=key,
            rate=lane.rate,
            rest_days=i18n.rest_days,
            paid_rate=lane.paid_rate,
            doubt_wait=doubts.ASK_FIRST if lane.channel in recalling else FIRST_RETRY,
        )
        for lane in served
    }
    intakes = [
        Intake(database, lane.inbound, clock=clock, taken=partial(engine.hint, INBOX))
        for lane in served
        if lane.inbound is not None and lane.listens
    ]
    return App(
        settings=settings,
        clock=clock,
        database=database,
        planner=planner,
        router=Router(database, talk, inbounds, clock=clock),
        errands=Errands(database, talk, Rates.of_settings(settings), clock=clock),
        dispatchers=dispatchers,
        intakes=intakes if listens else (),
        engine=engine,
        metronome=metronome(
            clock,
            database,
            dispatchers,
            upkeep.values(),
            jumps=jumps,
            glance=None if listens else partial(engine.hint, INBOX),
        ),
        owner=owner,
        introductions=_introductions(served, database, speaking) if listens else (),
        upkeep=upkeep,
        leases_inbound=not jumps,
        slice=None if jumps or database.is_sqlite else SLICE,
        identities=known,
        secrets=tuple(secret for lane in served for secret in lane.secrets),
    )


def _talk(settings: Settings, speaking: Speaking, random_bytes: RandomBytes) -> Talk:
    return Talk(
        speaking,
        key=settings.secret_key.encode(),
        interpret=lambda text: read(text, load_lexicon(resources.locales())),
        random_bytes=random_bytes,
        rest_days=i18n.rest_days,
        lookups_an_hour=settings.lookups_an_hour,
        page_address=settings.page_address,
        periods=periods_of(settings),
    )


def _introductions(
    served: Sequence[Lane], database: Database, speaking: Speaking
) -> Sequence[Callable[[], Awaitable[None]]]:
    channels = [lane.channel for lane in served if isinstance(lane.channel, TelegramChannel)]
    return [partial(introduce, channel, database, speaking) for channel in channels]
