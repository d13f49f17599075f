"""The demo itself: the real application on both fakes, a crash in the middle, and what came of it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack, asynccontextmanager
from datetime import datetime, time, timedelta
from random import Random
from zoneinfo import ZoneInfo

from bot import app as application
from bot import i18n
from bot.app import App
from bot.app.serving import PLAN
from bot.campaigns import deadline
from bot.cli import demo_stage
from bot.cli.demo_page import Visit, Visiting, visiting
from bot.cli.demo_show import Show
from bot.cli.demo_stage import APPROVER, BEGIN, Script, Stage
from bot.clock import VirtualClock, sleep_until
from bot.config import Settings
from bot.domain.recipient import ChannelName
from bot.sandbox.faults import Faults
from bot.sandbox.judge import Promise, answers
from bot.sandbox.oracle import Oracle
from bot.sandbox.people import People
from bot.sandbox.person import Doing, Seen
from bot.sandbox.server import Sandbox
from bot.sandbox.slack import FakeSlack
from bot.sandbox.telegram import FakeTelegram
from bot.store.database import Database

DAY = timedelta(days=1)
KILLED = "the application is killed in the middle of sending, and started again"


@asynccontextmanager
async def played(script: Script, show: Show, visit: Visit | None = None) -> AsyncIterator[Stage]:
    """The demo has been played to its end; the block may read what came of it.

    With a `visit` its page is served meanwhile, and who opens it sets the pace.
    """
    demo_stage.clear(script)
    clock, faults = VirtualClock(BEGIN), Faults(script.faults)
    with (
        Oracle(clock, script.trace) as oracle,
        Database(f"sqlite:///{script.database}", clock=clock, inline=True) as database,
    ):
        telegram = FakeTelegram(clock, oracle, faults=faults, everyone_started=False)
        slack = FakeSlack(clock, oracle, faults=faults, everyone_present=False)
        async with Sandbox(clock, oracle, telegram=telegram, slack=slack) as sandbox:
            document = demo_stage.prepare(script, database)
            witness = _Witness(show)
            people = demo_stage.gather(
                script, document, sandbox, watch=witness.see, subject=lambda: _first_to_answer(oracle, people)
            )
            stage = Stage(script, document, clock, oracle, database, sandbox, people)
            show.begin(stage)
            run = _Run(stage, witness, show)
            if visit is None:
                await run.play()
            else:
                async with visiting(stage, visit) as run.visiting:
                    witness.visiting = run.visiting
                    await run.play()
            yield stage


class _Witness:
    """Sees everything that the people see and do, and counts the questions."""

    def __init__(self, show: Show) -> None:
        self.show = show
        self.questions = 0
        self.on_question: Callable[[], None] = lambda: None
        self.visiting: Visiting | None = None

    def see(self, seen: Seen) -> None:
        self.show.seen(seen)
        if self.visiting is not None:
            self.visiting.page.saw(seen)
        if seen.doing is Doing.ASKED and seen.place.platform == ChannelName.TELEGRAM:
            self.questions += 1
            self.on_question()


class _Run:
    """One run of the application over the stage."""

    def __init__(self, stage: Stage, witness: _Witness, show: Show) -> None:
        self.stage = stage
        self.witness = witness
        self.show = show
        self.settings: Settings = demo_stage.settings(stage.script, stage.sandbox)
        self.random = Random(f"bytes/{stage.script.seed}")  # noqa: S311 - the same in each run, on purpose
        self.app: App | None = None
        self.killed = asyncio.Event()
        self.standstill = ExitStack()
        self.visiting: Visiting | None = None

    async def play(self) -> None:
        """From before the announcement to after the last closing note."""
        self.stage.promises.append(Promise(self.stage.document.deadline, BEGIN))
        self.witness.on_question = self._kill_once
        async with self.stage.people:
            serving = asyncio.create_task(self._serve(), name="application")
            moving = asyncio.create_task(self._move_deadline(), name="move")
            days = asyncio.create_task(self._count_days(), name="days")
            ending = asyncio.create_task(self._pass_time(), name="time")
            try:
                await _first_of(ending, serving)
            finally:
                await _ended(serving, moving, days, ending)

    async def _pass_time(self) -> None:
        clock, ends = self.stage.clock, self.stage.ends
        if self.visiting is None:
            await clock.run(ends)
            return
        await self.visiting.begun()
        await clock.run(ends, is_quiet=self.visiting.pace.may_jump)
        await self.visiting.linger()

    def _note(self, text: str) -> None:
        now = self.stage.clock.now()
        self.show.note(now, text)
        if self.visiting is not None:
            self.visiting.board.noted(now, text)

    async def _serve(self) -> None:
        """The application runs, and again after it was killed; no time passes while it does not."""
        clock = self.stage.clock
        self.standstill.enter_context(clock.busy())
        while True:
            async with application.opened(
                self.settings, clock=clock, random_bytes=self.random.randbytes, jumps=True
            ) as self.app:
                serving = asyncio.create_task(self.app.run())
                dying = asyncio.create_task(_told(self.killed))
                self.standstill.close()
                try:
                    await _first_of(serving, dying)
                finally:
                    await _ended(serving, dying)
            self.killed.clear()

    def _kill_once(self) -> None:
        """The application loses its database from one instant to the next, as a process that is killed does."""
        if self.app is None or self.witness.questions != self.stage.script.crash_at:
            return
        self.standstill.enter_context(self.stage.clock.busy())
        self.app.database.close()
        self.killed.set()
        self.stage.crashes += 1
        self._note(KILLED)

    async def _count_days(self) -> None:
        while True:
            await self.stage.clock.sleep(DAY)
            self.show.day((self.stage.clock.now() - DAY).date())

    async def _move_deadline(self) -> None:
        move, stage = self.stage.script.move, self.stage
        if move is None:
            return
        await sleep_until(stage.clock, datetime.combine(move.on, time(), ZoneInfo(stage.document.zone)))
        now = stage.clock.now()
        moved = await stage.database.transact(
            deadline.move, stage.document.slug, to=move.to, by=APPROVER, now=now, rest_days=i18n.rest_days
        )
        stage.promises.append(Promise(move.to, now))
        self._note(f"the deadline is moved to {move.to}: {moved.corrections} people are to be told")
        if self.app is not None:
            self.app.engine.hint(PLAN)


async def _told(event: asyncio.Event) -> None:
    await event.wait()


def _first_to_answer(oracle: Oracle, people: People) -> str:
    answered = (people.ref_at(entry.place) for entry in oracle.entries if answers(entry))
    return next((ref for ref in answered if ref), next(iter(people.persons)))


async def _first_of(*tasks: asyncio.Task[None]) -> None:
    """Return when one of the tasks has ended, or raise what it ended with."""
    done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in done:
        task.result()


async def _ended(*tasks: asyncio.Task[None]) -> None:
    """None of the tasks runs any more, whatever became of it."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
