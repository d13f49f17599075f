"""A campaign under kills: real processes, real sockets, and the fakes' own list as the judge."""

import asyncio
import json
import os
import signal
import sys
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from random import Random
from time import monotonic
from typing import Any

from bot.clock import SystemClock
from bot.config import Settings
from bot.sandbox.oracle import Oracle
from bot.sandbox.server import Sandbox
from bot.sandbox.slack import FakeSlack
from bot.sandbox.slack.messages import SentMessage as SlackMessage
from bot.sandbox.telegram import FakeTelegram
from bot.sandbox.telegram.chats import SentMessage as TelegramMessage
from bot.store.database import Database
from tests.faults.run import Run, fill
from tests.ports import free_port
from tests.sabotage.planting import PLANTED

# seconds for a whole run, which mostly takes a few: a machine may be loaded; a planted fault may keep it from ending
WITHIN = 120.0 if PLANTED else 600.0
NOTHING = ""
THINKS = 0.5  # seconds at most before the first tap
TAPS_AGAIN_AFTER_ERROR = 0.5
TAPS_AGAIN_AFTER = 100  # looks, where nothing says what became of the tap
LOOKS_EVERY = 0.05
QUIET = 1.0  # seconds without anything new at the fakes


class Zygote:
    """Forks processes of the application, and tells when each has ended."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._told: dict[str, asyncio.Queue[dict[str, Any]]] = {}
        self._reading = asyncio.create_task(self._read())

    async def fork(self, **job: object) -> "Child":
        """A new process at work on this job."""
        name = uuid.uuid4().hex
        self._told[name] = asyncio.Queue()
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"id": name, **job}).encode() + b"\n")
        began = await self._told[name].get()
        return Child(int(began["pid"]), asyncio.create_task(self._ended(name)))

    async def close(self) -> None:
        """It and everything that it forked has ended."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        await self._process.wait()
        self._reading.cancel()
        await asyncio.gather(self._reading, return_exceptions=True)

    async def _ended(self, name: str) -> int:
        return int((await self._told[name].get())["status"])

    async def _read(self) -> None:
        assert self._process.stdout is not None
        while line := await self._process.stdout.readline():
            told = json.loads(line)
            await self._told[told.pop("id")].put(told)


@dataclass(slots=True)
class Child:
    """A forked process; `ended` gives its exit status, negative for a signal."""

    pid: int
    ended: asyncio.Task[int]


@dataclass(frozen=True, slots=True)
class Kill:
    """At which passage of which failpoint a process is killed, and how many are asked besides before it begins."""

    failpoint: str
    nth: int
    newcomers: int = 0

    @property
    def is_of_web(self) -> bool:
        """Whether the process that takes webhooks in is the one."""
        return self.failpoint.startswith("ingress.")


@asynccontextmanager
async def zygote(warm_up_at: str = NOTHING, **environment: str) -> AsyncIterator[Zygote]:
    """A zygote for the block, with more in its environment; with the address of an empty database it plays a campaign
    there before it forks."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.faults.zygote",
        *filter(None, [warm_up_at]),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, **environment},
    )
    opened = Zygote(process)
    try:
        yield opened
    finally:
        await opened.close()


@asynccontextmanager
async def staged(url: str, folder: Path, *, people: int = 12, webhooks: bool = False) -> AsyncIterator[Run]:
    """A sandbox, and a database at `url` with a campaign that runs."""
    clock = SystemClock()
    oracle = Oracle(clock)
    telegram = FakeTelegram(clock, oracle, flood=None)
    slack = FakeSlack(clock, oracle, limits=None, signing_secret="signs")
    async with Sandbox(clock, oracle, telegram=telegram, slack=slack) as sandbox:
        port = free_port()
        settings = Settings(
            database_url=url,
            secret_key="k" * 40,
            telegram_token="123:" + "a" * 35,
            telegram_api=sandbox.telegram_url,
            telegram_rate=0,
            slack_bot_token="xoxb-1",
            slack_app_token="xapp-1",
            slack_signing_secret="signs",
            slack_api=sandbox.slack_url,
            slack_rate=0,
            operator="Contoh Operator",
            port=port,
            base_url=f"http://127.0.0.1:{port}" if webhooks else "",
        )
        with Database(url, clock=clock) as database:
            database.migrate()
            fill(database, range(people))
            run = Run(oracle, sandbox, settings, database, people, log=folder / f"{uuid.uuid4().hex}.log")
            _people_answer(run, telegram, slack)
            if webhooks:
                slack.post_events_to(f"{settings.base_url}/slack/events")
            try:
                yield run
            finally:
                telegram.on_message = slack.on_message = None
                for tapping in run.tapping:
                    tapping.cancel()
                await asyncio.gather(*run.tapping, return_exceptions=True)


async def play(run: Run, zygote: Zygote, kills: Sequence[Kill]) -> None:
    """The campaign has come to its end, with a process killed on the way at each of these failpoints."""
    kind = "web" if any(kill.is_of_web for kill in kills) else "up"
    beside = [await begin(run, zygote, "worker")] if kind == "web" else []
    try:
        async with asyncio.timeout(WITHIN):
            for kill in kills:
                await run.invite(kill.newcomers)
                await _killed(run, await begin(run, zygote, kind, failpoint=kill.failpoint, nth=kill.nth))
            await play_out(run, zygote, kind)
    finally:
        for child in beside:
            await end(child)


async def _killed(run: Run, child: Child) -> None:
    """It has come to its failpoint often enough; while there is nothing to do more people come."""
    seen, until = 0, 0.0
    while not child.ended.done():
        if run.is_over or (len(run.oracle.entries) == seen and monotonic() > until):
            await run.invite(2)
        if len(run.oracle.entries) != seen:
            seen, until = len(run.oracle.entries), monotonic() + QUIET
        await asyncio.wait({child.ended}, timeout=LOOKS_EVERY)
    assert await child.ended == -signal.SIGKILL, (child.ended.result(), run.log.read_text())
    run.kills += 1


async def play_out(run: Run, zygote: Zygote, kind: str) -> None:
    """The campaign has come to its end, without any fault from now on."""
    child = await begin(run, zygote, kind)
    try:
        while not run.is_over:
            await asyncio.wait({child.ended}, timeout=0.05)
            assert not child.ended.done(), run.log.read_text()
    except asyncio.CancelledError:  # it takes too long
        await tell_where(child)
        raise
    finally:
        await end(child)


async def begin(run: Run, zygote: Zygote, kind: str, *, failpoint: str = NOTHING, nth: int = 0) -> Child:
    """A process of this kind is at work on the run."""
    settings = asdict(run.settings)
    return await zygote.fork(kind=kind, settings=settings, failpoint=failpoint, nth=nth, log=str(run.log))


async def end(child: Child) -> None:
    """It has ended by SIGTERM, in time."""
    if not child.ended.done():
        os.kill(child.pid, signal.SIGTERM)
    await asyncio.wait({child.ended}, timeout=15)
    if not child.ended.done():
        await tell_where(child)
    assert child.ended.done(), (
        "the process did not end within 15 s of SIGTERM: see its log for what it waits for"
    )


async def tell_where(child: Child) -> None:
    """What the process waits for is in its log: its tasks, if its event loop turns, and its threads."""
    for sign in (signal.SIGUSR1, signal.SIGUSR2):
        with suppress(ProcessLookupError):
            os.kill(child.pid, sign)
        await asyncio.sleep(0.5)


def _people_answer(run: Run, telegram: FakeTelegram, slack: FakeSlack) -> None:
    loop = asyncio.get_running_loop()

    def answer(chat: str, tap: Callable[[], Awaitable[bool]]) -> None:
        if chat not in run.tapped:
            run.tapped.add(chat)
            run.tapping.add(loop.create_task(_tap_until_taken(run, chat, tap)))

    def on_telegram(message: TelegramMessage) -> None:
        answers = [line for row in message.buttons for line in row if line.value.split(".")[1:2] == ["o"]]

        async def tap() -> bool:
            telegram.tap(message.chat_id, message.message_id, answers[0].value)
            return True  # Telegram keeps it until the bot takes it

        if answers and not message.edited:
            answer(str(message.chat_id), tap)

    def on_slack(message: SlackMessage) -> None:
        answers = [button for button in message.buttons if button.value.split(".")[1:2] == ["i"]]
        user = message.user_id

        async def tap() -> bool:
            key = answers[0]
            return await slack.tap(str(user), message.channel, message.ts, key.action_id, key.value).settled()

        if answers and not message.edited and user is not None:
            answer(user, tap)

    telegram.on_message, slack.on_message = on_telegram, on_slack


async def _tap_until_taken(run: Run, chat: str, tap: Callable[[], Awaitable[bool]]) -> None:
    """Who sees an error, or reads that nothing is saved yet, taps again; so does who sees no receipt."""
    await run.answering.wait()
    await asyncio.sleep(Random(chat).uniform(0, THINKS))  # who taps apart comes in apart
    while chat not in run.receipts:
        if not await tap():
            await asyncio.sleep(TAPS_AGAIN_AFTER_ERROR)
            continue
        for _ in range(TAPS_AGAIN_AFTER):
            await asyncio.sleep(LOOKS_EVERY)
            if chat in run.receipts:
                return
