"""A campaign under kills: real processes, real sockets, and the fakes' own list as the judge."""

import asyncio
import json
import os
import signal
import socket
import sys
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from bot.clock import SystemClock
from bot.config import Settings
from bot.domain import campaign as rules
from bot.domain.campaign import Campaign, CampaignDocument, Hours
from bot.domain.message import Verb
from bot.domain.people_file import Imported
from bot.domain.recipient import Address, ChannelName, Plan
from bot.sandbox.oracle import Direction, Entry, Oracle, taps_an_answer
from bot.sandbox.server import Sandbox
from bot.sandbox.slack import FakeSlack
from bot.sandbox.slack.messages import SentMessage as SlackMessage
from bot.sandbox.telegram import FakeTelegram
from bot.sandbox.telegram.chats import SentMessage as TelegramMessage
from bot.store import campaigns, choices, outbox, recipients, verification
from bot.store.database import Database

WITHIN = 60.0  # seconds for a whole run; it mostly takes a few
ON_ITS_WAY = timedelta(seconds=1)  # of real time, on a loaded machine
SLUG = "under-kills"
NOTHING = ""


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


@asynccontextmanager
async def zygote() -> AsyncIterator[Zygote]:
    """A zygote for the block."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.faults.zygote",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    opened = Zygote(process)
    try:
        yield opened
    finally:
        await opened.close()


@dataclass(slots=True)
class Run:
    """One campaign over so many people, half of them on each channel, who all answer at once."""

    oracle: Oracle
    sandbox: Sandbox
    settings: Settings
    database: Database
    people: int
    kills: int = 0
    log: Path = Path("/dev/null")
    tapped: set[str] = field(default_factory=set)
    tapping: set[asyncio.Task[None]] = field(default_factory=set)

    @property
    def chats(self) -> list[str]:
        return [chat_of(number) for number in range(self.people)]

    @property
    def is_over(self) -> bool:
        """Everybody was asked, has tapped, and sees the receipt."""
        shown = {e.chat for e in self.oracle.entries if e.direction is Direction.ACCEPTED and _is_receipt(e)}
        return shown >= set(self.chats)

    def verdict(self) -> dict[str, object]:
        """What the fakes and, where it must agree with them, the database say."""
        with_doubt = {doubt.delivery for doubt in self.database.run(outbox.in_doubt)}
        campaign = self.database.run(campaigns.get, SLUG)
        register = self.database.run(choices.register, campaign.id)
        okayed = {e.chat for e in self.oracle.entries if e.direction is Direction.OKAYED and e.tokens}
        seen = [entry.chat for entry in self.oracle.campaign_messages()]
        return {
            "lost": [chat for chat in self.chats if chat not in seen],
            "duplicates": [entry.chat for entry in self.oracle.duplicates(with_doubt)],
            "answers_lost": len(okayed) - len(register),
            "after_answer": [entry.chat for entry in self.oracle.after_answer() if self._is_late(entry)],
            "ledger": self.database.run(verification.verify).chain_ok,
        }

    def _is_late(self, message: Entry) -> bool:
        """Whether it cannot have been on its way already when the answer was OKed."""
        okayed = [e.at for e in self.oracle.entries if taps_an_answer(e) and e.place == message.place]
        return (message.begun or message.at) - min(okayed) > ON_ITS_WAY

    @property
    def doubled(self) -> int:
        """Messages that arrived twice, in doubt or not."""
        return len(self.oracle.duplicates())


def _is_receipt(entry: Entry) -> bool:
    return len(entry.verbs & {Verb.OPT_IN, Verb.OPT_OUT}) == 1


def chat_of(number: int) -> str:
    """Where the person with this number is."""
    return str(1000 + number) if number % 2 else f"U{number:04d}"


@asynccontextmanager
async def staged(url: str, folder: Path, *, people: int = 12, webhooks: bool = False) -> AsyncIterator[Run]:
    """A sandbox, and a database at `url` with a campaign that runs."""
    clock = SystemClock()
    oracle = Oracle(clock)
    telegram = FakeTelegram(clock, oracle, flood=None)
    slack = FakeSlack(clock, oracle, limits=None, signing_secret="signs")
    async with Sandbox(clock, oracle, telegram=telegram, slack=slack) as sandbox:
        port = _free_port()
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
            _fill(database, people)
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


async def play(run: Run, zygote: Zygote, *, failpoint: str, nth: int, times: int = 1) -> Run:
    """The campaign has come to its end, with processes killed at the failpoint `times` times on the way."""
    kind = "web" if failpoint.startswith("ingress.") else "up"
    beside = [await _fork(run, zygote, "worker")] if kind == "web" else []
    try:
        async with asyncio.timeout(WITHIN):
            for _ in range(times):
                await _killed_once(run, zygote, kind, failpoint, nth)
            await _played_out(run, zygote, kind)
    finally:
        for child in beside:
            await _ended_well(child)
    return run


async def _killed_once(run: Run, zygote: Zygote, kind: str, failpoint: str, nth: int) -> None:
    child = await _fork(run, zygote, kind, failpoint=failpoint, nth=nth)
    while not child.ended.done() and not run.is_over:
        await asyncio.wait({child.ended}, timeout=0.05)
    if not child.ended.done():
        await _ended_well(child)
    else:
        assert await child.ended == -9, run.log.read_text()
        run.kills += 1


async def _played_out(run: Run, zygote: Zygote, kind: str) -> None:
    child = await _fork(run, zygote, kind)
    try:
        while not run.is_over:
            await asyncio.wait({child.ended}, timeout=0.05)
            assert not child.ended.done(), run.log.read_text()
    finally:
        await _ended_well(child)


async def _fork(run: Run, zygote: Zygote, kind: str, *, failpoint: str = NOTHING, nth: int = 0) -> Child:
    settings = asdict(run.settings)
    return await zygote.fork(kind=kind, settings=settings, failpoint=failpoint, nth=nth, log=str(run.log))


async def _ended_well(child: Child) -> None:
    if not child.ended.done():
        os.kill(child.pid, signal.SIGTERM)
    await asyncio.wait({child.ended}, timeout=15)
    assert child.ended.done(), "the process did not end within 15 s of SIGTERM"


def _fill(database: Database, people: int) -> None:
    now = datetime.now(UTC)
    today = now.date()
    document = CampaignDocument(
        slug=SLUG,
        template="claude-consumer-terms",
        announce=today - timedelta(days=2),
        deadline=today + timedelta(days=30),
        zone="UTC",
        authoritative_locale="id",
        link="https://example.com/terms",
        single_operator=True,
        hours=Hours(time(0, 0), time(23, 59, 59)),
    )
    database.run(recipients.put, [_person(number, now) for number in range(people)], now=now)
    draft = database.run(campaigns.add, Campaign(document), now=now)
    started = rules.start(rules.approve(draft, by="admin"), now=now)
    database.run(campaigns.save, started, now=now, by="admin")


def _person(number: int, now: datetime) -> Imported:
    chat = chat_of(number)
    place = Address(ChannelName.SLACK, chat, "T1") if chat[0] == "U" else Address(ChannelName.TELEGRAM, chat)
    return Imported(f"u-{number}", Plan.PRO, "id", _working_zone(now), date(2024, 1, 1), (place,))


def _working_zone(now: datetime) -> str:
    """A zone where it is now a working day, so that Slack's days of rest do not hold anything."""
    local = {zone: now + timedelta(hours=hours) for zone, hours in (("Etc/GMT+11", -11), ("Etc/GMT-13", 13))}
    return next((zone for zone, at in local.items() if at.isoweekday() < 6), "UTC")


def _people_answer(run: Run, telegram: FakeTelegram, slack: FakeSlack) -> None:
    loop = asyncio.get_running_loop()

    def on_telegram(message: TelegramMessage) -> None:
        answers = [line for row in message.buttons for line in row if line.value.split(".")[1:2] == ["o"]]
        if not message.edited and answers and str(message.chat_id) not in run.tapped:
            run.tapped.add(str(message.chat_id))
            loop.call_soon(telegram.tap, message.chat_id, message.message_id, answers[0].value)

    def on_slack(message: SlackMessage) -> None:
        answers = [button for button in message.buttons if button.value.split(".")[1:2] == ["i"]]
        if message.edited or not answers or message.user_id is None or message.user_id in run.tapped:
            return
        run.tapped.add(message.user_id)
        task = loop.create_task(_tap_until_taken(slack, message, answers[0].action_id, answers[0].value))
        run.tapping.add(task)

    telegram.on_message, slack.on_message = on_telegram, on_slack


async def _tap_until_taken(slack: FakeSlack, message: SlackMessage, action_id: str, value: str) -> None:
    """Slack shows an error for a tap that nobody took, and people tap again."""
    while True:
        issued = slack.tap(str(message.user_id), message.channel, message.ts, action_id, value)
        if await issued.settled():
            return
        await asyncio.sleep(0.1)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])
