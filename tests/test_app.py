"""The whole application against both fakes, on the virtual clock."""

import asyncio
import inspect
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

import pytest

from bot import resources
from bot.app import App, opened
from bot.clock import VirtualClock
from bot.config import Settings
from bot.domain import campaign as rules
from bot.domain import campaign_file
from bot.domain.campaign import Campaign
from bot.domain.choice import ChoiceValue
from bot.domain.people_file import Imported
from bot.domain.recipient import Address, ChannelName, Plan
from bot.exceptions import NotReady
from bot.sandbox.faults import Faults
from bot.sandbox.oracle import Direction, Oracle
from bot.sandbox.server import Sandbox
from bot.store import campaigns, choices, outbox, recipients
from bot.store.database import Database
from tests.words import CATALOGS
from tests.worlds import Shelf

START = datetime(2025, 9, 1, 12, tzinfo=UTC)
SENDS = {"sendMessage", "editMessageText", "chat.postMessage", "chat.update"}
PEOPLE = (
    Imported(
        "t-1", Plan.PRO, "id", "Asia/Jakarta", date(2024, 1, 1), (Address(ChannelName.TELEGRAM, "101"),)
    ),
    Imported(
        "t-2", Plan.FREE, "en", "Europe/Paris", date(2024, 1, 1), (Address(ChannelName.TELEGRAM, "102"),)
    ),
    Imported(
        "s-1", Plan.MAX, "en", "Asia/Tokyo", date(2024, 1, 1), (Address(ChannelName.SLACK, "U0001", "T1"),)
    ),
)


@dataclass(slots=True)
class Stage:
    """Both fakes, a migrated database with a running campaign, and the settings that lead there."""

    clock: VirtualClock
    sandbox: Sandbox
    settings: Settings
    database: Database

    @property
    def oracle(self) -> Oracle:
        return self.sandbox.oracle

    @asynccontextmanager
    async def running(self) -> AsyncIterator[App]:
        """The application serves; it is cut off, without any grace, when the block ends."""
        async with opened(
            self.settings, clock=self.clock, jumps=True, database=self.database, catalogs=CATALOGS
        ) as app:
            serving = asyncio.ensure_future(app.run())
            try:
                yield app
            finally:
                serving.cancel()
                with suppress(asyncio.CancelledError, ExceptionGroup):
                    await serving

    def sent_to(self, chat: str) -> list[str]:
        return [entry.method for entry in self.oracle.entries if entry.chat == chat and entry.method in SENDS]


@pytest.fixture
async def stage(sqlite_url: str, shelf: Shelf) -> AsyncIterator[Stage]:
    clock = VirtualClock(START)
    database = shelf.take(sqlite_url, clock, inline=True)
    async with Sandbox(clock, Oracle(clock), faults=Faults()) as sandbox:
        settings = Settings(
            database_url=sqlite_url,
            secret_key="k" * 40,
            telegram_token="123:" + "a" * 35,
            telegram_api=sandbox.telegram_url,
            slack_bot_token="xoxb-1",
            slack_app_token="xapp-1",
            slack_api=sandbox.slack_url,
            operator="Contoh Operator",
        )
        database.run(recipients.put, PEOPLE, now=START)
        text = (resources.examples() / "claude-consumer-terms.toml").read_text(encoding="utf-8")
        document = replace(campaign_file.parse(text, "example"), single_operator=True)
        draft = database.run(campaigns.add, Campaign(document), now=START)
        started = rules.start(rules.approve(draft, by="admin"), now=START)
        database.run(campaigns.save, started, now=START, by="admin")
        yield Stage(clock, sandbox, settings, database)


async def test_everybody_gets_notice_four_reminders_and_a_closing_note(stage: Stage) -> None:
    """The course of the shipped campaign for people who say nothing."""
    async with stage.running():
        await stage.clock.run(datetime(2025, 10, 1, tzinfo=UTC))

    assert len(stage.sent_to("101")) == len(stage.sent_to("102")) == len(stage.sent_to("U0001")) == 6
    assert not stage.oracle.duplicates()
    assert stage.database.run(campaigns.get, "claude-consumer-terms").state == "finished"


async def test_an_answer_is_recorded_shown_and_ends_the_messages(stage: Stage) -> None:
    """The trip of an answer in, and its receipt in the place of the question."""
    async with stage.running():
        await stage.clock.run(datetime(2025, 9, 3, tzinfo=UTC))
        question = next(entry for entry in stage.oracle.campaign_messages() if entry.chat == "101")
        stage.sandbox.telegram.tap(101, int(question.message or 0), question.tokens[1])
        await stage.clock.run(datetime(2025, 10, 1, tzinfo=UTC))

    person = stage.database.run(recipients.get, "t-1")
    [kept] = stage.database.run(choices.history, person.id)
    assert kept.record.value is ChoiceValue.OPT_OUT
    assert stage.sent_to("101") == ["sendMessage", "editMessageText"]
    assert not stage.oracle.after_answer()


async def test_a_crash_between_ok_and_work_loses_no_answer(stage: Stage) -> None:
    """What was OKed is in the inbox, and the next process works it."""
    async with stage.running() as app:
        await stage.clock.run(datetime(2025, 9, 3, tzinfo=UTC))
        question = next(entry for entry in stage.oracle.campaign_messages() if entry.chat == "101")

        async def nothing() -> int:
            return 0

        app.router.work = nothing  # type: ignore[method-assign]  # as if it died before it came to it
        stage.sandbox.telegram.tap(101, int(question.message or 0), question.tokens[0])
        await stage.clock.run(stage.clock.now() + timedelta(seconds=5))
    okayed = [entry for entry in stage.oracle.entries if entry.direction is Direction.OKAYED]
    async with stage.running():
        await stage.clock.run(stage.clock.now() + timedelta(minutes=1))

    person = stage.database.run(recipients.get, "t-1")
    [kept] = stage.database.run(choices.history, person.id)
    assert okayed
    assert kept.record.value is ChoiceValue.OPT_IN


async def test_a_send_whose_answer_was_lost_is_in_doubt_and_listed(stage: Stage) -> None:
    """The platform took it and we never heard: the notice is sent again, and both are known."""
    faults = Faults.parse('[[fault]]\nmethod = "sendMessage"\nnth = 1\nwhat = "accept_then_drop"\n', "f")
    clock = stage.clock
    async with Sandbox(clock, Oracle(clock), faults=faults) as sandbox:
        settings = replace(stage.settings, telegram_api=sandbox.telegram_url, slack_api=sandbox.slack_url)
        doubtful = Stage(clock, sandbox, settings, stage.database)
        async with doubtful.running():
            await clock.run(datetime(2025, 9, 4, tzinfo=UTC))

        [doubt] = stage.database.run(outbox.in_doubt)
        assert doubt.step == "notice"
        assert len(sandbox.oracle.duplicates()) == 1
        assert not sandbox.oracle.duplicates([doubt.delivery])


async def test_drain_sends_what_is_due_and_calls_nothing_else(stage: Stage) -> None:
    """It can run from cron, beside a bot that polls elsewhere."""
    await stage.clock.run(datetime(2025, 9, 2, 9, tzinfo=UTC))
    async with opened(stage.settings, clock=stage.clock, jumps=True, listens=False) as app:
        draining = asyncio.ensure_future(app.drain())
        await stage.clock.run(stage.clock.now() + timedelta(minutes=30))
        await draining

    called = {entry.method for entry in stage.oracle.entries if entry.direction is Direction.ACCEPTED}
    assert called <= SENDS
    assert len(list(stage.oracle.campaign_messages())) == 3


async def test_without_a_channel_it_says_what_to_set(stage: Stage) -> None:
    """One sentence, not a silence."""
    silent = replace(stage.settings, telegram_token="", slack_bot_token="")

    with pytest.raises(NotReady, match="BOT_TELEGRAM_TOKEN"):
        async with opened(silent, clock=stage.clock):
            pass


def test_production_draws_its_randomness_from_the_system() -> None:
    """Only the demo and simulations are seeded."""
    assert inspect.signature(opened).parameters["random_bytes"].default is secrets.token_bytes
