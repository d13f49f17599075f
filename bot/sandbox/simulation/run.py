"""A run: the real planner, dispatchers, routers and store, in one to two processes, on the virtual clock."""

import asyncio
from collections.abc import AsyncIterator, Coroutine, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from functools import cache
from hashlib import sha256
from random import Random

from bot import i18n, resources
from bot.app import App, Lane, opened
from bot.app.serving import PLAN
from bot.campaigns import deadline, service
from bot.clock import VirtualClock, sleep_until
from bot.config import Settings
from bot.domain import campaign_file
from bot.domain.calendar import closes_everywhere
from bot.domain.campaign import CampaignDocument
from bot.domain.people_file import Imported, read_row
from bot.domain.recipient import Address, ChannelName, covers
from bot.exceptions import TenggatError
from bot.sandbox import habits, judge
from bot.sandbox.crowd import TEAM, crowd
from bot.sandbox.oracle import Oracle
from bot.sandbox.people import People
from bot.sandbox.simulation.course import BEGIN, MOVED_TO, Course, Span, course
from bot.sandbox.simulation.pace import Idle, Jumps
from bot.sandbox.simulation.platform import Endpoint, InMemory, Platform
from bot.sandbox.simulation.process import IN, Killed, Mishaps, Process
from bot.sandbox.simulation.rules import Broken
from bot.sandbox.simulation.watch import Watch
from bot.sandbox.simulation.wavering import crossing
from bot.store import outbox, recipients
from bot.store.database import Database, Session
from bot.store.memory import Memory

CAMPAIGN = "claude-consumer-terms.toml"
BY = "operator"
AUTHOR = "author"
DAY = timedelta(days=1)
AFTERWARDS = timedelta(days=5)
RESTART = timedelta(seconds=1)
HEEDED = timedelta(seconds=1)  # after a platform's answer: the process knows it, and has written it down
AWAY = timedelta(minutes=1)
IDENTITIES = (
    (Address(ChannelName.TELEGRAM, ""), "telegram:1"),
    (Address(ChannelName.SLACK, "", TEAM), f"slack:{TEAM}"),
)


@dataclass(frozen=True, slots=True)
class Report:
    """What came of a run; `trace` is the hash of all that the platforms saw, in order."""

    seed: int
    people: int
    events: int
    requests: int
    kills: int
    refused_transactions: int
    in_doubt: int
    answers: int
    broken: Sequence[Broken]
    trace: str

    def as_json(self) -> dict[str, object]:
        """The report as scripts read it."""
        return {**asdict(self), "broken": [asdict(one) for one in self.broken]}


def simulate(seed: int, people: int) -> Report:
    """The run of this seed, from before the announcement to after the last closing note."""
    idle = Idle()
    with asyncio.Runner(loop_factory=lambda: asyncio.SelectorEventLoop(idle)) as runner:
        return runner.run(_simulate(course(seed, people), _stage(), Jumps(BEGIN, idle)))


@dataclass(frozen=True, slots=True)
class _Stage:
    """What one run after the other uses, since it takes longer to make than many a run."""

    memory: Memory
    catalogs: i18n.Catalogs
    document: CampaignDocument


@cache
def _stage() -> _Stage:
    return _Stage(
        Memory(VirtualClock(BEGIN)),
        i18n.Catalogs.load(resources.locales()),
        campaign_file.parse((resources.examples() / CAMPAIGN).read_text(encoding="utf-8"), CAMPAIGN),
    )


async def _simulate(course: Course, stage: _Stage, clock: VirtualClock) -> Report:
    stage.memory.begin_anew()
    with stage.memory.opened(clock) as database:
        run = _Run(course, clock, database, stage)
        await run.play()
        return run.report()


@dataclass(slots=True)
class _Run:
    course: Course
    clock: VirtualClock
    database: Database
    stage: _Stage
    document: CampaignDocument = field(init=False)
    oracle: Oracle = field(init=False)
    watch: Watch = field(init=False)
    mishaps: Mishaps = field(init=False)
    platforms: dict[ChannelName, Platform] = field(init=False)
    processes: list[Process] = field(init=False)
    people: People = field(init=False)
    random: Random = field(init=False)
    handed_on: asyncio.Queue[Process] = field(init=False)  # owners of a lane that waits, to be started anew

    def __post_init__(self) -> None:
        course = self.course
        self.random = Random(f"bytes/{course.seed}")
        self.handed_on = asyncio.Queue()
        self.oracle = Oracle(self.clock)
        self.mishaps = Mishaps(course.kills, course.outages, now=self.clock.now)
        self.document = self.stage.document
        self.watch = Watch(self.database, self.clock, self.document, rate=course.rate)
        self.platforms = {
            address.channel: Platform(
                address,
                lane,
                clock=self.clock,
                oracle=self.oracle,
                course=course,
                watch=self.watch,
                hand_on=self.handed_on.put_nowait,
            )
            for address, lane in IDENTITIES
        }
        self.processes = [Process(number, self.clock) for number in range(course.processes)]

    @property
    def ends(self) -> datetime:
        last = MOVED_TO if self.course.moves_on else self.document.deadline
        return closes_everywhere(last) + AFTERWARDS

    async def play(self) -> None:
        """From the beginning to the end, with every rule looked after."""
        everybody = [
            row
            for row in (read_row(asdict(row)) for row in crowd(self.course.people, self.course.seed))
            if isinstance(row, Imported)
        ]
        self.database.run(_prepare, everybody, self.document)
        self.people = self._gather(everybody)
        with self.mishaps.armed():
            async with self.people:
                await self._pass_time()
        self.watch.close(self._verdict())

    def report(self) -> Report:
        """What came of it."""
        lines = self.oracle.as_json_lines(None)
        return Report(
            seed=self.course.seed,
            people=self.course.people,
            events=len(self.oracle.entries),
            requests=self.watch.requests,
            kills=len(self.mishaps.done),
            refused_transactions=self.mishaps.refused,
            in_doubt=sum(doubt.sends for doubt in self.database.run(outbox.in_doubt)),
            answers=self.watch.answers,
            broken=tuple(self.watch.broken),
            trace=sha256("\n".join(lines).encode()).hexdigest(),
        )

    def _gather(self, everybody: Sequence[Imported]) -> People:
        audience = self.document.audience
        asked = [who for who in everybody if who.places and covers(audience, who.plan, who.registered_on)]
        return People(
            everybody,
            {**habits.habits(asked, self.course.seed), **crossing(asked)},
            InMemory(self.clock, self.platforms),
            seed=self.course.seed,
            deadline=MOVED_TO if self.course.moves_on else self.document.deadline,
            zone=self.document.zone,
            absent=habits.absent(asked),
        )

    def _verdict(self) -> judge.Verdict:
        return judge.judge(
            self.oracle,
            self.people,
            audience=self.document.audience,
            promises=self.watch.dates.promises,
            zone=self.document.zone,
            in_doubt={doubt.delivery: doubt.sends for doubt in self.database.run(outbox.in_doubt)},
        )

    async def _pass_time(self) -> None:
        acts = [*map(self._serve, self.processes), *self._acts(), self._look_daily()]
        tasks = [asyncio.create_task(act) for act in acts]
        ending = asyncio.create_task(self.clock.run(self.ends))
        try:
            done, _ = await asyncio.wait(
                {ending, *tasks[: len(self.processes)]}, return_when="FIRST_COMPLETED"
            )
            for task in done:
                task.result()
        finally:
            for platform in self.platforms.values():
                await platform.close()
            await _ended(ending, *tasks)

    # the processes

    async def _serve(self, process: Process) -> None:
        """The process runs, and again whenever it has ended."""
        IN.set(process)
        while True:
            process.is_dead = False
            try:
                async with AsyncExitStack() as stack:
                    with self.clock.busy():
                        app = await stack.enter_async_context(self._opened(process))
                    await self._run(process, app)
            except (Killed, TenggatError):  # it did not even come to serve
                process.away = process.away or RESTART
            process.app = None
            await self.clock.sleep(process.away)
            process.away = timedelta()

    @asynccontextmanager
    async def _opened(self, process: Process) -> AsyncIterator[App]:
        endpoints = [Endpoint(platform, process) for platform in self.platforms.values()]
        database = self.stage.memory.opened(process.clock)
        async with opened(
            Settings(
                database_url=database.address,
                secret_key=f"the simulation's own key, which protects nothing: {self.course.seed}",
                operator="Contoh Operator",
            ),
            clock=process.clock,
            random_bytes=self.random.randbytes,
            jumps=True,
            keeps_up=False,  # it only tidies up, at instants of its own, and has tests of its own
            identities=[Lane(endpoint, self.course.rate, endpoint.lane, endpoint) for endpoint in endpoints],
            database=database,
            catalogs=self.stage.catalogs,
        ) as app:
            process.begin(app)
            yield app

    async def _run(self, process: Process, app: App) -> None:
        serving, dying = asyncio.create_task(app.run()), asyncio.create_task(_set(process.killed))
        try:
            await asyncio.wait({serving, dying}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            was_killed = process.killed.is_set()
            process.killed.clear()
            await _ended(serving, dying)
        if not was_killed and not serving.cancelled() and (error := serving.exception()) is not None:
            raise error

    # what happens on the way

    def _acts(self) -> Iterator[Coroutine[None, None, None]]:
        """Everything that the course has for the operator, and for the machine."""
        for span in self.course.freezes:
            yield self._freeze(span)
        if self.course.paused is not None:
            yield self._pause(self.course.paused)
        if self.course.revoked is not None:
            yield self._revoke(self.course.revoked)
        if self.course.moves_on is not None:
            yield self._move(self.course.moves_on)
        if self.course.handed_on:
            yield self._hand_on()

    async def _freeze(self, span: Span) -> None:
        await sleep_until(self.clock, span.at)
        self.processes[-1].freeze()
        await self.clock.sleep(span.lasts)
        self.processes[-1].thaw()

    async def _pause(self, span: Span) -> None:
        await sleep_until(self.clock, span.at)
        now = self.clock.now()
        self.database.run(service.pause, self.document.slug, by=BY, now=now)
        self.watch.stands_since = now
        await self.clock.sleep(span.lasts)
        self.watch.stands_since = None
        now = self.clock.now()
        self.database.run(service.resume, self.document.slug, by=BY, now=now, rest_days=i18n.rest_days)
        self._hint()

    async def _revoke(self, span: Span) -> None:
        """The token is dead for a while; once it is mended, the operator starts everything anew."""
        await sleep_until(self.clock, span.at)
        platform = self.platforms[ChannelName.TELEGRAM]
        platform.is_revoked = True
        await self.clock.sleep(span.lasts)
        platform.is_revoked = False
        for process in self.processes:
            if process.app is not None:
                process.app.stop()

    async def _move(self, at: datetime) -> None:
        await sleep_until(self.clock, at)
        now = self.clock.now()
        self.database.run(
            deadline.move, self.document.slug, to=MOVED_TO, by=BY, now=now, rest_days=i18n.rest_days
        )
        self.watch.dates.move(MOVED_TO, now=now)
        self._hint()

    async def _hand_on(self) -> None:
        """Who was told that its lane must wait is started anew meanwhile; somebody has the lane before the
        wait is over."""
        while True:
            process = await self.handed_on.get()
            await self.clock.sleep(HEEDED)
            if process.app is not None:
                process.away = self.random.choice((timedelta(), AWAY))
                process.app.stop()

    async def _look_daily(self) -> None:
        while True:
            await self.clock.sleep(DAY)
            self.watch.look()

    def _hint(self) -> None:
        """What a tick would find within a second."""
        for process in self.processes:
            if process.app is not None:
                process.app.engine.hint(PLAN)


def _prepare(session: Session, everybody: Sequence[Imported], document: CampaignDocument) -> None:
    recipients.put(session, everybody, now=BEGIN)
    service.load(session, document, author=AUTHOR, now=BEGIN)
    service.approve(session, document.slug, by=BY, now=BEGIN)
    service.start(session, document.slug, by=BY, now=BEGIN)


async def _set(event: asyncio.Event) -> None:
    await event.wait()


async def _ended(*tasks: asyncio.Task[None]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
