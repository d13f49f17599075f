"""A campaign under kills: real processes, real sockets, and the fakes' own list as the judge."""

import asyncio
import json
import os
import signal
import socket
import sys
import uuid
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sqlmodel import select

from bot.clock import SystemClock
from bot.config import Settings
from bot.domain import campaign as rules
from bot.domain.campaign import Campaign, CampaignDocument, Hours
from bot.domain.message import Verb
from bot.domain.people_file import Imported
from bot.domain.recipient import Address, ChannelName, Plan
from bot.i18n import rest_days
from bot.sandbox.oracle import Direction, Entry, Oracle, taps_an_answer
from bot.sandbox.server import Sandbox
from bot.sandbox.slack import FakeSlack
from bot.sandbox.slack.messages import SentMessage as SlackMessage
from bot.sandbox.telegram import FakeTelegram
from bot.sandbox.telegram.chats import SentMessage as TelegramMessage
from bot.store import campaigns, choices, outbox, recipients, verification
from bot.store.database import Database
from bot.store.models import InboxRow

WITHIN = 300.0  # seconds for a whole run, which mostly takes a few: a machine may be loaded
ON_ITS_WAY = timedelta(seconds=1)  # of real time, on a loaded machine
SLUG = "under-kills"
ZONES = ("Asia/Jakarta", "Asia/Riyadh", "Asia/Tehran", "Pacific/Kiritimati", "Pacific/Pago_Pago")
NOTHING = ""
TAPS_AGAIN_AFTER = 50  # tenths of a second


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
        return self.receipts >= set(self.chats)

    @property
    def receipts(self) -> set[str]:
        """The chats in which a receipt is shown."""
        return {e.chat for e in self.oracle.entries if e.direction is Direction.ACCEPTED and _is_receipt(e)}

    def verdict(self) -> dict[str, object]:
        """What the fakes and, where it must agree with them, the database say."""
        with_doubt = {doubt.delivery for doubt in self.database.run(outbox.in_doubt)}
        campaign = self.database.run(campaigns.get, SLUG)
        register = self.database.run(choices.register, campaign.id)
        seen = [entry.chat for entry in self.oracle.campaign_messages()]
        return {
            "lost": [chat for chat in self.chats if chat not in seen],
            "duplicates": [entry.chat for entry in self.oracle.duplicates(with_doubt)],
            "answers_lost": max(0, len(self.chats) - len(register), self._taken() - self._kept()),
            "after_answer": [entry.chat for entry in self.oracle.after_answer() if self._is_late(entry)],
            "ledger": self.database.run(verification.verify).chain_ok,
        }

    def _taken(self) -> int:
        """Taps that were OKed, but for those whose people were told that they are not saved."""
        okayed = [e for e in self.oracle.entries if e.direction is Direction.OKAYED and e.tokens]
        return len(okayed) - sum(_says_unsaved(entry) for entry in self.oracle.entries)

    def _kept(self) -> int:
        """Taps in the inbox."""
        return self.database.run(lambda session: len(session.exec(select(InboxRow.id)).all()))

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


def _says_unsaved(entry: Entry) -> bool:
    is_toast = entry.method == "answerCallbackQuery" and bool(entry.payload.get("text"))
    return entry.direction is Direction.ACCEPTED and (is_toast or entry.method == "response_url")


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


async def play(run: Run, zygote: Zygote, *, failpoint: str, nth: int, times: int = 1) -> Run:
    """The campaign has come to its end, with processes killed at the failpoint `times` times on the way."""
    kind = "web" if failpoint.startswith("ingress.") else "up"
    beside = [await begin(run, zygote, "worker")] if kind == "web" else []
    try:
        async with asyncio.timeout(WITHIN):
            for _ in range(times):
                await _killed_once(run, zygote, kind, failpoint, nth)
            await play_out(run, zygote, kind)
    finally:
        for child in beside:
            await end(child)
    return run


async def _killed_once(run: Run, zygote: Zygote, kind: str, failpoint: str, nth: int) -> None:
    child = await begin(run, zygote, kind, failpoint=failpoint, nth=nth)
    while not child.ended.done() and not run.is_over:
        await asyncio.wait({child.ended}, timeout=0.05)
    if not child.ended.done():
        await end(child)
    else:
        assert await child.ended == -9, run.log.read_text()
        run.kills += 1


async def play_out(run: Run, zygote: Zygote, kind: str) -> None:
    """The campaign has come to its end, without any fault from now on."""
    child = await begin(run, zygote, kind)
    try:
        while not run.is_over:
            await asyncio.wait({child.ended}, timeout=0.05)
            assert not child.ended.done(), run.log.read_text()
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
    assert child.ended.done(), "the process did not end within 15 s of SIGTERM"


def fill(database: Database, people: Iterable[int]) -> None:
    """The people with these numbers (odd ones are on Telegram), and a campaign that asks them now."""
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
    database.run(recipients.put, [_person(number, now) for number in people], now=now)
    draft = database.run(campaigns.add, Campaign(document), now=now)
    started = rules.start(rules.approve(draft, by="admin"), now=now)
    database.run(campaigns.save, started, now=now, by="admin")


def _person(number: int, now: datetime) -> Imported:
    chat = chat_of(number)
    place = Address(ChannelName.SLACK, chat, "T1") if chat[0] == "U" else Address(ChannelName.TELEGRAM, chat)
    return Imported(f"u-{number}", Plan.PRO, "id", working_zone(now), date(2024, 1, 1), (place,))


def working_zone(now: datetime) -> str:
    """A zone where it is now a working day, so that Slack's days of rest do not hold anything: there is one
    on every day of the week, since not all rest on the same days."""
    return next(zone for zone in ZONES if now.astimezone(ZoneInfo(zone)).isoweekday() not in rest_days(zone))


def _people_answer(run: Run, telegram: FakeTelegram, slack: FakeSlack) -> None:
    loop = asyncio.get_running_loop()

    def answer(chat: str, tap: Callable[[], object]) -> None:
        if chat not in run.tapped:
            run.tapped.add(chat)
            run.tapping.add(loop.create_task(_tap_until_taken(run, chat, tap)))

    def on_telegram(message: TelegramMessage) -> None:
        answers = [line for row in message.buttons for line in row if line.value.split(".")[1:2] == ["o"]]
        if answers and not message.edited:
            answer(
                str(message.chat_id),
                lambda: telegram.tap(message.chat_id, message.message_id, answers[0].value),
            )

    def on_slack(message: SlackMessage) -> None:
        answers = [button for button in message.buttons if button.value.split(".")[1:2] == ["i"]]
        if answers and not message.edited and message.user_id is not None:
            user, key = message.user_id, answers[0]
            answer(user, lambda: slack.tap(user, message.channel, message.ts, key.action_id, key.value))

    telegram.on_message, slack.on_message = on_telegram, on_slack


async def _tap_until_taken(run: Run, chat: str, tap: Callable[[], object]) -> None:
    """Who sees an error, or reads that nothing is saved yet, taps again; so does who sees no receipt."""
    while chat not in run.receipts:
        tap()
        for _ in range(TAPS_AGAIN_AFTER):
            await asyncio.sleep(0.1)
            if chat in run.receipts:
                return


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])
